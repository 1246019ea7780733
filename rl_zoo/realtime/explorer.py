"""Choose actions while training: at random first, then by the newest policy."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from rl_zoo.config.model import RunConfig
from rl_zoo.realtime.actor_policy import ActorPolicy
from rl_zoo.realtime.exploration import make_noise
from rl_zoo.realtime.parameters import ParameterReader

_LEARNING_STARTS = {"droq": 5000}
_SB3_LEARNING_STARTS = 100
"""Defaults of the algorithms."""


class Explorer:
    """Acts as SB3's off-policy algorithms do when they collect.

    Args:
        config: Of the run.
        space: Of the actions, bounded.
        reader: Of the published policies.
        seed: Of the noise.

    Attributes:
        policy: That acts now; None: none was published.
    """

    def __init__(
        self, config: RunConfig, space: spaces.Box, reader: ParameterReader, seed: int
    ) -> None:
        keywords = config.algo_kwargs
        default = _LEARNING_STARTS.get(config.algo, _SB3_LEARNING_STARTS)
        self.learning_starts = int(keywords.get("learning_starts", default))
        self.policy: ActorPolicy | None = None
        self._space = space
        self._low = space.low.ravel()
        self._range = (space.high - space.low).ravel()
        self._reader = reader
        self._generator = np.random.default_rng(seed)
        self._noise = make_noise(config.action_noise, self._low.size, self._generator)
        self._warms_up_by_policy = bool(
            keywords.get("use_sde") and keywords.get("use_sde_at_warmup")
        )

    @property
    def version(self) -> int:
        """Return the version of the policy; 0: random actions."""
        return 0 if self.policy is None else self.policy.version

    def refresh(self) -> None:
        """Take over the newest policy, if there is a newer one."""
        published = self._reader.newest()
        if published is not None:
            self.policy = ActorPolicy(published, self._generator).follow(self.policy)

    def begin_episode(self) -> None:
        """Forget what noise remembers."""
        if self._noise is not None:
            self._noise.reset()
        if self.policy is not None:
            self.policy.begin_episode()

    def is_random(self, n_rows: int) -> bool:
        """Say whether the next action is drawn, with so many transitions stored."""
        return self.policy is None or (
            n_rows < self.learning_starts and not self._warms_up_by_policy
        )

    def act(self, observation: NDArray[Any], n_rows: int) -> NDArray[np.float32]:
        """Return the action to execute and learn from, in [-1, 1]. Shape: (n_actions,).

        Args:
            observation: Raw.
            n_rows: Transitions stored so far.
        """
        if self.policy is None or self.is_random(n_rows):
            action = self.scaled(self._space.sample())
        else:
            action = np.array(self.policy.act(observation))
        if self._noise is not None:
            action = np.clip(action + self._noise(), -1.0, 1.0).astype(np.float32)
        return action

    def scaled(self, action: Any) -> NDArray[np.float32]:
        """Return an action of the environment in [-1, 1]."""
        flat = np.asarray(action, self._space.dtype).ravel()
        return (2.0 * ((flat - self._low) / self._range) - 1.0).astype(np.float32)

    def unscaled(self, action: NDArray[np.float32]) -> NDArray[Any]:
        """Return an action in [-1, 1] as the environment takes it."""
        flat = self._low + 0.5 * (action + 1.0) * self._range
        return flat.astype(self._space.dtype).reshape(self._space.shape)
