"""Train four algorithms on four classic tasks with five seeds and keep the records.

The figures of docs/plots.md and docs/statistics.md are drawn from them. Records go to
logs/benchmark/; models and checkpoints are left behind in --work, which continues if interrupted.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from rl_zoo.cli import main as rl_zoo
from rl_zoo.console import result
from rl_zoo.runs.search import FoundRun, list_runs

PUBLISHED = Path("logs/benchmark")
ALGORITHMS = ("ppo", "a2c", "trpo", "ars")
ENVIRONMENTS = ("CartPole-v1", "Acrobot-v1", "Pendulum-v1", "MountainCarContinuous-v0")
MOST_LOG_LINES = 100
KEPT = ("evaluations.npz", "progress.jsonl", "run.json", "*.monitor.csv", "*/*.yml", "*/*.txt")


def main() -> None:
    """Train, then copy what is small."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("logs/classic"), help="full runs go here")
    parser.add_argument("--workers", type=int, default=2, help="processes side by side")
    arguments = parser.parse_args()
    flags = ["--name", "classic", "-f", str(arguments.work), "--seeds", "5"]
    flags += ["--algo", *ALGORITHMS, "--env", *ENVIRONMENTS, "--workers", str(arguments.workers)]
    flags += ["-n", "50000", "--eval-freq", "5000", "--eval-episodes", "10"]
    code = rl_zoo(["sweep", *flags])
    if code != 0:
        raise SystemExit(code)
    runs = list_runs(arguments.work)
    for run in runs:
        keep(run)
    result(f"records of {len(runs)} runs are in {PUBLISHED}")


def keep(run: FoundRun) -> None:
    """Copy the records of one run, in place of those of the run with the same name.

    They name the published folder as their log folder, not that of this machine.
    """
    target = PUBLISHED / run.algo / run.folder.path.name
    shutil.rmtree(target, ignore_errors=True)
    for pattern in KEPT:
        for file in run.folder.path.glob(pattern):
            copy = target / file.relative_to(run.folder.path)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)
            if file.suffix in (".json", ".yml", ".txt"):
                text = copy.read_text(encoding="utf-8")
                for flag in ("-f ", "log_folder: "):
                    text = text.replace(f"{flag}{run.log_folder}", f"{flag}{PUBLISHED}")
                copy.write_text(text, encoding="utf-8")
    thin_out(target / "progress.jsonl")


def thin_out(file: Path) -> None:
    """Keep the log lines of evaluations and some of the others, evenly chosen."""
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    stride = -(-len(lines) // MOST_LOG_LINES)
    kept = [
        line
        for place, line in enumerate(lines, start=1)
        if place % stride == 0 or place == len(lines) or '"eval/' in line
    ]
    file.write_text("".join(kept), encoding="utf-8")


if __name__ == "__main__":
    main()
