"""The C interface of ``source/learner.cpp``: structures and functions, mirrored by hand."""

from __future__ import annotations

import ctypes
from ctypes import c_double, c_int, c_int32, c_int64, c_uint64, c_void_p
from functools import cache
from typing import Any, ClassVar

from rl_zoo.agents.native.build import library_path

# Roles of networks, and kinds of parameters.
ACTOR, ACTOR_TARGET, CRITIC, CRITIC_TARGET = range(4)
WEIGHT, BIAS, SCALE, SHIFT = range(4)
RANDOM_STATE_SIZE = 128
"""Numbers in the state of dropout's generator: 4 per transition of a panel, ``source/random.h``."""


class Settings(ctypes.Structure):
    """See ``source/settings.h``, like all structures here."""

    _fields_: ClassVar[list[Any]] = [
        ("n_observations", c_int32),
        ("n_actions", c_int32),
        ("batch", c_int32),
        ("n_critics", c_int32),
        ("n_outputs", c_int32),
        ("n_targets", c_int32),
        ("deterministic_actor", c_int32),
        ("mean_of_critics", c_int32),
        ("policy_delay", c_int32),
        ("target_update_interval", c_int32),
        ("discount", c_double),
        ("tau", c_double),
        ("target_entropy", c_double),
        ("noise_clip", c_double),
        ("seed", c_uint64),
    ]


class Block(ctypes.Structure):
    """A parameter and its optimiser's state."""

    _fields_: ClassVar[list[Any]] = [
        ("value", c_void_p),
        ("mean", c_void_p),
        ("square", c_void_p),
        ("step", c_void_p),
        ("size", c_int64),
    ]


class Adam(ctypes.Structure):
    """Settings of an optimiser."""

    _fields_: ClassVar[list[Any]] = [
        ("learning_rate", c_double),
        ("beta1", c_double),
        ("beta2", c_double),
        ("epsilon", c_double),
        ("weight_decay", c_double),
    ]


class Rates(ctypes.Structure):
    """What may change from call to call."""

    _fields_: ClassVar[list[Any]] = [
        ("actor", Adam),
        ("critic", Adam),
        ("entropy", Adam),
        ("coefficient", c_double),
        ("log_coefficient", Block),
    ]


class Column(ctypes.Structure):
    """One entry of every transition."""

    _fields_: ClassVar[list[Any]] = [("data", c_void_p), ("stride", c_int64)]


class Replay(ctypes.Structure):
    """Where transitions are."""

    _fields_: ClassVar[list[Any]] = [
        ("observations", Column),
        ("next_observations", Column),
        ("actions", Column),
        ("rewards", Column),
        ("dones", Column),
        ("timeouts", Column),
        ("discounts", Column),
        ("doubles", c_int32),
        ("mean", c_void_p),
        ("deviation", c_void_p),
        ("clip_observation", c_double),
        ("reward_deviation", c_double),
        ("clip_reward", c_double),
    ]


class Call(ctypes.Structure):
    """A block of updates."""

    _fields_: ClassVar[list[Any]] = [
        ("replay", c_void_p),
        ("rows", c_void_p),
        ("next_noise", c_void_p),
        ("current_noise", c_void_p),
        ("noise_stride", c_int64),
        ("masks", c_void_p),
        ("n_updates", c_int64),
        ("done_before", c_int64),
        ("offset", c_int64),
    ]


class Losses(ctypes.Structure):
    """Sums over the updates."""

    _fields_: ClassVar[list[Any]] = [
        ("critic", c_double),
        ("actor", c_double),
        ("entropy", c_double),
        ("coefficient", c_double),
        ("n_critic", c_int64),
        ("n_actor", c_int64),
    ]


@cache
def load_library(isa: str | None = None) -> ctypes.CDLL:
    """Return the compiled functions; calls release Python's lock.

    Args:
        isa: As for ``library_path``.
    """
    library = ctypes.CDLL(str(library_path(isa)))
    library.learner_new.restype = c_void_p
    library.learner_new.argtypes = [ctypes.POINTER(Settings)]
    library.learner_delete.restype = None
    library.learner_delete.argtypes = [c_void_p]
    library.learner_shape.argtypes = [c_void_p, *[c_int] * 3, c_void_p, c_int, c_double]
    library.learner_activation.argtypes = [c_void_p, *[c_int] * 3]
    library.learner_parameter.argtypes = [c_void_p, *[c_int] * 4, c_void_p, c_int]
    library.learner_explore.argtypes = [c_void_p, ctypes.POINTER(Block), c_int, c_double]
    library.learner_prepare.argtypes = [c_void_p]
    library.learner_update.argtypes = [c_void_p] * 4
    library.learner_random.argtypes = [c_void_p, c_void_p, c_int]
    return library


def check(code: int) -> None:
    """Raise MemoryError if a function says that there is no memory."""
    if code != 0:
        raise MemoryError("the native learner has no memory")
