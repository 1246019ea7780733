"""How many gradient steps one count of SB3's ``train/n_updates`` stands for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rl_zoo.config.yaml import load_saved_yaml
from rl_zoo.errors import DamagedFileError, NothingFoundError
from rl_zoo.runs.search import FoundRun


@dataclass(frozen=True)
class _OnPolicy:
    """SB3's defaults where ``config.yml`` names no value.

    Attributes:
        n_steps: Steps of one environment per rollout.
        batch_size: Transitions per minibatch.
        n_critic_updates: Passes of the critic over a rollout per count; None if a count is one
            pass over the rollout.
    """

    n_steps: int
    batch_size: int
    n_critic_updates: int | None = None


_ON_POLICY = {
    "ppo": _OnPolicy(2048, 64),
    "maskableppo": _OnPolicy(2048, 64),
    "ppo_lstm": _OnPolicy(128, 128),
    "recurrentppo": _OnPolicy(128, 128),
    "trpo": _OnPolicy(2048, 128, n_critic_updates=10),
}
"""Algorithms whose counter counts passes over a rollout (TRPO: policy updates). All others count
gradient steps, A2C included, which makes one per rollout."""

_WITHOUT = {
    "ars": "ARS follows no gradient of a network, it has no gradient steps",
    "openloop": "an open-loop search has no gradient steps",
}


def steps_per_update(run: FoundRun) -> float:
    """Return the gradient steps per count of ``train/n_updates``.

    PPO counts epochs: passes over the ``n_steps * n_envs`` transitions of a rollout in minibatches
    of ``batch_size``. TRPO counts policy updates; each is one step of the policy and
    ``n_critic_updates`` such passes of the critic. Everything else counts gradient steps.

    Raises:
        NothingFoundError: If the algorithm has none, or the configuration does not tell.
        DamagedFileError: If ``config.yml`` cannot be read.
    """
    if run.algo in _WITHOUT:
        raise NothingFoundError(_WITHOUT[run.algo])
    defaults = _ON_POLICY.get(run.algo)
    if defaults is None:
        return 1.0
    config = _read_config(run)
    rollout = _whole(config, "n_steps", defaults.n_steps) * _whole(config, "n_envs", 1)
    n_minibatches = math.ceil(rollout / _whole(config, "batch_size", defaults.batch_size))
    if defaults.n_critic_updates is None:
        return float(n_minibatches)
    return 1.0 + _whole(config, "n_critic_updates", defaults.n_critic_updates) * n_minibatches


def _whole(config: Mapping[str, Any], key: str, default: int) -> int:
    value = config.get(key, default)
    if type(value) is not int or value < 1:
        raise NothingFoundError(f"its config.yml has {key}: {value}, so gradient steps are unknown")
    return value


def _read_config(run: FoundRun) -> Mapping[str, Any]:
    file = run.folder.config_file
    if not file.is_file():
        raise NothingFoundError("no config.yml, so its minibatches are unknown")
    content = load_saved_yaml(file)
    if not isinstance(content, dict):
        raise DamagedFileError(f"{file}: not a mapping of hyperparameters")
    return content
