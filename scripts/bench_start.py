"""Measure how long the commands take to answer, beside RL Zoo's if an installation of it is given.

The runs of the two are interleaved, so that a busy machine slows both alike; medians are compared.

    python scripts/bench_start.py [--peer /path/to/python] [--repeat 7]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
OURS = {
    "train --help": ["-m", "rl_zoo.train", "--help"],
    "config error": ["-m", "rl_zoo.train", "--algo", "ppo", "--env", "CartPole-v1",
                     "-params", "learning_rat:0.1"],
}  # fmt: skip
PEER_HELP = ["-m", "rl_zoo3.train", "--help"]
TARGET_RATIO = 20


def time_command(command: Sequence[str], expected_exit: int) -> float:
    """Run a command once and return its wall time in seconds.

    Raises:
        SystemExit: If the command answers with another exit code than expected.
    """
    started = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - started
    if done.returncode != expected_exit:
        sys.exit(f"{' '.join(command)} gave exit code {done.returncode}:\n{done.stderr[-2000:]}")
    return seconds


def measure(peer: str | None, repeat: int) -> dict[str, list[float]]:
    """Time every command ``repeat`` times, in turn.

    Args:
        peer: Python interpreter that has RL Zoo installed, if any.
        repeat: Measured rounds; one more comes first, to warm the disk cache.

    Returns:
        Seconds of each round, per command.
    """
    seconds: dict[str, list[float]] = {}
    for round_number in range(repeat + 1):
        results = {
            "train --help": time_command([sys.executable, *OURS["train --help"]], 0),
            "config error": time_command([sys.executable, *OURS["config error"]], 2),
        }
        if peer:
            results["RL Zoo train --help"] = time_command([peer, *PEER_HELP], 0)
        if round_number > 0:
            for name, value in results.items():
                seconds.setdefault(name, []).append(value)
    return seconds


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, and print medians and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--peer", help="python interpreter with RL Zoo (rl_zoo3) installed")
    parser.add_argument("--repeat", type=int, default=7, help="measured rounds (default: 7)")
    options = parser.parse_args(argv)
    seconds = measure(options.peer, options.repeat)
    for name, values in seconds.items():
        print(f"{name:<20} median {statistics.median(values):.3f} s"
              f"  (min {min(values):.3f}, max {max(values):.3f}, n={len(values)})")  # fmt: skip
    if options.peer:
        ratio = statistics.median(seconds["RL Zoo train --help"]) / statistics.median(
            seconds["train --help"]
        )
        print(f"RL Zoo / rl_zoo      {ratio:.1f} times the time (goal: at least {TARGET_RATIO})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
