"""Draw every figure of ``docs/figures`` from the runs in ``logs/benchmark`` (``make figures``).

Each comes from a command that a page may show; nothing here draws by itself. Pictures of HTML pages
are taken by Chromium, where there is one.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from rl_zoo.cli import main as run_zoo  # noqa: E402
from rl_zoo.console import error, result  # noqa: E402

FIGURES = ROOT / "docs" / "figures"
CLASSIC = "Acrobot-v1 CartPole-v1 MountainCarContinuous-v0 Pendulum-v1"
_SMALL = "--figsize 4.8 3.4 --fontsize 10"
_COMPARE = f"all_plots -a a2c ars ppo trpo -e {CLASSIC} -f logs/benchmark {_SMALL}"
_WALK = f"all_plots -a droq -e Bert-v0 Bert-CPG-v0 -f logs/benchmark {_SMALL}"


@dataclass(frozen=True)
class Drawing:
    """One command and the figures that are kept of it.

    Attributes:
        command: Command line after ``rl_zoo``, without ``-o`` and ``--no-display``.
        kept: Ending of the name of a written file -> name in ``docs/figures``, without suffix.
    """

    command: str
    kept: dict[str, str]


DRAWINGS = (
    Drawing(
        f"{_COMPARE} --plots curves bars boxes -r -vs -iqm",
        {
            "CartPole-v1": "curves_CartPole-v1",
            "Pendulum-v1": "curves_Pendulum-v1",
            "bars": "bars",
            "boxes": "boxes",
            "aggregates": "aggregates",
            "profiles": "profiles",
            "improvement": "improvement",
            "efficiency": "efficiency",
        },
    ),
    Drawing(f"{_WALK} -x robot-minutes --statistic iqm", {"Bert-v0": "curves_robot_minutes"}),
    Drawing(f"{_WALK} -x gradient-steps", {"Bert-CPG-v0": "curves_gradient_steps"}),
    Drawing(
        f"plot_train -a ppo -e CartPole-v1 -f logs/benchmark -w 50 {_SMALL}",
        {"CartPole-v1": "training_CartPole-v1"},
    ),
    Drawing(
        f"plot_train -a a2c ars ppo trpo -e CartPole-v1 -f logs/benchmark -w 50 --seeds {_SMALL}",
        {"CartPole-v1": "training_seeds_CartPole-v1"},
    ),
)


@dataclass(frozen=True)
class Photograph:
    """One page, and the picture that is kept of its beginning.

    Attributes:
        command: Command line after ``rl_zoo``, without ``-o``.
        name: Name in ``docs/figures``, without suffix.
        size: Width and height of the window in pixels.
    """

    command: str
    name: str
    size: tuple[int, int]


_BERT = " ".join(f"logs/benchmark/droq/Bert-v0_{number}" for number in range(1, 6))
_LABELS = " ".join(["plain"] * 5 + ["oscillators"] * 5)
_BERT_CPG = _BERT.replace("Bert-v0", "Bert-CPG-v0")

PHOTOGRAPHS = (
    Photograph("report logs/benchmark/droq/Bert-v0_1", "report", (1100, 1195)),
    Photograph(f"report {_BERT} {_BERT_CPG} -l {_LABELS}", "comparison", (1200, 1840)),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Draw the figures; return 1 if one could not be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="figures to draw (default: all)")
    names = set(parser.parse_args(argv).names)
    known = {name for drawing in DRAWINGS for name in drawing.kept.values()}
    unknown = names - known - {photograph.name for photograph in PHOTOGRAPHS}
    if unknown:
        parser.error(f"no such figure: {', '.join(sorted(unknown))}")
    os.environ["MPLBACKEND"] = "Agg"
    os.chdir(ROOT)
    chosen = [d for d in DRAWINGS if not names or names & set(d.kept.values())]
    missing = [name for drawing in chosen for name in draw(drawing, names)]
    missing += photograph_pages(names)
    if missing:
        error(f"not drawn: {', '.join(missing)}")
    return int(bool(missing))


def draw(drawing: Drawing, names: set[str]) -> list[str]:
    """Run a command, copy the figures that are kept and return the names of those missing."""
    missing = []
    with tempfile.TemporaryDirectory() as folder:
        stem = Path(folder) / "figure"
        result(f"rl_zoo {drawing.command}")
        code = run_zoo([*drawing.command.split(), "-o", str(stem), "--no-display"])
        FIGURES.mkdir(parents=True, exist_ok=True)
        for ending, name in drawing.kept.items():
            written = stem.with_name(f"{stem.name}_{ending}.png")
            if names and name not in names:
                continue
            if code == 0 and written.is_file():
                shutil.copyfile(written, FIGURES / f"{name}.png")
            else:
                missing.append(name)
    return missing


def photograph_pages(names: set[str]) -> list[str]:
    """Take the pictures of pages (all, or those in ``names``) and return those missing."""
    chosen = [one for one in PHOTOGRAPHS if not names or one.name in names]
    browsers = ("chromium", "chromium-browser", "google-chrome")
    browser = next(filter(None, map(shutil.which, browsers)), None)
    if browser is None:
        if chosen:
            error(f"without Chromium as they were: {', '.join(one.name for one in chosen)}")
        return [one.name for one in chosen if one.name in names]
    return [one.name for one in chosen if not take(one, browser)]


def take(photograph: Photograph, browser: str) -> bool:
    """Write a page, have the browser draw its beginning, and say whether that worked."""
    with tempfile.TemporaryDirectory() as folder:
        page, picture = Path(folder) / "page.html", Path(folder) / "page.png"
        result(f"rl_zoo {photograph.command}")
        if run_zoo([*photograph.command.split(), "-o", str(page)]) != 0:
            return False
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        flags.append("--window-size={},{}".format(*photograph.size))
        flags += [f"--user-data-dir={folder}/profile", f"--screenshot={picture}"]
        done = subprocess.run(
            [browser, *flags, page.as_uri()], capture_output=True, timeout=120, check=False
        )
        if done.returncode != 0 or not picture.is_file():
            return False
        shutil.copyfile(picture, FIGURES / f"{photograph.name}.png")
    return True


if __name__ == "__main__":
    raise SystemExit(main())
