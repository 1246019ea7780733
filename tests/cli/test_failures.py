"""Every mistake gets one clear message, the right exit code, and leaves nothing behind."""

import pytest

from rl_zoo.cli import main
from scripts.failure_cases import CASES, GOOD_RUNS, prepare


@pytest.fixture(scope="module")
def good_runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("good")
    for command in GOOD_RUNS:
        assert main(command.format(dir=folder).split(" ")) == 0
    return folder


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.group}: {case.name}")
def test_failure(case, request, tmp_path, capsys, monkeypatch):
    runs = None if case.damage is None else request.getfixturevalue("good_runs")
    command = prepare(case, runs, tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    before = snapshot(tmp_path)
    capsys.readouterr()
    try:
        code = main(command)
    except SystemExit as end:
        code = end.code
    err = "".join(capsys.readouterr())
    assert code == case.code, err
    assert "Traceback" not in err
    assert "internal error" not in err
    for word in case.words:
        assert word in err
    assert snapshot(tmp_path) == before, "something was left behind or changed"


def snapshot(folder):
    """Return the content of every file; a folder of runs without a run in it is nothing."""
    return {
        file.relative_to(folder): file.read_bytes() if file.is_file() else None
        for file in folder.rglob("*")
        if "__pycache__" not in file.parts
    }
