"""Act as the policy does, in numpy, on PyTorch's memory: between two updates that is what costs.

A policy call of PyTorch is a dozen operations of some microseconds, each several times slower with
the caches full of an update; numpy's are a tenth of that. The random numbers are PyTorch's own.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sb3_contrib import TQC
from sb3_contrib.tqc.policies import TQCPolicy
from stable_baselines3 import SAC
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm
from stable_baselines3.common.policies import BasePolicy
from stable_baselines3.sac.policies import SACPolicy
from stable_baselines3.td3.policies import TD3Policy

from rl_zoo.agents.native.coverage import networks_of
from rl_zoo.agents.native.layers import Layer
from rl_zoo.agents.native.state_noise import state_noise_of
from rl_zoo.errors import NonFiniteError

Array = NDArray[np.float32]

_LOG_STD_MIN, _LOG_STD_MAX = np.float32(-20.0), np.float32(2.0)  # SB3's limits
_PREDICTIONS = (SACPolicy._predict, TQCPolicy._predict, TD3Policy._predict)


class NativeActor:
    """The actor of an agent that the native learner covers, for one observation at a time.

    Args:
        agent: Its weights are read where PyTorch keeps them, as they are at each call.
    """

    def __init__(self, agent: Any) -> None:
        networks = networks_of(agent)
        assert networks is not None
        *hidden, last = networks.actor
        self._hidden = [(*_arrays(layer.heads[0]), _function(layer)) for layer in hidden]
        self._heads = [_arrays(head) for head in last.heads]
        self._is_gaussian = isinstance(agent, SAC | TQC)
        self._limit = np.float32(math.inf)
        self._exploration: Any = None
        if agent.use_sde:
            noise = state_noise_of(agent.actor)
            assert noise is not None
            self._limit = np.float32(noise.limit)
            self._exploration = agent.actor.action_dist
        self._addresses = _addresses(agent)

    def is_current(self, agent: Any) -> bool:
        """Say whether the agent's weights are still where they were."""
        return self._addresses == _addresses(agent)

    def act(self, observation: ArrayLike) -> Array:
        """Return the action in [-1, 1], with the exploration of the policy itself.

        Args:
            observation: Normalised, of one environment. Shape: any.

        Raises:
            NonFiniteError: If the action is not finite: it must not reach a robot.
        """
        action = self._explore(observation)
        if not math.isfinite(action.sum()):
            raise NonFiniteError(
                "the policy's action is not finite (its weights, or the observation, are not); a "
                "smaller learning_rate may help"
            )
        return action

    def _explore(self, observation: ArrayLike) -> Array:
        x = np.asarray(observation, np.float32).reshape(-1)
        for weight, bias, activate in self._hidden:
            x = weight @ x
            x += bias
            x = activate(x)
        outputs = [weight @ x + bias for weight, bias in self._heads]
        if self._exploration is not None:
            # The matrix that the rollout drew; the agent replaces it when it draws another one.
            matrix = self._exploration.exploration_mat.detach().numpy()
            mean = np.minimum(np.maximum(outputs[0], -self._limit), self._limit)
            return np.tanh(mean + x @ matrix)  # type: ignore[no-any-return]
        if not self._is_gaussian:
            return np.tanh(outputs[0])  # type: ignore[no-any-return]
        mean, log_std = outputs
        noise = torch.empty(len(mean)).normal_().numpy()
        deviation = np.exp(np.minimum(np.maximum(log_std, _LOG_STD_MIN), _LOG_STD_MAX))
        return np.tanh(mean + deviation * noise)  # type: ignore[no-any-return]


def can_act(agent: OffPolicyAlgorithm) -> bool:
    """Say whether actions of ``agent`` are found as SB3 finds them, in one environment."""
    kinds = [kind for kind in type(agent).__mro__ if "_sample_action" in vars(kind)]
    return (
        agent.n_envs == 1
        and kinds[1:] == [OffPolicyAlgorithm]
        and type(agent).predict is OffPolicyAlgorithm.predict
        and type(agent.policy).predict is BasePolicy.predict
        and type(agent.policy)._predict in _PREDICTIONS
    )


def _function(layer: Layer) -> Callable[[Array], Array]:
    """Return the activation of a hidden layer; it may work in place."""
    activation: Any = layer.activation
    if type(activation) is torch.nn.ReLU:
        return lambda x: np.maximum(x, 0, out=x)
    if type(activation) is torch.nn.Tanh:
        return lambda x: np.tanh(x, out=x)
    return lambda x: activation(torch.from_numpy(x)).numpy()


def _arrays(linear: Any) -> tuple[Array, Array]:
    return linear.weight.detach().numpy(), linear.bias.detach().numpy()


def _addresses(agent: Any) -> list[int]:
    return [parameter.data_ptr() for parameter in agent.policy.actor.parameters()]
