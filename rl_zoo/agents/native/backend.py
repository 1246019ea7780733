"""Give an SB3 agent the native learner; it stays the same agent for everything else."""

from __future__ import annotations

import functools
from typing import Any

import torch
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm
from typing_extensions import override

from rl_zoo.agents.native.build import NativeBuildError
from rl_zoo.agents.native.coverage import optimizers_of, reason_against
from rl_zoo.agents.native.learner import NativeLearner
from rl_zoo.agents.native.library import load_library


def enable_native(agent: OffPolicyAlgorithm) -> str | None:
    """Let ``agent.train`` use the native learner.

    The library is built and loaded now, so that no later update waits for a compiler.

    Returns:
        None, or why ``agent`` keeps its own updates, in words.
    """
    reason = reason_against(agent)
    if reason is not None:
        return reason
    try:
        load_library()
    except (NativeBuildError, OSError) as error:
        return str(error)
    agent.__class__ = _native_class(type(agent))
    return None


class NativeUpdates(OffPolicyAlgorithm):
    """Mixin for SAC, TQC, DroQ, TD3 and DDPG: updates in C++, on PyTorch's memory.

    The random numbers are those of the algorithm itself, except dropout's, which the C++ draws.
    """

    _native: NativeLearner | None = None

    @override
    def train(self, gradient_steps: int, batch_size: int = 64) -> None:
        """Update ``gradient_steps`` times with minibatches of ``batch_size`` transitions."""
        self._update_learning_rate(optimizers_of(self))
        native = self._native
        if native is None or native.batch_size != batch_size or not native.is_current:
            native = self._native = NativeLearner(self, batch_size)
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
    def _excluded_save_params(self) -> list[str]:
        return [*super()._excluded_save_params(), "_native"]

    def __getstate__(self) -> dict[str, Any]:
        """Return the agent's own state: a copy of it makes a learner of its own."""
        return {key: value for key, value in vars(self).items() if key != "_native"}


@functools.cache
def _native_class(plain: Any) -> Any:
    # The name stays: files and messages name the algorithm.
    names = {"__doc__": plain.__doc__, "__module__": plain.__module__}
    return type(plain.__name__, (NativeUpdates, plain), names)
