"""The updates of DroQ in numpy: PyTorch's numbers to rounding, faster for small networks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.distributions import SquashedDiagGaussianDistribution
from stable_baselines3.common.torch_layers import FlattenExtractor
from stable_baselines3.common.type_aliases import ReplayBufferSamples
from torch import nn

from rl_zoo.agents.flat_adam import FlatAdam, flatten
from rl_zoo.agents.numpy_networks import NumpyNetwork, supports

if TYPE_CHECKING:
    from rl_zoo.agents.droq import DroQ

Array = NDArray[np.float32]

_LOG_STD_MIN, _LOG_STD_MAX = -20.0, 2.0  # SB3's limits
_TANH_EPSILON = np.float32(1e-6)  # SB3's, inside the logarithm of the squashing
_HALF_LOG_2PI = np.float32(0.5 * math.log(2.0 * math.pi))


class _Sampled(NamedTuple):
    """Actions of the current policy, and what their gradient needs. Shape: (n, n_actions)."""

    actions: Array
    noise: Array
    std: Array
    inside: Array
    """1 where the log standard deviation is not clipped."""
    log_prob: Array
    """Shape: (n,)."""


def can_update(agent: DroQ) -> bool:
    """Say whether this module computes what the agent's own updates compute."""
    actor: Any = agent.actor
    critic: Any = agent.critic
    optimizers = (actor.optimizer, critic.optimizer)
    return (
        agent.device.type == "cpu"
        and not agent.use_sde
        and isinstance(actor.action_dist, SquashedDiagGaussianDistribution)
        and _is_plain(agent.observation_space)
        and type(actor.features_extractor) is FlattenExtractor
        and type(critic.features_extractor) is FlattenExtractor
        and all(map(supports, (actor.latent_pi, *critic.q_networks)))
        and all(_is_plain_adam(optimizer) for optimizer in optimizers)
    )


class NumpyUpdates:
    """The critics', actor's and targets' updates of one agent.

    Args:
        agent: One that ``can_update`` accepts. Its parameters become views of long vectors.
    """

    def __init__(self, agent: DroQ) -> None:
        self.agent = agent
        actor: Any = agent.actor
        critic: Any = agent.critic
        target: Any = agent.critic_target
        self.critic_adam = FlatAdam(critic.optimizer)
        self.actor_adam = FlatAdam(actor.optimizer)
        entropy = agent.ent_coef_optimizer
        self.entropy_adam = None if entropy is None else FlatAdam(entropy)
        self._target_values = flatten(list(target.parameters()))
        self._critics = [NumpyNetwork(net, self.critic_adam) for net in critic.q_networks]
        self._targets = [NumpyNetwork(net, None) for net in target.q_networks]
        self._latent = NumpyNetwork(actor.latent_pi, self.actor_adam)
        self._mean = NumpyNetwork(nn.Sequential(actor.mu), self.actor_adam)
        self._log_std = NumpyNetwork(nn.Sequential(actor.log_std), self.actor_adam)
        self._target_pointer = next(iter(target.parameters())).data_ptr()

    @property
    def is_current(self) -> bool:
        """Return whether the agent's parameters are still the ones of this object."""
        first = next(iter(self.agent.critic_target.parameters()))
        return (
            all(adam.is_current for adam in self._adams)
            and first.data_ptr() == self._target_pointer
        )

    def publish(self) -> None:
        """Tell PyTorch's optimisers how many steps were made."""
        for adam in self._adams:
            adam.publish_steps()

    @property
    def _adams(self) -> list[FlatAdam]:
        adams = (self.critic_adam, self.actor_adam, self.entropy_adam)
        return [adam for adam in adams if adam is not None]

    def update_critics(self, batch: ReplayBufferSamples, coefficient: float) -> torch.Tensor:
        """Regress the critics on the smaller of the targets; return the loss.

        Args:
            batch: Transitions.
            coefficient: Of the entropy.
        """
        sampled = self._sample(_flat(batch.next_observations))
        inputs = np.concatenate([_flat(batch.next_observations), sampled.actions], axis=1)
        value = self._targets[0].forward(inputs)
        for target in self._targets[1:]:
            value = np.minimum(value, target.forward(inputs))
        value = value - np.float32(coefficient) * sampled.log_prob[:, None]
        discounts = self.agent.gamma if batch.discounts is None else batch.discounts.numpy()
        wanted = batch.rewards.numpy() + (1.0 - batch.dones.numpy()) * discounts * value
        wanted = wanted.astype(np.float32)
        inputs = np.concatenate([_flat(batch.observations), batch.actions.numpy()], axis=1)
        loss = 0.0
        for critic in self._critics:
            error = critic.forward(inputs)
            error -= wanted
            loss += 0.5 * float(np.mean(error * error))
            error /= np.float32(len(error))
            critic.backward(error, parameters=True, inputs=False)
        self.critic_adam.step()
        tau = np.float32(self.agent.tau)
        self._target_values += tau * (self.critic_adam.values - self._target_values)
        return torch.tensor(loss)

    def update_actor(
        self, batch: ReplayBufferSamples, coefficient: float
    ) -> dict[str, torch.Tensor]:
        """Raise the mean of the critics and the entropy, then correct the entropy coefficient.

        Returns:
            The losses by name.
        """
        observations = _flat(batch.observations)
        sampled = self._sample(observations)
        n, n_actions = sampled.actions.shape
        inputs = np.concatenate([observations, sampled.actions], axis=1)
        by_value = np.full((n, 1), -1.0 / (n * len(self._critics)), dtype=np.float32)
        by_action = np.zeros_like(sampled.actions)
        mean_value = 0.0
        for critic in self._critics:
            mean_value += float(critic.forward(inputs).mean()) / len(self._critics)
            by_input = critic.backward(by_value, parameters=False, inputs=True)
            assert by_input is not None
            by_action += by_input[:, -n_actions:]
        weight = np.float32(coefficient / n)
        slope = 1.0 - sampled.actions * sampled.actions
        by_squash = 2.0 * weight * sampled.actions / (slope + _TANH_EPSILON)
        by_gaussian = (by_action + by_squash) * slope
        by_log_std = (by_gaussian * sampled.std * sampled.noise - weight) * sampled.inside
        by_latent = self._mean.backward(by_gaussian, parameters=True, inputs=True)
        also = self._log_std.backward(by_log_std, parameters=True, inputs=True)
        assert by_latent is not None
        assert also is not None
        self._latent.backward(by_latent + also, parameters=True, inputs=False)
        self.actor_adam.step()
        log_prob = float(sampled.log_prob.mean())
        losses = {"actor_loss": torch.tensor(coefficient * log_prob - mean_value)}
        if self.entropy_adam is not None:
            surplus = log_prob + float(self.agent.target_entropy)
            losses["ent_coef_loss"] = torch.tensor(-surplus * float(self.entropy_adam.values[0]))
            self.entropy_adam.gradient[:] = -surplus
            self.entropy_adam.step()
        return losses

    def _sample(self, observations: Array) -> _Sampled:
        latent = self._latent.forward(observations)
        mean, raw = self._mean.forward(latent), self._log_std.forward(latent)
        log_std = np.clip(raw, _LOG_STD_MIN, _LOG_STD_MAX)
        std = np.exp(log_std)
        # The call that PyTorch's Normal.rsample makes: the same noise from the same state.
        noise = torch.normal(torch.zeros(mean.shape), torch.ones(mean.shape)).numpy()
        actions = np.tanh(mean + std * noise)
        log_prob = -0.5 * noise * noise - log_std - _HALF_LOG_2PI
        log_prob -= np.log(1.0 - actions * actions + _TANH_EPSILON)
        inside = ((raw >= _LOG_STD_MIN) & (raw <= _LOG_STD_MAX)).astype(np.float32)
        return _Sampled(actions, noise, std, inside, log_prob.sum(axis=1))


def _is_plain(space: spaces.Space[Any]) -> bool:
    """Say whether observations are used as they are: images are scaled, choices are one-hot."""
    return isinstance(space, spaces.Box) and np.issubdtype(space.dtype, np.floating)


def _flat(observations: torch.Tensor) -> Array:
    array: Array = observations.numpy().astype(np.float32, copy=False)
    return array.reshape(len(array), -1)


def _is_plain_adam(optimizer: torch.optim.Optimizer) -> bool:
    group = optimizer.param_groups[0]
    return (
        type(optimizer) is torch.optim.Adam
        and len(optimizer.param_groups) == 1
        and not group["weight_decay"]
        and not group["amsgrad"]
        and not group["maximize"]
    )
