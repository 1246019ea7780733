"""The native learner of one SB3 agent: ``train()`` in C++, on the agent's own parameters."""

from __future__ import annotations

import ctypes
import math
import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from sb3_contrib import TQC
from stable_baselines3 import SAC
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm

from rl_zoo.agents.droq import DroQ
from rl_zoo.agents.native import library as c
from rl_zoo.agents.native.coverage import networks_of, optimizers_of, reason_against
from rl_zoo.agents.native.minibatches import Chosen, Minibatches
from rl_zoo.agents.native.noise import draw_noise
from rl_zoo.agents.native.parameters import Tensors, connect_network
from rl_zoo.agents.native.state_noise import state_noise_of
from rl_zoo.errors import NonFiniteError

_MOST_UPDATES_PER_CALL = 64
_TOLD_ONCE = (
    "actor",
    "actor_target",
    "critic",
    "critic_target",
    "ent_coef_optimizer",
    "log_ent_coef",
    "gamma",
    "tau",
    "policy_delay",
    "target_update_interval",
    "target_entropy",
    "target_noise_clip",
    "top_quantiles_to_drop_per_net",
    "use_sde",
)


class NativeLearner:
    """Updates an agent; weights and optimisers stay PyTorch's own memory, always up to date.

    Args:
        agent: One against which ``reason_against`` knows no reason.
        batch_size: Transitions per update.
        isa: As for ``library_path``.

    Raises:
        ValueError: If the agent is not covered.
        NativeBuildError: If the library cannot be built.
    """

    def __init__(self, agent: OffPolicyAlgorithm, batch_size: int, isa: str | None = None) -> None:
        reason = reason_against(agent)
        networks = networks_of(agent)
        if reason is not None or networks is None:
            raise ValueError(f"the native learner does not cover {reason}")
        self._agent: Any = agent
        self.batch_size = batch_size
        self._stochastic = isinstance(agent, SAC | TQC)
        self._state_noise = state_noise_of(agent.actor) if agent.use_sde else None
        is_gaussian = self._stochastic and self._state_noise is None
        self._n_actions = networks.actor[-1].n_outputs // (2 if is_gaussian else 1)
        self._library = c.load_library(isa)
        settings = self._settings(networks.actor[0].heads[0].in_features, networks.critics)
        self._learner = ctypes.c_void_p(self._library.learner_new(ctypes.byref(settings)))
        if self._learner.value is None:
            raise MemoryError("the native learner has no memory")
        weakref.finalize(self, self._library.learner_delete, self._learner)
        self._tensors: list[Tensors] = []
        of_actor, of_critic = optimizers_of(agent)[:2]
        self._connect(c.ACTOR, [networks.actor], of_actor)
        if networks.actor_target is not None:
            self._connect(c.ACTOR_TARGET, [networks.actor_target], None)
        self._connect(c.CRITIC, networks.critics, of_critic)
        self._connect(c.CRITIC_TARGET, networks.critic_targets, None)
        self._connect_state_noise(of_actor)
        c.check(self._library.learner_prepare(self._learner))
        self._rates = c.Rates(log_coefficient=self._connect_coefficient())
        self._minibatches = Minibatches(batch_size)
        self._made_for = _parts_of(agent)

    @property
    def is_current(self) -> bool:
        """Return whether the agent's tensors, optimisers and settings are still those of this."""
        parts = zip(_parts_of(self._agent), self._made_for, strict=False)
        return all(one is other for one, other in parts) and all(
            tensors.is_current() for tensors in self._tensors
        )

    def random_state(self) -> list[int]:
        """Return the state of the generator of dropout masks."""
        state = (ctypes.c_uint32 * c.RANDOM_STATE_SIZE)()
        self._library.learner_random(self._learner, state, 0)
        return list(state)

    def set_random_state(self, state: Sequence[int]) -> None:
        """Put back what ``random_state`` returned.

        Raises:
            ValueError: If it has another size.
        """
        if len(state) != c.RANDOM_STATE_SIZE:
            raise ValueError(f"a state of {c.RANDOM_STATE_SIZE} numbers is needed")
        self._library.learner_random(
            self._learner, (ctypes.c_uint32 * c.RANDOM_STATE_SIZE)(*state), 1
        )

    def update(self, n_updates: int, masks: Any = None) -> c.Losses:
        """Update ``n_updates`` times; return the sums of the losses.

        Args:
            n_updates: How often.
            masks: Dropout's factors (float32, one after the other in PyTorch's order); None: drawn.

        Raises:
            NonFiniteError: If a loss is not finite any more.
        """
        agent = self._agent
        losses = c.Losses()
        self._read_rates()
        done = agent._n_updates
        for offset in range(0, n_updates, _MOST_UPDATES_PER_CALL):
            n = min(_MOST_UPDATES_PER_CALL, n_updates - offset)
            chosen = self._minibatches.choose(agent.replay_buffer, agent._vec_normalize_env, n)
            self._call(chosen, losses, (n, done + offset, offset), masks)
        agent._n_updates += n_updates
        if not math.isfinite(losses.critic + losses.actor):
            raise NonFiniteError(
                f"{type(agent).__name__}: the loss is not finite after {agent._n_updates} updates; "
                "a smaller learning_rate may help"
            )
        return losses

    def _call(
        self, chosen: Chosen, losses: c.Losses, counts: tuple[int, int, int], masks: Any
    ) -> None:
        rows = self.batch_size
        if self._state_noise is not None:
            rows = self._state_noise.means.in_features
        noise = draw_noise(self._agent, (rows, self._n_actions), counts[0], counts[1])
        call = c.Call(
            ctypes.addressof(chosen.replay),
            chosen.rows.ctypes.data,
            noise.following,
            noise.current,
            noise.stride,
            None if masks is None else masks.ctypes.data,
            *counts,
        )
        c.check(
            self._library.learner_update(
                self._learner, ctypes.byref(call), ctypes.byref(self._rates), ctypes.byref(losses)
            )
        )

    def _connect(self, role: int, networks: Any, optimizer: Any) -> None:
        for index, layers in enumerate(networks):
            place = (role, index)
            tensors = connect_network(self._library, self._learner, place, layers, optimizer)
            self._tensors.append(tensors)

    def _connect_state_noise(self, optimizer: torch.optim.Optimizer) -> None:
        noise = self._state_noise
        if noise is None:
            return
        tensors = Tensors()
        block = tensors.block(noise.log_std, optimizer)
        self._tensors.append(tensors)
        c.check(
            self._library.learner_explore(
                self._learner, ctypes.byref(block), int(noise.use_expln), noise.limit
            )
        )

    def _connect_coefficient(self) -> c.Block:
        if getattr(self._agent, "ent_coef_optimizer", None) is None:
            return c.Block()
        tensors = Tensors()
        block = tensors.block(self._agent.log_ent_coef, self._agent.ent_coef_optimizer)
        self._tensors.append(tensors)
        return block

    def _settings(self, n_observations: int, critics: Any) -> c.Settings:
        agent = self._agent
        n_outputs = critics[0][-1].n_outputs
        dropped = getattr(agent, "top_quantiles_to_drop_per_net", 0)
        return c.Settings(
            n_observations=n_observations,
            n_actions=self._n_actions,
            batch=self.batch_size,
            n_critics=len(critics),
            n_outputs=n_outputs,
            n_targets=(n_outputs - dropped) * len(critics),
            deterministic_actor=int(not self._stochastic),
            mean_of_critics=int(isinstance(agent, DroQ | TQC)),
            policy_delay=getattr(agent, "policy_delay", 1),
            target_update_interval=getattr(agent, "target_update_interval", 1),
            discount=agent.gamma,
            tau=agent.tau,
            target_entropy=float(getattr(agent, "target_entropy", 0.0)),
            noise_clip=getattr(agent, "target_noise_clip", 0.0),
            seed=int(np.random.SeedSequence(agent.seed).generate_state(1, np.uint64)[0]),
        )

    def _read_rates(self) -> None:
        """Read what a schedule, or the user, may have changed."""
        agent, rates = self._agent, self._rates
        _read_adam(agent.actor.optimizer, rates.actor)
        _read_adam(agent.critic.optimizer, rates.critic)
        entropy: torch.optim.Optimizer | None = getattr(agent, "ent_coef_optimizer", None)
        if entropy is not None:
            _read_adam(entropy, rates.entropy)
        elif self._stochastic:
            rates.coefficient = float(agent.ent_coef_tensor)


def _parts_of(agent: Any) -> list[Any]:
    """Return what a learner is told once: where any of it is replaced, it needs another one."""
    return [getattr(agent, name, None) for name in _TOLD_ONCE] + [
        agent.actor.optimizer,
        agent.critic.optimizer,
    ]


def _read_adam(optimizer: torch.optim.Optimizer, adam: c.Adam) -> None:
    group = optimizer.param_groups[0]
    adam.learning_rate = group["lr"]
    adam.beta1, adam.beta2 = group["betas"]
    adam.epsilon, adam.weight_decay = group["eps"], group["weight_decay"]
