"""Every figure that a page shows is drawn by a committed command, and every one drawn is kept."""

import re
from pathlib import Path

from rl_zoo.cli import COMMANDS
from scripts.docs_figures import DRAWINGS, FIGURES, PHOTOGRAPHS, ROOT
from tests.docs.test_readme import PAGES

PICTURE = re.compile(r"!\[[^]]*\]\(([^)]+)\)")


def test_every_kept_figure_is_drawn_by_a_command():
    drawn = [name for drawing in DRAWINGS for name in drawing.kept.values()]
    drawn += [photograph.name for photograph in PHOTOGRAPHS]
    assert len(drawn) == len(set(drawn))
    assert sorted(drawn) == sorted(file.stem for file in FIGURES.glob("*.png"))


def test_runs_behind_the_figures_are_committed():
    for drawing in DRAWINGS:
        words = drawing.command.split()
        assert words[0] in COMMANDS
        folder = ROOT / words[words.index("-f") + 1]
        assert folder == ROOT / "logs" / "benchmark"
        assert all((folder / algo).is_dir() for algo in algos_of(words))


def test_runs_on_the_pictures_of_pages_are_committed():
    for photograph in PHOTOGRAPHS:
        command, *runs = photograph.command.partition(" -l ")[0].split()
        assert command in COMMANDS
        assert runs
        assert all((ROOT / run / "evaluations.npz").is_file() for run in runs)


def algos_of(words):
    start = words.index("-a") + 1
    return [word for word in words[start : words.index("-e")] if not word.startswith("-")]


def test_pictures_of_the_pages_exist():
    for page in PAGES:
        for target in PICTURE.findall(page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (Path(page).parent / target).is_file(), f"{page}: {target}"
