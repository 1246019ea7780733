"""Check a merged configuration and convert its values; every mistake is reported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rl_zoo.config.components import parse_components
from rl_zoo.config.consistency import check_combinations
from rl_zoo.config.draft import Draft
from rl_zoo.config.jax_parameters import JAX_PARAMETERS, JAX_POLICIES, JAX_POLICY_KWARGS
from rl_zoo.config.model import Component, Normalize, Symbol
from rl_zoo.config.parameters import (
    ALGORITHM_PARAMETERS,
    COMPONENT_KEYS,
    NORMALIZE,
    NOT_IN_LINEAR_POLICY,
    PLUGIN_PARAMETERS,
    PLUGIN_POLICY_KWARGS,
    POLICIES,
    POLICY_KWARGS,
    REPLAY_BUFFER_KWARGS,
    SET_BY_RUNNER,
    STRUCTURE_KEYS,
    ZOO_KEYS,
)
from rl_zoo.config.rules import INVALID, Rule, convert, describe
from rl_zoo.config.symbols import is_object_path, symbol_from_path
from rl_zoo.suggest import did_you_mean


@dataclass(frozen=True)
class CheckedValues:
    """The values of a configuration, each of the type that its user expects."""

    policy: str
    algo_kwargs: Mapping[str, Any]
    zoo_values: Mapping[str, Any]
    """Values of the keys in ``parameters.ZOO_KEYS`` that were given."""
    normalize: Normalize | None
    components: Mapping[str, tuple[Component, ...]]
    """Components by key (``env_wrapper``, ``vec_env_wrapper``, ``callback``)."""


def check_values(
    draft: Draft, algo: str, known_components: Mapping[str, Sequence[str]]
) -> CheckedValues:
    """Return the checked values of ``draft``; mistakes are in ``draft.problems`` afterwards."""
    policy = _check_policy(draft, algo)
    rules = _rules_of(draft, algo, policy)
    algo_kwargs: dict[str, Any] = {}
    zoo_values: dict[str, Any] = {}
    _take_policy_sde(draft)
    for key, value in draft.values.items():
        if key in STRUCTURE_KEYS:
            continue
        rule = ZOO_KEYS.get(key) or rules.get(key)
        if rule is None and (algo in ALGORITHM_PARAMETERS or key in SET_BY_RUNNER):
            draft.report(key, _unknown_key(key, algo))
            continue
        converted = value if rule is None else convert(rule, value, key, draft.report)
        if converted is not INVALID:
            (zoo_values if key in ZOO_KEYS else algo_kwargs)[key] = converted
    if "n_timesteps" not in draft.values:
        draft.report("n_timesteps", "missing; write the budget in the entry or give -n STEPS")
    components = {
        key: parse_components(draft.values.get(key), key, draft.report, known_components.get(key))
        for key in COMPONENT_KEYS
    }
    normalize = _check_normalize(draft)
    check_combinations(draft, algo, {**zoo_values, **algo_kwargs})
    return CheckedValues(policy, algo_kwargs, zoo_values, normalize, components)


def _check_policy(draft: Draft, algo: str) -> str:
    policy = draft.values.get("policy")
    names, jax_names = POLICIES.get(algo, ()), JAX_POLICIES.get(algo, ())
    if isinstance(policy, type):
        return f"{policy.__module__}:{policy.__qualname__}"
    if isinstance(policy, Symbol):
        return policy.path
    if policy is None:
        draft.report("policy", f"missing; write one of {', '.join(names)}" if names else "missing")
    elif not isinstance(policy, str):
        draft.report("policy", f"must be the name of a policy, not {describe(policy)}")
    elif names and policy not in (*names, *jax_names) and not is_object_path(policy):
        known = did_you_mean(policy, (*names, *jax_names))
        draft.report("policy", f"{algo} has no policy '{policy}'{known}")
    else:
        return policy
    return ""


def _rules_of(draft: Draft, algo: str, policy: str) -> Mapping[str, Rule]:
    """Return the rules of the algorithm, those of its nested mappings filled in."""
    rules = {**ALGORITHM_PARAMETERS.get(algo, PLUGIN_PARAMETERS), **JAX_PARAMETERS.get(algo, {})}
    fields = {**POLICY_KWARGS.get(algo, PLUGIN_POLICY_KWARGS), **JAX_POLICY_KWARGS.get(algo, {})}
    if policy == "LinearPolicy":
        fields = {name: fields[name] for name in fields if name not in NOT_IN_LINEAR_POLICY}
    own_policy = algo in POLICY_KWARGS and not is_object_path(policy)
    rules["policy_kwargs"] = replace(rules["policy_kwargs"], fields=fields, closed=own_policy)
    if "replay_buffer_kwargs" in rules:
        buffer = _buffer_name(draft.values.get("replay_buffer_class"))
        known = REPLAY_BUFFER_KWARGS.get(buffer)
        rules["replay_buffer_kwargs"] = replace(
            rules["replay_buffer_kwargs"], fields=known or {}, closed=known is not None
        )
    return rules


def _buffer_name(value: Any) -> str:
    if value is None:
        return "ReplayBuffer"
    if isinstance(value, type):
        value = Symbol(f"{value.__module__}:{value.__qualname__}")
    if isinstance(value, str) and is_object_path(value):
        value = symbol_from_path(value)
    return value.path.rpartition(":")[2] if isinstance(value, Symbol) else str(value)


def _take_policy_sde(draft: Draft) -> None:
    """Drop ``policy_kwargs.use_sde`` where it repeats ``use_sde`` (SB3 adds it to saved files)."""
    policy_kwargs = draft.values.get("policy_kwargs")
    if not isinstance(policy_kwargs, dict) or "use_sde" not in policy_kwargs:
        return
    if policy_kwargs["use_sde"] == draft.values.get("use_sde", False):
        del policy_kwargs["use_sde"]
        draft.origins.pop("policy_kwargs.use_sde", None)


def _unknown_key(key: str, algo: str) -> str:
    if key in SET_BY_RUNNER:
        return f"is not a hyperparameter; {SET_BY_RUNNER[key]}"
    parameters = ALGORITHM_PARAMETERS[algo]
    if key in POLICY_KWARGS[algo] or key in JAX_POLICY_KWARGS.get(algo, {}):
        return f"belongs into policy_kwargs; write policy_kwargs.{key}"
    valid = [*parameters, *JAX_PARAMETERS.get(algo, {}), *ZOO_KEYS, *STRUCTURE_KEYS]
    return f"{algo} has no hyperparameter '{key}'{did_you_mean(key, valid)}"


def _check_normalize(draft: Draft) -> Normalize | None:
    value = draft.values.get("normalize")
    if value is None or value is False:
        return None
    if value is True:
        return Normalize()
    if not isinstance(value, Mapping):
        quoted = str(value).lower() in ("true", "false")
        draft.report(
            "normalize",
            "must be true, false or a mapping such as {norm_reward: false}, "
            f"not {describe(value)}{'; write it without quotes' if quoted else ''}",
        )
        return None
    rule = Rule("mapping", fields=NORMALIZE, closed=True)
    converted = convert(rule, value, "normalize", draft.report)
    if converted is INVALID or INVALID in converted.values():
        return None
    return Normalize(**converted)
