"""SB3's ``VecTransposeImage`` in a graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stable_baselines3.common.vec_env import VecTransposeImage

from rl_zoo.deploy.graph.builder import GraphBuilder, Observation, Tensor
from rl_zoo.deploy.graph.preprocess import OBSERVATION


@dataclass(frozen=True)
class TransposedImages:
    """Turn images from (rows, columns, channels) to (channels, rows, columns)."""

    keys: tuple[str, ...]
    """Parts of the observation that are such images."""

    def add_to(self, builder: GraphBuilder, observation: Observation) -> Observation:
        """Add the nodes of this stage."""
        return {
            key: channels_first(builder, part) if key in self.keys else part
            for key, part in observation.items()
        }


def channels_first(builder: GraphBuilder, image: Tensor) -> Tensor:
    """Add a node that puts the last axis of an image in front."""
    rows, columns, channels = image.shape
    return builder.node("Transpose", image, shape=(channels, rows, columns), perm=[0, 3, 1, 2])


def transposition_of(wrapper: VecTransposeImage) -> TransposedImages | None:
    """Return the stage of a ``VecTransposeImage``; None: it does nothing."""
    if wrapper.skip:
        return None
    keys: Any = getattr(wrapper, "image_space_keys", [OBSERVATION])
    return TransposedImages(tuple(keys))
