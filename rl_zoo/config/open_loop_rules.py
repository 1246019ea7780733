"""What the values of the open-loop search may look like; whether they fit is seen later."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rl_zoo.config.literals import parse_literal
from rl_zoo.errors import ConfigError
from rl_zoo.finite import is_finite_number


def convert_range(value: Any) -> tuple[Any, ...]:
    """Return ``(low, high)``, or several such pairs.

    Raises:
        ConfigError: If it is neither.
    """
    value = _literal(value)
    if _is_list(value) and value and all(_is_list(pair) for pair in value):
        return tuple(_pair(pair, value) for pair in value)
    return _pair(value, value)


def convert_gait(value: Any) -> str | list[float]:
    """Return the name of a gait, or the lead of each leg in cycles.

    Raises:
        ConfigError: If it is neither.
    """
    if isinstance(value, str) and not value.lstrip().startswith(("[", "(")):
        return value.strip()
    leads = _literal(value)
    if not _is_list(leads) or not leads or not all(is_finite_number(lead) for lead in leads):
        raise ConfigError(f"must be a gait such as trot or the lead of each leg, not {value!r}")
    return [float(lead) for lead in leads]


def convert_legs(value: Any) -> list[list[int]]:
    """Return the joints of each leg.

    Raises:
        ConfigError: If it is not a list of lists of joint numbers.
    """
    legs = _literal(value)
    if not _is_list(legs) or not all(
        _is_list(leg) and leg and all(is_finite_number(joint) and joint % 1 == 0 for joint in leg)
        for leg in legs
    ):
        raise ConfigError(f"must list the joints of each leg such as [[0, 1], [2, 3]], not {value}")
    return [[int(joint) for joint in leg] for leg in legs]


def convert_pattern(value: Any) -> str | dict[str, Any]:
    """Return a pattern's numbers, or the place of a file that has them.

    Raises:
        ConfigError: If it is neither.
    """
    if isinstance(value, str) and not value.lstrip().startswith("{"):
        return value.strip()
    pattern = _literal(value)
    if not isinstance(pattern, Mapping):
        raise ConfigError(f"must be a run folder, a file or a pattern's numbers, not {value!r}")
    return {str(key): list(item) if _is_list(item) else item for key, item in pattern.items()}


def _pair(value: Any, whole: Any) -> tuple[float, float]:
    if not _is_list(value) or len(value) != 2 or not all(is_finite_number(item) for item in value):
        raise ConfigError(f"must be [low, high] or a list of such pairs, not {whole!r}")
    if not value[0] < value[1]:
        raise ConfigError(f"the first of {value} must be less than the second")
    return float(value[0]), float(value[1])


def _literal(value: Any) -> Any:
    return parse_literal(value) if isinstance(value, str) else value


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple))
