"""Options of the ``moteus`` driver, which its simulated bus shares."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rl_zoo.errors import ConfigError
from rl_zoo.finite import is_finite_number
from rl_zoo.robots.spec import RobotSpec
from rl_zoo.robots.wire.moteus_servos import ServoOptions
from rl_zoo.suggest import did_you_mean

NO_SENSOR = (
    "imu: missing: servos know nothing of the trunk; say where its orientation comes from: can (a "
    "sensor on the bus), package.module:function, or none (bench tests: assumed upright)"
)


@dataclass(frozen=True)
class BusOptions(ServoOptions):
    """Where the servos are."""

    bus: str = "socketcan"
    """Interface as python-can calls it: ``socketcan``, ``pcan``, ``udp_multicast``, ..."""
    channel: str = "can0"
    """Of the interface; the group of ``udp_multicast``."""
    bus_options: Mapping[str, Any] = field(default_factory=dict)
    """Further keywords of ``can.Bus``."""


@dataclass(frozen=True)
class MoteusOptions(BusOptions):
    """Everything that the driver can be told."""

    imu: str = ""
    """Where the orientation comes from: ``can``, ``none`` or ``package.module:function``."""
    imu_options: Mapping[str, Any] = field(default_factory=dict)
    """Keywords of that function."""
    link_encoders: bool | None = None
    """Whether each servo's second encoder is on the link's side of a spring; None: if the robot
    has springs."""
    watchdog: float = 0.1
    """Silence after which a servo damps by itself, s."""
    rate: float = 200.0
    """Samples per second that the bus carries, Hz: what the driver says of itself."""
    timeout: float = 2.0
    """How long connecting waits for all servos, s."""


def option_problems(options_class: type[BusOptions], given: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with keywords, whatever the robot, as ``key: what``."""
    names = [each.name for each in dataclasses.fields(options_class)]
    problems = [
        f"{key}: unknown keyword{did_you_mean(key, names)}" for key in given if key not in names
    ]
    for name in ("watchdog", "rate", "timeout"):
        value = given.get(name, 1.0)
        if not is_finite_number(value) or not value > 0.0:
            problems.append(f"{name}: {value!r} is not a positive number")
    for name in ("bus_options", "imu_options"):
        if not isinstance(given.get(name, {}), Mapping):
            problems.append(f"{name}: {given[name]!r} is no mapping of keywords")
    if options_class is MoteusOptions and not given.get("imu"):
        problems.append(NO_SENSOR)
    elif given.get("imu", "none") not in ("can", "none") and ":" not in str(given["imu"]):
        problems.append(f"imu: '{given['imu']}'{did_you_mean(str(given['imu']), ['can', 'none'])}")
    for name in ("ids", "signs", "ratios", "offsets", "servo_kp", "servo_kd"):
        if not isinstance(given.get(name), (list, tuple, type(None))):
            problems.append(f"{name}: {given[name]!r} is no list of numbers")
    return problems


def read_options(
    options_class: type[BusOptions], spec: RobotSpec, given: Mapping[str, Any], where: str
) -> Any:
    """Return checked options.

    Args:
        options_class: ``BusOptions`` or ``MoteusOptions``.
        spec: The robot.
        given: Keywords; lists may stand for tuples.
        where: Place of the keywords, for messages.

    Raises:
        ConfigError: If a keyword is unknown or its value has no meaning.
    """
    problems = option_problems(options_class, given)
    if not problems:
        values = {k: tuple(v) if isinstance(v, list) else v for k, v in given.items()}
        make: Any = options_class
        options = make(**values)
        problems = options.problems(spec)
        if not problems:
            return options
    raise ConfigError([f"{where}.{problem}" for problem in problems])
