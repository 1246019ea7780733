"""Noise that is added to actions (``noise_type``), as SB3's classes draw it, without PyTorch."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from rl_zoo.config.model import ActionNoise

Noise = Callable[[], NDArray[np.float64]]

_THETA, _DT = 0.15, 0.01  # SB3's defaults of the Ornstein-Uhlenbeck process


class OrnsteinUhlenbeck:
    """Correlated noise: x += -theta x dt + sigma sqrt(dt) N(0, 1).

    Args:
        sigma: Its size.
        n_actions: Number of entries.
        generator: Source of randomness.
    """

    def __init__(self, sigma: float, n_actions: int, generator: np.random.Generator) -> None:
        self._sigma = sigma
        self._generator = generator
        self._value = np.zeros(n_actions)

    def __call__(self) -> NDArray[np.float64]:
        """Return the next value. Shape: (n_actions,)."""
        normal = self._generator.standard_normal(self._value.size)
        step = -_THETA * self._value * _DT + self._sigma * math.sqrt(_DT) * normal
        self._value = self._value + step
        return self._value

    def reset(self) -> None:
        """Begin an episode."""
        self._value = np.zeros_like(self._value)


class Gaussian:
    """Independent noise.

    Args:
        sigma: Its standard deviation.
        n_actions: Number of entries.
        generator: Source of randomness.
    """

    def __init__(self, sigma: float, n_actions: int, generator: np.random.Generator) -> None:
        self._sigma, self._n_actions, self._generator = sigma, n_actions, generator

    def __call__(self) -> NDArray[np.float64]:
        """Return a value. Shape: (n_actions,)."""
        return self._sigma * self._generator.standard_normal(self._n_actions)

    def reset(self) -> None:
        """Begin an episode: nothing to do, values are independent."""


def make_noise(
    told: ActionNoise | None, n_actions: int, generator: np.random.Generator
) -> Gaussian | OrnsteinUhlenbeck | None:
    """Return the noise that a configuration asks for, if any."""
    if told is None:
        return None
    kind = Gaussian if told.kind == "normal" else OrnsteinUhlenbeck
    return kind(told.std, n_actions, generator)
