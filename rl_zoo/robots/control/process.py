"""The control process: drives one robot at a fixed rate, whatever happens to its owner.

Started by ``ProcessLink``; it loads neither learning libraries nor a simulation.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from types import FrameType
from typing import Any

import numpy as np

from rl_zoo.errors import ZooError
from rl_zoo.robots.catalog import ROBOTS
from rl_zoo.robots.control import realtime
from rl_zoo.robots.control.cadence import Cadence, skipped_deadlines
from rl_zoo.robots.control.exchange import Exchange, snapshot_dtype, snapshot_row
from rl_zoo.robots.control.inbox import Inbox
from rl_zoo.robots.control.link import Order
from rl_zoo.robots.control.loop import ControlLoop
from rl_zoo.robots.control.modes import Request
from rl_zoo.robots.control.owner_watch import OwnerWatch
from rl_zoo.robots.control.process_setup import ProcessSetup, read_setup, settings_of
from rl_zoo.robots.control.shared_memory import map_memory
from rl_zoo.robots.control.tick_record import tick_dtype, tick_row
from rl_zoo.robots.control.tick_ring import TickRing
from rl_zoo.robots.driver import Driver
from rl_zoo.robots.drivers.catalog import make_driver

_END_MARGIN = 3.0
"""Time beyond sitting down after which a robot that is to be left is made soft anyway, s."""


class ControlProcess:
    """A control loop with its clock, its shared memory and its signals.

    Args:
        setup: From the owner.
    """

    def __init__(self, setup: ProcessSetup) -> None:
        self._setup = setup
        self._settings = settings_of(setup.settings)
        self._spec = ROBOTS.load(setup.robot)
        self._exchange = Exchange(map_memory(setup.exchange), self._spec)
        self._ring = TickRing(map_memory(setup.ring), tick_dtype(self._spec))
        owner = OwnerWatch(setup.owner_pid, setup.owner_pipe)
        self._inbox = Inbox(self._exchange.orders, owner)
        self._cadence = Cadence(self._settings.rate, self._exchange.cadence)
        self._snapshot_row = np.zeros(1, snapshot_dtype(self._spec))
        self._tick_row = np.zeros(1, tick_dtype(self._spec))
        self._give_up_at = float("inf")
        self._is_asked_to_end = False

    def run(self) -> str:
        """Drive the robot until it may be left; return why that was.

        Raises:
            Exception: Whatever the driver raises; the robot is soft and disconnected then.
        """
        driver = make_driver(self._setup.driver, self._spec, self._setup.driver_options)
        loop = ControlLoop(driver, self._settings)
        self._handle_signals()
        refusals = [
            realtime.pin(self._setup.core),
            realtime.set_fifo(realtime.DRIVER_PRIORITY),  # Threads of the driver inherit it.
        ]
        try:
            driver.connect()
            loop.start(driver.clock.now())
            refusals.append(realtime.lock_memory())
            if refusals[1] is None:
                realtime.set_fifo(realtime.PRIORITY)
            realtime.freeze_garbage()
            self._report({"ready": True, "notices": realtime.refused(refusals)})
            return self._keep_time(driver, loop)
        finally:
            with contextlib.suppress(Exception):
                loop.safe()  # not driver.stop(): nothing is written to a robot that is only read
            with contextlib.suppress(Exception):
                driver.close()

    def _keep_time(self, driver: Driver, loop: ControlLoop) -> str:
        """Tick at absolute deadlines; those that are missed are left out, not caught up."""
        clock, period = driver.clock, 1.0 / self._settings.rate
        start, number = clock.now(), 0
        while True:
            deadline = start + number * period
            clock.sleep_until(deadline)
            begin = clock.now()
            order = self._inbox.order()
            self._tick(loop, begin, order)
            if loop.is_finished:
                return self._why(order)
            if self._is_overdue(order, begin):
                return f"{self._why(order)}; it did not come to rest and was made soft"
            end = clock.now()
            n_skipped = skipped_deadlines(deadline, end, period)
            self._cadence.add(begin, deadline, end, n_skipped)
            number += 1 + n_skipped

    def _tick(self, loop: ControlLoop, now: float, order: Order) -> None:
        snapshot = loop.tick(now, order)
        self._snapshot_row[0] = snapshot_row(snapshot)
        self._exchange.snapshots.write(self._snapshot_row)
        if loop.last is not None:
            self._tick_row[0] = tick_row(loop.last)
            self._ring.append(self._tick_row)

    def _is_overdue(self, order: Order, now: float) -> bool:
        """Tell whether the robot should have come to rest long ago."""
        is_ending = not order.is_alive or order.request == Request.CLOSE
        if not is_ending:
            self._give_up_at = float("inf")
        elif self._give_up_at == float("inf"):
            self._give_up_at = now + self._settings.sit_time + _END_MARGIN
        return now > self._give_up_at

    def _why(self, order: Order) -> str:
        if self._is_asked_to_end:
            return "asked to end by SIGTERM"
        return "closed" if order.is_alive else "the owner is gone"

    def _handle_signals(self) -> None:
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGUSR1, self._on_signal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        is_end = number == signal.SIGTERM
        self._is_asked_to_end = self._is_asked_to_end or is_end
        self._inbox.interrupt(Request.CLOSE if is_end else Request.STOP)

    def _report(self, values: Mapping[str, Any]) -> None:
        report(self._setup.report_pipe, values)


def report(pipe: int, values: Mapping[str, Any]) -> None:
    """Tell the owner something, if it is still there, without ever waiting for it."""
    with contextlib.suppress(OSError):
        os.write(pipe, json.dumps(values).encode() + b"\n")


def main(descriptor: int) -> int:
    """Run a control process; return its exit code.

    Args:
        descriptor: File with the setup.
    """
    for name in ("SIGINT", "SIGHUP", "SIGPIPE"):
        signal.signal(signal.Signals[name], signal.SIG_IGN)
    setup = read_setup(descriptor, ProcessSetup)
    os.set_blocking(setup.report_pipe, False)
    try:
        reason = ControlProcess(setup).run()
    except ZooError as error:
        report(setup.report_pipe, {"error": str(error), "kind": type(error).__name__})
        return error.exit_code
    except BaseException as error:
        report(setup.report_pipe, {"error": f"{type(error).__name__}: {error}", "kind": ""})
        sys.stderr.write(time.strftime("%FT%TZ ", time.gmtime()))
        raise
    report(setup.report_pipe, {"ended": reason})
    if setup.recorder_pipe is not None:
        with contextlib.suppress(OSError):
            os.write(setup.recorder_pipe, b".")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1])))
