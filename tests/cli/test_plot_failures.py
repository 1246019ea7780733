"""Where the zoo's plots show wrong numbers, ours show the right ones or say what is wrong."""

from pathlib import Path

import pytest

from rl_zoo.cli import main
from scripts.plot_failure_cases import CASES, SAVE, write_runs
from scripts.plot_failure_table import PAGE, words


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("plots")
    write_runs(place)
    assert main(words(SAVE, place)) == 0
    return place


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.group}: {case.name}")
def test_case(case, folder, capsys, monkeypatch):
    monkeypatch.chdir(folder)
    try:
        code = main(words(case.command, folder))
    except SystemExit as end:
        code = end.code
    text = "".join(capsys.readouterr())
    assert code == case.code, text
    assert "Traceback" not in text
    for word in case.words:
        assert word in text
    for word in case.absent:
        assert word not in text
    assert not Path("executed").exists()


def test_page_has_every_case():
    page = PAGE.read_text(encoding="utf-8")
    assert all(f"| {case.name} |" in page for case in CASES)
