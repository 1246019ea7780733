"""Time a tick of the control loop takes: ``python scripts/benchmark_control_loop.py``."""

from __future__ import annotations

import time

import numpy as np

from rl_zoo.robots.catalog import ROBOTS
from rl_zoo.robots.control.link import Order
from rl_zoo.robots.control.loop import ControlLoop
from rl_zoo.robots.control.modes import Mode, Request
from rl_zoo.robots.control.settings import ControlSettings
from rl_zoo.robots.control.tick_record import tick_dtype, tick_row
from rl_zoo.robots.driver import RobotCommand, RobotState
from rl_zoo.robots.drivers.mock import MockDriver
from rl_zoo.robots.spec import FloatArray, RobotSpec

TICKS = 10_000


class MeteredDriver(MockDriver):
    """A mock that knows how much processor time is its own."""

    spent = 0.0

    def read(self) -> RobotState | None:
        """Read; see ``MockDriver``."""
        begin = time.thread_time()
        state = super().read()
        self.spent += time.thread_time() - begin
        return state

    def write(self, command: RobotCommand) -> None:
        """Write; see ``MockDriver``."""
        begin = time.thread_time()
        super().write(command)
        self.spent += time.thread_time() - begin


def measure_row(spec: RobotSpec) -> str:
    """Return the processor time of turning a tick into a row of the ring."""
    driver = MockDriver(spec)
    driver.connect()
    loop = ControlLoop(driver, ControlSettings())
    loop.start(0.0)
    loop.tick(0.0, Order())
    ring = np.zeros(1, tick_dtype(spec))
    begin = time.thread_time()
    for _ in range(TICKS):
        if loop.last is not None:
            ring[0] = tick_row(loop.last)
    spent = 1e6 * (time.thread_time() - begin) / TICKS
    return f"{spent:5.0f} us, {ring.itemsize} bytes"


def measure(spec: RobotSpec, spread: float) -> str:
    """Return the processor time of a tick in RUN, without the driver's.

    Args:
        spec: The robot.
        spread: Standard deviation of the policy's targets, rad.
    """
    driver = MeteredDriver(spec, pose="default")
    driver.connect()
    loop = ControlLoop(driver, ControlSettings(stand_time=0.1))
    loop.start(0.0)
    rng = np.random.default_rng(0)
    target = spec.default_pose
    requests = {1: Request.STAND, 100: Request.RUN}
    wall, n_run, n_actions = np.zeros(TICKS), 0, 0
    request, n_requests = Request.NONE, 0
    begin_all = 0.0
    for tick in range(TICKS):
        if tick in requests:
            request, n_requests = requests[tick], n_requests + 1
        if tick % 10 == 0:
            target, n_actions = _action(spec, rng, spread), n_actions + 1
        driver.clock.sleep_until(tick / 500.0)
        order = Order(request, n_requests, target, n_actions)
        if tick == 110:
            begin_all, driver.spent = time.thread_time(), 0.0
        begin = time.perf_counter()
        loop.tick(driver.clock.now(), order)
        wall[tick] = 1e6 * (time.perf_counter() - begin)
        n_run += loop.mode is Mode.RUN
    own = 1e6 * (time.thread_time() - begin_all - driver.spent) / (TICKS - 110)
    median, high = np.percentile(wall[110:], [50, 99])
    return (
        f"{own:5.0f} us of processor time without the driver's; with it wall p50 {median:4.0f} us, "
        f"p99 {high:5.0f} us; {100 * n_run / TICKS:3.0f} % in RUN"
    )


def _action(spec: RobotSpec, rng: np.random.Generator, spread: float) -> FloatArray:
    return spec.default_pose + rng.normal(0.0, spread, spec.n_joints)


def main() -> None:
    """Print one line per robot and kind of action."""
    for name in ("bert", "go1"):
        spec = ROBOTS.load(name)
        for what, spread in (("small actions", 0.02), ("corrected by the guard", 1.0)):
            print(f"{name:<5} {what:<23} {measure(spec, spread)}")
        print(f"{name:<5} {'row of the ring':<23} {measure_row(spec)}")


if __name__ == "__main__":
    main()
