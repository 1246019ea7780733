"""Hyperparameters that only SBX (``--backend jax``) has, beside those of SB3.

The names are those of the constructors in SBX 0.28; a test compares them with the real signatures.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from rl_zoo.config.model import RunConfig
from rl_zoo.config.rules import Rule
from rl_zoo.errors import ConfigError

_CRITIC_RATE = {"qf_learning_rate": Rule("number", low=0, open_low=True, optional=True)}
_RESETS = {"param_resets": Rule("step_list", low=1, optional=True)}
_DELAY = {"policy_delay": Rule("integer", low=1)}
_CRITIC_LAYERS = {
    "dropout_rate": Rule("number", low=0, high=0.99),
    "layer_norm": Rule("boolean"),
}

JAX_PARAMETERS: Mapping[str, Mapping[str, Rule]] = MappingProxyType(
    {
        "crossq": {**_CRITIC_RATE, **_RESETS},
        "ddpg": _CRITIC_RATE,
        "droq": {**_CRITIC_RATE, **_RESETS},
        "sac": {**_CRITIC_RATE, **_RESETS, **_DELAY},
        "td3": {**_CRITIC_RATE, **_RESETS},
        "tqc": {**_CRITIC_RATE, **_RESETS, **_DELAY},
    }
)
"""Rules of the constructor's parameters, by algorithm."""

JAX_POLICY_KWARGS: Mapping[str, Mapping[str, Rule]] = MappingProxyType(
    {
        "crossq": {**_CRITIC_LAYERS, "batch_norm_actor": Rule("boolean")},
        "ddpg": _CRITIC_LAYERS,
        "sac": _CRITIC_LAYERS,
        "td3": _CRITIC_LAYERS,
        "tqc": _CRITIC_LAYERS,
    }
)
"""Rules of the names in ``policy_kwargs``, by algorithm."""

JAX_POLICIES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {algo: ("SimbaPolicy",) for algo in ("crossq", "droq", "sac", "tqc")}
)
"""Names of the policies of each algorithm."""


def check_without_jax(config: RunConfig) -> None:
    """Refuse what only SBX understands, for every other backend.

    Raises:
        ConfigError: One sentence for every such key.
    """
    problems = [
        f"{config.env_id}.{key}: only SBX has it; use --backend jax, or remove it"
        for key in _keys_of_jax(config)
    ]
    if problems:
        raise ConfigError(problems)


def _keys_of_jax(config: RunConfig) -> Iterator[str]:
    if config.policy in JAX_POLICIES.get(config.algo, ()):
        yield f"policy ({config.policy})"
    for key in JAX_PARAMETERS.get(config.algo, {}):
        if config.algo_kwargs.get(key) is not None:
            yield key
    for key in JAX_POLICY_KWARGS.get(config.algo, {}):
        if key in (config.algo_kwargs.get("policy_kwargs") or {}):
            yield f"policy_kwargs.{key}"
