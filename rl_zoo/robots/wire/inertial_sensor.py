"""Where orientation comes from on a robot whose motor bus has no inertial sensor."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from rl_zoo.registry import import_object
from rl_zoo.robots.spec import FloatArray
from rl_zoo.robots.wire.moteus_registers import unpack_imu


@dataclass(frozen=True, slots=True)
class InertialReading:
    """One sample of an inertial sensor, in the frame of the trunk."""

    time: float
    """Arrival on the computer's monotonic clock, s."""
    orientation: tuple[float, float, float, float]
    """Unit quaternion w, x, y, z, trunk in the world."""
    angular_velocity: FloatArray
    """rad/s. Shape: (3,)."""
    acceleration: FloatArray | None = None
    """Gravity included, m/s^2. Shape: (3,)."""


class InertialSensor(Protocol):
    """What ``imu: package.module:function`` returns; opened by the call."""

    def read(self) -> InertialReading | None:
        """Return the newest sample without waiting, None before the first."""
        ...

    def close(self) -> None:
        """Release it."""
        ...


class AssumedUpright:
    """No sensor: a robot in a stand, of which nothing but its motors is known."""

    def read(self) -> InertialReading:
        """Return an upright trunk at rest."""
        return InertialReading(time.monotonic(), (1.0, 0.0, 0.0, 0.0), np.zeros(3))

    def close(self) -> None:
        """Release nothing."""


class BusSensor:
    """A sensor on the CAN bus of the motors; whoever reads the bus hands its frames over."""

    def __init__(self) -> None:
        self._newest: InertialReading | None = None

    def take(self, data: bytes, arrival: float) -> None:
        """Take a frame that arrived at ``arrival`` (s); a damaged one is ignored."""
        unpacked = unpack_imu(data)
        if unpacked is None:
            return
        (w, x, y, z, *rest), has_acceleration = unpacked
        acceleration = np.array(rest[3:]) if has_acceleration else None
        self._newest = InertialReading(arrival, (w, x, y, z), np.array(rest[:3]), acceleration)

    def read(self) -> InertialReading | None:
        """Return the newest sample, None before the first."""
        return self._newest

    def close(self) -> None:
        """Release nothing."""


def open_sensor(name: str, options: Mapping[str, Any]) -> InertialSensor:
    """Open the sensor that ``imu`` names: ``can``, ``none`` or ``package.module:function``.

    Raises:
        ConfigError: If there is no such function.
    """
    if name == "can":
        return BusSensor()
    if name == "none":
        return AssumedUpright()
    sensor: InertialSensor = import_object(name, kind="imu")(**options)
    return sensor
