"""The configuration that a trial trained, from what the study holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rl_zoo.config.model import RunConfig
from rl_zoo.config.resolve import resolve_saved
from rl_zoo.config.yaml import dump_yaml, parse_yaml
from rl_zoo.errors import DamagedFileError
from rl_zoo.tuning.attributes import CONFIG_ATTRIBUTE, ENTRY_ATTRIBUTE, VALUES_ATTRIBUTE

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

    from rl_zoo.tuning.options import TuneOptions


def stored_hyperparams(trial: FrozenTrial) -> dict[str, Any] | None:
    """Return the whole entry that ``trial`` trained; None if the study does not hold it.

    Raises:
        DamagedFileError: If it cannot be read.
    """
    text = trial.user_attrs.get(CONFIG_ATTRIBUTE)
    if not isinstance(text, str):
        return None
    content = parse_yaml(text, f"trial {trial.number}")
    if not isinstance(content, Mapping):
        raise DamagedFileError(f"trial {trial.number}: its configuration cannot be read")
    return dict(content)


def trial_config(trial: FrozenTrial, options: TuneOptions) -> RunConfig:
    """Return the configuration that ``trial`` trained.

    Where the study does not hold it, its values are put over the entry.
    """
    content = stored_hyperparams(trial)
    if content is not None:
        config = options.config
        return resolve_saved(content, f"trial {trial.number}", config.algo, config.env_id)
    values = trial.user_attrs.get(VALUES_ATTRIBUTE, {})
    return options.resolve({key: values[key] for key in values if key not in options.fixed})


def entry_of(trial: FrozenTrial, options: TuneOptions) -> dict[str, Any]:
    """Return the entry for a hyperparameter file: with the entry's own budget."""
    hyperparams = dict(trial_config(trial, options).hyperparams)
    hyperparams["n_timesteps"] = options.entry_timesteps or options.config.n_timesteps
    return hyperparams


def entry_block(trial: FrozenTrial, options: TuneOptions, remark: str) -> str:
    """Return the entry as YAML, for ``hyperparams/<algo>.yml`` or ``-conf``.

    Args:
        trial: Whose configuration.
        options: The study.
        remark: Ends the comment on top.
    """
    source = "the configuration's own values" if ENTRY_ATTRIBUTE in trial.user_attrs else "sampled"
    comment = f"# Trial {trial.number} of the study {options.study_name} ({source}): {remark}\n"
    entry = entry_of(trial, options)
    if options.config.search_space:
        entry["search_space"] = dict(options.config.search_space)
    return comment + dump_yaml({options.config.env_id: entry})
