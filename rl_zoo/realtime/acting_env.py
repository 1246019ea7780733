"""The environment that the actor acts in, its ends and faults as the run's books want them."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from rl_zoo.envs.control_period import control_period
from rl_zoo.envs.ids import is_single_instance
from rl_zoo.envs.single_env import SingleEnv, check_stack, telling_what_cannot_be_made
from rl_zoo.errors import ConfigError, NonFiniteError
from rl_zoo.robots.control.local_link import LocalLink
from rl_zoo.runs.folder import RunFolder
from rl_zoo.train_options import TrainOptions
from rl_zoo.wrappers.episode_recorder import EpisodeRecorder
from rl_zoo.wrappers.fault_report import naming_the_step

_NOT_FINITE = "this transition is not learned from, the run stops"


class ActingEnv:
    """One environment of a run.

    Args:
        options: Of the run.
        folder: Of the run.

    Raises:
        ConfigError: If it cannot be made, or its spaces are no vectors of real numbers.
        RobotFault: If a robot does not answer.
    """

    def __init__(self, options: TrainOptions, folder: RunFolder) -> None:
        config = options.config
        check_stack(config, options.gym_packages)
        single = SingleEnv(
            config,
            gym_packages=options.gym_packages,
            run_folder=folder.path,
            save_episodes=options.save_episodes,
        )
        with telling_what_cannot_be_made(config):
            self.env = single.wrapped()
        episodes = single.episodes_folder()
        if episodes is not None:
            self.env = EpisodeRecorder(self.env, episodes, {"session_of_process": os.getpid()})
        self._check_spaces(config.env_id)
        self._dtype = self.env.observation_space.dtype
        self.keeps_time = is_single_instance(config.env_id)
        self.frequency = options.control_frequency or _frequency_of(self.env)
        """Of the ticks, Hz; None: the environment does not say."""
        self.period = None
        """Between two ticks that the actor has to keep, s; None: it need not."""
        if self.frequency is not None and not self.keeps_time:
            self.period = 1.0 / self.frequency
        in_virtual_time = isinstance(self.attribute("link"), LocalLink)
        self.has_deadlines = self.period is not None or (self.keeps_time and not in_virtual_time)
        """Whether somebody waits between two ticks; else the actor runs as fast as it can."""
        self.n_steps = 0
        self._seed: int | None = options.seed

    @property
    def action_space(self) -> Any:
        """Return the space of actions, a bounded Box."""
        return self.env.action_space

    @property
    def observation_space(self) -> Any:
        """Return the space of observations, a Box."""
        return self.env.observation_space

    def continue_after(self, n_rows: int) -> int:
        """Let a resumed run go on: it repeats neither its randomness nor the ramp of a prior.

        Args:
            n_rows: Transitions of earlier sessions.

        Returns:
            A seed for exploration noise.
        """
        assert self._seed is not None
        noise, following = np.random.SeedSequence([self._seed, n_rows]).generate_state(2)
        if n_rows:
            self._seed = int(following)
            continue_ramp = self.attribute("continue_ramp")
            if continue_ramp is not None:
                continue_ramp(n_rows)
        self.env.action_space.seed(self._seed)
        return int(noise)

    def attribute(self, name: str) -> Any:
        """Return what a layer of the environment has under this name; None: no layer has it."""
        return self.env.get_wrapper_attr(name) if self.env.has_wrapper_attr(name) else None

    def reset(self) -> tuple[Any, dict[str, Any]]:
        """Begin an episode; the first one with the seed of the run.

        Raises:
            RobotFault: If the environment fails.
            NonFiniteError: If the first observation is not finite.
        """
        seed, self._seed = self._seed, None
        with naming_the_step(f"in a reset after step {self.n_steps}"):
            observation, info = self.env.reset(seed=seed)
        return self._observed(observation, f"after a reset, after step {self.n_steps}"), info

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Execute an action.

        Raises:
            RobotFault: If the environment fails.
            NonFiniteError: If what it returns is not finite.
        """
        with naming_the_step(f"at step {self.n_steps + 1}"):
            observation, reward, terminated, truncated, info = self.env.step(action)
        self.n_steps += 1
        observed, number = self._observed(observation, f"in step {self.n_steps}"), float(reward)
        if not math.isfinite(number):
            raise NonFiniteError(f"reward is {number} in step {self.n_steps}: {_NOT_FINITE}")
        return observed, number, bool(terminated), bool(truncated), info

    def close(self) -> None:
        """Close the environment: a robot sits down, its motors soft."""
        self.env.close()

    def _observed(self, observation: Any, where: str) -> NDArray[Any]:
        """Return a copy, as the space has it: an environment may reuse its array."""
        copied: NDArray[Any] = np.array(observation, self._dtype)
        # A sensor is the likelier cause: a reward computed from it is not finite either.
        if not np.isfinite(copied).all():
            place = tuple(int(index) for index in np.argwhere(~np.isfinite(copied))[0])
            raise NonFiniteError(
                f"observation is {copied[place]} at index {list(place)} {where}: {_NOT_FINITE}"
            )
        return copied

    def _check_spaces(self, env_id: str) -> None:
        action, observation = self.env.action_space, self.env.observation_space
        if not isinstance(action, spaces.Box) or not action.is_bounded():
            raise ConfigError(
                f"--realtime: {env_id} has the action space {action}, a bounded Box is needed"
            )
        if not isinstance(observation, spaces.Box) or len(observation.shape) != 1:
            raise ConfigError(
                f"--realtime: {env_id} has the observation space {observation}, a Box of one axis "
                "is needed; train with --lockstep"
            )


def _frequency_of(env: gym.Env[Any, Any]) -> float | None:
    """Return the rate of steps that an environment tells: ``dt``, else ``render_fps``, Hz."""
    period = control_period(env)
    if period is not None:
        return 1.0 / period
    told = env.metadata.get("render_fps")
    return float(told) if isinstance(told, int | float) and told > 0 else None


def executed_action(info: Mapping[str, Any], proposed: Any) -> Any:
    """Return the action that a SafetyWrapper with ``store_action: executed`` put in its place."""
    executed = info.get("safe_action")
    if executed is None or np.array_equal(executed, info.get("action_proposed", executed)):
        return proposed
    return executed
