"""Measure how well the control process keeps time, alone and beside a busy learner.

    python scripts/benchmark_control_process.py --seconds 20

Prints one row per rate, load and scheduling. A policy of 50 Hz drives the mock robot; the learner
is a process that multiplies matrices in as many threads as there are cores.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from rl_zoo.robots.control.cadence import CadenceReport
from rl_zoo.robots.control.modes import Mode, Request
from rl_zoo.robots.control.process_link import ProcessLink
from rl_zoo.robots.control.settings import ControlSettings

_PR_CAPBSET_DROP = 24
_CAP_SYS_NICE = 23
_LEARNER = """
import torch
a = torch.rand(512, 512)
while True:
    a = (a @ a).softmax(dim=1)
"""
_PERIOD = 0.02


@contextlib.contextmanager
def busy_learner() -> Iterator[None]:
    """Keep every core busy meanwhile."""
    environment = {**os.environ, "OMP_NUM_THREADS": str(os.cpu_count())}
    process = subprocess.Popen([sys.executable, "-c", _LEARNER], env=environment)
    try:
        time.sleep(3.0)  # until it has imported torch
        yield
    finally:
        process.kill()
        process.wait()


def measure(rate: float, seconds: float, folder: Path) -> CadenceReport:
    """Return the cadence of a walk of the mock robot.

    Args:
        rate: Of the control loop, Hz.
        seconds: How long it runs.
        folder: For the recordings, which are part of what is measured.
    """
    settings = ControlSettings(rate=rate, stand_time=0.5, sit_time=0.5, hold_after=5.0)
    link = ProcessLink("mock", "bert", {"clock": "real"}, settings, recording=folder)
    link.open()
    try:
        for request, mode in ((Request.STAND, Mode.READY), (Request.RUN, Mode.RUN)):
            link.request(request)
            while link.snapshot().mode != mode:
                time.sleep(0.01)
        start = link.clock.now()
        for step in range(int(seconds / _PERIOD)):
            link.act(link.snapshot().state.motor_positions)
            link.wait_until(start + step * _PERIOD)
    finally:
        link.close()
    return link.cadence()


def refuse_priority() -> None:
    """Take from all processes started from now on what allows SCHED_FIFO, even from root's."""
    if ctypes.CDLL(None).prctl(_PR_CAPBSET_DROP, _CAP_SYS_NICE, 0, 0, 0) != 0:
        print("(SCHED_FIFO cannot be taken away by this user: it may have none anyway)")


def row(case: str, report: CadenceReport) -> str:
    """Return one line of the table."""
    numbers = (
        *(report.lateness_p50, report.lateness_p99, report.lateness_max, report.longest_gap),
        *(report.work_p50, report.work_p99),
    )
    times = " | ".join(f"{1000.0 * number:.3f}" for number in numbers)
    missed = f"{report.n_missed} of {report.n_ticks + report.n_missed}"
    return f"| {case} | {report.achieved_rate:.2f} | {missed} | {times} |"


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=20.0, help="time of each row, s")
    parser.add_argument("--rates", type=float, nargs="+", default=[50.0, 500.0], help="Hz")
    arguments = parser.parse_args()
    print(
        "| Hz, load, scheduling | achieved Hz | missed | late p50 ms | p99 | max "
        "| longest gap | work p50 | p99 |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_RUNTIME_DIR"] = folder
        for scheduling in ("FIFO", "ordinary"):
            if scheduling == "ordinary":
                refuse_priority()
            for load in ("idle", "busy"):
                for rate in arguments.rates:
                    with busy_learner() if load == "busy" else contextlib.nullcontext():
                        report = measure(rate, arguments.seconds, Path(folder) / "recording")
                    print(row(f"{rate:g}, {load}, {scheduling}", report), flush=True)


if __name__ == "__main__":
    main()
