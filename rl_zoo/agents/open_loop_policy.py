"""A policy that moves joints in a fixed pattern, whatever it observes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.policies import BasePolicy
from typing_extensions import override

from rl_zoo.motion.oscillator import JointPattern, advance_phase

FloatArray = NDArray[np.float64]


class PatternBank:
    """Several patterns side by side, one per environment.

    Args:
        patterns: One per environment, all with the same number of joints.
    """

    def __init__(self, patterns: Sequence[JointPattern]) -> None:
        self.amplitudes = np.array([pattern.amplitudes for pattern in patterns])
        self.offsets = np.array([pattern.offsets for pattern in patterns])
        self.swing = np.array([[pattern.swing_frequency] for pattern in patterns])
        self.stance = np.array([[pattern.stance_frequency] for pattern in patterns])

    def positions(self, phases: FloatArray) -> FloatArray:
        """Return joint positions in units of the action. Shape: (n_envs, n_joints)."""
        positions: FloatArray = self.amplitudes * np.sin(phases) + self.offsets
        return positions

    def advance(self, phases: FloatArray, duration: float) -> FloatArray:
        """Return the phases ``duration`` seconds later. Shape: (n_envs, n_joints)."""
        return advance_phase(phases, self.swing, self.stance, duration)


class OscillatorPolicy(BasePolicy):
    """Act by a ``JointPattern``; the phases of the joints are the state between two steps.

    Every episode starts from the pattern's own phases. The action space is a Box of one dimension;
    the observation is used for the number of environments only.

    Attributes:
        control_period: Duration of a step in s.
    """

    def __init__(self, observation_space: spaces.Space[Any], action_space: spaces.Box) -> None:
        super().__init__(observation_space, action_space)
        n_joints = action_space.shape[0]
        self.amplitudes = _numbers(np.zeros(n_joints))
        self.phases = _numbers(np.zeros(n_joints))
        self.offsets = _numbers(np.zeros(n_joints))
        self.frequencies = _numbers(np.ones(2))
        self.register_buffer("_control_period", torch.zeros((), dtype=torch.float64))
        self.register_buffer("_is_trained", torch.zeros((), dtype=torch.bool))
        self._cached: tuple[JointPattern, PatternBank] | None = None

    @property
    def pattern(self) -> JointPattern:
        """What the joints do; set it to change that."""
        return self._current()[0]

    @pattern.setter
    def pattern(self, pattern: JointPattern) -> None:
        self.amplitudes = _numbers(np.array(pattern.amplitudes))
        self.phases = _numbers(np.array(pattern.phases))
        self.offsets = _numbers(np.array(pattern.offsets))
        self.frequencies = _numbers(np.array([pattern.swing_frequency, pattern.stance_frequency]))
        self._cached = None

    @property
    def control_period(self) -> float:
        """Duration of a step in s."""
        return float(self._buffers["_control_period"])  # type: ignore[arg-type]

    @control_period.setter
    def control_period(self, seconds: float) -> None:
        self._buffers["_control_period"] = torch.tensor(seconds, dtype=torch.float64)

    @property
    def is_trained(self) -> bool:
        """Whether the pattern comes from a search or from the user."""
        return bool(self._buffers["_is_trained"])

    @is_trained.setter
    def is_trained(self, value: bool) -> None:
        self._buffers["_is_trained"] = torch.tensor(value)

    def load_state_dict(self, state_dict: Mapping[str, Any], *args: Any, **kwargs: Any) -> Any:
        """Load parameters as torch does."""
        self._cached = None
        return super().load_state_dict(state_dict, *args, **kwargs)

    @override
    def predict(
        self,
        observation: np.ndarray | dict[str, np.ndarray],
        state: tuple[np.ndarray, ...] | None = None,
        episode_start: np.ndarray | None = None,
        deterministic: bool = False,
    ) -> tuple[np.ndarray, tuple[np.ndarray, ...] | None]:
        """Return the actions of this step and the state for the next one.

        Args:
            observation: Of one environment, or of several along a first axis.
            state: What the call before returned: phases in rad, shape (n_envs, n_joints). None:
                episodes begin.
            episode_start: Where an episode begins, shape (n_envs,).
            deterministic: Makes no difference.
        """
        is_batch = self.is_vectorized_observation(observation)
        n_envs = _length(observation) if is_batch else 1
        pattern, bank = self._current()
        initial = np.tile(pattern.initial_phases, (n_envs, 1))
        phases = initial if state is None else np.array(state[0], dtype=np.float64)
        if episode_start is not None:
            phases = np.where(np.reshape(episode_start, (-1, 1)), initial, phases)
        actions = within_bounds(bank.positions(phases), self.action_space)
        following = (bank.advance(phases, self.control_period),)
        return (actions if is_batch else actions[0]), following

    def _predict(self, observation: Any, deterministic: bool = False) -> torch.Tensor:
        """Return the first actions of an episode."""
        pattern, bank = self._current()
        phases = np.tile(pattern.initial_phases, (_length(observation), 1))
        return torch.as_tensor(within_bounds(bank.positions(phases), self.action_space))

    def _current(self) -> tuple[JointPattern, PatternBank]:
        if self._cached is None:
            amplitudes, phases, offsets = (
                tuple(values.tolist()) for values in (self.amplitudes, self.phases, self.offsets)
            )
            swing, stance = self.frequencies.tolist()
            pattern = JointPattern(amplitudes, phases, offsets, swing, stance)
            self._cached = (pattern, PatternBank([pattern]))
        return self._cached


def within_bounds(actions: FloatArray, space: Any) -> np.ndarray:
    """Clip actions to the bounds of ``space``, in its type of number. Shape: (n_envs, n)."""
    clipped: np.ndarray = np.clip(actions, space.low, space.high).astype(space.dtype)
    return clipped


def _numbers(values: FloatArray) -> torch.nn.Parameter:
    return torch.nn.Parameter(torch.as_tensor(values, dtype=torch.float64), requires_grad=False)


def _length(observation: Any) -> int:
    first = next(iter(observation.values())) if isinstance(observation, dict) else observation
    return len(first)
