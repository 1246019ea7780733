"""The gate between agent and environments: only finite numbers pass, and a stop is clean."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import numpy as np
from stable_baselines3.common.vec_env import DummyVecEnv, VecEnv, VecEnvWrapper
from stable_baselines3.common.vec_env.base_vec_env import VecEnvObs, VecEnvStepReturn

from rl_zoo.errors import NonFiniteError, RobotFault, TrainingInterrupted
from rl_zoo.wrappers.episode_control import DISCARD, STOP
from rl_zoo.wrappers.fault_report import FAULT, naming_the_step

Layer = TypeVar("Layer", bound=VecEnvWrapper)


class GuardedVecEnv(VecEnvWrapper):
    """Directly around the environments, below normalisation.

    * A NaN or infinity in an observation, reward or action raises ``NonFiniteError`` before
      statistics, buffers or motors see it.
    * An exception of the environment becomes ``RobotFault`` with the step it happened at.
    * A requested stop truncates the running episodes at the next step, lets the agent store that
      transition, and raises ``TrainingInterrupted`` before the step after it. An environment can
      ask for it too (``info["stop_requested"]``).

    Attributes:
        all_episodes_over: Whether the last step (or reset) left every environment at the start of
            an episode.
        steps: Steps taken by each environment since the start.
        discarded: Environments whose newest transition was interrupted (``info["discard"]``):
            nothing may be learned from it. Shape: (n_envs,).
        ends: ``info`` of the environments whose episode ended in the newest step.
    """

    def __init__(self, venv: VecEnv) -> None:
        super().__init__(venv)
        self.all_episodes_over = False
        self.steps = 0
        self.discarded = np.zeros(venv.num_envs, dtype=bool)
        self.ends: list[dict[str, Any]] = []
        self._stop_reason: Callable[[], str | None] = _never
        self._asked_to_stop: str | None = None

    def stop_when(self, stop_reason: Callable[[], str | None]) -> None:
        """Ask ``stop_reason`` before each step; a text other than None stops the run.

        An environment in this process that can wait long in a reset (``stop_waiting_when``) asks
        it there too.
        """
        self._stop_reason = stop_reason
        if isinstance(self.venv, DummyVecEnv) and self.venv.has_attr("stop_waiting_when"):
            self.venv.env_method("stop_waiting_when", stop_reason)

    def request_truncation(self, reason: str) -> None:
        """Truncate the running episodes of all environments at their next step."""
        self.venv.env_method("request_truncation", reason)

    def reset(self) -> VecEnvObs:
        """Reset all environments.

        Raises:
            RobotFault: If an environment fails.
            NonFiniteError: If a first observation is not finite.
        """
        where = f"in reset after step {self.steps}"
        with naming_the_step(where):
            observations = self.venv.reset()
        self._raise_reported_fault(where, self.venv.reset_infos)
        self.all_episodes_over = True
        self._note_stop(self.venv.reset_infos)
        self._check_finite("observation of reset", observations)
        return observations

    def step_async(self, actions: np.ndarray) -> None:
        """Send the actions.

        Raises:
            TrainingInterrupted: If a stop was requested and every episode is over.
            NonFiniteError: If an action is not finite.
        """
        reason = self._stop_reason() or self._asked_to_stop
        if reason is not None:
            if self.all_episodes_over:
                raise TrainingInterrupted(reason)
            self.request_truncation(reason)
        self._check_finite("action", actions)
        self.venv.step_async(actions)

    def step_wait(self) -> VecEnvStepReturn:
        """Receive observations, rewards, dones and infos.

        Raises:
            RobotFault: If an environment fails or its process died.
            NonFiniteError: If an observation or reward is not finite.
        """
        where = f"at step {self.steps + 1}"
        with naming_the_step(where):
            observations, rewards, dones, infos = self.venv.step_wait()
        self._raise_reported_fault(where, (*infos, *self.venv.reset_infos))
        self.steps += 1
        self._note_stop((*infos, *self.venv.reset_infos))
        self.discarded = np.array([bool(info.get(DISCARD, False)) for info in infos])
        self.ends = [infos[index] for index in np.flatnonzero(dones)]
        for index in np.flatnonzero(dones):
            terminal = infos[index].get("terminal_observation")
            if terminal is not None:
                self._check_finite("observation", terminal)
                infos[index]["terminal_observation_raw"] = terminal
        # A sensor is the likelier cause: a reward computed from it is not finite either.
        self._check_finite("observation", observations)
        self._check_finite("reward", rewards)
        self.all_episodes_over = bool(np.all(dones))
        return observations, rewards, dones, infos

    def _note_stop(self, infos: Iterable[dict[str, Any]]) -> None:
        for info in infos:
            self._asked_to_stop = info.get(STOP, self._asked_to_stop)

    @staticmethod
    def _raise_reported_fault(where: str, infos: Iterable[dict[str, Any]]) -> None:
        """Raise what an environment in another process could only report."""
        for info in infos:
            if FAULT in info:
                raise RobotFault(f"the environment failed {where}: {info[FAULT]}")

    def _check_finite(self, what: str, value: Any) -> None:
        for name, array in _named_arrays(what, value):
            if array.dtype.kind == "f" and not np.isfinite(array).all():
                index = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
                raise NonFiniteError(
                    f"{name} is {array[index]} at index {list(index)} in step {self.steps}: "
                    "this transition is not learned from, the run stops"
                )


def find_guard(env: VecEnv) -> GuardedVecEnv:
    """Return the guard inside a stack.

    Raises:
        ValueError: If the stack has none.
    """
    guard = layer_of(env, GuardedVecEnv)
    if guard is None:
        raise ValueError("this environment stack has no GuardedVecEnv")
    return guard


def layer_of(env: VecEnv, kind: type[Layer]) -> Layer | None:
    """Return the outermost layer of ``env`` that is a ``kind``, or None."""
    layer: Any = env
    while isinstance(layer, VecEnvWrapper):
        if isinstance(layer, kind):
            return layer
        layer = layer.venv
    return None


def _never() -> str | None:
    return None


def _named_arrays(name: str, value: Any) -> list[tuple[str, np.ndarray]]:
    if isinstance(value, Mapping):
        return [(f"{name}['{key}']", np.asarray(item)) for key, item in value.items()]
    return [(name, np.asarray(value))]
