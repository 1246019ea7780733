"""Search for open-loop gaits on several seeds and keep what is worth publishing in logs/benchmark/.

Prints the table of docs/open_loop.md. Each run keeps its pattern (open_loop.json), from which
everything else follows; weights and checkpoints are removed.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
from pathlib import Path
from typing import Any

from rl_zoo.cli import main as rl_zoo
from rl_zoo.console import result
from rl_zoo.runs.folder import latest_run_number

PUBLISHED = Path("logs/benchmark")
ENVIRONMENTS = ["Swimmer-v5", "Hopper-v5", "HalfCheetah-v5", "Walker2d-v5", "Ant-v5"]
N_EPISODES = 10
"""Fresh episodes by which the final policy is judged."""
EVALUATION_SEED = 1000
REMOVED = ("rl_model_*", "*.zip", "*.pkl", "*.png", "best_model.json")
HEADER = (
    "| environment | seed | steps | best trial | policy, 10 fresh episodes | robot "
    "| wall time (s) |"
)
ROW = (
    "| {env} | {seed} | {steps} | {best_trial:.0f} | {mean:.0f} ± {std:.0f} | {robot} "
    "| {seconds:.0f} |"
)


def main() -> None:
    """Train, judge, trim and tabulate."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--env", nargs="+", default=ENVIRONMENTS, help="environment ids")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1], help="random seeds")
    parser.add_argument("-n", "--n-timesteps", type=int, default=-1, help="-1: as configured")
    parser.add_argument("-f", "--log-folder", type=Path, default=PUBLISHED, help="where to")
    parser.add_argument("--table", action="store_true", help="only print what is there")
    arguments = parser.parse_args()
    result(HEADER)
    result("|---|--:|--:|--:|--:|--:|--:|")
    if arguments.table:
        for file in sorted(arguments.log_folder.glob("openloop/*/benchmark.json")):
            result(ROW.format(**json.loads(file.read_text(encoding="utf-8"))))
        return
    for env in arguments.env:
        for seed in arguments.seeds:
            row = train_one(env, seed, arguments.n_timesteps, arguments.log_folder)
            result(ROW.format(**row))


def train_one(env: str, seed: int, n_timesteps: int, log_folder: Path) -> dict[str, Any]:
    """Train one seed and return its row of the table.

    Raises:
        SystemExit: If a command fails.
    """
    where = ["--algo", "openloop", "--env", env, "-f", str(log_folder)]
    flags = ["--seed", str(seed), "--verbose", "0", "--num-threads", "1", "--eval-freq", "-1"]
    flags += ["-n", str(n_timesteps)] if n_timesteps > 0 else []
    run_command("train", [*where, *flags])
    parent = log_folder / "openloop"
    run = parent / f"{env}_{latest_run_number(parent, env)}"
    judge = ["--json", "--n-episodes", str(N_EPISODES), "--seed", str(EVALUATION_SEED)]
    judged = json.loads(run_command("enjoy", ["--run", str(run), *judge, "--num-threads", "1"]))
    record = json.loads((run / "run.json").read_text(encoding="utf-8"))
    lines = (run / "progress.jsonl").read_text(encoding="utf-8").splitlines()
    searched = [values for values in map(json.loads, lines) if "search/best_trial" in values]
    row = {
        "env": env,
        "seed": seed,
        "steps": record["num_timesteps"],
        "best_trial": searched[-1]["search/best_trial"],
        "chosen_by_search": searched[-1].get("search/chosen"),
        "mean": judged["mean_return"],
        "std": judged["std_return"],
        "returns": judged["returns"],
        "robot": _robot(judged),
        "seconds": record["wall_time_s"],
    }
    (run / "benchmark.json").write_text(json.dumps(row, indent=1) + "\n", encoding="utf-8")
    for pattern in REMOVED:
        for file in run.glob(pattern):
            file.unlink()
    return row


def _robot(judged: dict[str, Any]) -> str:
    """Return speed and falls of a robot's episodes, empty for anything else."""
    means, n_episodes = judged["metrics"], judged["n_episodes"]
    if "motion/falls" not in means:
        return ""
    falls = round(means["motion/falls"] * n_episodes)
    return f"{means['motion/forward_speed']:.2f} m/s, {falls} of {n_episodes} fell"


def run_command(name: str, flags: list[str]) -> str:
    """Run a command of rl_zoo and return what it wrote to stdout.

    Raises:
        SystemExit: If it fails.
    """
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        code = rl_zoo([name, *flags])
    if code != 0:
        raise SystemExit(code)
    return output.getvalue()


if __name__ == "__main__":
    main()
