"""Does tuning help? A small study, then entry and best trial trained again on seeds of their own.

The seeds of the comparison are used neither in the search nor in the study's own re-evaluation;
runs are made by ``rl_zoo sweep``, their final models judged by ``rl_zoo enjoy``. The entry is the
algorithm's own defaults (``default`` of ``hyperparams/<algo>.yml``) unless ``--tuned-entry``.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import yaml

from rl_zoo.config.lookup import hyperparams_folder
from rl_zoo.console import result


def main() -> None:
    """Tune, train both again, print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--algo", default="sac")
    parser.add_argument("--env", default="Pendulum-v1")
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--episodes", type=int, default=20)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tuned-entry", action="store_true", help="begin with the packaged entry")
    parser.add_argument("--folder", type=Path, help="keep everything here")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        best = folder / "best.yml"
        shared = ["--algo", arguments.algo, "--env", arguments.env, "-n", str(arguments.steps)]
        workers = ["--workers", str(arguments.workers)]
        entry = [] if arguments.tuned_entry else ["-conf", str(write_default(folder, arguments))]
        run(
            "rl_zoo.tune",
            *(*shared, *entry, *workers, "-f", str(folder), "--seed", str(arguments.seed)),
            *("--n-trials", str(arguments.trials), "--study-name", "tuned"),
            *("--write-best", str(best)),
        )
        for name, more in (("entry", entry), ("best trial", ["-conf", str(best)])):
            logs = folder / name.replace(" ", "_")
            count = ["--seeds", str(arguments.seeds), "-f", str(logs)]
            run("rl_zoo.cli", "sweep", *shared, *workers, *count, "--eval-freq", "-1", *more)
        report = folder / "studies/tuned/report/report.md"
        result(report.read_text(encoding="utf-8"))
        tell(folder, arguments)


def run(module: str, *flags: str) -> None:
    """Run a command as a user would; its messages go to stderr."""
    subprocess.run([sys.executable, "-m", module, *flags], check=True, stdout=sys.stderr)


def tell(folder: Path, arguments: argparse.Namespace) -> None:
    """Print the mean returns of the trained models over the seeds."""
    result(f"{arguments.algo} on {arguments.env}, {arguments.steps} steps, seeds of their own")
    result("| | runs | mean | std | worst | best |")
    result("|---|--:|--:|--:|--:|--:|")
    for name in ("entry", "best trial"):
        means = final_means(folder / name.replace(" ", "_"), arguments.episodes)
        numbers = (
            f"{np.mean(means):.1f} | {np.std(means):.1f} | {min(means):.1f} | {max(means):.1f}"
        )
        result(f"| {name} | {len(means)} | {numbers} |")


def final_means(logs: Path, n_episodes: int) -> list[float]:
    """Return the mean return of the final model of every finished run below ``logs``."""
    means = []
    for record in sorted(logs.glob("*/*/run.json")):
        if json.loads(record.read_text(encoding="utf-8"))["state"] == "finished":
            command = [sys.executable, "-m", "rl_zoo.enjoy", "--run", str(record.parent), "--json"]
            command += ["--n-episodes", str(n_episodes)]
            shown = subprocess.run(command, check=True, stdout=subprocess.PIPE)
            means.append(float(json.loads(shown.stdout)["mean_return"]))
    return means


def write_default(folder: Path, arguments: argparse.Namespace) -> Path:
    """Write the ``default`` entry of the algorithm, with the budget of the study, into a file."""
    packaged = hyperparams_folder() / f"{arguments.algo}.yml"
    content = yaml.safe_load(packaged.read_text(encoding="utf-8"))["default"]
    path = folder / "default.yml"
    entry = {"default": {**content, "n_timesteps": arguments.steps}}
    path.write_text(yaml.safe_dump(entry), encoding="utf-8")
    return path


if __name__ == "__main__":
    main()
