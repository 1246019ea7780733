"""A simulated robot in a process of its own and somebody who drives it, for trials of failures."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rl_zoo.robots.bert import BERT
from rl_zoo.robots.control.link import RobotLink, Snapshot
from rl_zoo.robots.control.modes import Mode, Request
from rl_zoo.robots.control.state_machine import SOFT
from rl_zoo.robots.simulated.fault_socket import ask, inject
from rl_zoo.robots.simulated.record import read_record

ACTION_PERIOD = 0.02  # s
SETTINGS: Mapping[str, Any] = {"stand_time": 1.0, "sit_time": 1.0, "warn_temperature": 65.0}
_START_TIME = 60.0  # s
_ATTEMPTS = 5
_SOFT_STIFFNESS = 0.45
"""Share of the robot's stiffness up to which it sits (``soft_gain`` is 0.4)."""


class ServedRobot:
    """``robot simulate`` and its record.

    Args:
        folder: Of its socket, record and log.
        protocol: ``remote`` (a Unix socket) or ``unitree``.
        domain: Of DDS, for ``unitree``.
        more: Further arguments of ``robot simulate``.
    """

    def __init__(
        self, folder: Path, protocol: str = "remote", domain: int = 0, more: tuple[str, ...] = ()
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.protocol = folder, protocol
        address = f"unix://{folder.resolve()}/robot"
        is_remote = protocol == "remote"
        self.options: dict[str, Any] = {"address": address} if is_remote else {"domain": domain}
        served = f"address:'{address}'" if is_remote else f"domain:{domain}"
        self._socket = folder / "faults"
        command = ["robot", "simulate", "--robot", "bert", "--protocol", protocol]
        command += ["--protocol-options", served, "--record", str(folder / "record")]
        command += ["--socket", str(self._socket), *more]
        self._log = folder / "simulator.log"
        with self._log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "rl_zoo.cli", *command], stdout=log, stderr=log
            )
        wait_for(self._is_ready, _START_TIME)

    def inject(self, fault: str, **values: Any) -> float:
        """Let a fault begin; return when (monotonic clock, s)."""
        before = time.monotonic()
        inject(self._socket, fault, **values)
        return before

    def clear(self) -> None:
        """End all faults."""
        ask(self._socket, {"do": "clear"})

    def status(self) -> dict[str, Any]:
        """Return what the simulator says about itself."""
        return ask(self._socket, {"do": "status"})

    def stiffness(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return the times (monotonic clock, s) and the boards' share of the robot's stiffness."""
        _, rows = read_record(self.folder / "record")
        return rows["wall_time"], (rows["law"][:, 2] / BERT.kp).max(axis=1)

    def close(self) -> str:
        """End it; return what it printed."""
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(10.0)
        self.process.kill()
        self.process.wait()
        return self._log.read_text()

    def _is_ready(self) -> bool:
        if self.process.poll() is not None:
            raise RuntimeError(self._log.read_text())
        return "ready" in self._log.read_text()


@contextlib.contextmanager
def served(folder: Path, protocol: str = "remote", domain: int = 0) -> Iterator[ServedRobot]:
    """Serve a robot while the context lasts."""
    robot = ServedRobot(folder, protocol, domain)
    try:
        yield robot
    finally:
        robot.close()


class Drive:
    """A small learner: holds the default pose, an action every 20 ms while it waits.

    Args:
        link: Open.
    """

    def __init__(self, link: RobotLink) -> None:
        self.link = link
        self.is_acting = True
        self.seen: list[Snapshot] = []
        """One snapshot per action period."""

    def walk(self) -> None:
        """Bring the robot to RUN; what a busy machine breaks off is asked for again."""
        for _ in range(_ATTEMPTS):
            self.link.request(Request.REARM)
            self.link.request(Request.STAND)
            if self.until(lambda s: s.mode is Mode.STANDUP or s.mode in SOFT).mode in SOFT:
                self.go_on(0.2)
            if self.until(lambda s: s.mode is Mode.READY or s.mode in SOFT).mode is Mode.READY:
                self.link.request(Request.RUN)
                self.until(lambda s: s.mode is Mode.RUN)
                return
        raise TimeoutError("the robot does not stand up")

    def recover(self) -> None:
        """Do what an operator does after a fault, then go on."""
        self.until(lambda s: s.state.time > self.link.clock.now() - 0.1)
        self.walk()

    def until(self, condition: Callable[[Snapshot], bool], seconds: float = 20.0) -> Snapshot:
        """Act until a snapshot fulfils the condition; return it.

        Raises:
            TimeoutError: If none does.
        """
        deadline = time.monotonic() + seconds
        while True:
            snapshot = self._step()
            if condition(snapshot):
                return snapshot
            if time.monotonic() > deadline:
                raise TimeoutError(f"{snapshot.mode.name}, {snapshot.interruption.name}")

    def go_on(self, seconds: float) -> Snapshot:
        """Act for some time; return the last snapshot."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            snapshot = self._step()
        return snapshot

    def _step(self) -> Snapshot:
        if self.is_acting:
            self.link.act(BERT.default_pose)
        time.sleep(ACTION_PERIOD)
        self.seen.append(self.link.snapshot())
        return self.seen[-1]


def time_until_soft(robot: ServedRobot, since: float, *, at_most: float = 0.0) -> float:
    """Return how long after ``since`` the boards were last stiffer than ``at_most``, s.

    Args:
        robot: With its record; stiffness that comes back later (a new stand-up) must not be in it.
        since: On the monotonic clock, s.
        at_most: Share of the robot's stiffness; 0.45: sitting down counts, too.
    """
    times, stiffness = robot.stiffness()
    stiff = times[(times >= since) & (stiffness > at_most)]
    return float(stiff.max() - since) if stiff.size else 0.0


def time_until_safe(robot: ServedRobot, since: float) -> float:
    """Return how long after ``since`` the robot was soft or sitting down with soft gains, s."""
    return time_until_soft(robot, since, at_most=_SOFT_STIFFNESS)


def wait_for(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait until ``condition()`` is true.

    Raises:
        TimeoutError: If it never is.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("waited in vain")
        time.sleep(0.01)


def settle(robot: ServedRobot, seconds: float = 0.15) -> None:
    """Wait until what happened so far is in the robot's record."""
    time.sleep(seconds)
    robot.status()


def largest_target_step(robot: ServedRobot) -> float:
    """Return the largest change of a stiff command between two physics steps, rad."""
    _, rows = read_record(robot.folder / "record")
    targets, stiff = rows["law"][:, 0], rows["law"][:, 2].max(axis=1) > 0.0
    both = stiff[1:] & stiff[:-1]
    steps = np.abs(np.diff(targets, axis=0)).max(axis=1)[both]
    return float(steps.max()) if steps.size else 0.0
