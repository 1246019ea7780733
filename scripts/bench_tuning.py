"""Does tuning help? A small study, then entry and best trial trained again on seeds of their own.

The seeds of the comparison are used neither in the search nor in the study's own re-evaluation;
runs are made by ``rl_zoo sweep`` and read from their ``evaluations.npz``.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from rl_zoo.console import result


def main() -> None:
    """Tune, train both again, print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--algo", default="ppo")
    parser.add_argument("--env", default="Pendulum-v1")
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--episodes", type=int, default=20)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="keep everything here")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        best = folder / "best.yml"
        shared = ["--algo", arguments.algo, "--env", arguments.env, "-n", str(arguments.steps)]
        workers = ["--workers", str(arguments.workers)]
        run(
            "rl_zoo.tune",
            *(*shared, *workers, "-f", str(folder), "--seed", str(arguments.seed)),
            *("--n-trials", str(arguments.trials), "--study-name", "tuned"),
            *("--write-best", str(best)),
        )
        evaluation = ["--eval-freq", str(arguments.steps), "--eval-episodes"]
        evaluation += [str(arguments.episodes), "--save-freq", "-1"]
        for name, more in (("entry", []), ("best trial", ["-conf", str(best)])):
            logs = folder / name.replace(" ", "_")
            count = ["--seeds", str(arguments.seeds), "-f", str(logs)]
            run("rl_zoo.cli", "sweep", *shared, *workers, *count, *evaluation, *more)
        report = folder / "studies/tuned/report/report.md"
        result(report.read_text(encoding="utf-8"))
        tell(folder, arguments)


def run(module: str, *flags: str) -> None:
    """Run a command as a user would; its messages go to stderr."""
    subprocess.run([sys.executable, "-m", module, *flags], check=True, stdout=sys.stderr)


def tell(folder: Path, arguments: argparse.Namespace) -> None:
    """Print the mean return of the evaluations after training, by seed and over seeds."""
    result(f"{arguments.algo} on {arguments.env}, {arguments.steps} steps, seeds of their own")
    result("| | runs | mean | std | worst | best |")
    result("|---|--:|--:|--:|--:|--:|")
    for name in ("entry", "best trial"):
        means = final_means(folder / name.replace(" ", "_"))
        numbers = (
            f"{np.mean(means):.1f} | {np.std(means):.1f} | {min(means):.1f} | {max(means):.1f}"
        )
        result(f"| {name} | {len(means)} | {numbers} |")


def final_means(logs: Path) -> list[float]:
    """Return the mean return of the last evaluation of every finished run below ``logs``."""
    means = []
    for record in sorted(logs.glob("*/*/run.json")):
        if json.loads(record.read_text(encoding="utf-8"))["state"] == "finished":
            with np.load(record.with_name("evaluations.npz")) as evaluations:
                means.append(float(np.mean(evaluations["results"][-1])))
    return means


if __name__ == "__main__":
    main()
