"""Every random generator that training draws from, as plain data."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from rl_zoo.wrappers.random_state import generator_state, set_generator_state

if TYPE_CHECKING:
    from stable_baselines3.common.base_class import BaseAlgorithm


def collect_random_state(agent: BaseAlgorithm) -> dict[str, Any]:
    """Return the state of Python's, numpy's, torch's and the action space's generators.

    An agent with a method ``own_random_state`` adds its own.
    """
    kind, keys, position, has_gauss, cached = np.random.get_state(legacy=True)
    state: dict[str, Any] = {
        "python": random.getstate(),
        "numpy": [kind, keys.tolist(), position, has_gauss, cached],  # type: ignore[union-attr]
        "torch": torch.get_rng_state().tolist(),
        "action_space": generator_state(agent.action_space.np_random),
    }
    if torch.cuda.is_available():
        state["cuda"] = [device.tolist() for device in torch.cuda.get_rng_state_all()]
    if hasattr(agent, "own_random_state"):
        state["agent"] = agent.own_random_state()
    return state


def restore_random_state(agent: BaseAlgorithm, state: dict[str, Any]) -> None:
    """Restore what ``collect_random_state`` returned, in memory or read back from JSON."""
    version, keys, gauss = state["python"]
    random.setstate((version, tuple(keys), gauss))
    kind, numbers, position, has_gauss, cached = state["numpy"]
    np.random.set_state((kind, np.array(numbers, dtype=np.uint32), position, has_gauss, cached))
    torch.set_rng_state(torch.tensor(state["torch"], dtype=torch.uint8))
    set_generator_state(agent.action_space.np_random, state["action_space"])
    if "cuda" in state and torch.cuda.is_available():
        torch.cuda.set_rng_state_all(
            [torch.tensor(device, dtype=torch.uint8) for device in state["cuda"]]
        )
    if "agent" in state and hasattr(agent, "restore_own_random_state"):
        agent.restore_own_random_state(state["agent"])


def exploration_matrices(agent: BaseAlgorithm) -> dict[str, np.ndarray]:
    """Return the gSDE exploration matrices in use; empty without gSDE."""
    distribution = _state_dependent_distribution(agent)
    if distribution is None:
        return {}
    return {
        name: getattr(distribution, name).detach().cpu().numpy()
        for name in ("exploration_mat", "exploration_matrices")
    }


def restore_exploration_matrices(agent: BaseAlgorithm, matrices: dict[str, np.ndarray]) -> None:
    """Put the gSDE exploration matrices back."""
    distribution = _state_dependent_distribution(agent)
    if distribution is not None:
        for name, matrix in matrices.items():
            setattr(distribution, name, torch.as_tensor(matrix, device=agent.device))


def _state_dependent_distribution(agent: BaseAlgorithm) -> Any:
    if not agent.use_sde:
        return None
    policy: Any = agent.policy
    return getattr(policy, "action_dist", None) or getattr(policy.actor, "action_dist", None)
