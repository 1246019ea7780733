"""A reader sees the old content or the new one."""

from pathlib import Path

import pytest

from rl_zoo.runs.atomic import (
    atomic_writer,
    remove_leftovers,
    write_text,
    write_together,
    write_with,
)


def test_replaces_content_and_makes_folders(tmp_path):
    file = tmp_path / "a" / "b.txt"
    write_text(file, "old")
    write_text(file, "new")
    assert file.read_text() == "new"
    assert list(file.parent.iterdir()) == [file]


def test_error_while_writing_keeps_the_old_content(tmp_path):
    file = tmp_path / "b.txt"
    write_text(file, "old")
    with pytest.raises(KeyboardInterrupt), atomic_writer(file) as stream:
        stream.write(b"half")
        raise KeyboardInterrupt
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_suffix_is_kept_for_libraries_that_append_one(tmp_path):
    names = []

    def save(name):
        names.append(name)
        Path(name).write_text("x")

    write_with(tmp_path / "model.zip", save)
    assert names[0].endswith(".zip")
    assert [file.name for file in tmp_path.iterdir()] == ["model.zip"]


def test_files_that_belong_together_change_together(tmp_path):
    weights, normalizer = tmp_path / "model.zip", tmp_path / "normalizer.pkl"
    write_text(weights, "old weights")
    write_text(normalizer, "old normaliser")

    def fail(name):
        Path(name).write_text("half")
        assert weights.read_text() == "old weights", "nothing is renamed before all is written"
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_together({weights: lambda name: Path(name).write_text("new"), normalizer: fail})
    assert weights.read_text() == "old weights"
    assert normalizer.read_text() == "old normaliser"
    assert len(list(tmp_path.iterdir())) == 2


def test_leftovers_of_a_killed_process_are_removed(tmp_path):
    (tmp_path / "params").mkdir()
    for name in (".model.123.tmp.zip", "params/.args.yml.abc.tmp"):
        (tmp_path / name).touch()
    (tmp_path / ".gitignore").touch()
    (tmp_path / "notes.tmp").touch()
    remove_leftovers(tmp_path)
    left = sorted(file.name for file in tmp_path.rglob("*") if file.is_file())
    assert left == [".gitignore", "notes.tmp"]
