"""A control loop in this process, on the driver's own (virtual) clock: deterministic."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rl_zoo.errors import RobotFault
from rl_zoo.robots.control.link import Order, Snapshot
from rl_zoo.robots.control.loop import ControlLoop
from rl_zoo.robots.control.modes import Mode, Request
from rl_zoo.robots.control.settings import ControlSettings
from rl_zoo.robots.control.tick_record import TickRecord
from rl_zoo.robots.driver import Driver
from rl_zoo.robots.spec import FloatArray

_CLOSE_TIME = 10.0  # s: sitting down takes less; whatever is then, the motors are made soft
_FIRST_SAMPLE_TIME = 2.0  # s
_EARLY = 1e-9  # s: a tick that is due at the end of a wait belongs to it


class LocalLink:
    """``RobotLink`` whose control loop runs while ``wait_until`` waits.

    With a driver whose clock is virtual (``sim``, ``mock``, ``replay``) two runs are equal to the
    last bit.

    Args:
        driver: Not connected yet.
        settings: Of the control loop.
        on_tick: Called after every tick, for a recorder.

    Raises:
        ConfigError: If the settings have no meaning.
    """

    def __init__(
        self,
        driver: Driver,
        settings: ControlSettings,
        on_tick: Callable[[TickRecord], None] | None = None,
    ) -> None:
        self.clock = driver.clock
        self.driver = driver
        """The driver: a simulated one can do more than a robot's."""
        self.loop = ControlLoop(driver, settings)
        """The control loop itself; ``loop.last`` is the newest tick."""
        self._driver = driver
        self._on_tick = on_tick
        self._snapshot: Snapshot | None = None
        self._request, self._request_sequence = Request.NONE, 0
        self._target: FloatArray | None = None
        self._target_sequence = 0
        self._rate = settings.rate
        self._start = 0.0
        self._n_ticks = 0
        self._is_open = False

    def open(self) -> None:
        """Connect, and tick until the first usable sample; the motors stay soft.

        Raises:
            RobotFault: If the robot does not answer, or does not tell what ``require`` names.
        """
        self._driver.connect()
        self._is_open = True
        try:
            self._start, self._n_ticks = self.clock.now(), 0
            self.loop.start(self._start)
            self._start = self.clock.now()
            deadline = self._start + _FIRST_SAMPLE_TIME
            while self._tick().mode is Mode.DISCONNECTED:
                if self.clock.now() > deadline:
                    raise RobotFault(
                        f"driver: no usable sample of '{self._driver.spec.name}' within "
                        f"{_FIRST_SAMPLE_TIME} s"
                    )
        except BaseException:
            self._release()
            raise

    def snapshot(self) -> Snapshot:
        """Return the snapshot of the newest tick.

        Raises:
            RobotFault: If the link is not open.
        """
        if self._snapshot is None or not self._is_open:
            raise RobotFault("the link to the robot is not open: call open() first")
        return self._snapshot

    def request(self, request: Request) -> None:
        """Ask for a mode; the next tick sees it."""
        self._request = request
        self._request_sequence += 1

    def act(self, target: FloatArray) -> None:
        """Hand over the motor targets (rad, shape (n_joints,)) of the next period."""
        self._target = np.array(target, dtype=np.float64)
        self._target_sequence += 1

    def wait_until(self, time: float) -> None:
        """Run the ticks that are due until ``time`` on ``clock``."""
        while self._is_open and self._next_tick() <= time + _EARLY:
            self._tick()
        self.clock.sleep_until(time)

    def close(self) -> None:
        """Sit down if standing, go soft, disconnect."""
        if not self._is_open:
            return
        try:
            self.request(Request.CLOSE)
            deadline = self.clock.now() + _CLOSE_TIME
            while not self.loop.is_finished and self.clock.now() < deadline:
                self._tick()
        finally:
            self._release()

    def _next_tick(self) -> float:
        return self._start + self._n_ticks * self.loop.period

    def _tick(self) -> Snapshot:
        self.clock.sleep_until(self._next_tick())
        order = Order(self._request, self._request_sequence, self._target, self._target_sequence)
        now = self.clock.now()
        # Ticks that a real clock has passed are left out, not caught up: the limits are per tick.
        self._n_ticks = max(self._n_ticks + 1, int((now - self._start) * self._rate))
        self._snapshot = self.loop.tick(now, order)
        if self._on_tick is not None and self.loop.last is not None:
            self._on_tick(self.loop.last)
        return self._snapshot

    def _release(self) -> None:
        self._is_open = False
        try:
            self.loop.safe()
        finally:
            self._driver.close()
