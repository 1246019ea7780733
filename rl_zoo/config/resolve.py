"""From a hyperparameter file, a tuned trial and flags to one validated ``RunConfig``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from rl_zoo.config.component_arguments import put_argument
from rl_zoo.config.draft import (
    ENV_KWARGS_FLAGS,
    PARAMS_FLAG,
    STEPS_FLAG,
    TRIAL,
    Draft,
    read_assignments,
)
from rl_zoo.config.legacy import translate_legacy_keys
from rl_zoo.config.lookup import Entry, find_entry
from rl_zoo.config.model import EMPTY, ActionNoise, RunConfig
from rl_zoo.config.parameters import ALGORITHM_PARAMETERS, COMPONENT_KEYS, MAPPING_KEYS
from rl_zoo.config.rules import describe
from rl_zoo.config.saved import saved_hyperparams
from rl_zoo.config.validate import CheckedValues, check_values
from rl_zoo.config.yaml import load_saved_yaml
from rl_zoo.errors import ConfigError, DamagedFileError
from rl_zoo.suggest import did_you_mean

_SCHEDULABLE = ("learning_rate", "clip_range", "clip_range_vf", "delta_std")


@dataclass(frozen=True)
class ConfigRequest:
    """What the command line asks for."""

    algo: str
    env_id: str
    conf_file: Path | None = None
    """File of ``-conf``; None takes the packaged ``hyperparams/<algo>.yml``."""
    params: Sequence[str] = ()
    """``key:value`` arguments of every ``-params``; a later one wins."""
    env_kwargs: Sequence[str] = ()
    """``key:value`` arguments of ``--env-kwargs``."""
    eval_env_kwargs: Sequence[str] = ()
    """``key:value`` arguments of ``--eval-env-kwargs``."""
    entry: Entry | None = None
    """Takes the place of the file's entry, e.g. the configuration of a tuned trial."""
    n_timesteps: int | None = None
    """Budget of ``-n`` in environment steps; None takes the entry's."""
    trial: Mapping[str, Any] = field(default_factory=dict)
    """Tuned values: over the entry, under ``params``."""
    trust_config: bool = False
    """Run ``conf_file`` if it is a Python file."""
    source: str = ""
    """Name of the file in messages; empty for its path."""
    known_components: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Valid short names by key, ``{"env_wrapper": [...], "callback": [...]}``; a missing key
    accepts every name."""
    known_algorithms: Sequence[str] = ()
    """Algorithms of plug-ins: accepted, their hyperparameters unchecked."""
    is_atari: bool | None = None
    """Whether the environment is an Atari game; None decides by its id."""


def resolve(request: ConfigRequest) -> RunConfig:
    """Return the validated configuration of a run.

    Raises:
        ConfigError: With all mistakes of the file, the trial and the flags at once.
    """
    _check_algorithm(request.algo, request.known_algorithms)
    problems: list[str] = []
    params = read_assignments(request.params, PARAMS_FLAG, problems)
    environment = {
        key: read_assignments(texts, ENV_KWARGS_FLAGS[key], problems)
        for key, texts in (
            ("env_kwargs", request.env_kwargs),
            ("eval_env_kwargs", request.eval_env_kwargs),
        )
    }
    try:
        entry = request.entry or find_entry(
            request.algo,
            request.env_id,
            request.conf_file,
            trust_config=request.trust_config,
            is_atari=request.is_atari,
        )
    except ConfigError as error:
        raise ConfigError([*error.problems, *problems]) from error
    draft = Draft(request.source or entry.origin, problems=problems, notes=list(entry.notes))
    draft.merge(entry.values, draft.default_origin)
    _merge_dotted(draft, request.trial.items(), TRIAL)
    _merge_dotted(draft, params, PARAMS_FLAG)
    for key, pairs in environment.items():
        for name, value in pairs:
            draft.put([key, *name.split(".")], value, ENV_KWARGS_FLAGS[key])
    if request.n_timesteps is not None:
        draft.put(["n_timesteps"], request.n_timesteps, STEPS_FLAG)
    return _finish(draft, request.algo, request.env_id, request.known_components)


def load_saved(path: Path, algo: str, env_id: str, *, trust: bool = False) -> RunConfig:
    """Return the configuration of a finished run from its ``config.yml``, ours or the zoo's.

    Args:
        path: The file ``<run>/<env-id>/config.yml``.
        algo: Algorithm of the run.
        env_id: Environment of the run.
        trust: Read every Python tag, which can run code.

    Raises:
        DamagedFileError: If the file is missing or holds no configuration.
        UnsafeFileError: If a tag in it would run code and ``trust`` is False.
        ConfigError: If a value in it is not valid.
    """
    content = load_saved_yaml(path, trust)
    if not isinstance(content, Mapping) or not content:
        raise DamagedFileError(f"{path}: holds no hyperparameters; the run cannot be rebuilt")
    return resolve_saved(content, str(path), algo, env_id)


def resolve_saved(content: Mapping[Any, Any], origin: str, algo: str, env_id: str) -> RunConfig:
    """Return the configuration that the content of a ``config.yml`` stands for.

    Raises:
        ConfigError: If a value in it is not valid; names ``origin``.
    """
    draft = Draft(origin)
    draft.merge(content, origin)
    return _finish(draft, algo, env_id, {})


def _check_algorithm(algo: str, plugins: Sequence[str]) -> None:
    names = [*ALGORITHM_PARAMETERS, *plugins]
    if algo not in names:
        raise ConfigError(f"--algo {algo}: unknown algorithm{did_you_mean(algo, names)}")


def _merge_dotted(draft: Draft, pairs: Any, origin: str) -> None:
    for key, value in pairs:
        path = str(key).split(".")
        if not all(path):
            draft.problems.append(f"{origin} {key}: is not a name")
        elif len(path) > 1 and path[0] in COMPONENT_KEYS:
            put_argument(draft, str(key), value, origin)
        elif path[0] == "search_space":
            draft.problems.append(f"{origin} {key}: is not part of a run; use --search-space")
        elif len(path) > 1 and not _has_parts(draft, path[0]):
            hint = did_you_mean(path[0], sorted(MAPPING_KEYS))
            draft.problems.append(f"{origin} {key}: '{path[0]}' is not a mapping{hint}")
        else:
            draft.put(path, value, origin)


def _has_parts(draft: Draft, name: str) -> bool:
    has_names = name in MAPPING_KEYS or name in _SCHEDULABLE
    return has_names or isinstance(draft.values.get(name), (Mapping, list, tuple))


def _finish(
    draft: Draft, algo: str, env_id: str, known_components: Mapping[str, Sequence[str]]
) -> RunConfig:
    translate_legacy_keys(draft, algo)
    checked = check_values(draft, algo, known_components)
    _check_search_space(draft)
    draft.raise_problems()
    return _assemble(draft, checked, algo, env_id)


def _check_search_space(draft: Draft) -> None:
    space = draft.values.get("search_space")
    if space is not None and not isinstance(space, Mapping):
        draft.report(
            "search_space",
            "must be a mapping such as {gamma: {low: 0.9, high: 0.999}}, not " + describe(space),
        )
    elif space is not None and not all(isinstance(key, str) for key in space):
        draft.report("search_space", "its keys must be names of hyperparameters")


def _assemble(draft: Draft, checked: CheckedValues, algo: str, env_id: str) -> RunConfig:
    zoo = checked.zoo_values
    noise = None
    if zoo.get("noise_type") is not None:
        noise = ActionNoise(zoo["noise_type"], zoo["noise_std"])
    return RunConfig(
        algo=algo,
        env_id=env_id,
        n_timesteps=zoo["n_timesteps"],
        policy=checked.policy,
        n_envs=zoo.get("n_envs", 1),
        algo_kwargs=_frozen(checked.algo_kwargs),
        normalize=checked.normalize,
        frame_stack=zoo.get("frame_stack"),
        action_noise=noise,
        env_wrappers=checked.components["env_wrapper"],
        vec_env_wrappers=checked.components["vec_env_wrapper"],
        callbacks=checked.components["callback"],
        env_kwargs=_frozen(zoo.get("env_kwargs")),
        eval_env_kwargs=_frozen(zoo.get("eval_env_kwargs")),
        monitor_kwargs=_frozen(zoo.get("monitor_kwargs")),
        hyperparams=_frozen(saved_hyperparams(checked)),
        search_space=_frozen(draft.values.get("search_space")),
        origins=_frozen(draft.origins),
        notes=tuple(draft.notes),
    )


def _frozen(values: Mapping[str, Any] | None) -> Mapping[str, Any]:
    return MappingProxyType(dict(values)) if values else EMPTY
