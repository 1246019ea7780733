"""Checks of what a wrapper is given; each failure names wrapper, keyword and value."""

from __future__ import annotations

from typing import Any

from gymnasium import spaces

from rl_zoo.errors import ConfigError


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
