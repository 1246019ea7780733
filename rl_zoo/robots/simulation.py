"""What can be different about a simulated robot and its world, as frozen, validated data."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np

from rl_zoo.errors import ConfigError
from rl_zoo.finite import is_finite_number
from rl_zoo.robots.sensor_errors import SensorErrors, read_sensor_errors
from rl_zoo.robots.spec import FloatArray, RobotSpec
from rl_zoo.suggest import did_you_mean

TERRAINS = ("flat", "rough", "slope")


@dataclass(frozen=True)
class Payload:
    """Something rigidly attached to the trunk, such as an arm."""

    mass: float = 0.0
    """kg."""
    position: tuple[float, float, float] = (0.0, 0.0, 0.08)
    """Of its centre of mass in the trunk's frame, m."""


@dataclass(frozen=True)
class Terrain:
    """The ground."""

    kind: str = "flat"
    """``flat``, ``rough`` or ``slope``."""
    angle: float = 0.1
    """Of a slope, rad; positive is uphill along +x."""
    height: float = 0.01
    """Between the lowest and the highest point of rough ground, m."""
    seed: int = 0
    """Of rough ground."""


@dataclass(frozen=True)
class SimulationOptions:
    """The robot as it is simulated; the defaults are the robot's own."""

    payload: Payload = field(default_factory=Payload)
    terrain: Terrain = field(default_factory=Terrain)
    friction: float = 0.9
    """Sliding friction between feet and ground."""
    latency: float = 0.0
    """From a command to its effect, ms; rounded to steps of the physics."""
    motor_strength: float | Mapping[str, float] = 1.0
    """Fraction of the motors' torque and speed; a number or by name of a joint or leg."""
    battery_sag: float = 0.0
    """Fraction of torque and speed that motors lose while all give their full torque."""
    spring_stiffness: float | Mapping[str, float] | None = None
    """N m/rad (rigid joints: gain kp), instead of the robot's own; a number or by name."""
    spring_damping: float | Mapping[str, float] | None = None
    """N m s/rad (rigid joints: gain kd), instead of the robot's own; a number or by name."""
    sensor_noise: SensorErrors = field(default_factory=SensorErrors)
    """Standard deviation of each reading."""
    sensor_bias: SensorErrors = field(default_factory=SensorErrors)
    """Half range of an offset drawn for every episode."""

    def per_joint(self, name: str, spec: RobotSpec, default: FloatArray) -> FloatArray:
        """Return option ``name`` for each joint of ``spec``. Shape: (n_joints,).

        What a joint has of its own goes before what its leg has.
        """
        value = getattr(self, name)
        if value is None:
            return default
        if not isinstance(value, Mapping):
            return np.full(spec.n_joints, float(value))
        chosen = default.copy()
        for leg in spec.legs:
            if leg.name in value:
                chosen[list(spec.leg_indices(leg))] = value[leg.name]
        for index, joint in enumerate(spec.joint_names):
            chosen[index] = value.get(joint, chosen[index])
        return chosen


def with_gains(spec: RobotSpec, options: SimulationOptions) -> RobotSpec:
    """Return ``spec`` with the stiffness and damping that ``options`` give its joints.

    What judges torques from the spec (the guard) must know the joints as they are.
    """
    stiffness = options.per_joint("spring_stiffness", spec, spec.kp).tolist()
    damping = options.per_joint("spring_damping", spec, spec.kd).tolist()
    joints = zip(spec.joints, stiffness, damping, strict=True)
    return replace(spec, joints=tuple(replace(joint, kp=kp, kd=kd) for joint, kp, kd in joints))


RANDOMIZABLE = (
    "friction",
    "latency",
    "motor_strength",
    "battery_sag",
    "spring_stiffness",
    "spring_damping",
    "payload_mass",
)
"""What ``randomize`` can draw anew for every episode."""


def randomized(
    options: SimulationOptions,
    ranges: Mapping[str, tuple[float, float]],
    generator: np.random.Generator,
) -> SimulationOptions:
    """Return ``options`` with each quantity in ``ranges`` drawn uniformly from its range."""
    drawn: dict[str, Any] = {}
    for name, (low, high) in ranges.items():
        value = float(generator.uniform(low, high))
        if name == "payload_mass":
            drawn["payload"] = replace(options.payload, mass=value)
        else:
            drawn[name] = value
    return replace(options, **drawn)


def read_simulation_options(given: Mapping[str, Any], spec: RobotSpec) -> SimulationOptions:
    """Build the options from plain values, as a configuration file gives them.

    Args:
        given: Values by name of a field of ``SimulationOptions``.
        spec: The robot.

    Raises:
        ConfigError: All problems at once.
    """
    problems: list[str] = []
    values: dict[str, Any] = {}
    for name, value in given.items():
        try:
            values[name] = _READERS[name](name, value, spec)
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)
    return SimulationOptions(**values)


def read_ranges(given: object, spec: RobotSpec) -> dict[str, tuple[float, float]]:
    """Build the ranges of ``randomize``: name of a quantity to [lowest, highest].

    Raises:
        ConfigError: All problems at once.
    """
    if not isinstance(given, Mapping):
        raise ConfigError(f"randomize: must map names to [lowest, highest], not {given!r}")
    problems, ranges = [], {}
    for name, value in given.items():
        key = f"randomize.{name}"
        if name not in RANDOMIZABLE:
            problems.append(f"{key}: cannot be randomized{did_you_mean(str(name), RANDOMIZABLE)}")
            continue
        is_pair = isinstance(value, (list, tuple)) and len(value) == 2
        if not is_pair or any(isinstance(limit, Mapping) for limit in value):
            problems.append(f"{key}: must be [lowest, highest], not {value!r}")
            continue
        try:
            reader = _mass if name == "payload_mass" else _READERS[name]
            low, high = (reader(key, limit, spec) for limit in value)
        except ConfigError as error:
            problems += error.problems
            continue
        if low > high:
            problems.append(f"{key}: {low} is above {high}")
        ranges[str(name)] = (float(low), float(high))
    if problems:
        raise ConfigError(problems)
    return ranges


def number(key: str, value: object, low: float, high: float = math.inf, unit: str = "") -> float:
    """Return ``value`` if it is a finite number in [low, high].

    Raises:
        ConfigError: If it is not.
    """
    if not is_finite_number(value) or not low <= value <= high:
        bounds = f"from {low:g} up" if math.isinf(high) else f"in [{low:g}, {high:g}]"
        what = f"number of {unit}" if unit else "number"
        raise ConfigError(f"{key}: must be a {what} {bounds}, not {value!r}")
    return float(value)


def mapping_of(key: str, value: object, names: tuple[str, ...]) -> Mapping[str, Any]:
    """Return ``value`` if it is a mapping with keys of ``names`` only.

    Raises:
        ConfigError: If it is not; names the nearest key.
    """
    if not isinstance(value, Mapping):
        raise ConfigError(f"{key}: must be a mapping of {', '.join(names)}, not {value!r}")
    problems = [
        f"{key}.{name}: unknown{did_you_mean(str(name), names)}"
        for name in value
        if name not in names
    ]
    if problems:
        raise ConfigError(problems)
    return value


def _payload(key: str, value: object, spec: RobotSpec) -> Payload:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = {"mass": value}
    given = mapping_of(key, value, ("mass", "position"))
    mass = _mass(f"{key}.mass", given.get("mass", 0.0), spec)
    place = given.get("position", (0.0, 0.0, 0.08))
    if not isinstance(place, (list, tuple)) or len(place) != 3:
        raise ConfigError(f"{key}.position: must be [x, y, z] in m, not {place!r}")
    x, y, z = (number(f"{key}.position", part, -2.0, 2.0, "m") for part in place)
    return Payload(mass, (x, y, z))


def _mass(key: str, value: object, spec: RobotSpec) -> float:
    return number(key, value, 0.0, 10.0 * spec.mass, "kg")


def _terrain(key: str, value: object, spec: RobotSpec) -> Terrain:
    if isinstance(value, str):
        value = {"kind": value}
    given = mapping_of(key, value, tuple(item.name for item in fields(Terrain)))
    kind = given.get("kind", "flat")
    if kind not in TERRAINS:
        hint = did_you_mean(str(kind), TERRAINS)
        raise ConfigError(f"{key}: no terrain '{kind}'{hint}")
    defaults = Terrain()
    seed = given.get("seed", defaults.seed)
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise ConfigError(f"{key}.seed: must be a whole number from 0 up, not {seed!r}")
    angle, height = given.get("angle", defaults.angle), given.get("height", defaults.height)
    return Terrain(
        kind,
        angle=number(f"{key}.angle", angle, -_STEEPEST, _STEEPEST, "rad"),
        height=number(f"{key}.height", height, 0.001, 1.0, "m"),
        seed=seed,
    )


def _ranged(low: float, high: float = math.inf, unit: str = "") -> Callable[..., float]:
    def read(key: str, value: object, spec: RobotSpec) -> float:
        return number(key, value, low, high, unit)

    return read


def _per_joint(low: float, high: float, unit: str = "") -> Callable[..., Any]:
    def read(key: str, value: object, spec: RobotSpec) -> float | dict[str, float]:
        if not isinstance(value, Mapping):
            return number(key, value, low, high, unit)
        names = (*(leg.name for leg in spec.legs), *spec.joint_names)
        given = mapping_of(key, value, names)
        return {
            name: number(f"{key}.{name}", part, low, high, unit) for name, part in given.items()
        }

    return read


def _sensor_errors(key: str, value: object, spec: RobotSpec) -> SensorErrors:
    return read_sensor_errors(key, value)


_SMALLEST_STIFFNESS = 0.01  # N m/rad; the joints must be held by something
_LARGEST_STIFFNESS = 1000.0  # N m/rad; stiffer joints vibrate at 500 Hz of physics
_STEEPEST = 0.4  # rad; a trunk parallel to a steeper slope is near the tilt of a fall
_READERS: dict[str, Callable[[str, object, RobotSpec], Any]] = {
    "payload": _payload,
    "terrain": _terrain,
    "friction": _ranged(0.01, 10.0),
    "latency": _ranged(0.0, 1000.0, "ms"),
    "motor_strength": _per_joint(0.0, 10.0),
    "battery_sag": _ranged(0.0, 1.0),
    "spring_stiffness": _per_joint(_SMALLEST_STIFFNESS, _LARGEST_STIFFNESS, "N m/rad"),
    "spring_damping": _per_joint(0.0, 1e3, "N m s/rad"),
    "sensor_noise": _sensor_errors,
    "sensor_bias": _sensor_errors,
}
