"""Takes states off the bus as they come, so that each is stamped when it arrives."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Any

from cyclonedds.core import (
    DDSException,
    InstanceState,
    ReadCondition,
    SampleState,
    ViewState,
    WaitSet,
)
from cyclonedds.util import duration

from rl_zoo.robots.wire.unitree_dds import Bus

_WAIT = 0.05
"""Longest wait for a sample before looking whether to end, s."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message and when it came."""

    time: float
    """On the monotonic clock, s."""
    cdr: bytes
    count: int
    """Of this publisher, from 1."""
    publisher: int
    """Handle of who sent it: a robot that restarted is another one."""


class Receiver:
    """A thread that keeps the newest message of a topic.

    Args:
        bus: Where the messages come from.
        topic: Name of the topic.
        message_type: Packed type of the messages.

    Attributes:
        newest: None before the first. Replaced as a whole: reading it needs no lock.
    """

    def __init__(self, bus: Bus, topic: str, message_type: Any) -> None:
        self.newest: Arrival | None = None
        self._publisher: int | None = None
        self._count = 0
        self._reader = bus.make_reader(topic, message_type)
        states = SampleState.NotRead | ViewState.Any | InstanceState.Alive
        self._condition = ReadCondition(self._reader, states)
        self._waitset = WaitSet(bus.participant)
        self._waitset.attach(self._condition)
        self._is_ending = False
        self._thread = threading.Thread(target=self._receive, name="unitree states", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._is_ending = True
        self._thread.join()

    def _receive(self) -> None:
        while not self._is_ending:
            try:
                self._waitset.wait(duration(seconds=_WAIT))
                samples = self._reader.take(N=1, condition=self._condition)
            except DDSException:
                time.sleep(_WAIT)  # What does not come makes the newest state old: that is judged.
                continue
            for sample in samples:
                self._keep(sample)

    def _keep(self, sample: Any) -> None:
        publisher = sample.sample_info.publication_handle
        if publisher != self._publisher:  # A robot that restarted counts from the start again.
            self._publisher, self._count = publisher, 0
        self._count += 1
        self.newest = Arrival(time.monotonic(), sample.cdr, self._count, publisher)
