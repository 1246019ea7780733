"""How Gymnasium flattens an observation, as plain data for a layer."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces

from rl_zoo.deploy.layers.flatten import FlatPart


def flattening(space: spaces.Space[Any]) -> tuple[FlatPart, ...] | None:
    """Return the parts of ``spaces.flatten``; None if a part is itself composed, or no array."""
    if not isinstance(space, spaces.Dict):
        part = _part(space, None)
        return None if part is None else (part,)
    parts = [_part(entry, key) for key, entry in space.spaces.items()]
    known = tuple(part for part in parts if part is not None)
    return known if known and len(known) == len(parts) else None


def _part(space: Any, key: str | None) -> FlatPart | None:
    if isinstance(space, spaces.Discrete):
        return FlatPart(str(np.dtype(space.dtype)), key, (int(space.n),), (int(space.start),))
    if isinstance(space, spaces.MultiDiscrete):
        n, start = (tuple(array.flatten().tolist()) for array in (space.nvec, space.start))
        return FlatPart(str(np.dtype(space.dtype)), key, n, start)
    if isinstance(space, spaces.Box | spaces.MultiBinary):
        return FlatPart(str(np.dtype(space.dtype)), key)
    return None
