"""Let a bundle act in its environment: one environment, without SB3 and without PyTorch."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from rl_zoo.deploy.layers_wrapper import LayersWrapper
from rl_zoo.deploy.runtime import Policy
from rl_zoo.errors import NonFiniteError, TrainingInterrupted
from rl_zoo.robots.driver import RobotState
from rl_zoo.wrappers.action_meaning import held_action
from rl_zoo.wrappers.episode_control import CUT, STOP, EpisodeControlWrapper
from rl_zoo.wrappers.episode_metrics import EpisodeMetricsWrapper
from rl_zoo.wrappers.fault_report import naming_the_step


class BundleEnv:
    """One environment with the surface of SB3's ``VecEnv`` that a playback needs.

    Rewards, lengths and ends are counted as SB3's Monitor and ``GuardedVecEnv`` do: the first reset
    is seeded, an episode that is over is followed by a reset, an exception of the environment
    becomes ``RobotFault``, and an operator's wish to stop ends the playback with the episode.

    Args:
        env: Environment up to the boundary where the bundle takes over.
        policy: The bundle.
        seed: Of the first reset.
    """

    num_envs = 1

    def __init__(self, env: gym.Env[Any, Any], policy: Policy, seed: int | None) -> None:
        self.boundary = env
        self._layers = LayersWrapper(env, policy)
        self.env = EpisodeMetricsWrapper(EpisodeControlWrapper(self._layers))
        self._control = self.env.env
        self._seed = seed
        self._rewards: list[float] = []
        self._steps = 0
        self._is_over = True
        self._asked_to_stop: str | None = None

    def reset(self) -> Any:
        """Reset the environment; return its observation.

        Raises:
            RobotFault: If the environment fails.
        """
        seed, self._seed = self._seed, None
        with naming_the_step(f"in reset after step {self._steps}"):
            observation, info = self.env.reset(seed=seed)
        self._rewards = []
        self._is_over = True
        self._asked_to_stop = info.get(STOP, self._asked_to_stop)
        return observation

    def step(self, action: Any) -> tuple[Any, NDArray[np.float32], NDArray[np.bool_], list[Any]]:
        """Execute the action of ``BundleAgent.predict``; reset where the episode is over.

        Raises:
            TrainingInterrupted: If the operator wants to stop and the episode is over.
            RobotFault: If the environment fails.
            NonFiniteError: If the reward is not finite.
        """
        if self._asked_to_stop is not None:
            if self._is_over:
                raise TrainingInterrupted(self._asked_to_stop)
            self._control.get_wrapper_attr("request_truncation")(self._asked_to_stop)
        proposed = self._layers.take(action)
        with naming_the_step(f"at step {self._steps + 1}"):
            observation, reward, terminated, truncated, info = self.env.step(proposed)
        self._steps += 1
        self._asked_to_stop = info.get(STOP, self._asked_to_stop)
        if not np.isfinite(float(reward)):
            raise NonFiniteError(f"reward is {reward} in step {self._steps}: the run stops")
        self._rewards.append(float(reward))
        self._is_over = bool(terminated or truncated)
        if self._is_over:
            if not info[CUT]:
                info["episode"] = {"r": round(sum(self._rewards), 6), "l": len(self._rewards)}
            observation = self.reset()
        return observation, np.array([reward], np.float32), np.array([self._is_over]), [info]

    def render(self) -> Any:
        """Return the picture of the environment."""
        return self.env.render()

    def get_attr(self, name: str, indices: Any = None) -> list[Any]:
        """Return an attribute of the environment."""
        return [self.env.get_wrapper_attr(name)]

    def has_attr(self, name: str) -> bool:
        """Say whether the environment has an attribute."""
        return self.env.has_wrapper_attr(name)

    def close(self) -> None:
        """Close the environment: a robot sits down, its motors soft."""
        self.env.close()


class BundleAgent:
    """A bundle with SB3's ``predict``.

    Args:
        policy: The bundle.
        env: Environment up to the boundary where the bundle takes over.
    """

    def __init__(self, policy: Policy, env: gym.Env[Any, Any]) -> None:
        self.policy = policy
        self._env = env
        has_robot = env.has_wrapper_attr("robot_state")
        self._robot: Any = env.unwrapped if has_robot else None
        self._draws_phase = any(
            getattr(layer, "random_initial_phase", False) for layer in policy.layers
        )
        self._needs_held = bool(policy.layers)

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = True,
    ) -> tuple[Any, None]:
        """Return the action for an observation of the boundary; ``state`` is kept here."""
        if episode_start is None or episode_start[0]:
            # Drawn where the wrapper of training draws it: from the environment, after its reset.
            cycles = float(self._env.np_random.random()) if self._draws_phase else 0.0
            self.policy.reset(initial_cycles=cycles)
        held = held_action(self._env) if self._needs_held else None
        return self.policy.step(observation, self._robot_state(), held), None

    def _robot_state(self) -> RobotState | None:
        state = None if self._robot is None else self._robot.robot_state
        return state if isinstance(state, RobotState) else None
