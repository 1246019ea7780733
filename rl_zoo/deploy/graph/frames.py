"""SB3's ``VecFrameStack`` in a graph: the past frames are a state, zeros when an episode starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stable_baselines3.common.vec_env import VecEnvWrapper, VecFrameStack

from rl_zoo.deploy.graph.builder import GraphBuilder, Observation, Tensor
from rl_zoo.deploy.graph.preprocess import OBSERVATION


@dataclass(frozen=True)
class FrameAxis:
    """How the frames of one part of the observation are laid next to each other."""

    axis: int
    """Along which they are joined, without batch axis."""
    dtype: str
    """Type of number in which SB3 keeps them."""


@dataclass(frozen=True)
class FrameStack:
    """Join the last ``n`` frames, the newest at the end."""

    n: int
    parts: Mapping[str, FrameAxis]
    """By key of the observation."""
    name: str = "frames"
    """Of the states, before the key."""

    def add_to(self, builder: GraphBuilder, observation: Observation) -> Observation:
        """Add the nodes of this stage and a state per part of the observation."""
        return {
            key: self._stacked(builder, key, builder.cast(frame, self.parts[key].dtype))
            for key, frame in observation.items()
        }

    def _stacked(self, builder: GraphBuilder, key: str, frame: Tensor) -> Tensor:
        if self.n == 1:
            return frame
        axis = self.parts[key].axis
        length = frame.shape[axis]
        shape = list(frame.shape)
        shape[axis] = (self.n - 1) * length
        past = builder.state(f"{self.name}_{key}", shape, frame.dtype)
        frames = builder.concat([past, frame], axis)
        builder.set_next_state(past.name, builder.slice(frames, length, self.n * length, axis))
        return frames


def frame_stack_of(wrapper: VecFrameStack) -> FrameStack:
    """Return the stage of a ``VecFrameStack``."""
    stacked: Any = wrapper.stacked_obs
    parts = getattr(stacked, "sub_stacked_observations", {OBSERVATION: stacked})
    return FrameStack(
        stacked.n_stack,
        {
            key: FrameAxis(part.repeat_axis % len(part.stacked_shape), part.stacked_obs.dtype.name)
            for key, part in parts.items()
        },
        _name_of(wrapper),
    )


def _name_of(wrapper: VecFrameStack) -> str:
    """Return a name that no other frame stack of the same VecEnv has."""
    n_inside = 0
    inner: Any = wrapper.venv
    while isinstance(inner, VecEnvWrapper):
        n_inside += isinstance(inner, VecFrameStack)
        inner = inner.venv
    return f"frames{n_inside}" if n_inside else "frames"
