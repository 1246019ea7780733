"""The values of a stored trial, for ``train --storage S --study-name N --trial-id K``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rl_zoo.errors import ConfigError
from rl_zoo.tuning.attributes import ALGORITHM_ATTRIBUTE, VALUES_ATTRIBUTE
from rl_zoo.tuning.spaces import find_space
from rl_zoo.tuning.storage import open_storage, require_study
from rl_zoo.tuning.values import read_stored, to_config_values

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial


def load_trial_values(storage: str, study_name: str, trial_id: int, algo: str) -> Mapping[str, Any]:
    """Return the values of one trial by dotted configuration key.

    Args:
        storage: Journal file or URL; it is never created here.
        study_name: The study, ours or RL Zoo's.
        trial_id: Number of the trial in the study, from 0.
        algo: Algorithm that will be trained.

    Raises:
        ConfigError: If the storage, the study or the trial does not exist, or the study is of
            another algorithm.
    """
    opened = open_storage(storage, must_exist=True)
    require_study(opened, storage, study_name)
    study_id = opened.get_study_id_from_name(study_name)
    tuned = opened.get_study_user_attrs(study_id).get(ALGORITHM_ATTRIBUTE, algo)
    if tuned != algo:
        raise ConfigError(
            f"--study-name {study_name}: is a study of {tuned}, not of {algo}; use --algo {tuned}"
        )
    return recorded_values(_find_trial(opened.get_all_trials(study_id), study_name, trial_id), algo)


def _find_trial(trials: list[FrozenTrial], study_name: str, number: int) -> FrozenTrial:
    drawn = {trial.number: trial for trial in trials if trial.params}
    if not drawn:
        raise ConfigError(f"--trial-id {number}: the study {study_name} has no trials yet")
    if number not in drawn:
        raise ConfigError(
            f"--trial-id {number}: the study {study_name} has the trials {min(drawn)} to "
            f"{max(drawn)}"
        )
    return drawn[number]


def recorded_values(trial: FrozenTrial, algo: str) -> Mapping[str, Any]:
    """Return what ``trial`` put over the entry, by dotted configuration key."""
    stored = trial.user_attrs.get(VALUES_ATTRIBUTE)
    if isinstance(stored, Mapping):
        return dict(stored)
    # A study of RL Zoo: its trials have the same names, but not our record of the values.
    space = find_space(algo, hindsight="n_sampled_goal" in trial.params)
    return to_config_values(space, read_stored(space, trial.params))
