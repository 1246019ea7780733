"""Options that both ends of a Unitree bus share, and how options are checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from rl_zoo.errors import ConfigError
from rl_zoo.finite import is_finite_number
from rl_zoo.robots.wire.unitree_dds import Place
from rl_zoo.suggest import did_you_mean

_LAST_DOMAIN = 230
"""Ports of later domains do not exist."""


@dataclass(frozen=True)
class BusOptions:
    """Where the bus is, and how joints and types are named on it.

    Raises:
        ConfigError: If a value has no meaning.
    """

    domain: int = 0
    """Number of the DDS domain: 0 on a robot, 1 in the vendor's simulator."""
    interface: str | None = None
    """Network interface of the robot's cable (``eth0``); None: DDS chooses."""
    peers: tuple[str, ...] = ()
    """Addresses to look at where multicast does not reach."""
    slots: tuple[int, ...] | None = None
    """Motor slot of each joint; None: by name, else in order."""

    def __post_init__(self) -> None:
        for name in ("peers", "slots"):
            value = getattr(self, name)
            listed = (value,) if isinstance(value, str) else value
            if isinstance(listed, (list, tuple)):
                object.__setattr__(self, name, tuple(listed))
        problems = self.problems()
        if problems:
            raise ConfigError(problems)

    @property
    def place(self) -> Place:
        """Return where the bus is."""
        return Place(self.domain, self.interface, self.peers)

    def problems(self) -> list[str]:
        """Return what is wrong, each starting with the option."""
        given: dict[str, Any] = dict(vars(self))  # from YAML: of any type
        domain, interface, peers, slots = map(given.get, ("domain", "interface", "peers", "slots"))
        found = []
        if type(domain) is not int or not 0 <= domain <= _LAST_DOMAIN:
            found.append(f"domain: {domain!r} is no integer from 0 to {_LAST_DOMAIN}")
        if interface is not None and not _is_word(interface):
            found.append(f"interface: {interface!r} is no name of a network interface")
        if not isinstance(peers, tuple) or not all(map(_is_word, peers)):
            found.append(f"peers: {peers!r} is no list of addresses")
        if slots is not None and not isinstance(slots, tuple):
            found.append(f"slots: {slots!r} is no list of motor slots")
        return found

    def not_positive(self, *names: str) -> list[str]:
        """Return a problem for each of these options that is no positive number."""
        return [
            f"{name}: {getattr(self, name)!r} is no positive number"
            for name in names
            if not is_finite_number(getattr(self, name)) or getattr(self, name) <= 0
        ]

    def not_bool(self, *names: str) -> list[str]:
        """Return a problem for each of these options that is neither true nor false."""
        return [
            f"{name}: {getattr(self, name)!r} is neither true nor false"
            for name in names
            if not isinstance(getattr(self, name), bool)
        ]


Options = TypeVar("Options", bound=BusOptions)


def read_options(kind: type[Options], keywords: Mapping[str, Any]) -> Options:
    """Return options from keywords.

    Raises:
        ConfigError: If one does not exist or has no meaning.
    """
    problems = option_problems(kind, keywords)
    if problems:
        raise ConfigError(problems)
    return kind(**keywords)


def option_problems(kind: type[BusOptions], keywords: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with keywords, each problem starting with the keyword."""
    names = [field.name for field in fields(kind)]
    unknown = [
        f"{key}: unknown keyword{did_you_mean(key, names)}" for key in keywords if key not in names
    ]
    try:
        kind(**{key: value for key, value in keywords.items() if key in names})
    except ConfigError as error:
        return [*unknown, *error.problems]
    return unknown


def _is_word(value: object) -> bool:
    return isinstance(value, str) and value != "" and not any(c.isspace() for c in value)
