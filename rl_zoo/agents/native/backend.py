"""Give an SB3 agent the native learner; it stays the same agent for everything else."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3.common.noise import ActionNoise
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm
from typing_extensions import override

from rl_zoo import console
from rl_zoo.agents.native.acting import NativeActor, can_act
from rl_zoo.agents.native.build import NativeBuildError
from rl_zoo.agents.native.coverage import optimizers_of, reason_against
from rl_zoo.agents.native.learner import NativeLearner
from rl_zoo.agents.native.library import load_library

_NOT_SAVED = ("_native", "_native_actor", "_dropout_state")


def enable_native(agent: OffPolicyAlgorithm) -> str | None:
    """Let ``agent.train`` use the native learner.

    The library is built and loaded now, so that no later update waits for a compiler.

    Returns:
        None, or why ``agent`` keeps its own updates, in words.
    """
    reason = why_not_native(agent)
    if reason is None:
        agent.__class__ = _native_class(type(agent))
    return reason


def why_not_native(agent: OffPolicyAlgorithm) -> str | None:
    """Return why the native learner cannot update ``agent`` here, in words; None if it can."""
    return reason_against(agent) or _why_not_loaded()


@functools.cache
def _why_not_loaded() -> str | None:
    try:
        load_library()
    except (NativeBuildError, OSError) as error:
        return str(error)
    return None


class NativeUpdates(OffPolicyAlgorithm):
    """Mixin for SAC, TQC, DroQ, TD3 and DDPG: updates in C++, on PyTorch's memory.

    The random numbers are those of the algorithm itself, except dropout's, which the C++ draws.
    """

    _native: NativeLearner | None = None
    _native_actor: NativeActor | None = None
    _dropout_state: list[int] | None = None
    """Where dropout's generator goes on once there is a learner; None: from the agent's seed."""

    @override
    def train(self, gradient_steps: int, batch_size: int = 64) -> None:
        """Update ``gradient_steps`` times with minibatches of ``batch_size`` transitions."""
        native = self._native
        if native is None or native.batch_size != batch_size or not native.is_current:
            reason = why_not_native(self)
            if reason is not None:  # someone changed the agent since it was built
                _tell_once(f"backend sb3 from now on ({reason})")
                super().train(gradient_steps, batch_size)
                return
            native = self._native = self._new_learner(batch_size)
        self._update_learning_rate(optimizers_of(self))
        losses = native.update(gradient_steps)
        record = self.logger.record
        record("train/n_updates", self._n_updates, exclude="tensorboard")
        record("train/critic_loss", losses.critic / max(1, losses.n_critic))
        if losses.n_actor:
            record("train/actor_loss", losses.actor / losses.n_actor)
        if hasattr(self, "ent_coef_optimizer"):
            record("train/ent_coef", losses.coefficient / max(1, losses.n_critic))
            if losses.n_actor and self.ent_coef_optimizer is not None:
                record("train/ent_coef_loss", losses.entropy / losses.n_actor)

    ent_coef_optimizer: torch.optim.Optimizer | None

    @override
    def _sample_action(
        self, learning_starts: int, action_noise: ActionNoise | None = None, n_envs: int = 1
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return the action for the environment, and as it is stored."""
        if self.num_timesteps < learning_starts or not can_act(self):
            return super()._sample_action(learning_starts, action_noise, n_envs)
        actor = self._native_actor
        if actor is None or not actor.is_current(self):
            actor = self._native_actor = NativeActor(self)
        assert isinstance(self._last_obs, np.ndarray)
        scaled: NDArray[Any] = actor.act(self._last_obs).reshape((1, *self._action_shape))
        if action_noise is not None:
            scaled = np.clip(scaled + action_noise(), -1, 1)
        return self.policy.unscale_action(scaled), scaled

    @property
    def _action_shape(self) -> tuple[int, ...]:
        shape = self.action_space.shape
        assert shape is not None
        return shape

    def own_random_state(self) -> dict[str, Any]:
        """Return the state of dropout's generator, which is not PyTorch's, as plain data."""
        state = self._dropout_state
        return {"dropout": state if self._native is None else self._native.random_state()}

    def restore_own_random_state(self, state: dict[str, Any]) -> None:
        """Put back what ``own_random_state`` returned."""
        self._dropout_state = state["dropout"]
        self._native = None

    def _new_learner(self, batch_size: int) -> NativeLearner:
        """Return a learner on the agent's present tensors; dropout goes on where it was."""
        state = self.own_random_state()["dropout"]
        learner = NativeLearner(self, batch_size)
        if state is not None:
            learner.set_random_state(state)
        return learner

    @override
    def _excluded_save_params(self) -> list[str]:
        return [*super()._excluded_save_params(), *_NOT_SAVED]

    def __getstate__(self) -> dict[str, Any]:
        """Return the agent's own state: a copy of it makes a learner of its own."""
        state = {key: value for key, value in vars(self).items() if key not in _NOT_SAVED}
        return {**state, "_dropout_state": self.own_random_state()["dropout"]}

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy and pickle by the plain class, which another process can import."""
        return _empty_agent, (type(self).__mro__[2],), self.__getstate__()


def _empty_agent(plain: Any) -> Any:
    kind = _native_class(plain)
    return kind.__new__(kind)


@functools.cache
def _tell_once(text: str) -> None:
    console.warn(text)


@functools.cache
def _native_class(plain: Any) -> Any:
    # The name stays: files and messages name the algorithm.
    names = {"__doc__": plain.__doc__, "__module__": plain.__module__}
    return type(plain.__name__, (NativeUpdates, plain), names)
