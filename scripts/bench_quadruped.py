"""Learn to walk on several seeds, with the CPG prior and without; print the table of docs/bert.md.

Records go to logs/benchmark/; weights, checkpoints and replay buffers are removed: the command
repeats them. `make bench-quadruped` runs it.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from rl_zoo.cli import main as rl_zoo
from rl_zoo.commands.demo import RESULT_FILE, WITH_PRIOR, WITHOUT_PRIOR
from rl_zoo.console import result
from rl_zoo.runs.folder import latest_run_number

PUBLISHED = Path("logs/benchmark")
REMOVED = ("*.zip", "*.pkl", "replay_buffer*", "rl_model_*", "best_model*", "checkpoint*")
TARGET_SPEED = 0.4
"""Speed to be kept for 20 s without a fall, m/s."""


def main() -> None:
    """Train, trim and tabulate."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--algo", default="droq", help="algorithm")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4], help="seeds")
    parser.add_argument("--only", choices=["prior", "scratch"], help="one of the two only")
    arguments = parser.parse_args()
    for seed in arguments.seeds:
        flags = ["--algo", arguments.algo, "--seed", str(seed), "-f", str(PUBLISHED), "--no-video"]
        flags += [] if arguments.only is None else ["--only", arguments.only]
        code = rl_zoo(["demo", *flags])
        if code != 0:
            raise SystemExit(code)
    parent = PUBLISHED / arguments.algo
    for env in (WITH_PRIOR, WITHOUT_PRIOR):
        newest = latest_run_number(parent, env)
        first = max(1, newest - len(arguments.seeds) + 1)
        runs = [parent / f"{env}_{number}" for number in range(first, newest + 1)]
        tabulate(env, [run for run in runs if (run / RESULT_FILE).is_file()])


def tabulate(env: str, runs: list[Path]) -> None:
    """Print a row for each run, and how many reach the target; remove what is large."""
    if not runs:
        return
    result(f"\n{env}\n")
    result("| seed | robot time (min) | speed (m/s) | slowest | falls | training (s) |")
    result("|--:|--:|--:|--:|--:|--:|")
    good = 0
    for run in runs:
        measured: dict[str, Any] = json.loads((run / RESULT_FILE).read_text(encoding="utf-8"))
        seed = json.loads((run / "run.json").read_text(encoding="utf-8"))["seed"]
        speeds = measured["forward_speed_m_per_s"]
        falls = measured["end_reasons"].get("fall", 0)
        mean = sum(speeds) / len(speeds)
        good += mean >= TARGET_SPEED and falls == 0
        result(
            f"| {seed} | {measured['robot_minutes']:.1f} | {mean:.2f} | {min(speeds):.2f} | "
            f"{falls} of {len(speeds)} | {measured['training_seconds']:.0f} |"
        )
        trim(run)
    result(f"\n{good} of {len(runs)} seeds walk at {TARGET_SPEED} m/s or more without a fall.")


def trim(run: Path) -> None:
    """Remove what is large and can be made again."""
    for pattern in REMOVED:
        for file in run.rglob(pattern):
            file.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
