"""Whether values read from a bundle are of the kind that its schema says."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

_DTYPE = re.compile("bool|u?int(8|16|32|64)|float(16|32|64)")
"""Names of types of numbers that a graph can hold."""

_HUGE = 2**1023
"""Beyond the numbers that a float can hold, or nearly."""


def check_field(name: str, annotation: str, value: Any) -> None:
    """Check one value of a dataclass of ``rl_zoo.deploy.metadata``.

    Args:
        name: Of the field; one that ends in ``dtype`` names a type of number.
        annotation: Of the field; those that are in no table are checked by their users.
        value: What the file says, lists as tuples.

    Raises:
        ValueError: If it is of another kind.
    """
    is_right = _CHECKS.get(annotation)
    if is_right is not None and not is_right(value):
        raise ValueError(f"{name} is {value!r:.40}, not {annotation}")
    if name.endswith("dtype") and not _DTYPE.fullmatch(value):
        raise ValueError(f"{name} is '{value:.40}', not a type of number")


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _all(is_right: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, tuple) and all(map(is_right, value))


def _is_number(value: Any) -> bool:
    # An integer too large for a float is no number either.
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < _HUGE


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_mapping(value: Any) -> bool:
    return isinstance(value, Mapping)


_CHECKS: Mapping[str, Callable[[Any], bool]] = {
    "str": _is_text,
    "int": _is_count,
    "bool": lambda value: isinstance(value, bool),
    "float": _is_number,
    "float | None": lambda value: value is None or _is_number(value),
    "int | None": lambda value: value is None or _is_count(value),
    "tuple[float, ...] | float | None": lambda value: (
        value is None or _is_number(value) or _all(_is_number)(value)
    ),
    "tuple[int, ...]": _all(_is_count),
    "tuple[float, ...]": _all(_is_number),
    "tuple[str, ...]": _all(_is_text),
    "Mapping[str, Any]": _is_mapping,
    "Mapping[str, str]": _is_mapping,
    "Mapping[str, Any] | None": lambda value: value is None or _is_mapping(value),
    "tuple[Mapping[str, Any], ...]": _all(_is_mapping),
}
"""What a value of a file must be, by the field's annotation; others are checked by their users."""
