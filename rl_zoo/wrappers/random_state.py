"""Random generators as plain, JSON-able data."""

from __future__ import annotations

from typing import Any

import numpy as np


def generator_state(generator: np.random.Generator) -> dict[str, Any]:
    """Return the state of ``generator`` with arrays as lists."""
    state: dict[str, Any] = _to_plain(generator.bit_generator.state)
    return state


def set_generator_state(generator: np.random.Generator, state: dict[str, Any]) -> None:
    """Put ``generator`` into ``state``.

    Raises:
        ValueError: If the state belongs to another kind of bit generator.
    """
    generator.bit_generator.state = _to_arrays(state)


def _to_plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _to_plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return {"__array__": value.tolist(), "dtype": str(value.dtype)}
    if isinstance(value, np.integer):
        return int(value)
    return value


def _to_arrays(value: Any) -> Any:
    if isinstance(value, dict) and "__array__" in value:
        return np.array(value["__array__"], dtype=value["dtype"])
    if isinstance(value, dict):
        return {key: _to_arrays(item) for key, item in value.items()}
    return value
