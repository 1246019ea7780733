"""The phases of a task as frozen data: what an input means, what must hold, what comes next.

Shared Control Templates (Quere et al., ICRA 2020; for reinforcement learning Padalkar et al., ICRA
2023): low-dimensional inputs are mapped to motions, active constraints bound them, and a finite-
state machine of phases says which mapping and which constraints apply.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

FloatArray = NDArray[np.float64]
Slab = tuple[FloatArray, float, float]
"""Weights w of shape (n,), low and high: ``low <= w . x <= high``."""

TERMINATED, TRUNCATED = ENDS = ("terminated", "truncated")
INSET = 1e-6
"""How far inside of its bounds a corrected action stays, so that rounding to float32 is harmless"""
_ROUNDS = 500
_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Quantity:
    """A number that conditions and constraints are about."""

    name: str
    source: str
    """``observation`` or ``info``."""
    key: int | str
    """Place in the observation, or key of ``info``."""

    def read(self, observation: Any, info: Mapping[str, Any]) -> float | None:
        """Return the value now, None if ``info`` does not have it."""
        if self.source == "observation":
            return float(observation[self.key])
        value = info.get(str(self.key))
        return None if value is None else float(value)


@dataclass(frozen=True)
class Constraint:
    """``low <= quantity + weights . action <= high``, in units of the inner action."""

    name: str
    weights: tuple[float, ...]
    """How much each entry of the action changes the quantity until the next step."""
    low: float = -math.inf
    high: float = math.inf
    quantity: str | None = None
    """None: the constraint is about the action alone."""


@dataclass(frozen=True)
class Condition:
    """``low < quantity < high``."""

    quantity: str
    low: float = -math.inf
    high: float = math.inf


@dataclass(frozen=True)
class Transition:
    """When another phase begins."""

    to: str
    conditions: tuple[Condition, ...] = ()
    """All must hold."""
    for_steps: int = 1
    """In a row."""
    after_steps: int = 0
    """Of the phase."""


@dataclass(frozen=True)
class Phase:
    """One phase of the task."""

    name: str
    inputs: FloatArray
    """Change of the inner action per input. Shape: (n_actions, n_inputs)."""
    offset: FloatArray
    """Inner action of inputs of zero. Shape: (n_actions,)."""
    constraints: tuple[Constraint, ...] = ()
    transitions: tuple[Transition, ...] = ()
    end: str | None = None
    """``terminated`` or ``truncated``: the episode ends when the phase begins."""


def project(
    action: FloatArray,
    box: tuple[FloatArray, FloatArray],
    slabs: Sequence[Slab],
) -> FloatArray:
    """Return the point of a box nearest to ``action`` with each ``low <= w . x <= high``.

    What is inside comes back with the same bits. Slabs that contradict each other have no such
    point: the result is then inside the box and somewhere between them, by Dykstra's alternating
    projections (Boyle and Dykstra, 1986).

    Args:
        action: Shape: (n,).
        box: Lower and upper end. Shape of each: (n,).
        slabs: Weights of shape (n,), low and high of each.
    """
    lower, upper = box
    if (action >= lower).all() and (action <= upper).all() and _worst(action, slabs) <= 0.0:
        return action
    point = np.minimum(np.maximum(action, lower), upper)
    if _worst(point, slabs) <= 0.0:
        return point
    tight = [_inset(slab) for slab in slabs]
    nearest = _nearest(action, box, tight)
    if nearest is not None and _worst(nearest, slabs) <= 0.0:
        return nearest
    return _between(action, box, slabs, tight)


def _nearest(
    action: FloatArray, box: tuple[FloatArray, FloatArray], slabs: Sequence[Slab]
) -> FloatArray | None:
    """Return the nearest point; None if there is none.

    Least distance programming by non-negative least squares (Lawson and Hanson, 1974, chapter 23):
    exact after finitely many steps, where alternating projections may stand still for thousands.
    """
    lower, upper = box
    bounded_below, bounded_above = np.isfinite(lower), np.isfinite(upper)
    unit = np.eye(action.size)
    rows = [unit[bounded_below], -unit[bounded_above]]
    limits = [lower[bounded_below], -upper[bounded_above]]
    for weights, low, high in slabs:
        for sign, limit in ((1.0, low), (-1.0, -high)):
            if np.isfinite(limit):
                rows.append(sign * weights[None])
                limits.append(np.array([limit]))
    matrix = np.concatenate(rows)
    slack = np.concatenate(limits) - matrix @ action
    system = np.vstack([matrix.T, slack[None]])
    target = np.append(np.zeros(action.size), 1.0)
    try:
        residual = system @ nnls(system, target)[0] - target
    except RuntimeError:  # too many iterations
        return None
    if abs(residual[-1]) < _TOLERANCE:
        return None
    shifted = action - residual[:-1] / residual[-1]
    clipped: FloatArray = np.minimum(np.maximum(shifted, lower), upper)
    return clipped


def _between(
    action: FloatArray,
    box: tuple[FloatArray, FloatArray],
    slabs: Sequence[Slab],
    tight: Sequence[Slab],
) -> FloatArray:
    lower, upper = box
    point = action
    corrections = np.zeros((len(tight) + 1, action.size))
    for _ in range(_ROUNDS):
        before = corrections.copy()
        for index, slab in enumerate(tight):
            wanted = point + corrections[index]
            point = _project_on_slab(wanted, slab)
            corrections[index] = wanted - point
        wanted = point + corrections[-1]
        point = np.minimum(np.maximum(wanted, lower), upper)
        corrections[-1] = wanted - point
        # The point can stand still while the corrections move on (Birgin and Raydan, 2005).
        has_settled = float(np.abs(corrections - before).max()) <= _TOLERANCE
        if has_settled and _worst(point, slabs) <= 0.0:
            break
    return point


def _worst(point: FloatArray, slabs: Iterable[Slab]) -> float:
    values = [(float(weights @ point), low, high) for weights, low, high in slabs]
    return max((max(low - value, value - high) for value, low, high in values), default=-math.inf)


def _inset(slab: Slab) -> Slab:
    weights, low, high = slab
    inset = min(INSET * max(1.0, float(np.abs(weights).sum())), 0.5 * (high - low))
    return weights, low + inset, high - inset


def _project_on_slab(point: FloatArray, slab: Slab) -> FloatArray:
    weights, low, high = slab
    value = float(weights @ point)
    missing = min(max(value, low), high) - value
    if missing == 0.0:
        return point
    shifted: FloatArray = point + missing * weights / float(weights @ weights)
    return shifted
