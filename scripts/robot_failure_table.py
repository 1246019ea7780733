"""Measure how soon a simulated robot behind a wire is soft or sits after each failure.

Times are from the simulated robot's own record: of the last command with more stiffness than that
of sitting down ("safe"), and with any ("soft"), after the failure began.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from rl_zoo.console import result  # noqa: E402
from rl_zoo.robots.control.modes import Interruption, Mode, Request  # noqa: E402
from rl_zoo.robots.control.process_link import ProcessLink  # noqa: E402
from rl_zoo.robots.control.settings import ControlSettings  # noqa: E402
from scripts.robot_failure_cases import CASES, SIGNALS, Case, Owner, Trainer  # noqa: E402
from scripts.served_robot import (  # noqa: E402
    SETTINGS,
    Drive,
    ServedRobot,
    served,
    settle,
    time_until_safe,
    time_until_soft,
    wait_for,
)

FAULT_SETTINGS = {**SETTINGS, "limits": {"min_battery_voltage": 13.0}}
OWNER_SETTINGS = {**SETTINGS, "sit_time": 1.5}


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--protocol", choices=("remote", "unitree"), default="remote")
    parser.add_argument("--domain", type=int, default=88, help="of DDS")
    parser.add_argument("--trials", type=int, default=3, help="the slowest counts")
    parser.add_argument("--no-training", action="store_true", help="leave rl_zoo train out")
    arguments = parser.parse_args(argv)
    result("| event | mode, reason | safe after s | soft after s |\n|---|---|--:|--:|")
    with tempfile.TemporaryDirectory() as name:
        os.environ["XDG_RUNTIME_DIR"] = name
        folder = Path(name)
        place = arguments.protocol, arguments.domain
        with served(folder / "faults", *place) as robot:
            for row in _faults(robot, arguments.trials):
                result(row)
        ends = {**_ENDS} if arguments.no_training else {**_ENDS, **_TRAINING}
        for number, (event, end) in enumerate(ends.items()):
            measured = []
            for trial in range(arguments.trials):
                with served(folder / f"{number}-{trial}", *place) as robot:
                    measured.append(end(robot))
            result(_row(event, "", measured))
    return 0


def _faults(robot: ServedRobot, n_trials: int) -> Iterator[str]:
    settings = ControlSettings(**FAULT_SETTINGS)
    with ProcessLink(robot.protocol, "bert", robot.options, settings) as link:
        drive = Drive(link)
        drive.walk()
        for name, case in CASES.items():
            measured = [_measure(robot, drive, case) for _ in range(n_trials)]
            yield _row(name, f"{case.mode.name}, {case.reason.reason}", measured)


def _measure(robot: ServedRobot, drive: Drive, case: Case) -> tuple[float, float]:
    since = robot.inject(case.fault, **case.values)
    found = drive.until(lambda s: s.interruption is not Interruption.NONE)
    found = drive.until(lambda s: s.mode is case.mode)
    if found.interruption is not case.reason:
        raise SystemExit(f"{case.fault}: {found.interruption.name}: {found.fault}")
    drive.go_on(0.2)
    settle(robot)
    times = time_until_safe(robot, since), time_until_soft(robot, since)
    robot.clear()
    if case.fault == "fall":
        robot.inject("put_down")
    drive.go_on(0.5)
    if case.mode is Mode.HOLD:
        times = (float("nan"),) * 2
        drive.link.request(Request.RUN)
        drive.until(lambda s: s.mode is Mode.RUN)
    else:
        drive.recover()
    drive.go_on(0.5)
    return times


def _kill(which: str, number: int = signal.SIGKILL) -> Callable[[ServedRobot], tuple[float, float]]:
    def end(robot: ServedRobot) -> tuple[float, float]:
        owner = Owner(robot, OWNER_SETTINGS)
        try:
            pids = {"owner": owner.process.pid, "control": owner.control}
            since = time.monotonic()
            os.kill(pids[which], number)
            return _times(robot, since)
        finally:
            os.kill(owner.process.pid, signal.SIGCONT)
            owner.close()

    return end


def _end_training(name: str) -> Callable[[ServedRobot], tuple[float, float]]:
    def end(robot: ServedRobot) -> tuple[float, float]:
        trainer = Trainer(robot)
        try:
            trainer.walk(robot)
            since = SIGNALS[name](trainer)
            times = _times(robot, since)
            trainer.wait()
            return times
        finally:
            trainer.close()

    return end


def _raise(robot: ServedRobot) -> tuple[float, float]:
    raised = robot.folder / "raised"
    os.environ["RAISED_AT"] = str(raised)
    wrapper = "scripts.robot_failure_cases.Raise"
    trainer = Trainer(robot, "-params", f"env_wrapper:{wrapper!r}")
    try:
        wait_for(raised.exists, 120.0)
        times = _times(robot, float(raised.read_text()))
        trainer.wait()
        return times
    finally:
        trainer.close()


def _times(robot: ServedRobot, since: float) -> tuple[float, float]:
    wait_for(lambda: max(robot.status()["kp"]) == 0.0)
    settle(robot, 0.5)
    return time_until_safe(robot, since), time_until_soft(robot, since)


def _row(event: str, outcome: str, measured: Sequence[tuple[float, float]]) -> str:
    safe, soft = (max(column) for column in zip(*measured, strict=True))
    return f"| {event} | {outcome} | {_seconds(safe)} | {_seconds(soft)} |"


def _seconds(value: float) -> str:
    return "" if value != value else f"{value:.3f}"


_ENDS = {
    "learner: SIGKILL": _kill("owner"),
    "learner stands still (SIGSTOP)": _kill("owner", signal.SIGSTOP),
    "control process: SIGKILL": _kill("control"),
    "control process: SIGTERM": _kill("control", signal.SIGTERM),
    "control process: SIGUSR1": _kill("control", signal.SIGUSR1),
}
_TRAINING = {
    **{f"training: {name}": _end_training(name) for name in SIGNALS},
    "training: error in the environment": _raise,
}


if __name__ == "__main__":
    raise SystemExit(main())
