"""Noise of a block of updates: the random numbers that SB3's own would draw, in its order."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from sb3_contrib import TQC
from stable_baselines3 import SAC

_NORMALS_AT_ONCE = 16
"""PyTorch draws normal numbers so many at a time: multiples of it are the same in one call."""
_FLOAT_BYTES = 4


class Noise(NamedTuple):
    """Addresses of the first update's noise, of the actions in the next and the current states."""

    following: int
    current: int | None
    stride: int
    """Numbers from one update's noise to the next one's."""
    kept: torch.Tensor


def draw_noise(agent: Any, shape: tuple[int, int], n: int, done: int) -> Noise:
    """Draw the noise of ``n`` updates.

    Args:
        agent: Whose updates these are.
        shape: Of one update's noise: (batch, n_actions); with gSDE (features, n_actions).
        n: Number of updates.
        done: Updates before, in the agent's life.
    """
    if not isinstance(agent, SAC | TQC):
        noise = torch.empty((n, 1, *shape))
        _draw(noise, agent.target_policy_noise)
        return Noise(noise.data_ptr(), None, noise.stride(0), noise)
    delay = getattr(agent, "policy_delay", 0)  # DroQ draws for the actor when it is due
    if agent.use_sde:
        return _draw_matrices(shape, n, done, delay)
    noise = torch.empty((n, 2, *shape))
    if delay:
        for i, (current, following) in enumerate(noise):
            following.normal_()
            if (done + i + 1) % delay == 0:
                current.normal_()
    else:
        _draw(noise, 1.0)
    return Noise(_address(noise, 1), _address(noise, 0), noise.stride(0), noise)


def _draw_matrices(shape: tuple[int, int], n: int, done: int, delay: int) -> Noise:
    """Draw for ``actor.reset_noise()``: a matrix, and another one that no update uses.

    SAC and TQC reset once in every update, DroQ for the critics and again for the actor.
    """
    noise = torch.empty((n, 4 if delay else 2, *shape))
    if delay:
        for i, matrices in enumerate(noise):
            _draw(matrices if (done + i + 1) % delay == 0 else matrices[:2], 1.0)
    else:
        _draw(noise, 1.0)
    current = _address(noise, 2 if delay else 0)
    return Noise(_address(noise, 0), current, noise.stride(0), noise)


def _draw(noise: torch.Tensor, deviation: float) -> None:
    """Fill ``noise`` as one draw for each of its matrices would."""
    matrices = noise.reshape(-1, *noise.shape[-2:])
    if matrices[0].numel() % _NORMALS_AT_ONCE == 0:
        noise.normal_(0.0, deviation)
        return
    for matrix in matrices:
        matrix.normal_(0.0, deviation)


def _address(noise: torch.Tensor, part: int) -> int:
    return noise.data_ptr() + part * _FLOAT_BYTES * noise.stride(1)
