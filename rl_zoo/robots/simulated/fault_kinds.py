"""What can go wrong with the simulated robot: names, parameters, and faults as text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rl_zoo.errors import ConfigError
from rl_zoo.finite import is_finite_number
from rl_zoo.robots.driver import BUTTONS
from rl_zoo.suggest import did_you_mean

Reader = Callable[[str, object], Any]


@dataclass(frozen=True)
class Parameter:
    """One number or name that a kind of fault has."""

    default: Any
    read: Reader
    """Checks a value: (key, value) -> value; raises ConfigError."""
    drawn: tuple[float, float] | None = None
    """Range of random faults; None: the default."""


@dataclass(frozen=True)
class FaultKind:
    """One kind of fault."""

    summary: str
    duration: float
    """By default, s."""
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    drawn: tuple[float, float] | None = (0.05, 1.5)
    """Range of the duration of random faults, s; None: never drawn."""
    followed_by: str | None = None
    """What a person does about it, some seconds later, in random faults."""


@dataclass(frozen=True)
class Fault:
    """One fault, now or to come."""

    name: str
    start: float
    """On the robot's simulated time, s."""
    duration: float
    """s."""
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def describe(self) -> str:
        """Return it as ``read_fault`` reads it."""
        values = {"duration": f"{self.duration:g}", **self.parameters}
        return f"{self.name}@{self.start:g}:" + ",".join(f"{k}={v}" for k, v in values.items())


def number_in(low: float, high: float) -> Reader:
    """Return a reader of numbers in [low, high]."""

    def read(key: str, value: object) -> float:
        if isinstance(value, str):
            try:
                value = float(value)
            except ValueError:
                raise ConfigError(f"{key}: not a number: '{value}'") from None
        if not is_finite_number(value) or not low <= value <= high:
            raise ConfigError(f"{key}: must be a number in [{low:g}, {high:g}], not {value}")
        return float(value)

    return read


def one_of(*names: str) -> Reader:
    """Return a reader of one of these names."""

    def read(key: str, value: object) -> str:
        if value not in names:
            raise ConfigError(f"{key}: no '{value}'{did_you_mean(str(value), names)}")
        return str(value)

    return read


def _index(key: str, value: object) -> int:
    index = number_in(-1, 63)(key, value)
    if index != int(index):
        raise ConfigError(f"{key}: must be the number of a joint (-1: all), not {value}")
    return int(index)


def _buttons(key: str, value: object) -> str:
    for name in str(value).split("+"):
        if name not in BUTTONS:
            raise ConfigError(f"{key}: no button '{name}'{did_you_mean(name, BUTTONS)}")
    return str(value)


FIELDS = (
    "joint_positions",
    "joint_velocities",
    "joint_torques",
    "motor_positions",
    "orientation",
    "angular_velocity_in_body",
    "acceleration_in_body",
    "foot_forces",
    "temperatures",
)
"""Parts of a state that a fault can spoil."""
_ON = Parameter("both", one_of("both", "states", "commands"))
_JOINT = Parameter(0, _index, (0, 7))
_FIELD = Parameter("joint_positions", one_of(*FIELDS))
_ALL = Parameter(-1, _index)
_MS = number_in(0.0, 10e3)
_SHARE = number_in(0.0, 1.0)
_IMPULSE = number_in(-1e3, 1e3)

FAULT_KINDS: Mapping[str, FaultKind] = {
    "delay": FaultKind(
        "messages arrive `ms` late, plus up to `jitter` ms at random",
        1.0,
        {
            "ms": Parameter(50.0, _MS, (5.0, 150.0)),
            "jitter": Parameter(0.0, _MS, (0.0, 30.0)),
            "on": _ON,
        },
    ),
    "loss": FaultKind(
        "a share of the messages is lost",
        1.0,
        {"share": Parameter(0.5, _SHARE, (0.05, 1.0)), "on": _ON},
    ),
    "duplicate": FaultKind(
        "a share of the messages arrives twice",
        1.0,
        {"share": Parameter(0.5, _SHARE, (0.1, 1.0)), "on": _ON},
    ),
    "reorder": FaultKind(
        "a share of the messages is held back `ms`: later ones overtake them",
        1.0,
        {
            "share": Parameter(0.3, _SHARE, (0.1, 0.9)),
            "ms": Parameter(10.0, _MS, (3.0, 40.0)),
            "on": _ON,
        },
    ),
    "freeze": FaultKind("the same state again and again, its counter too", 0.5),
    "silence": FaultKind("no states; commands are obeyed", 0.5),
    "nan": FaultKind("NaN in a field of the states", 0.2, {"field": _FIELD, "joint": _ALL}),
    "jump": FaultKind(
        "a field of the states is off by an impossible amount",
        0.2,
        {"field": _FIELD, "joint": _ALL, "by": Parameter(2000.0, number_in(-1e9, 1e9))},
    ),
    "crash": FaultKind("boards without power; they restart with counter 0, motors off", 1.0),
    "overheat": FaultKind(
        "a motor reads a temperature, degrees Celsius",
        3.0,
        {"motor": _JOINT, "temperature": Parameter(95.0, number_in(-50.0, 500.0))},
        drawn=(1.0, 4.0),
    ),
    "battery": FaultKind(
        "the battery reads `cell` V per cell",
        3.0,
        {"cell": Parameter(2.8, number_in(0.0, 5.0))},
        drawn=(1.0, 4.0),
    ),
    "lost_motor": FaultKind("a motor neither answers nor turns", 1.0, {"motor": _JOINT}),
    "stuck": FaultKind("a joint is blocked", 1.0, {"joint": _JOINT}),
    "push": FaultKind(
        "an impulse on the trunk, N s in the world",
        0.05,
        {
            "x": Parameter(0.0, _IMPULSE, (-1.0, 1.0)),
            "y": Parameter(1.0, _IMPULSE, (-1.0, 1.0)),
            "z": Parameter(0.0, _IMPULSE),
        },
        drawn=(0.05, 0.1),
    ),
    "fall": FaultKind(
        "the robot is tipped over",
        1.0,
        {"side": Parameter("left", one_of("left", "right", "front", "rear"))},
        drawn=(1.0, 1.0),
        followed_by="put_down",
    ),
    "put_down": FaultKind("a helper lays a tilted robot on its belly", 0.0, drawn=None),
    "estop": FaultKind("L2 + B and the stop button", 0.3, drawn=(0.2, 0.5), followed_by="resume"),
    "pause": FaultKind("button select", 0.3, drawn=(0.2, 0.5), followed_by="resume"),
    "resume": FaultKind("button start", 0.3, drawn=None),
    "buttons": FaultKind(
        "any buttons: `pressed=L2+B`", 0.3, {"pressed": Parameter("A", _buttons)}, drawn=None
    ),
}
"""Every kind of fault; its place is its bit in a record."""

BUTTONS_OF: Mapping[str, frozenset[str]] = {
    "estop": frozenset({"L2", "B", "estop"}),
    "pause": frozenset({"select"}),
    "resume": frozenset({"start"}),
}
_LONGEST = 1e6  # s


def make_fault(name: str, start: float, values: Mapping[str, Any] | None = None) -> Fault:
    """Return a fault with the defaults of its kind and ``values`` instead of some of them.

    Args:
        name: Of ``FAULT_KINDS``.
        start: On simulated time, s.
        values: Parameters and ``duration``, as numbers or text.

    Raises:
        ConfigError: If kind or parameter is unknown or a value has no meaning.
    """
    kind = FAULT_KINDS.get(name)
    if kind is None:
        raise ConfigError(f"fault: no '{name}'{did_you_mean(name, FAULT_KINDS, list_at_most=30)}")
    given = dict(values or {})
    key = f"fault {name}"
    duration = number_in(0.0, _LONGEST)(f"{key}.duration", given.pop("duration", kind.duration))
    problems = [
        f"{key}.{each}: unknown{did_you_mean(each, [*kind.parameters, 'duration'])}"
        for each in given
        if each not in kind.parameters
    ]
    if problems:
        raise ConfigError(problems)
    parameters = {
        each: parameter.read(f"{key}.{each}", given.get(each, parameter.default))
        for each, parameter in kind.parameters.items()
    }
    start = number_in(0.0, _LONGEST)(f"{key}@", start)
    return Fault(name, start, duration, parameters)


def read_fault(text: str) -> Fault:
    """Read ``NAME@T[:key=value,...]``: a fault at simulated time T (s).

    Raises:
        ConfigError: If it cannot be read.
    """
    head, _, tail = text.partition(":")
    name, at, start = head.partition("@")
    if not at:
        raise ConfigError(f"--fault {text}: must be NAME@SECONDS[:key=value,...]")
    return make_fault(name, number_in(0.0, _LONGEST)(f"--fault {text}", start), read_values(tail))


def read_values(text: str) -> dict[str, str]:
    """Read ``key=value,...``.

    Raises:
        ConfigError: If a part has no ``=``.
    """
    values = {}
    for part in filter(None, text.split(",")):
        key, equals, value = part.partition("=")
        if not equals:
            raise ConfigError(f"fault parameter '{part}': must be key=value")
        values[key.strip()] = value.strip()
    return values


def random_faults(
    n_faults: int, over: float, seed: int, names: Sequence[str] | None = None
) -> list[Fault]:
    """Draw faults spread over a time, with random parameters.

    After a stop or pause somebody presses resume, after a fall somebody puts the robot down; these
    come on top of ``n_faults``.

    Args:
        n_faults: How many.
        over: Time in which they begin, s, from 2 s on.
        seed: Of the draw.
        names: Kinds to choose from; None: all that can be drawn.

    Raises:
        ConfigError: If there is no such kind.
    """
    chosen = [name for name, kind in FAULT_KINDS.items() if kind.drawn] if names is None else names
    generator = np.random.default_rng(seed)
    faults: list[Fault] = []
    for index in range(n_faults):
        start = 2.0 + over * (index + generator.uniform()) / n_faults
        name = chosen[int(generator.integers(len(chosen)))]
        kind = FAULT_KINDS.get(name)
        values: dict[str, Any] = {}
        if kind is not None:
            low, high = kind.drawn or (kind.duration, kind.duration)
            values["duration"] = round(float(generator.uniform(low, high)), 3)
            values |= _drawn_parameters(kind, generator)
        fault = make_fault(name, round(start, 3), values)
        faults.append(fault)
        if kind is not None and kind.followed_by is not None:
            after = fault.start + fault.duration + float(generator.uniform(1.5, 3.0))
            faults.append(make_fault(kind.followed_by, round(after, 3)))
    return sorted(faults, key=lambda fault: fault.start)


def _drawn_parameters(kind: FaultKind, generator: np.random.Generator) -> dict[str, Any]:
    drawn: dict[str, Any] = {}
    for name, parameter in kind.parameters.items():
        if parameter.drawn is None:
            continue
        low, high = parameter.drawn
        if isinstance(parameter.default, int):
            drawn[name] = int(generator.integers(int(low), int(high) + 1))
        else:
            drawn[name] = round(float(generator.uniform(low, high)), 3)
    return drawn
