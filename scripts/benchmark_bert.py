"""Train the demo on several seeds and keep what is worth publishing in logs/benchmark/.

Prints the table of docs/bert.md. Weights and checkpoints are removed: the command repeats them.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from rl_zoo.cli import main as rl_zoo
from rl_zoo.console import result
from rl_zoo.runs.folder import latest_run_number

PUBLISHED = Path("logs/benchmark")
REMOVED = (
    "*.zip",
    "progress.jsonl",
    "*.npz",
    "*.pkl",
    "rl_model_*.json",
    "best_model.json",
    "*.png",
)
KEPT = ("evaluations.npz",)


def main() -> None:
    """Train, trim and tabulate."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--algo", default="ppo", help="algorithm")
    parser.add_argument("--env", default="Bert-v0", help="environment id")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="random seeds")
    arguments = parser.parse_args()
    result("| seed | speed (m/s) | return | falls | training (s) |")
    result("|--:|--:|--:|--:|--:|")
    for seed in arguments.seeds:
        result(train_one(arguments.algo, arguments.env, seed))


def train_one(algo: str, env: str, seed: int) -> str:
    """Train one seed and return its row of the table.

    Raises:
        SystemExit: If training fails.
    """
    flags = ["--algo", algo, "--env", env, "--seed", str(seed), "--n-episodes", "20"]
    code = rl_zoo(["demo", *flags, "-f", str(PUBLISHED), "--no-video"])
    if code != 0:
        raise SystemExit(code)
    parent = PUBLISHED / algo
    run = parent / f"{env}_{latest_run_number(parent, env)}"
    trim(run)
    measured = json.loads((run / "demo.json").read_text(encoding="utf-8"))
    seconds = json.loads((run / "run.json").read_text(encoding="utf-8"))["wall_time_s"]
    speeds, returns = measured["forward_speed_m_per_s"], measured["returns"]
    falls = measured["end_reasons"].get("fall", 0)
    mean_speed, mean_return = sum(speeds) / len(speeds), sum(returns) / len(returns)
    return (
        f"| {seed} | {mean_speed:.2f} | {mean_return:.0f} | {falls}/{len(speeds)} | {seconds:.0f} |"
    )


def trim(run: Path) -> None:
    """Remove what is large and can be made again."""
    for pattern in REMOVED:
        for file in run.glob(pattern):
            if file.name not in KEPT:
                file.unlink()


if __name__ == "__main__":
    main()
