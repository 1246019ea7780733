"""The process that records: reads the ring of ticks beside the control loop, which never waits.

It lives until the control process has ended, whatever becomes of the process that uses the robot.
"""

from __future__ import annotations

import importlib.util
import os
import select
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from rl_zoo.robots.catalog import ROBOTS
from rl_zoo.robots.control.process_setup import RecorderSetup, read_setup
from rl_zoo.robots.control.realtime import leave_fifo
from rl_zoo.robots.control.shared_memory import Record, map_memory
from rl_zoo.robots.control.tick_record import tick_dtype
from rl_zoo.robots.control.tick_ring import TickRing
from rl_zoo.robots.recording.flight_dump import (
    FaultTrigger,
    flight_path,
    utc_stamp,
    write_flight,
)

if TYPE_CHECKING:
    from rl_zoo.robots.recording.mcap_session import McapSession

_POLL = 0.015
"""Time between two looks at the ring, s."""
_AFTERMATH = 1.0
"""Time after a fault that its recording shall contain, s."""
_NICENESS = 5


class Recorder:
    """Writes the session, and the last seconds when a fault begins.

    Args:
        ring: Of the control process.
        setup: What to call things and where to write them.

    Attributes:
        failure: Why a recording lacks something (a full disk, ...); empty if none does.
    """

    def __init__(self, ring: TickRing, setup: RecorderSetup) -> None:
        self.failure = ""
        self._ring = ring
        self._setup = setup
        self._folder = Path(setup.folder)
        self._trigger = FaultTrigger()
        self._session: McapSession | None = None
        self._has_no_session = False
        self._next = 0
        self._unfinished: list[tuple[float, Path]] = []
        self._threads: list[threading.Thread] = []

    def update(self) -> None:
        """Record what is new in the ring."""
        rows, self._next = self._ring.read(self._next)
        if len(rows) == 0:
            return
        for reason in self._trigger.reasons(rows):
            path = flight_path(self._folder, reason)
            self._dump(path)
            self._unfinished.append((time.monotonic() + _AFTERMATH, path))
        self._add_to_session(rows)
        self._finish_dumps(time.monotonic())

    def end(self, *, is_clean: bool) -> None:
        """Record the rest.

        Args:
            is_clean: Whether the control process ended as it should.
        """
        self.update()
        if not is_clean and self._next:
            self._dump(flight_path(self._folder, "control_process_died"))
        self._finish_dumps(float("inf"))
        try:
            if self._session is not None:
                self._session.finish()
        except OSError as error:
            self.failure = str(error)
        for thread in self._threads:
            thread.join()

    def _add_to_session(self, rows: Record) -> None:
        """Append ticks; after an error of the disk the session ends, the rest goes on."""
        if self._has_no_session:
            return
        try:
            self._session = self._session or self._open_session()
            if self._session is not None:
                self._session.add(rows)
        except OSError as error:
            self.failure = str(error)
            self._session = None
        self._has_no_session = self._session is None

    def _open_session(self) -> McapSession | None:
        if importlib.util.find_spec("mcap") is None:
            return None
        from rl_zoo.robots.recording.mcap_session import McapSession

        path = self._folder / f"session_{utc_stamp()}.mcap"
        return McapSession(path, self._setup.rate, self._setup.about)

    def _finish_dumps(self, now: float) -> None:
        """Write the recordings of faults again, once they contain what came after."""
        for due, path in [entry for entry in self._unfinished if entry[0] <= now]:
            self._unfinished.remove((due, path))
            self._dump(path)

    def _dump(self, path: Path) -> None:
        """Write the ring in a thread: compressing must not keep the session waiting."""
        rows, _ = self._ring.read()
        while self._threads:
            self._threads.pop().join()
        thread = threading.Thread(target=self._write_flight, args=(path, rows))
        thread.start()
        self._threads.append(thread)

    def _write_flight(self, path: Path, rows: Record) -> None:
        try:
            write_flight(path, rows, self._setup.about)
        except OSError as error:
            self.failure = str(error)


def main(descriptor: int) -> int:
    """Run a recorder; return its exit code.

    Args:
        descriptor: File with the setup.
    """
    for name in ("SIGINT", "SIGHUP", "SIGTERM"):
        signal.signal(signal.Signals[name], signal.SIG_IGN)
    leave_fifo(_NICENESS)
    setup = read_setup(descriptor, RecorderSetup)
    ring = TickRing(map_memory(setup.ring), tick_dtype(ROBOTS.load(setup.robot)))
    recorder = Recorder(ring, setup)
    pipe = select.poll()
    pipe.register(setup.control_pipe, select.POLLIN | select.POLLHUP)
    while not pipe.poll(1000.0 * _POLL):
        recorder.update()
    recorder.end(is_clean=os.read(setup.control_pipe, 1) == b".")
    if recorder.failure:
        sys.stderr.write(f"{recorder.failure}\n")
    return 1 if recorder.failure else 0


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1])))
