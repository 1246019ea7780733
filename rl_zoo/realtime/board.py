"""What the three processes of a run show each other at any moment, in shared memory without locks.

Each process writes its own part only; every value is one aligned word, so that a reader sees the
old or the new one. The memory is anonymous and belongs to the supervisor: whoever is restarted is
handed the same memory again.
"""

from __future__ import annotations

import enum
import mmap
import os
import time
from typing import Any

import numpy as np

from rl_zoo.robots.control.cadence import CADENCE_DTYPE
from rl_zoo.robots.control.shared_memory import aligned, create_memory, map_memory


class Phase(enum.IntEnum):
    """What a process is doing."""

    STARTING = 0
    WARM_UP = 1
    """Actor: random actions. Learner: too few transitions to learn from."""
    RUNNING = 2
    """Actor: acts with the newest policy. Learner: updates."""
    RESETTING = 3
    EVALUATING = 4
    """Actor: deterministic episodes, of which nothing is stored."""
    HOLDING = 5
    """Actor: no new episode, because the learner has been silent for too long, or a pause."""
    SAVING = 6
    """Learner: writes a checkpoint."""
    DONE = 7
    CLOSING = 8
    """Actor: puts a robot to rest and closes the environment."""


_COMMON = [
    ("pid", "i8"),
    ("heartbeat", "f8"),  # time.monotonic(), which all processes of a machine share
    ("phase", "i8"),
]

_ACTOR = np.dtype(
    [
        *_COMMON,
        ("n_episodes", "i8"),
        ("policy_version", "i8"),  # that acts now; 0: random actions
        ("first_policy_step", "i8"),  # transitions stored when the first policy began to act
        ("evaluation", "i8"),  # number of the last evaluation that is over
        ("n_dropped_events", "i8"),  # lines that the supervisor did not take
        (
            "ready",
            CADENCE_DTYPE,
        ),  # of the policy: lateness, time to the action
    ]
)
_LEARNER = np.dtype(
    [
        *_COMMON,
        ("n_updates", "i8"),  # gradient steps of the run
        ("n_requested", "f8"),  # gradient steps that the update-to-data ratio asks for
        ("n_seen", "i8"),  # transitions taken into the normalisation statistics
        ("policy_version", "i8"),  # published last
        ("checkpoint", "i8"),  # number of the last request that is complete
        ("checkpoint_step", "i8"),  # transitions of the newest complete checkpoint
        ("longest_stall", "f8"),  # s, between two heartbeats since the first update
        ("first_update", "f8"),  # s, how long the first update took
    ]
)
_SUPERVISOR = np.dtype(
    [
        *_COMMON,
        ("stop", "i8"),  # actor: 0: go on; 1: truncate the episode, rest, end; 2: end at once
        ("stop_signal", "i8"),  # number of the signal that asked for it; 0: something else did
        ("finish", "i8"),  # learner: 0: go on; 1: save the final files, end; 2: and a checkpoint
        ("pause", "i8"),  # 1: no new episode
        ("checkpoint", "i8"),  # number of the newest request
        ("evaluation", "i8"),  # number of the newest request
        ("n_restarts", "i8"),  # of the learner
    ]
)


class Board:
    """The three parts, mapped.

    Args:
        descriptor: Of the memory; None: create it.

    Attributes:
        actor: Written by the actor only. Shape: ().
        ticks: Its counters of ticks, of ``CADENCE_DTYPE``. Shape: (1,).
        learner: Written by the learner only. Shape: ().
        supervisor: Written by the supervisor only. Shape: ().
    """

    def __init__(self, descriptor: int | None = None) -> None:
        sizes = [aligned(part.itemsize) for part in (_ACTOR, _LEARNER, _SUPERVISOR)]
        if descriptor is None:
            descriptor = create_memory("rl_zoo board", sum(sizes))
        self.descriptor = descriptor
        self._memory: mmap.mmap = map_memory(descriptor)
        actor: Any = np.frombuffer(self._memory, _ACTOR, 1, 0)
        self.actor: Any = actor[0]
        self.ticks: Any = actor["ready"]
        self.learner: Any = np.frombuffer(self._memory, _LEARNER, 1, sizes[0])[0]
        self.supervisor: Any = np.frombuffer(self._memory, _SUPERVISOR, 1, sum(sizes[:2]))[0]


def beat(part: Any, phase: Phase) -> None:
    """Say in one's own part that this process is alive, and what it does."""
    part["pid"] = os.getpid()
    part["phase"] = phase
    part["heartbeat"] = time.monotonic()


def silence(part: Any) -> float:
    """Return for how long a process has not shown itself, in s; infinite before its first sign."""
    last = float(part["heartbeat"])
    return time.monotonic() - last if last > 0.0 else float("inf")
