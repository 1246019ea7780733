"""The one environment of a study on a robot: opened once and lent to every trial."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any, SupportsFloat

import gymnasium as gym

from rl_zoo import console
from rl_zoo.config.model import RunConfig
from rl_zoo.envs.ids import registered_id, takes_run_folder
from rl_zoo.envs.single_env import TIME_LIMIT, environment_kwargs
from rl_zoo.envs.stack import StackSettings, open_environment
from rl_zoo.errors import ConfigError, RobotFault
from rl_zoo.tuning.options import TuneOptions
from rl_zoo.tuning.wear import Wear
from rl_zoo.wrappers.fault_report import describe


class LentEnv(gym.Wrapper[Any, Any, Any, Any]):
    """The open environment as a trial's stack sees it: it notes its use and is not closed.

    Args:
        env: The open environment.
        wear: Gets what it is used for.

    Attributes:
        failure: The exception with which the environment failed, in words, or None.
    """

    def __init__(self, env: gym.Env[Any, Any], wear: Wear) -> None:
        super().__init__(env)
        self.wear = wear
        self.failure: str | None = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Reset, and note it."""
        start = time.monotonic()
        try:
            result = self.env.reset(seed=seed, options=options)
        except (Exception, SystemExit) as error:  # a driver that gives up may call sys.exit
            self.failure = describe(error)
            raise
        self.wear.add_reset(time.monotonic() - start)
        return result

    def step(self, action: Any) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:
        """Step, and note it."""
        start = time.monotonic()
        try:
            result = self.env.step(action)
        except (Exception, SystemExit) as error:
            self.failure = describe(error)
            raise
        self.wear.add_step(time.monotonic() - start, result[4])
        return result

    def close(self) -> None:
        """Stay open: the next trial goes on with it."""


class OneEnvironment:
    """Opens the environment for the first trial and closes it after the last one.

    Three methods of the environment (``unwrapped``), all optional, let it do more:
    ``change_options(**kwargs) -> bool`` takes other ``env_kwargs`` while it is open,
    ``begin_activity(name)`` is told which trial is next, and ``rest()`` puts a robot into a safe
    posture between trials.

    Args:
        options: The study.
        wear: Gets what the environment is used for.
    """

    def __init__(self, options: TuneOptions, wear: Wear) -> None:
        self.options = options
        self.wear = wear
        self._lent: LentEnv | None = None
        self._kwargs: dict[str, Any] = {}
        self._was_open = False

    def open(self, config: RunConfig) -> None:
        """Open it, if it is not.

        Raises:
            ConfigError: If it cannot be made.
            RobotFault: If a robot does not answer.
        """
        if self._lent is not None:
            return
        settings = StackSettings(
            gym_packages=self.options.gym_packages, run_folder=self.options.study_folder
        )
        try:
            env = open_environment(config, settings)
        except ConfigError as error:
            if not self._was_open:
                raise
            raise RobotFault(f"it could not be opened again: {error}") from error
        self._lent, self._kwargs = LentEnv(env, self.wear), self._kwargs_of(config)
        self._was_open = True

    def lend(self, config: RunConfig, name: str) -> gym.Env[Any, Any]:
        """Return the environment for a training that is called ``name``.

        It is closed and opened anew if it has failed or cannot take the options of ``config``.

        Raises:
            ConfigError: If it cannot be made.
            RobotFault: If a robot does not answer.
        """
        if self._lent is not None and self._lent.failure is not None:
            console.message(f"{name}: the environment is opened anew ({self._lent.failure})")
            self.close()
        elif self._lent is not None and not self._has_options_of(config):
            console.message(f"{name}: the environment is opened anew for its env_kwargs")
            self.close()
        self.open(config)
        assert self._lent is not None
        _call_if_there(self._lent, "begin_activity", name)
        self.wear.begin_training(self._lent)
        return self._lent

    def take_back(self) -> None:
        """Put a robot into its safe posture until the next trial."""
        if self._lent is not None and self._lent.failure is None:
            try:
                _call_if_there(self._lent, "rest")
            except Exception as error:  # it is opened anew for the next trial
                self._lent.failure = describe(error)
        self.wear.end_training()

    def options_that_reopen(self, names: Iterable[str]) -> list[str]:
        """Return those ``env_kwargs`` that the open environment cannot change."""
        can = getattr(None if self._lent is None else self._lent.unwrapped, _EXCHANGEABLE, ())
        return [name for name in names if name != TIME_LIMIT and name not in can]

    def close(self) -> None:
        """Close it, if it is open."""
        lent, self._lent = self._lent, None
        if lent is None:
            return
        try:
            lent.env.close()
        except Exception as error:  # it must not hide the first error
            console.warn(f"the environment did not close: {describe(error)}")

    def _has_options_of(self, config: RunConfig) -> bool:
        """Return whether the open environment has, or has taken, the options of ``config``."""
        assert self._lent is not None
        wanted = self._kwargs_of(config)
        if wanted == self._kwargs:
            return True
        change = getattr(self._lent.unwrapped, "change_options", None)
        if change is None or not change(**wanted):
            return False
        self._kwargs = wanted
        return True

    def _kwargs_of(self, config: RunConfig) -> dict[str, Any]:
        """Return the keywords of the environment's constructor; the time limit is a layer's."""
        kwargs = {
            **gym.spec(registered_id(config.env_id)).kwargs,
            **environment_kwargs(config, "train"),
        }
        kwargs.pop(TIME_LIMIT, None)
        if self.options.study_folder is not None and takes_run_folder(config.env_id):
            kwargs["run_folder"] = str(self.options.study_folder)
        return kwargs


_EXCHANGEABLE = "exchangeable_options"


def _call_if_there(env: gym.Env[Any, Any], name: str, *arguments: Any) -> None:
    method = getattr(env.unwrapped, name, None)
    if method is not None:
        method(*arguments)
