"""Hand the policy to the actor: weights and normalisation together, under one version number."""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rl_zoo.agents.weights import model_content
from rl_zoo.errors import NonFiniteError
from rl_zoo.realtime.actor_parameters import actor_parameters
from rl_zoo.realtime.learner_checkpoint import statistics_content
from rl_zoo.realtime.parameters import ParameterReader, ParameterWriter

if TYPE_CHECKING:
    from stable_baselines3.common.base_class import BaseAlgorithm

N_UPDATES = "n_updates"
"""Key in a published description: gradient steps behind the policy."""
_N_KEPT = 32
"""Versions that a policy under evaluation is looked for among."""


@dataclass(frozen=True)
class _Kept:
    version: int
    weights: Any
    moments: tuple[Any, Any] | None


class Publisher:
    """Publishes the policy of an agent.

    Where another learner has published before, nothing is published until this agent has had as
    many updates: a robot must not fall back to an older policy.

    Args:
        agent: The agent.
        descriptor: Of the parameter memory.

    Attributes:
        agent: The agent.
        version: That was published last, by whomever; 0 if none was.
    """

    def __init__(self, agent: BaseAlgorithm, descriptor: int) -> None:
        self.agent: Any = agent
        self._writer = ParameterWriter(descriptor)
        before = ParameterReader(descriptor).newest()
        self._n_updates_before = 0 if before is None else int(before.description[N_UPDATES])
        self._actor = _actor_of(agent)
        self._kept: deque[_Kept] = deque(maxlen=_N_KEPT)
        self.version = self._writer.version

    def publish(self) -> bool:
        """Publish the present policy; return whether it was due.

        Raises:
            NonFiniteError: If it is not finite; the actor keeps the one before.
        """
        if self.version > 0 and self.agent._n_updates < self._n_updates_before:
            return False
        description, arrays = actor_parameters(self.agent)
        for name, array in arrays.items():
            if not np.isfinite(array).all():
                raise NonFiniteError(
                    f"the policy's {name} are not finite any more (learning diverged)"
                )
        told = {**description, N_UPDATES: self.agent._n_updates}
        self._writer.publish(told, arrays, self.version + 1)
        self.version += 1
        self._kept.append(_Kept(self.version, self._actor.copy(), self._moments()))
        return True

    def content_of(self, version: int) -> tuple[bytes, bytes | None] | None:
        """Return the files of the model as it was published under ``version``.

        Critics and optimisers may be newer than the actor.

        Returns:
            Content of the model's file and of its normaliser's, if there is one; None if that
            version is not known any more.
        """
        kept = next((item for item in self._kept if item.version == version), None)
        if kept is None:
            return None
        with self._in_use(kept):
            return model_content(self.agent), statistics_content(self.agent)

    @contextmanager
    def _in_use(self, kept: _Kept) -> Iterator[None]:
        present = _Kept(0, self._actor.copy(), self._moments())
        self._put(kept)
        try:
            yield
        finally:
            self._put(present)

    def _put(self, kept: _Kept) -> None:
        self._actor.put(kept.weights)
        if kept.moments is not None:
            normalizer = self.agent.get_vec_normalize_env()
            normalizer.obs_rms, normalizer.ret_rms = kept.moments

    def _moments(self) -> tuple[Any, Any] | None:
        normalizer = self.agent.get_vec_normalize_env()
        if normalizer is None:
            return None
        return copy.deepcopy((normalizer.obs_rms, normalizer.ret_rms))


class _TorchActor:
    """The tensors of a PyTorch policy that decide how it acts."""

    def __init__(self, agent: Any) -> None:
        # They share the modules' memory for as long as there is the agent.
        state = agent.policy.state_dict()
        self._tensors = [value for name, value in state.items() if name.startswith("actor")]

    def copy(self) -> Any:
        return [tensor.clone() for tensor in self._tensors]

    def put(self, weights: Any) -> None:
        for tensor, value in zip(self._tensors, weights, strict=True):
            tensor.copy_(value)


class _JaxActor:
    """The training state of SBX's actor, which never changes in place."""

    def __init__(self, agent: Any) -> None:
        self._policy = agent.policy

    def copy(self) -> Any:
        return self._policy.actor_state

    def put(self, weights: Any) -> None:
        self._policy.actor_state = weights


def _actor_of(agent: Any) -> _TorchActor | _JaxActor:
    return _JaxActor(agent) if hasattr(agent.policy, "actor_state") else _TorchActor(agent)
