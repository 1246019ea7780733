"""From the hyperparameters of a run to the keywords of SBX's constructors.

The configuration speaks SB3's language. What SBX calls otherwise is translated, what it lacks is
refused unless the value changes nothing, and what it takes without using is told to the user.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rl_zoo.agents.jax.policy_keywords import activation_of, optimizer_keywords
from rl_zoo.config.model import RunConfig
from rl_zoo.errors import ConfigError
from rl_zoo.suggest import did_you_mean

_HAS_NO_EFFECT: Mapping[str, tuple[Any, ...]] = {
    "optimize_memory_usage": (False,),
    "clip_range_vf": (None,),
    "full_std": (True,),
    "squash_output": (False,),
    "batch_norm_eps": (0.001,),
    "features_extractor_kwargs": (None, {}),
}
"""Values of keywords that SBX lacks, or does not look at, which mean what SBX does anyway."""

_UNUSED = ("log_std_init", "use_expln", "clip_mean", "normalize_images", "share_features_extractor")
"""Names in ``policy_kwargs`` that SBX takes for the sake of SB3's YAML and does not look at."""

_OWN_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "droq": {"learning_starts": 5000, "gradient_steps": 20, "policy_delay": 20}
}
_OWN_POLICY_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "droq": {"dropout_rate": 0.01, "layer_norm": True}
}
"""Of our own DroQ, which is SAC to SBX."""


@dataclass
class SbxKeywords:
    """What SBX's constructor gets, and what the user should know."""

    policy: Any
    """Name or class."""
    keywords: dict[str, Any]
    stats_window_size: int | None
    """Set afterwards: two of SBX's constructors lack it."""
    notes: list[str] = field(default_factory=list)


def sbx_keywords(config: RunConfig, algorithm: type[Any], values: Mapping[str, Any]) -> SbxKeywords:
    """Translate the hyperparameters of a run.

    Args:
        config: The run.
        algorithm: The class of SBX.
        values: ``config.algo_kwargs`` with classes and functions in place of their names.

    Raises:
        ConfigError: One sentence for every hyperparameter that SBX cannot honour.
    """
    problems: list[str] = []
    policy_class = _policy_class(config, algorithm, problems)
    accepted = inspect.signature(algorithm).parameters
    found = SbxKeywords(config.policy, dict(_OWN_DEFAULTS.get(config.algo, {})), None)
    for key, value in values.items():
        if key == "policy_kwargs":
            continue
        if key == "stats_window_size":
            found.stats_window_size = value
        elif _changes_nothing(config.algo, key, value):
            continue
        elif key not in accepted or key in _HAS_NO_EFFECT:
            problems.append(_unknown(config, key, value))
        else:
            found.keywords[key] = float(value) if _is_number(key, value) else value
    given = values.get("policy_kwargs") or {}
    if policy_class is not None:
        found.policy = policy_class if "." in config.policy else config.policy
        found.keywords["policy_kwargs"] = _policy_kwargs(config, policy_class, given, problems)
    if problems:
        raise ConfigError(problems)
    found.notes = _notes(config, values, given)
    return found


def _policy_class(config: RunConfig, algorithm: Any, problems: list[str]) -> Any:
    aliases = algorithm.policy_aliases
    name = config.policy
    if "." in name or ":" in name:
        from rl_zoo.registry import import_object

        found = import_object(name, kind="policy")
        if any(issubclass(found, known) for known in aliases.values()):
            return found
        problems.append(
            f"{config.env_id}.policy: {name} is no policy of SBX's {algorithm.__name__}; derive it "
            f"from {next(iter(aliases.values())).__name__} or use --backend sb3"
        )
        return None
    if name not in aliases:
        problems.append(
            f"{config.env_id}.policy: SBX's {algorithm.__name__} has no {name}"
            f"{did_you_mean(name, aliases)}; or use --backend sb3"
        )
        return None
    return aliases[name]


def _policy_kwargs(
    config: RunConfig, policy_class: Any, given: Mapping[str, Any], problems: list[str]
) -> dict[str, Any]:
    accepted = inspect.signature(policy_class).parameters
    result = dict(_OWN_POLICY_DEFAULTS.get(config.algo, {}))
    for key, value in given.items():
        place = f"policy_kwargs.{key}"
        try:
            if key == "activation_fn":
                result[key] = activation_of(value)
            elif key in ("optimizer_class", "optimizer_kwargs"):
                continue  # together, below
            elif key == "batch_norm_momentum":  # SBX weighs the old statistics, SB3 the new ones
                result[key] = 1.0 - value
            elif key == "features_extractor_class":
                _check_extractor(value, policy_class)
            elif _changes_nothing(config.algo, key, value):
                continue
            elif key not in accepted:
                problems.append(_unknown(config, place, value))
            else:
                result[key] = value
        except ConfigError as error:
            problems.append(f"{config.env_id}.{place}: {error}")
    try:
        result.update(optimizer_keywords(given))
    except ConfigError as error:
        problems.append(f"{config.env_id}.policy_kwargs.optimizer_class: {error}")
    return result


def _check_extractor(extractor: Any, policy_class: Any) -> None:
    has_images = policy_class.__name__ in ("CnnPolicy", "CNNPolicy")
    own = "NatureCNN" if has_images else "FlattenExtractor"
    if getattr(extractor, "__name__", None) not in (own, "CombinedExtractor"):
        raise ConfigError(
            f"SBX has no {getattr(extractor, '__name__', extractor)}; remove it, or use "
            "--backend sb3"
        )


def _unknown(config: RunConfig, place: str, value: Any) -> str:
    return (
        f"{config.env_id}.{place}: SBX has no {config.algo} with {place.rpartition('.')[2]} "
        f"{value!r}; remove it, or use --backend sb3"
    )


def _changes_nothing(algo: str, key: str, value: Any) -> bool:
    if key == "target_update_interval" and algo != "dqn":
        return bool(value == 1)
    return any(value == harmless for harmless in _HAS_NO_EFFECT.get(key, ()))


def _is_number(key: str, value: Any) -> bool:
    """Say whether SBX insists on a float where a YAML file may hold an integer."""
    is_rate = key in ("ent_coef", "qf_learning_rate", "learning_rate")
    return is_rate and isinstance(value, int)


def _notes(config: RunConfig, values: Mapping[str, Any], given: Mapping[str, Any]) -> list[str]:
    notes = []
    gaussian = config.algo == "ppo"
    unused = [key for key in _UNUSED if key in given and not (gaussian and key == "log_std_init")]
    if unused:
        notes.append(f"SBX does not look at policy_kwargs {', '.join(unused)}")
    if values.get("use_sde"):
        notes.append("use_sde: SBX repeats the same noise, it does not depend on the state")
    if config.algo == "ppo" and values.get("target_kl") is not None:
        notes.append("target_kl: SBX adapts the learning rate to it instead of stopping an epoch")
    return notes
