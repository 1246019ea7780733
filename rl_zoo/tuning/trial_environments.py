"""The environments that the trials of a study train and are evaluated on."""

from __future__ import annotations

import contextlib
from typing import Any

from stable_baselines3.common.vec_env import VecEnv

from rl_zoo.config.model import RunConfig
from rl_zoo.envs.stack import StackSettings, make_vec_env
from rl_zoo.tuning.options import TuneOptions


class TrialEnvironments:
    """Open the environments of one training after another.

    Args:
        options: The study.
    """

    def __init__(self, options: TuneOptions) -> None:
        self.options = options
        self._opened: list[VecEnv] = []

    def open(self, config: RunConfig, seed: int) -> tuple[VecEnv, VecEnv | None]:
        """Return the stacks to train and to evaluate on; None: evaluate on the training stack.

        Args:
            config: Configuration of the trial.
            seed: Seed of the training.

        Raises:
            ConfigError: If one cannot be made.
        """
        options = self.options
        vec_env: Any = options.vec_env
        shared: dict[str, Any] = {"vec_env": vec_env, "gym_packages": options.gym_packages}
        env = self._make(config, StackSettings(seed=seed, n_envs=config.n_envs, **shared))
        if options.eval_on_train_env:
            return env, None
        evaluation = StackSettings(
            mode="evaluate", seed=options.seed, n_envs=options.n_eval_envs, **shared
        )
        return env, self._make(config, evaluation)

    def release(self) -> None:
        """End what the last training used; called after every training, also a failed one."""
        opened, self._opened = self._opened, []
        for env in opened:
            with contextlib.suppress(Exception):  # a dead worker must not hide the first error
                env.close()

    def close(self) -> None:
        """Close everything: the study is over."""
        self.release()

    def _make(self, config: RunConfig, settings: StackSettings) -> VecEnv:
        env = make_vec_env(config, settings)
        self._opened.append(env)
        return env
