"""Draw every figure of ``docs/figures`` from the runs in ``logs/benchmark`` (``make figures``).

Each comes from a command that a page may show; nothing here draws by itself.
"""

from __future__ import annotations

import argparse
import os
import shutil
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


def main(argv: Sequence[str] | None = None) -> int:
    """Draw the figures; return 1 if one could not be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="figures to draw (default: all)")
    names = set(parser.parse_args(argv).names)
    unknown = names - {name for drawing in DRAWINGS for name in drawing.kept.values()}
    if unknown:
        parser.error(f"no such figure: {', '.join(sorted(unknown))}")
    os.environ["MPLBACKEND"] = "Agg"
    os.chdir(ROOT)
    chosen = [d for d in DRAWINGS if not names or names & set(d.kept.values())]
    missing = [name for drawing in chosen for name in draw(drawing, names)]
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


if __name__ == "__main__":
    raise SystemExit(main())
