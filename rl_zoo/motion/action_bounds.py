"""The box of an action and the unit of its entries, as arrays and as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class ActionBounds:
    """Smallest and largest action; both arrays have the type of the action."""

    low: NDArray[Any]
    high: NDArray[Any]

    @property
    def dtype(self) -> np.dtype[Any]:
        """Return the type of the action."""
        return self.low.dtype

    def cut(self, action: FloatArray) -> NDArray[Any]:
        """Return the nearest action within the bounds, in their type; NaN stays NaN."""
        return np.clip(action, self.low, self.high).astype(self.dtype)

    def is_outside(self, action: FloatArray) -> bool:
        """Say whether an entry is beyond its bound."""
        return bool(np.any(action < self.low) or np.any(action > self.high))

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON; infinite bounds are the texts ``inf`` and ``-inf``."""
        return {
            "action_low": _plain(self.low.tolist()),
            "action_high": _plain(self.high.tolist()),
            "action_dtype": str(self.dtype),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ActionBounds:
        """Return the bounds that ``to_dict`` described; other keys are left out."""
        dtype = np.dtype(data["action_dtype"])
        low, high = (
            np.array(data[key], dtype=np.float64).astype(dtype)
            for key in ("action_low", "action_high")
        )
        return cls(low, high)


@dataclass(frozen=True)
class JointUnits:
    """What an action means for a joint: ``position = origin + scale * action``."""

    origin: tuple[float, ...]
    """Position that an action of zero commands, rad."""
    scale: tuple[float, ...]
    """rad per unit of the action."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "_arrays", (np.array(self.origin), np.array(self.scale)))

    def __call__(self, positions: FloatArray) -> FloatArray:
        """Return the action that commands ``positions`` in rad. Shape: (n_joints,)."""
        origin, scale = self._arrays  # type: ignore[attr-defined]
        action: FloatArray = (positions - origin) / scale
        return action

    def to_dict(self) -> dict[str, list[float]]:
        """Return plain data for JSON."""
        return {"origin": list(self.origin), "scale": list(self.scale)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> JointUnits:
        """Return the units that ``to_dict`` described."""
        return cls(tuple(data["origin"]), tuple(data["scale"]))


def _plain(values: Any) -> Any:
    if isinstance(values, list):
        return [_plain(value) for value in values]
    return values if np.isfinite(values) else str(values)
