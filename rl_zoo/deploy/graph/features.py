"""From the observation of an agent to the features its networks get."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces
from stable_baselines3.common.preprocessing import is_image_space

from rl_zoo.deploy.graph.builder import GraphBuilder, Observation, Tensor
from rl_zoo.deploy.graph.modules import add_module
from rl_zoo.deploy.graph.preprocess import OBSERVATION, space_parts
from rl_zoo.errors import ConfigError

_BRIGHTEST = 255.0


def add_features(
    builder: GraphBuilder, part: Any, observation: Observation, extractor: Any = None
) -> Tensor:
    """Add the encoding of an observation and the features extractor.

    Args:
        builder: Of the graph.
        part: A policy or actor of SB3, with ``observation_space`` and ``normalize_images``.
        observation: What ``predict`` is given.
        extractor: Other than the part's own.

    Raises:
        ConfigError: If the observation has another shape than the policy was made for, or the
            extractor is unknown.
    """
    encoded = encode(builder, part.observation_space, observation, part.normalize_images)
    module = part.features_extractor if extractor is None else extractor
    is_dict = isinstance(part.observation_space, spaces.Dict)
    return add_module(builder, module, encoded if is_dict else encoded[OBSERVATION])


def encode(
    builder: GraphBuilder,
    space: spaces.Space[Any],
    observation: Observation,
    normalize_images: bool = True,
) -> Observation:
    """Return the observation in float32: choices one-hot, images in [0, 1].

    Args:
        builder: Of the graph.
        space: Of the policy.
        observation: Values by key.
        normalize_images: Divide images by 255.
    """
    parts = space_parts(space)
    if parts.keys() != observation.keys():
        raise ConfigError(
            f"the policy was made for observations {', '.join(parts)}; it would get "
            f"{', '.join(observation)}"
        )
    return {
        key: _encode(builder, key, part, observation[key], normalize_images)
        for key, part in parts.items()
    }


def _encode(
    builder: GraphBuilder,
    key: str,
    space: spaces.Space[Any],
    value: Tensor,
    normalize_images: bool,
) -> Tensor:
    if space.shape != value.shape:
        raise ConfigError(
            f"the policy was made for an {key} of shape {space.shape}; it would get {value.shape}"
        )
    if isinstance(space, spaces.Discrete):
        return _one_hot(builder, value, int(space.n))
    if isinstance(space, spaces.MultiDiscrete):
        choices = [
            builder.reshape(builder.slice(value, index, index + 1, axis=0), ())
            for index in range(len(space.nvec))
        ]
        hot = [
            _one_hot(builder, value, int(n)) for value, n in zip(choices, space.nvec, strict=True)
        ]
        return builder.concat(hot, axis=0)
    floats = builder.cast(value, np.float32)
    if normalize_images and is_image_space(space):
        return builder.binary("Div", floats, _BRIGHTEST)
    return floats


def _one_hot(builder: GraphBuilder, choice: Tensor, n: int) -> Tensor:
    """Return zeros with a one at ``choice``. Shape: (n,)."""
    values = builder.constant([0.0, 1.0], np.float32)
    depth = builder.constant(n, np.int64)
    return builder.node(
        "OneHot", builder.cast(choice, np.int64), depth, values, shape=(n,), dtype=np.float32
    )
