"""Gaits of four legs, each as one vector of phases; coupling offsets are computed from it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rl_zoo.errors import ConfigError
from rl_zoo.motion.oscillator import TWO_PI
from rl_zoo.suggest import did_you_mean

FloatArray = NDArray[np.float64]

LEGS = ("FR", "FL", "RR", "RL")
"""Order of the legs in every array."""

GAITS: dict[str, tuple[float, float, float, float]] = {
    "trot": (0.0, 0.5, 0.5, 0.0),  # diagonal pairs
    "pace": (0.0, 0.5, 0.0, 0.5),  # the legs of one side together
    "bound": (0.0, 0.0, 0.5, 0.5),  # front pair, rear pair
    "pronk": (0.0, 0.0, 0.0, 0.0),  # all together
    "walk": (0.0, 0.5, 0.25, 0.75),  # lateral sequence RL, FL, RR, FR, a quarter apart
    "canter": (0.0, 2 / 3, 1 / 3, 0.0),  # three beats: RR, then RL with FR, then FL
    "gallop": (0.0, 0.1, 0.5, 0.6),  # transverse: RL, RR, FL, FR
    "rotary_gallop": (0.0, 0.9, 0.4, 0.5),  # RL, RR, FR, FL
}
"""Lead of each leg over the front right one, in cycles: the leg with 0.25 is a quarter earlier."""


def gait_fractions(gait: str | ArrayLike, n_legs: int = len(LEGS)) -> FloatArray:
    """Return the lead of each leg in cycles, in [0, 1). Shape: (n_legs,).

    Args:
        gait: Name of a gait, or the leads themselves.
        n_legs: Number of legs.

    Raises:
        ConfigError: If the name is unknown or the number of legs does not fit.
    """
    if isinstance(gait, str):
        if gait not in GAITS:
            raise ConfigError(f"gait '{gait}' is unknown{did_you_mean(gait, GAITS)}")
        gait = GAITS[gait]
    try:
        fractions = np.asarray(gait, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"gait {gait!r} is neither a name nor a list of numbers") from error
    if fractions.shape != (n_legs,) or not np.isfinite(fractions).all():
        raise ConfigError(f"gait {gait!r} does not give one finite lead for each of {n_legs} legs")
    return np.mod(fractions, 1.0)


def gait_phases(gait: str | ArrayLike, n_legs: int = len(LEGS)) -> FloatArray:
    """Return the phase of each leg when the front right one is at zero, rad. Shape: (n_legs,).

    Raises:
        ConfigError: As ``gait_fractions``.
    """
    return TWO_PI * gait_fractions(gait, n_legs)


def phase_offsets(phases: ArrayLike) -> FloatArray:
    """Return ``Phi_ij = phi_j - phi_i``, antisymmetric. Shape: (n, n).

    A coupling term ``sin(theta_j - theta_i - Phi_ij)`` vanishes for all pairs at once in exactly
    the gait of ``phases``.
    """
    values = np.asarray(phases, dtype=np.float64)
    return np.asarray(values[np.newaxis, :] - values[:, np.newaxis])
