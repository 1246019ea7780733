"""``train`` from the start of the process to the files on disk: ours beside RL Zoo's.

SAC with SB3's defaults on HalfCheetah-v5, the same YAML file and flags for all, on one core; RL Zoo
with SB3, and with SBX's SAC in its place. Ours writes its files besides: a complete checkpoint from
which the run could go on, the log of progress, the record of the run.

    python scripts/bench_e2e.py [--steps 1500]

Needs RL Zoo and SBX (scripts/peers.sh). Writes the table into docs/benchmarks.md. Exit code 1 below
a floor.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from rl_zoo.console import message  # noqa: E402
from scripts.child_times import describe, ratio_of_wall, run_timed  # noqa: E402
from scripts.conclusion import conclude  # noqa: E402
from scripts.peer_python import peer_python  # noqa: E402
from scripts.turns import (  # noqa: E402
    ONE_THREAD,
    Times,
    describe_machine,
    load,
    ratio,
    use_one_core,
)

ENV = "HalfCheetah-v5"
FLOOR = 3.5
ROUNDS = 3
LONGEST = 115.0
"""Seconds after which no new round begins."""
SETTINGS = f"{ENV}:\n  policy: MlpPolicy\n  n_timesteps: 1500\n"


def commands(steps: int, folder: Path) -> dict[str, list[str]]:
    """Return the command of each, by its name in the table."""
    peer = peer_python()
    conf = folder / "sac.yml"
    conf.write_text(SETTINGS, encoding="utf-8")
    flags = ["--algo", "sac", "--env", ENV, "-conf", str(conf), "-n", str(steps)]
    flags += ["--eval-freq", "-1", "--seed", "1", "--verbose", "0", "--device", "cpu"]
    programs = {
        "ours": [sys.executable, "-m", "rl_zoo.train"],
        "RL Zoo, SB3": [peer, "-m", "rl_zoo3.train"],
        "RL Zoo, SBX": [peer, "scripts/zoo_with_sbx.py"],
    }
    return {
        name: [*program, *flags, "-f", str(folder / str(number))]
        for number, (name, program) in enumerate(programs.items())
    }


def measure(steps: int, rounds: int, folder: Path) -> dict[str, Times]:
    """Let the commands take turns; return their times.

    Raises:
        SystemExit: If a run leaves no model.
    """
    told = commands(steps, folder)
    times = {name: Times() for name in told}
    started = time.perf_counter()
    for number in range(rounds):
        if number >= 1 and time.perf_counter() - started > LONGEST:
            break
        for name, command in told.items():
            run_timed(command, ONE_THREAD, times[name])
            models = list(Path(command[-1]).glob(f"sac/{ENV}_{number + 1}/{ENV}.zip"))
            if len(models) != 1:
                raise SystemExit(f"{name}: no model of run {number + 1} in {command[-1]}")
            message(f"{name}: {times[name].cpu[-1]:.1f} s CPU, {times[name].wall[-1]:.1f} s")
    return times


def main() -> int:
    """Measure, write the table, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--steps", type=int, default=1500, help="of the robot (default: 1500)")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"(default: {ROUNDS})")
    options = parser.parse_args()
    use_one_core()
    before = load()
    with tempfile.TemporaryDirectory() as folder:
        times = measure(options.steps, options.rounds, Path(folder))
    rows, failures = [], []
    for name, measured in times.items():
        if name == "ours":
            rows.append(f"| ours | {describe(measured)} | | | |\n")
            continue
        faster = ratio(measured, times["ours"])
        on_clock = ratio_of_wall(measured, times["ours"])
        rows.append(
            f"| {name} | {describe(measured)} | **{faster:.1f}x** | {on_clock:.1f}x | "
            f"{FLOOR:g}x |\n"
        )
        if faster < FLOOR:
            failures.append(f"{name}: {faster:.2f}x is below {FLOOR:g}x")
    text = (
        f"{describe_machine(before, ['torch', 'stable-baselines3', 'mujoco'])}\n\n"
        f"| {options.steps} steps of {ENV}, {len(times['ours'].cpu)} runs each | seconds: CPU "
        "median (wall median, CPU least) | ours beside it, CPU | wall | floor |\n"
        "|---|---|---|---|---|\n" + "".join(rows)
    )
    return conclude("bench_e2e", text, failures, is_kept=options.steps == 1500)


if __name__ == "__main__":
    sys.exit(main())
