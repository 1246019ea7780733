"""How soon the commands answer and the robot moves: ours beside RL Zoo's, taking turns.

    python scripts/bench_start.py [--repeat 5] [--peer /path/to/python]

Needs RL Zoo (scripts/peers.sh). Writes the table into docs/benchmarks.md. Exit code 1 below a
floor.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from scripts.child_times import child_environment, describe, ratio_of_wall, run_timed  # noqa: E402
from scripts.conclusion import conclude  # noqa: E402
from scripts.peer_python import VARIABLE, peer_python  # noqa: E402
from scripts.turns import ONE_THREAD, Times, describe_machine, load, ratio  # noqa: E402

SETTINGS = "Clock-v0:\n  policy: MlpPolicy\n  n_timesteps: 2000\n  learning_starts: 1000\n"
LONGEST_WAIT = 60.0


@dataclass(frozen=True)
class Start:
    """One thing that is timed.

    Attributes:
        name: In the table.
        command: Program and arguments.
        exit_code: Expected; None: the command is ended after the first step of its environment.
        floor: Times that it must be faster than the peer's.
        peer: Name of the peer's.
    """

    name: str
    command: list[str]
    exit_code: int | None = 0
    floor: float | None = None
    peer: str = ""


def make_starts(folder: Path) -> list[Start]:
    """Return what is timed, peers first."""
    conf = folder / "sac.yml"
    conf.write_text(SETTINGS, encoding="utf-8")
    ours, peer = [sys.executable, "-m", "rl_zoo.train"], [peer_python(), "-m", "rl_zoo3.train"]
    typo = ["--algo", "ppo", "--env", "CartPole-v1", "-params", "learning_rat:0.1"]
    flags = ["--algo", "sac", "--env", "Clock-v0", "-conf", str(conf), "-f", str(folder / "logs")]
    flags += ["--gym-packages", "scripts.clock_env", "--eval-freq", "-1", "--verbose", "0"]
    zoo_help, zoo_step = "RL Zoo: train --help", "RL Zoo: first step"
    return [
        Start(zoo_help, [*peer, "--help"]),
        Start("train --help", [*ours, "--help"], 0, 20.0, zoo_help),
        Start("train with a wrong key", [*ours, *typo], 2, 20.0, zoo_help),
        Start(zoo_step, [*peer, *flags], None),
        Start("first step, --realtime", [*ours, "--realtime", *flags], None, 6.0, zoo_step),
        Start("first step, --lockstep", [*ours, "--lockstep", *flags], None, 1.0, zoo_step),
    ]


def time_first_step(start: Start, folder: Path, times: Times) -> None:
    """Start a training, note when it steps its environment first, and end it.

    Raises:
        SystemExit: If it does not.
    """
    file = folder / "first_step.json"
    file.unlink(missing_ok=True)
    variables = {"FIRST_STEP_FILE": str(file), "FIRST_STEP_STARTER": str(os.getpid())}
    environment = child_environment({**ONE_THREAD, **variables})
    with (folder / "output.txt").open("w+", encoding="utf-8") as output:
        began = time.time()
        process = subprocess.Popen(
            start.command,
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            while not file.exists() and process.poll() is None:
                time.sleep(0.005)
                if time.time() - began > LONGEST_WAIT:
                    break
        finally:
            _end(process)
        if not file.exists():
            output.seek(0)
            raise SystemExit(f"{start.name}: no step was made:\n{output.read()[-2000:]}")
    note = json.loads(file.read_text(encoding="utf-8"))
    times.wall.append(note["time"] - began)
    times.cpu.append(note["cpu"])


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the command with everything it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def time_answer(start: Start, times: Times) -> None:
    """Run a command that answers and ends."""
    run_timed(start.command, {}, times, expected=start.exit_code or 0)


def measure(starts: Sequence[Start], repeat: int, folder: Path) -> dict[str, Times]:
    """Let all take turns, one round more than ``repeat``: the first warms the disk cache."""
    times = {start.name: Times() for start in starts}
    for number in range(repeat + 1):
        for start in starts:
            measured = times[start.name] if number > 0 else Times()
            if start.exit_code is None:
                time_first_step(start, folder, measured)
            else:
                time_answer(start, measured)
    return times


def judge(start: Start, times: dict[str, Times]) -> tuple[str, list[str]]:
    """Return the row of the table, and whether it is below its floor."""
    measured = times[start.name]
    if start.floor is None:
        return f"| {start.name} | {describe(measured)} | | | |\n", []
    faster, on_clock = (
        ratio(times[start.peer], measured),
        ratio_of_wall(times[start.peer], measured),
    )
    row = (
        f"| {start.name} | {describe(measured)} | {faster:.1f}x | {on_clock:.1f}x | "
        f"{start.floor:g}x |\n"
    )
    worst = min(faster, on_clock)
    return row, [f"{start.name}: {worst:.2f}x is below {start.floor:g}x"] * (worst < start.floor)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, write the table, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--peer", help=f"Python interpreter with RL Zoo (default: {VARIABLE})")
    parser.add_argument("--repeat", type=int, default=5, help="measured rounds (default: 5)")
    options = parser.parse_args(argv)
    if options.peer:
        os.environ[VARIABLE] = options.peer
    before = load()
    with tempfile.TemporaryDirectory() as folder:
        starts = make_starts(Path(folder))
        times = measure(starts, options.repeat, Path(folder))
    judged = [judge(start, times) for start in starts]
    text = (
        f"{describe_machine(before, ['torch', 'stable-baselines3', 'gymnasium'])}\n\n"
        f"| {options.repeat} starts each | seconds: CPU median (wall median, CPU least) | beside "
        "RL Zoo, CPU | wall | floor of both |\n|---|---|---|---|---|\n"
        + "".join(row for row, _ in judged)
    )
    failures = [failure for _, found in judged for failure in found]
    return conclude("bench_start", text, failures)


if __name__ == "__main__":
    sys.exit(main())
