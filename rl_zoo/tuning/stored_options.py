"""What a study was asked to do, kept with it: its report can be written by whoever reads it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rl_zoo.config.model import RunConfig
from rl_zoo.errors import ConfigError
from rl_zoo.tuning.attributes import (
    ALGORITHM_ATTRIBUTE,
    ENVIRONMENT_ATTRIBUTE,
    OPTIONS_ATTRIBUTE,
    SEED_ATTRIBUTE,
)
from rl_zoo.tuning.options import TuneOptions

if TYPE_CHECKING:
    import optuna

_KEPT = (
    "entry_timesteps",
    "sampler",
    "pruner",
    "n_startup_trials",
    "n_evaluations",
    "objective",
    "constraints",
    "seeds_per_trial",
    "reevaluate",
    "reevaluate_seeds",
    "search_space",
    "wear_budget",
    "eval_episodes",
    "one_robot",
    "gym_packages",
)


def options_record(options: TuneOptions) -> dict[str, Any]:
    """Return what is kept with the study, as plain data."""
    config = options.config
    kept = {name: getattr(options, name) for name in _KEPT}
    plain = {name: list(v) if isinstance(v, tuple) else v for name, v in kept.items()}
    return {"n_timesteps": config.n_timesteps, "n_envs": config.n_envs, **plain}


def stored_options(study: optuna.Study, storage: str, folder: Path | None) -> TuneOptions:
    """Return the options of a stored study, as far as reading its results needs them.

    Args:
        study: The study.
        storage: Where it is kept.
        folder: Its folder, which gets the report.

    Raises:
        ConfigError: If the study does not say what it tuned.
    """
    known = study.user_attrs
    if ALGORITHM_ATTRIBUTE not in known or ENVIRONMENT_ATTRIBUTE not in known:
        raise ConfigError(f"{study.study_name}: is not a study of rl_zoo")
    record: Mapping[str, Any] = known.get(OPTIONS_ATTRIBUTE, {})
    kept = {name: record[name] for name in _KEPT if name in record}
    plain: dict[str, Any] = {n: tuple(v) if isinstance(v, list) else v for n, v in kept.items()}
    config = RunConfig(
        algo=known[ALGORITHM_ATTRIBUTE],
        env_id=known[ENVIRONMENT_ATTRIBUTE],
        n_timesteps=record.get("n_timesteps", 0),
        policy="",
        n_envs=record.get("n_envs", 1),
    )
    return TuneOptions(
        config=config,
        resolve=_refuse,
        seed=known.get(SEED_ATTRIBUTE, 0),
        storage=storage,
        study_name=study.study_name,
        study_folder=folder,
        command=str(known.get("command", "")),
        **plain,
    )


def _refuse(values: Mapping[str, Any]) -> RunConfig:
    raise ConfigError("the study does not hold the configurations of its trials")
