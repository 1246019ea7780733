"""Run ``train --realtime`` on the robot of ticks_env.py; return what its ticks were like."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from scripts.child_times import ROOT, child_environment
from scripts.ticks_env import COUNT, FILE

WARM_UP = 100
"""Random actions before the first update."""
LEARNER_START = 2.0
"""Seconds of more ticks, in which the learner starts: they count as well."""
LONGEST_START = 60.0


@dataclass(frozen=True)
class Settings:
    """What is run.

    Attributes:
        python: Interpreter and what stands before it.
        algo: Of rl_zoo.
        rate: Actions per second.
        n_ticks: After the random actions.
        gradient_steps: Updates per action that are asked for.
        learns: Whether there are updates at all.
        keywords: Of the algorithm, besides.
    """

    python: tuple[str, ...]
    algo: str
    rate: float
    n_ticks: int
    gradient_steps: int
    learns: bool = True
    keywords: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Ticks:
    """What was measured; times in s.

    Attributes:
        n_ticks: Actions.
        n_missed: Deadlines at which there was none: seen by the robot, or counted by the actor.
        longest_pause: What the longest gap between two actions had beyond a period.
        n_long_pauses: Of more than 50 ms.
        n_stood_still: Of the missed deadlines, those in whose period a core stood still for
            everybody (see ``bare_loop.py``).
        report: ``realtime`` of the run's ``run.json``.
    """

    n_ticks: int
    n_missed: int
    longest_pause: float
    n_long_pauses: int
    report: dict[str, Any]
    n_stood_still: int = 0

    @property
    def share_missed(self) -> float:
        """Return the share of deadlines that were missed."""
        return self.n_missed / (self.n_ticks + self.n_missed)

    @property
    def cadence(self) -> dict[str, float]:
        """Return what the actor counted."""
        found: dict[str, float] = self.report["cadence"]
        return found

    @property
    def ready_p99(self) -> float:
        """Return a bound of the time from a deadline to its action, exceeded by at most 2 %."""
        return self.cadence["lateness_p99"] + self.cadence["work_p99"]


def run_realtime(settings: Settings, folder: Path) -> Ticks:
    """Train until the ticks are over, then stop the run as Ctrl-C does.

    Raises:
        SystemExit: If the run does not come to its end.
    """
    times_file = folder / "times.npy"
    times_file.unlink(missing_ok=True)
    n_steps = WARM_UP + settings.n_ticks + int(LEARNER_START * settings.rate)
    environment = child_environment({FILE: str(times_file), COUNT: str(n_steps)})
    logs = folder / f"logs{time.monotonic_ns()}"
    with (folder / "output.txt").open("w+", encoding="utf-8") as output:
        process = subprocess.Popen(
            _command(settings, logs, folder),
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        loops = [_bare_loop(core) for core in sorted(os.sched_getaffinity(0))]
        try:
            _wait_for(times_file, process, LONGEST_START + 2.0 * n_steps / settings.rate)
            process.send_signal(signal.SIGINT)
            process.wait(LONGEST_START)
        except (TimeoutError, subprocess.TimeoutExpired):
            output.seek(0)
            raise SystemExit(f"the run did not end:\n{output.read()[-2000:]}") from None
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            pauses = [pause for loop in loops for pause in _pauses(loop)]
        output.seek(0)
        told = output.read()
    records = list(logs.glob("*/*/run.json"))
    if len(records) != 1:
        raise SystemExit(f"no record of the run in {logs}:\n{told[-2000:]}")
    report = json.loads(records[0].read_text(encoding="utf-8"))["realtime"]
    return _judge(settings, np.load(times_file), report, pauses)


def _bare_loop(core: int) -> subprocess.Popen[str]:
    command = [sys.executable, "scripts/bare_loop.py", str(core)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def _pauses(loop: subprocess.Popen[str]) -> list[list[float]]:
    """End a bare loop; return begin and end of every pause of its core."""
    loop.terminate()
    told, _ = loop.communicate()
    pauses: list[list[float]] = json.loads(told) if loop.returncode == 0 else []
    return pauses


def _command(settings: Settings, logs: Path, folder: Path) -> list[str]:
    values = {"policy": "'MlpPolicy'", "n_timesteps": 10**6, "buffer_size": 10**5}
    values |= {"gradient_steps": settings.gradient_steps, "learning_starts": WARM_UP}
    if not settings.learns:
        values["learning_starts"] = 10**6
    values |= settings.keywords
    conf = folder / "settings.yml"
    lines = [f"  {key}: {value}\n" for key, value in values.items()]
    conf.write_text("Ticks-v0:\n" + "".join(lines), encoding="utf-8")
    return [
        *(*settings.python, "-m", "rl_zoo.train", "--realtime", "--algo", settings.algo),
        *("--env", "Ticks-v0", "--gym-packages", "scripts.ticks_env", "-conf", str(conf)),
        *("--control-frequency", f"{settings.rate:g}", "-f", str(logs)),
        *("--eval-freq", "-1", "--save-freq", "-1", "--verbose", "0", "--seed", "1"),
    ]


def _wait_for(file: Path, process: subprocess.Popen[bytes], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not file.exists() and process.poll() is None:
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.05)


def _judge(
    settings: Settings, times: Any, report: dict[str, Any], pauses: Sequence[Sequence[float]] = ()
) -> Ticks:
    """Return what the robot saw after the random actions, beside what the actor counted."""
    first = 0 if not settings.learns else WARM_UP
    begins, ends = np.asarray(times)[first:-1], np.asarray(times)[first + 1 :]
    gaps = ends - begins
    period = 1.0 / settings.rate
    # An action is too late once the next one is due; between episodes the clock starts anew.
    missed = np.maximum(np.floor(gaps / period + 0.02) - 1, 0).astype(int)
    stood_still = np.zeros(len(gaps), dtype=bool)
    for begin, end in pauses:
        stood_still |= (begins < end) & (ends > begin)
    return Ticks(
        len(gaps),
        max(int(missed.sum()), int(report["cadence"]["n_missed"])),
        float((gaps - period).max()),
        int((gaps - period > 0.05).sum()),
        report,
        int(missed[stood_still].sum()),
    )
