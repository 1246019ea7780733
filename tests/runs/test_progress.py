"""``progress.jsonl``."""

import json

import pytest

from rl_zoo.errors import DamagedFileError, NothingFoundError
from rl_zoo.runs.progress import load_progress, load_progress_table


@pytest.fixture
def file(tmp_path):
    file = tmp_path / "progress.jsonl"
    rows = [{"step": 10, "a": 1.5}, {"step": 20, "b": 2}, {"step": 30, "a": float("nan")}]
    rows.append({"step": 40, "a": 3})
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def test_steps_and_values_of_one_key(file):
    steps, values = load_progress(file, "a")
    assert (steps.tolist(), values.tolist()) == ([10, 40], [1.5, 3.0])
    assert [len(part) for part in load_progress(file, "c")] == [0, 0]


def test_a_last_line_cut_by_a_crash_is_left_out(file):
    with file.open("a") as stream:
        stream.write('{"step": 50, "a": 4')
    assert load_progress(file, "a")[0].tolist() == [10, 40]


@pytest.mark.parametrize("line", ["{", "[1]", '{"a": 1}', '{"step": "10"}', '{"step": 1e3}', ""])
def test_a_damaged_line_is_named(file, line):
    file.write_text(f'{line}\n{{"step": 1}}\n')
    with pytest.raises(DamagedFileError, match=r"progress\.jsonl:1: not a log line"):
        load_progress(file, "a")


def test_everything_at_once_is_what_each_key_is_alone(file):
    table = load_progress_table(file)
    assert list(table) == ["a", "b"]
    for key, (steps, values) in table.items():
        alone = load_progress(file, key)
        assert (steps.tolist(), values.tolist()) == tuple(part.tolist() for part in alone)


def test_no_file(tmp_path):
    with pytest.raises(NothingFoundError, match=r"progress\.jsonl: cannot be read"):
        load_progress(tmp_path / "progress.jsonl", "a")
