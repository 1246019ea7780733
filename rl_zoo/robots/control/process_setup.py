"""What a control process and its recorder are told when they start, as JSON in shared memory."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

from rl_zoo.errors import ConfigError
from rl_zoo.robots.control.settings import ControlSettings
from rl_zoo.robots.control.shared_memory import create_memory

T = TypeVar("T")


@dataclass(frozen=True)
class ProcessSetup:
    """Everything a control process needs; numbers of pipes and memory are file descriptors."""

    robot: str
    """Name of the spec in the registry of robots."""
    driver: str
    driver_options: Mapping[str, Any]
    settings: Mapping[str, Any]
    """Fields of ``ControlSettings``."""
    owner_pid: int
    owner_pipe: int
    """Reading end; its end is the owner's."""
    report_pipe: int
    """Writing end: one JSON object per line, see ``process.Reports``."""
    exchange: int
    """Memory of orders and snapshots."""
    ring: int
    """Memory of the ticks."""
    recorder_pipe: int | None = None
    """Writing end; a byte before its end says that the process ended as it should."""
    core: int | None = None
    """The only core to run on."""


@dataclass(frozen=True)
class RecorderSetup:
    """Everything a recorder needs."""

    robot: str
    ring: int
    """Memory of the ticks."""
    control_pipe: int
    """Reading end; its end is the control process's."""
    folder: str
    """Where the recordings go."""
    rate: float
    """Of the ticks, Hz."""
    about: Mapping[str, str] = field(default_factory=dict)
    """Written into every recording."""


def write_setup(setup: ProcessSetup | RecorderSetup) -> int:
    """Put a setup into memory that can be passed on; return its file descriptor.

    Raises:
        ConfigError: If an option of the driver cannot be handed to another process.
    """
    try:
        raw = json.dumps(asdict(setup)).encode()
    except TypeError as error:
        raise ConfigError(f"driver_options, control: {error}; use plain values") from None
    descriptor = create_memory("rl_zoo-setup", len(raw))
    os.pwrite(descriptor, raw, 0)
    return descriptor


def read_setup(descriptor: int, kind: type[T]) -> T:
    """Return what ``write_setup`` has put there, and close it."""
    with os.fdopen(descriptor, "rb") as file:
        file.seek(0)
        return kind(**json.load(file))


def settings_of(values: Mapping[str, Any]) -> ControlSettings:
    """Return the settings that went through JSON, with tuples instead of its lists."""
    return ControlSettings(**{key: _with_tuples(value) for key, value in values.items()})


def _with_tuples(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(map(_with_tuples, value))
    return value
