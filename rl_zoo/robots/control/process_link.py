"""A control loop in a process of its own, which keeps the robot safe whatever happens to ours."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from rl_zoo import console
from rl_zoo.errors import RobotFault
from rl_zoo.robots.catalog import ROBOTS
from rl_zoo.robots.clock import Clock, MonotonicClock
from rl_zoo.robots.control.cadence import CadenceReport, read_report
from rl_zoo.robots.control.exchange import Exchange, OrderWriter, snapshot_of_row
from rl_zoo.robots.control.link import Snapshot
from rl_zoo.robots.control.modes import Mode, Request
from rl_zoo.robots.control.robot_lock import RobotLock, acquire_lock
from rl_zoo.robots.control.settings import ControlSettings
from rl_zoo.robots.control.shared_memory import create_memory, map_memory
from rl_zoo.robots.control.spawn import Children, spawn_children
from rl_zoo.robots.control.tick_record import tick_dtype
from rl_zoo.robots.control.tick_ring import TickRing
from rl_zoo.robots.spec import FloatArray

_CONNECT_TIME = 90.0  # s: a driver gives up long before
_FIRST_SAMPLE_TIME = 5.0  # s
_CLOSE_MARGIN = 6.0  # s beyond sitting down
_HUNG_AFTER = 2.0  # s without a tick: a busy computer is never that late


class ProcessLink:
    """``RobotLink`` to a control process.

    Args:
        driver: Name of the driver.
        robot: Name of the robot's spec.
        driver_options: Keywords of the driver, as plain values.
        settings: Of the control loop.
        recording: Folder for flight recordings and the session; None: nothing is recorded.
        core: The only core that the control process runs on; None: any.

    Attributes:
        clock: The computer's monotonic clock, which the control process has too.
        notices: What the system refused to the control process, one sentence each.
    """

    def __init__(
        self,
        driver: str,
        robot: str,
        driver_options: Mapping[str, Any],
        settings: ControlSettings,
        *,
        recording: Path | None = None,
        core: int | None = None,
    ) -> None:
        self.clock: Clock = MonotonicClock()
        self.notices: tuple[str, ...] = ()
        self._driver, self._robot = driver, robot
        self._driver_options = dict(driver_options)
        self._settings = settings
        self._recording = recording
        self._core = core
        self._spec = ROBOTS.load(robot)
        self._children: Children | None = None
        self._exchange: Exchange | None = None
        self._writer: OrderWriter | None = None
        self._owner_pid = 0
        self._cadence: CadenceReport | None = None

    def open(self) -> None:
        """Start the control process and wait for a first sample; the motors stay soft.

        What the system refuses (real-time priority, locked memory) is said as a warning.

        Raises:
            RobotFault: If the robot does not answer or has another owner.
            ConfigError: If an option of the driver has no meaning.
        """
        lock = acquire_lock(self._driver, self._driver_options)
        try:
            self._start(lock)
        finally:
            lock.release()  # The control process has its own hold of it.
        try:
            self._wait_for_connection()
            self._wait_for_sample()
        except BaseException:
            self.close()
            raise

    def snapshot(self) -> Snapshot:
        """Return the newest snapshot.

        Raises:
            RobotFault: If the control process is gone or hangs.
        """
        children, exchange = self._opened()
        if not children.is_running():
            raise children.failure()
        row = exchange.snapshots.read()
        if row is None:
            raise RobotFault("the control process has not ticked yet")
        age = self.clock.now() - float(row["time"])
        if age > _HUNG_AFTER:
            raise RobotFault(f"the control process hangs: its last tick was {age:.1f} s ago")
        return snapshot_of_row(row)

    def request(self, request: Request) -> None:
        """Ask for a mode; several requests before a tick are carried out one after the other."""
        self._opened()
        if self._writer is not None:
            self._writer.request(request)

    def act(self, target: FloatArray) -> None:
        """Hand over the motor targets (rad, shape (n_joints,)) of the next period.

        Raises:
            RobotFault: If the target has another size.
        """
        self._opened()
        if np.shape(target) != (self._spec.n_joints,):
            raise RobotFault(f"target of shape {np.shape(target)} for {self._spec.n_joints} joints")
        if self._writer is not None:
            self._writer.act(target)

    def wait_until(self, time: float) -> None:
        """Return at ``time`` on ``clock``; the control process goes on meanwhile."""
        self.clock.sleep_until(time)

    def cadence(self) -> CadenceReport:
        """Return how well the control process keeps (after ``close``: kept) time.

        Raises:
            RobotFault: If the link was never open.
        """
        if self._exchange is not None:
            return read_report(self._exchange.cadence)
        if self._cadence is None:
            raise RobotFault("the link to the robot is not open: call open() first")
        return self._cadence

    @property
    def control_pid(self) -> int:
        """Return the process id of the control process."""
        return self._opened()[0].control.pid

    def close(self) -> None:
        """Bring the robot into its safe state (sit, soft), end the control process, free the robot.

        In a process that was forked from the owner this does nothing.
        """
        if self._children is None or self._exchange is None or os.getpid() != self._owner_pid:
            return
        children, exchange = self._children, self._exchange
        try:
            if not children.reports().get("ready"):
                children.control.kill()  # It still looks for the robot and has commanded nothing.
            if self._writer is not None and children.is_running():
                self._writer.request(Request.CLOSE)
            children.wait(self._settings.sit_time + _CLOSE_MARGIN)
        finally:
            children.release()
            self._cadence = read_report(exchange.cadence)
            self._children = self._exchange = self._writer = None

    def __enter__(self) -> ProcessLink:
        self.open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _start(self, lock: RobotLock) -> None:
        spec, rate = self._spec, self._settings.rate
        memory = create_memory("rl_zoo-exchange", Exchange.size_for(spec))
        ring = create_memory("rl_zoo-ticks", TickRing.size_of(tick_dtype(spec), rate))
        try:
            self._owner_pid = os.getpid()
            self._exchange = Exchange(map_memory(memory), spec)
            self._writer = OrderWriter(self._exchange.orders, spec.n_joints)
            self._children = spawn_children(
                {
                    "robot": self._robot,
                    "driver": self._driver,
                    "driver_options": self._driver_options,
                    "settings": asdict(self._settings),
                    "core": self._core,
                },
                {"exchange": memory, "ring": ring, "lock": lock.descriptor},
                self._recording,
            )
            lock.record(self._children.control.pid)
        finally:
            os.close(memory)
            os.close(ring)

    def _wait_for_connection(self) -> None:
        children, _ = self._opened()
        deadline = time.monotonic() + _CONNECT_TIME
        while not children.reports().get("ready"):
            if not children.is_running():
                raise children.failure()
            if time.monotonic() > deadline:
                raise RobotFault(f"driver '{self._driver}': not connected in {_CONNECT_TIME:g} s")
            time.sleep(0.005)
        self.notices = (*children.reports()["notices"], *children.notices)
        for notice in self.notices:
            console.warn(notice)

    def _wait_for_sample(self) -> None:
        deadline = time.monotonic() + _FIRST_SAMPLE_TIME
        while time.monotonic() < deadline:
            with contextlib.suppress(RobotFault):
                if self.snapshot().mode != Mode.DISCONNECTED:
                    return
            if not self._opened()[0].is_running():
                raise self._opened()[0].failure()
            time.sleep(0.005)
        raise RobotFault(
            f"driver '{self._driver}': no usable sample of '{self._robot}' within "
            f"{_FIRST_SAMPLE_TIME:g} s"
        )

    def _opened(self) -> tuple[Children, Exchange]:
        if self._children is None or self._exchange is None:
            raise RobotFault("the link to the robot is not open: call open() first")
        return self._children, self._exchange
