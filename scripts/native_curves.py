"""Learning curves of the native learner beside those of SB3's own updates, over ten seeds.

The updates of the two are equal to rounding (tests/agents/native), but rounding grows: no run stays
beside its twin. Whether they learn equally well is a question of statistics. The two take turns,
one run at a time, each with seeds of its own, so that all runs are independent.

    python scripts/native_curves.py run [--seeds 10]      # goes on where it was stopped
    python scripts/native_curves.py table                 # docs/benchmarks.md

Exit code 1 if the native learner is significantly worse: the interval of a difference ends below 0.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rl_zoo.console import message, result
from rl_zoo.plots.statistics import Bootstrap, Floats, central_value
from rl_zoo.plots.stratified import bootstrap, percentile_interval
from rl_zoo.runs.atomic import write_text

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from scripts.page_markers import write_between  # noqa: E402

RECORD = ROOT / "logs" / "benchmark" / "native" / "curves.json"
PAGE = ROOT / "docs" / "benchmarks.md"
MARKER = "native_curves"
BACKENDS = ("sb3", "native")
FEWEST = 3
"""Runs of each that a comparison takes."""
FIRST_SEED = {"sb3": 0, "native": 1000}


@dataclass(frozen=True)
class Case:
    """What is learned, how long, and how it is evaluated."""

    algo: str
    env_id: str
    n_timesteps: int
    eval_freq: int
    eval_episodes: int
    parameters: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Of the table's row."""
        return " ".join([self.algo, self.env_id, *self.parameters])


_DROPOUT = "policy_kwargs:dict(net_arch=[64,64],dropout_rate=0.01)"
CASES = (
    Case("sac", "Pendulum-v1", 5000, 500, 10),
    Case("droq", "Bert-v0", 8000, 1000, 3, (_DROPOUT,)),
    Case("sac", "Bert-v0", 8000, 1000, 3),
)


def train_once(case: Case, backend: str, seed: int) -> dict[str, Any]:
    """Return steps and mean returns of a run's evaluations."""
    from rl_zoo.train import main as train

    with tempfile.TemporaryDirectory() as folder:
        argv = ["--algo", case.algo, "--env", case.env_id, "-n", str(case.n_timesteps)]
        argv += ["--seed", str(seed), "-f", folder, "--verbose", "0", "--num-threads", "1"]
        argv += ["--eval-freq", str(case.eval_freq), "--eval-episodes", str(case.eval_episodes)]
        argv += ["--backend", backend]
        if case.parameters:
            argv += ["-params", *case.parameters]
        started = time.process_time()
        code = train(argv)
        if code != 0:
            raise SystemExit(
                f"{case.name}: training with {backend}, seed {seed}, ended with {code}"
            )
        record = json.loads(next(Path(folder).rglob("run.json")).read_text())
        used = record["backend"]["name"]
        if used != backend:  # a fallback would compare SB3 with itself
            raise SystemExit(f"{case.name}: updated by {used}, not by {backend}")
        found = np.load(next(Path(folder).rglob("evaluations.npz")))
        return {
            "timesteps": found["timesteps"].tolist(),
            "returns": [round(float(mean), 4) for mean in found["results"].mean(axis=1)],
            "cpu_s": round(time.process_time() - started, 1),
        }


def run_all(n_seeds: int, record_file: Path) -> None:
    """Train what ``record_file`` lacks, seed after seed."""
    record = _read(record_file)
    for cases in (CASES[:2], CASES[2:]):
        for seed, case, backend in itertools.product(range(n_seeds), cases, BACKENDS):
            runs = record.setdefault(case.name, {}).setdefault(backend, {})
            number = FIRST_SEED[backend] + seed
            if str(number) in runs:
                continue
            runs[str(number)] = train_once(case, backend, number)
            record_file.parent.mkdir(parents=True, exist_ok=True)
            write_text(record_file, json.dumps(record, indent=1) + "\n")
            message(f"{case.name} {backend} {number}: {runs[str(number)]}")


@dataclass(frozen=True)
class Comparison:
    """Means of both backends, and the interval of native minus SB3's."""

    sb3: float
    native: float
    low: float
    high: float


def compare(sb3: Floats, native: Floats, settings: Bootstrap | None = None) -> Comparison:
    """Compare the scores of independent runs, (n,) and (m,), by their means."""
    settings = settings or Bootstrap()
    n = len(sb3)

    def differences(counts: Floats) -> Floats:
        means: Floats = native @ counts[n:] / len(native) - sb3 @ counts[:n] / n
        return means[None]

    low, high = percentile_interval(bootstrap([n, len(native)], differences, settings), settings)
    first, second = (float(central_value(scores)) for scores in (sb3, native))
    return Comparison(first, second, float(low[0]), float(high[0]))


def scores_of(runs: dict[str, Any]) -> tuple[Floats, Floats]:
    """Return the mean of every run's evaluations, and the last of them; (n_runs,) each."""
    curves = [np.asarray(run["returns"]) for run in runs.values()]
    return np.array([curve.mean() for curve in curves]), np.array([curve[-1] for curve in curves])


def write_table(record_file: Path, page: Path) -> bool:
    """Write the comparison into ``page``; return whether the native learner is nowhere worse."""
    record = _read(record_file)
    lines = ["| run | seeds | measure | SB3's updates | native | native - SB3 (95 % interval) |"]
    lines.append("|---|--:|---|--:|--:|--:|")
    fine = True
    for name, backends in record.items():
        if any(len(backends.get(backend, {})) < FEWEST for backend in BACKENDS):
            continue
        scores = [scores_of(backends[backend]) for backend in BACKENDS]
        n = " + ".join(str(len(backends[backend])) for backend in BACKENDS)
        for measure, sb3, native in zip(("all evaluations", "last one"), *scores, strict=True):
            found = compare(sb3, native)
            fine = fine and found.high >= 0
            lines.append(
                f"| `{name}` | {n} | {measure} | {found.sb3:.1f} | {found.native:.1f} | "
                f"{found.native - found.sb3:+.1f} ({found.low:+.1f} to {found.high:+.1f}) |"
            )
    text = "\n".join(lines) + "\n"
    result(text)
    write_between(page, MARKER, text)
    return fine


def _read(record_file: Path) -> dict[str, Any]:
    if not record_file.exists():
        return {}
    found: dict[str, Any] = json.loads(record_file.read_text(encoding="utf-8"))
    return found


def main() -> int:
    """Train or write the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=("run", "table"))
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--record", type=Path, default=RECORD)
    arguments = parser.parse_args()
    if arguments.what == "run":
        run_all(arguments.seeds, arguments.record)
        return 0
    return 0 if write_table(arguments.record, PAGE) else 1


if __name__ == "__main__":
    sys.exit(main())
