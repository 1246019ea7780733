"""Checks of what a wrapper is given; each failure names wrapper, keyword and value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gymnasium import spaces

from rl_zoo.errors import ConfigError
from rl_zoo.finite import is_finite_number


def check_count(where: str, value: object, *, minimum: int = 1) -> int:
    """Return ``value`` if it is a whole number of at least ``minimum``.

    Args:
        where: ``Wrapper.keyword``, for the message.
        value: What the user gave.
        minimum: Smallest allowed value.

    Raises:
        ConfigError: If it is not.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < minimum:
        raise ConfigError(f"{where}: {value!r} is not a whole number of at least {minimum}")
    return value


def check_flag(where: str, value: object) -> bool:
    """Return ``value`` if it is true or false.

    Args:
        where: ``Wrapper.keyword``, for the message.
        value: What the user gave.

    Raises:
        ConfigError: If it is neither; a text such as 'no' would count as true.
    """
    if not isinstance(value, bool):
        raise ConfigError(f"{where}: {value!r} is neither true nor false")
    return value


def check_number(where: str, value: object, *, zero: bool = False) -> float:
    """Return ``value`` if it is a finite number above zero; with ``zero`` it may be zero.

    Raises:
        ConfigError: If it is not.
    """
    if not is_finite_number(value) or value < 0 or (value == 0 and not zero):
        kind = "number from 0 up" if zero else "positive number"
        raise ConfigError(f"{where}: {value!r} is not a {kind}")
    return float(value)


def check_mapping(where: str, value: object) -> Mapping[str, Any]:
    """Return ``value`` if it is a mapping whose keys are names; None is an empty one.

    Raises:
        ConfigError: If it is not.
    """
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ConfigError(f"{where}: {value!r} is not a mapping by name")
    for key in value:
        if not isinstance(key, str):
            raise ConfigError(f"{where}: {key!r} is not a name")
    return value


def check_box(wrapper: str, what: str, space: spaces.Space[Any]) -> spaces.Box:
    """Return ``space`` if it is a Box; ``what`` names it in the message.

    Raises:
        ConfigError: If it is not.
    """
    if not isinstance(space, spaces.Box):
        raise ConfigError(f"{wrapper}: needs a Box {what}, this environment has {space}")
    return space


def check_vector(wrapper: str, what: str, space: spaces.Space[Any]) -> spaces.Box:
    """Return ``space`` if it is a Box of one dimension.

    Raises:
        ConfigError: If it is not.
    """
    box = check_box(wrapper, what, space)
    if len(box.shape) != 1:
        raise ConfigError(
            f"{wrapper}: needs a {what} of one dimension, this environment has shape {box.shape}"
        )
    return box
