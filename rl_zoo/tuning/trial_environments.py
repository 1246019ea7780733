"""The environments that the trials of a study train and are evaluated on."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable
from typing import Any

import optuna
from stable_baselines3.common.vec_env import VecEnv

from rl_zoo import console
from rl_zoo.agents.build import check_action_space
from rl_zoo.config.model import RunConfig
from rl_zoo.envs.single_env import check_stack
from rl_zoo.envs.stack import StackSettings, make_vec_env
from rl_zoo.stop_signals import StopSignals
from rl_zoo.tuning.one_environment import OneEnvironment
from rl_zoo.tuning.options import TuneOptions
from rl_zoo.tuning.wear import Wear

_ENV_KWARGS = "env_kwargs."


class TrialEnvironments:
    """Open the environments of one training after another.

    With one robot the innermost environment stays open from the first training to ``close``, and
    each training's wrappers are built anew around it. One object serves all threads of a study.

    Args:
        options: The study.
        stop: Is asked to stop the study when the robot's wear budget is used up.

    Attributes:
        wear: What the trials use the one robot for; None without one.
    """

    def __init__(self, options: TuneOptions, stop: StopSignals | None = None) -> None:
        self.options = options
        self.wear: Wear | None = Wear(options, stop) if options.one_robot else None
        self._robot = None if self.wear is None else OneEnvironment(options, self.wear)
        self._opened = threading.local()

    def check(self, searched: Iterable[str] = ()) -> None:
        """Check what every trial would fail on; one robot is opened for it, and stays open.

        Args:
            searched: Dotted keys of the search space.

        Raises:
            ConfigError: If the environment cannot be made or does not suit the algorithm.
            RobotFault: If a robot does not answer.
        """
        config = self.options.config
        check_stack(config, self.options.gym_packages)
        packages = self.options.gym_packages
        try:
            if self._robot is None:
                env = self._keep(make_vec_env(config, StackSettings(gym_packages=packages)))
            else:
                env = self._keep(self._around_robot(config, seed=None, name="check"))
                self._tell_what_reopens(searched)
            check_action_space(config, env)
        finally:
            self.release()

    def begin_trial(self, trial: optuna.Trial) -> None:
        """Count what the robot is used for from now on for ``trial``."""
        if self.wear is not None:
            self.wear.begin_trial(trial)

    def refusal(self, study: optuna.Study, *, reevaluation: bool = False) -> str | None:
        """Return why the robot's wear budget allows no further trial; None: it does.

        Args:
            study: The search.
            reevaluation: Ask about a training on fresh seeds, not about a trial.
        """
        return None if self.wear is None else self.wear.refusal(study, reevaluation=reevaluation)

    @property
    def is_used_up(self) -> bool:
        """Return whether the wear budget has ended a training of this process."""
        return self.wear is not None and self.wear.is_used_up

    def open(self, config: RunConfig, seed: int, name: str = "") -> tuple[VecEnv, VecEnv | None]:
        """Return the stacks to train and to evaluate on; None: evaluate on the training stack.

        Args:
            config: Configuration of the trial.
            seed: Seed of the training.
            name: What an operator is told that the robot is used for, e.g. ``trial 3``.

        Raises:
            ConfigError: If one cannot be made.
            RobotFault: If a robot does not answer.
        """
        options = self.options
        if self._robot is not None:
            return self._keep(self._around_robot(config, seed, name)), None
        vec_env: Any = options.vec_env
        shared: dict[str, Any] = {"vec_env": vec_env, "gym_packages": options.gym_packages}
        settings = StackSettings(seed=seed, n_envs=config.n_envs, **shared)
        env = self._keep(make_vec_env(config, settings))
        if options.eval_on_train_env:
            return env, None
        evaluation = StackSettings(
            mode="evaluate", seed=options.seed, n_envs=options.n_eval_envs, **shared
        )
        return env, self._keep(make_vec_env(config, evaluation))

    def release(self) -> None:
        """End what the last training used; called after every training, also a failed one."""
        opened, self._opened.stacks = self._stacks(), []
        for env in opened:
            with contextlib.suppress(Exception):  # a dead worker must not hide the first error
                env.close()
        if self._robot is not None:
            self._robot.take_back()

    def close(self) -> None:
        """Close everything: the study is over."""
        self.release()
        if self._robot is not None:
            self._robot.close()

    def _around_robot(self, config: RunConfig, seed: int | None, name: str) -> VecEnv:
        assert self._robot is not None
        lent = self._robot.lend(config, name)
        packages = self.options.gym_packages
        return make_vec_env(config, StackSettings(seed=seed, gym_packages=packages, opened=lent))

    def _keep(self, env: VecEnv) -> VecEnv:
        self._opened.stacks = [*self._stacks(), env]
        return env

    def _stacks(self) -> list[VecEnv]:
        stacks: list[VecEnv] = getattr(self._opened, "stacks", [])
        return stacks

    def _tell_what_reopens(self, searched: Iterable[str]) -> None:
        assert self._robot is not None
        kwargs = [key.removeprefix(_ENV_KWARGS) for key in searched if key.startswith(_ENV_KWARGS)]
        names = self._robot.options_that_reopen(dict.fromkeys(key.split(".")[0] for key in kwargs))
        if names:
            console.message(
                f"note: the open environment cannot change {', '.join(names)}: it is closed and "
                "opened anew for every trial that does"
            )
