"""Measure what counts as 0 and as 1 on each environment: returns of random actions, of a policy.

Writes rl_zoo/plots/reference_scores.yml and the table of docs/normalization.md. Random actions are
run here. Reference policies are those whose records are in logs/benchmark/; the commands that
trained them are written beside the scores. --train trains the one that no other script does.
"""

from __future__ import annotations

import argparse
import datetime
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from rl_zoo.cli import main as rl_zoo  # noqa: E402
from rl_zoo.config.yaml import dump_yaml, load_yaml  # noqa: E402
from rl_zoo.console import result, warn  # noqa: E402
from rl_zoo.plots.curves import CurveRequest, load_series  # noqa: E402
from rl_zoo.plots.reference_scores import TABLE, read_reference_scores  # noqa: E402
from rl_zoo.plots.tables import format_number, markdown_lines  # noqa: E402
from rl_zoo.runs.atomic import write_text  # noqa: E402
from rl_zoo.runs.search import find_runs  # noqa: E402
from scripts.benchmark_classic import keep  # noqa: E402

PUBLISHED = ROOT / "logs" / "benchmark"
PAGE = ROOT / "docs" / "normalization.md"
MARKERS = ("<!-- table -->\n", "<!-- end of table -->")
N_EPISODES = 100
MOUNTAIN_CAR_STEPS = 100_000
HEADER = """\
# What is 0 (random) and what is 1 (reference) on each environment, in units of its returns.
# Written by scripts/measure_reference_scores.py; docs/normalization.md says how it is used.
"""


@dataclass(frozen=True)
class Source:
    """Where the reference policy of an environment comes from.

    Attributes:
        algo: Its algorithm.
        command: What trains it.
    """

    algo: str
    command: str


@dataclass(frozen=True)
class Record:
    """What the recorded policies reach.

    Attributes:
        per_seed: Mean return of every seed's last evaluation, (n_seeds,).
        n_episodes: Episodes behind all of them.
        steps: Environment steps of training, of the longest seed.
    """

    per_seed: np.ndarray
    n_episodes: int
    steps: int


CLASSIC = "python scripts/benchmark_classic.py"
OPEN_LOOP = "python scripts/benchmark_open_loop.py --env {env}"
QUADRUPED = "make bench-quadruped"
TRAIN = "python scripts/measure_reference_scores.py --train"
SOURCES = {
    "CartPole-v1": Source("ars", CLASSIC),
    "Acrobot-v1": Source("trpo", CLASSIC),
    "Pendulum-v1": Source("ppo", CLASSIC),
    "MountainCarContinuous-v0": Source("a2c", CLASSIC),
    "MountainCar-v0": Source("trpo", TRAIN),
    "Swimmer-v5": Source("openloop", OPEN_LOOP),
    "Hopper-v5": Source("openloop", OPEN_LOOP),
    "HalfCheetah-v5": Source("openloop", OPEN_LOOP),
    "Walker2d-v5": Source("openloop", OPEN_LOOP),
    "Ant-v5": Source("openloop", OPEN_LOOP),
    "Bert-v0": Source("droq", QUADRUPED),
    "Bert-CPG-v0": Source("droq", QUADRUPED),
}
"""Environments with a reference policy."""

RANDOM_ONLY = (
    "Humanoid-v5",
    "HumanoidStandup-v5",
    "InvertedPendulum-v5",
    "InvertedDoublePendulum-v5",
    "Pusher-v5",
    "Reacher-v5",
    "Go1-v0",
    "Go2-v0",
    "MiniCheetah-v0",
)
"""Environments of which random actions are measured, though no policy of ours is recorded."""


def main() -> None:
    """Train or measure, then write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--env", nargs="+", help="only these environment ids; others stay")
    parser.add_argument("--runs", type=Path, default=PUBLISHED, help="records of the policies")
    parser.add_argument("--train", action="store_true", help="train MountainCar-v0 and stop")
    parser.add_argument("--work", type=Path, default=Path("logs/references"), help="full runs")
    parser.add_argument("--table", action="store_true", help="only write the table of the page")
    arguments = parser.parse_args()
    if arguments.train:
        train(arguments.work)
        return
    if not arguments.table:
        entries = load_yaml(TABLE) if TABLE.exists() else {}
        for env in arguments.env or [*SOURCES, *RANDOM_ONLY]:
            entries[env] = measure(env, arguments.runs)
            write_text(TABLE, HEADER + dump_yaml(dict(sorted(entries.items()))))
            result(f"{env}: {entries[env]['random']} .. {entries[env].get('reference')}")
    write_page_table()


def measure(env_id: str, runs: Path) -> dict[str, Any]:
    """Return the entry of one environment."""
    returns = random_returns(env_id)
    entry: dict[str, Any] = {"random": _round(float(returns.mean()))}
    measured = {
        "random_measured": {
            "command": f"python scripts/measure_reference_scores.py --env {env_id}",
            "episodes": len(returns),
            "standard_error": _round(float(returns.std(ddof=1) / np.sqrt(len(returns)))),
            "date": datetime.date.today().isoformat(),
        }
    }
    source = SOURCES.get(env_id)
    if source is None:
        warn(f"{env_id}: no reference policy is recorded, the entry holds random actions only")
        return {**entry, **measured}
    record = recorded_returns(env_id, source, runs)
    per_seed = record.per_seed
    entry["reference"] = _round(float(per_seed.mean()))
    reference = {
        "policy": f"{source.algo}, {record.steps:,} steps",
        "command": source.command.format(env=env_id),
        "seeds": len(per_seed),
        "episodes": record.n_episodes,
        "date": _measured_on(env_id, source, runs),
    }
    if len(per_seed) > 1:
        error = per_seed.std(ddof=1) / np.sqrt(len(per_seed))
        reference["standard_error"] = _round(float(error))
    return {**entry, **measured, "reference_measured": reference}


def random_returns(env_id: str, n_episodes: int = N_EPISODES) -> np.ndarray:
    """Return the returns of episodes whose actions are drawn uniformly, (n_episodes,)."""
    import gymnasium

    from rl_zoo.envs.ids import check_env_id

    check_env_id(env_id)
    env = gymnasium.make(env_id)
    env.action_space.seed(0)
    returns = np.zeros(n_episodes)
    for episode in range(n_episodes):
        env.reset(seed=episode)
        ended = False
        while not ended:
            _, reward, terminated, truncated, _ = env.step(env.action_space.sample())
            returns[episode] += float(reward)
            ended = terminated or truncated
    env.close()
    return returns


def recorded_returns(env_id: str, source: Source, runs: Path) -> Record:
    """Return what the records of the policies hold.

    Raises:
        SystemExit: If there is no such record.
    """
    if source.algo == "openloop":
        files = sorted(runs.glob(f"openloop/{env_id}_*/benchmark.json"))
        judged = [json.loads(file.read_text(encoding="utf-8")) for file in files]
        if not judged:
            raise SystemExit(f"{env_id}: no record in {runs}/openloop")
        per_seed = np.array([np.mean(one["returns"]) for one in judged])
        n_episodes = sum(len(one["returns"]) for one in judged)
        return Record(per_seed, n_episodes, max(one["steps"] for one in judged))
    found = find_runs([runs], [source.algo], [env_id])
    series, notes = load_series(found, "", CurveRequest())
    for note in notes:
        warn(note)
    if series is None:
        raise SystemExit(f"{env_id}: no evaluations of {source.algo} in {runs}")
    n_episodes = sum(np.load(run.folder.evaluations)["results"].shape[1] for run in found)
    per_seed = np.array([seed.last_value for seed in series.seeds])
    return Record(per_seed, int(n_episodes), max(seed.last_step for seed in series.seeds))


def train(work: Path) -> None:
    """Train the reference policy of MountainCar-v0 on five seeds and keep the records.

    Raises:
        SystemExit: If training fails.
    """
    source = SOURCES["MountainCar-v0"]
    flags = ["--name", "mountaincar", "-f", str(work), "--seeds", "5", "--algo", source.algo]
    flags += ["--env", "MountainCar-v0", "--workers", "1", "-n", str(MOUNTAIN_CAR_STEPS)]
    code = rl_zoo(["sweep", *flags, "--eval-freq", "20000", "--eval-episodes", "20"])
    if code != 0:
        raise SystemExit(code)
    for run in find_runs([work], [source.algo], ["MountainCar-v0"]):
        keep(run)


def write_page_table() -> None:
    """Write the table of docs/normalization.md between its markers."""
    lines = [["environment", "random (0)", "reference (1)", "reference policy", "trained by"]]
    for env, score in read_reference_scores().items():
        how = dict(score.reference_measured or {})
        if score.reference is None:
            lines.append([env, _with_error(score.random, score.random_measured), "–", "–", "–"])
            continue
        policy = f"{how['policy']}, n={how['seeds']}, {how['episodes']} episodes"
        numbers = [
            _with_error(score.random, score.random_measured),
            _with_error(score.reference, how),
        ]
        lines.append([env, *numbers, policy, f"`{how['command']}`"])
    before, after = MARKERS
    head, _, rest = PAGE.read_text(encoding="utf-8").partition(before)
    _, _, tail = rest.partition(after)
    if not tail:
        raise SystemExit(f"{PAGE}: its markers {before.strip()} and {after} are missing")
    write_text(PAGE, f"{head}{before}\n{markdown_lines(lines)}\n\n{after}{tail}")


def _with_error(value: float, how: Any) -> str:
    error = (how or {}).get("standard_error")
    if error is None:
        return format_number(value)
    return f"{format_number(value, error)} ± {format_number(error, error)}"


def _measured_on(env_id: str, source: Source, runs: Path) -> str:
    """Return the latest day on which one of the seeds ended."""
    days = []
    for file in runs.glob(f"{source.algo}/{env_id}_*/run.json"):
        ended = json.loads(file.read_text(encoding="utf-8")).get("ended_at")
        days += [ended[:10]] if ended else []
    return max(days, default="unknown")


def _round(value: float) -> float:
    return float(f"{value:.6g}")


if __name__ == "__main__":
    main()
