"""From the output of a network to an action of the environment."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import DTypeLike

from rl_zoo.deploy.graph.builder import GraphBuilder, Tensor
from rl_zoo.errors import ConfigError


def action_of_mean(
    builder: GraphBuilder, mean: Tensor, space: spaces.Space[Any], *, squashed: bool
) -> Tensor:
    """Return the action of a Box from the network's output.

    Args:
        builder: Of the graph.
        mean: Flat; in [-1, 1] if ``squashed``.
        space: Of the actions.
        squashed: ``mean`` is in [-1, 1] and meant for the whole Box; otherwise it is clipped.

    Raises:
        ConfigError: If the space is no Box of real numbers.
    """
    if not isinstance(space, spaces.Box) or space.dtype.kind != "f":
        raise ConfigError(f"actions in {space} have no graph; a Box of real numbers has")
    shaped = builder.reshape(mean, space.shape)
    return unscaled(builder, shaped, space) if squashed else clipped(builder, shaped, space)


def unscaled(builder: GraphBuilder, value: Tensor, space: spaces.Box) -> Tensor:
    """Map [-1, 1] to the bounds of ``space``, rounded as SB3's ``unscale_action`` rounds."""
    wide = np.result_type(np.float32, space.dtype)
    half = 0.5 * (space.high - space.low).astype(wide)
    above_low = builder.cast(builder.binary("Add", value, 1.0), wide)
    if not np.all(half == 1.0):
        above_low = builder.binary("Mul", above_low, half)
    return builder.cast(builder.binary("Add", above_low, space.low), space.dtype)


def clipped(builder: GraphBuilder, value: Tensor, space: spaces.Box) -> Tensor:
    """Clip to the bounds of ``space`` in the wider of both types, then take that of ``space``."""
    value = builder.cast(value, np.result_type(value.dtype, space.dtype))
    low, high = np.unique(space.low), np.unique(space.high)
    if low.size == 1 and high.size == 1:
        bounds = [builder.constant(bound[0], value.dtype) for bound in (low, high)]
        value = builder.node("Clip", value, *bounds)
    else:
        value = builder.binary("Min", builder.binary("Max", value, space.low), space.high)
    return builder.cast(value, space.dtype)


def action_of_logits(builder: GraphBuilder, logits: Tensor, space: spaces.Space[Any]) -> Tensor:
    """Return the most probable choice.

    Args:
        builder: Of the graph.
        logits: Flat: one per choice, those of one sub-action after the other.
        space: Discrete, MultiDiscrete or MultiBinary.

    Raises:
        ConfigError: If the space is another one.
    """
    builder.note_scores(logits)
    if isinstance(space, spaces.Discrete):
        return argmax(builder, logits, space.dtype)
    if isinstance(space, spaces.MultiBinary):
        # The probability is rounded, and one half rounds to zero.
        zero = builder.constant(0.0, logits.dtype)
        return builder.cast(builder.node("Greater", logits, zero, dtype=np.bool_), space.dtype)
    if not isinstance(space, spaces.MultiDiscrete):
        raise ConfigError(f"actions in {space} have no graph")
    ends = np.cumsum(space.nvec).tolist()
    chosen = [
        builder.reshape(
            argmax(builder, builder.slice(logits, end - n, end, axis=0), np.int64), (1,)
        )
        for n, end in zip(space.nvec.tolist(), ends, strict=True)
    ]
    return builder.cast(builder.concat(chosen, axis=0), space.dtype)


def argmax(builder: GraphBuilder, scores: Tensor, dtype: DTypeLike) -> Tensor:
    """Return the index of the largest score, the first of equal ones. Shape: ()."""
    index = builder.node("ArgMax", scores, shape=(), dtype=np.int64, axis=1, keepdims=0)
    return builder.cast(index, dtype)
