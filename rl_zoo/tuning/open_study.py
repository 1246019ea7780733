"""Create a study, or open the one of that name after checking that it is the one that is meant."""

from __future__ import annotations

from typing import Any

import optuna

from rl_zoo import console
from rl_zoo.errors import ConfigError, ZooError
from rl_zoo.tuning.attributes import (
    ALGORITHM_ATTRIBUTE,
    ENVIRONMENT_ATTRIBUTE,
    OPTIONS_ATTRIBUTE,
    SEED_ATTRIBUTE,
)
from rl_zoo.tuning.earlier_trials import check_against_study
from rl_zoo.tuning.options import TuneOptions
from rl_zoo.tuning.search import check_same_search, directions, objective_record, search_parts
from rl_zoo.tuning.search_space import space_of
from rl_zoo.tuning.storage import (
    MEMORY,
    open_storage,
    quiet,
    redacted,
    storage_error,
    study_names,
)
from rl_zoo.tuning.stored_options import options_record
from rl_zoo.tuning.values import EntryPoint


def open_study(options: TuneOptions, point: EntryPoint) -> optuna.Study:
    """Create the study, or open the one of that name.

    Args:
        options: The study.
        point: What trial 0 is.

    Raises:
        ConfigError: If it is a study of another algorithm or environment or with other objectives,
            or if the storage cannot be used; nothing is changed then.
        DamagedFileError: If the storage cannot be read.
    """
    quiet()
    place = options.storage or MEMORY
    storage = open_storage(place, must_exist=False, fail_stale=options.fail_stale)
    parts: dict[str, Any] = {
        "study_name": options.study_name,
        "storage": storage,
        **search_parts(options, point),
    }
    try:
        if options.study_name in study_names(storage):
            study = optuna.load_study(**parts)
        else:
            study = optuna.create_study(
                **parts, directions=directions(options), load_if_exists=True
            )
        _check_and_record(study, options)
    except ZooError:
        raise
    except Exception as error:  # the journal reader and every database have their own
        raise storage_error(place, error) from error
    return study


def tell_first_trial(point: EntryPoint) -> None:
    """Tell what trial 0 of a new study is."""
    console.message("trial 0 trains the configuration as it is, so that the others have a baseline")
    if point.inexact:
        console.message(
            f"note: its {', '.join(point.inexact)} cannot be drawn from the search space; trial 0 "
            "uses them, and the sampler takes the nearest values for them"
        )


def _check_and_record(study: optuna.Study, options: TuneOptions) -> None:
    known, trials = study.user_attrs, study.get_trials(deepcopy=False)
    identity: dict[str, Any] = {
        ALGORITHM_ATTRIBUTE: options.config.algo,
        ENVIRONMENT_ATTRIBUTE: options.config.env_id,
    }
    for name, wanted in identity.items():
        value = known.get(name, wanted)
        if value != wanted:
            raise ConfigError(
                f"--study-name {study.study_name}: is a study of {value}, not of {wanted}; "
                "choose another name"
            )
    if known or trials:
        check_same_search(study, options)
    space = space_of(options.config, options.fixed, options.search_space)
    for note in check_against_study(space, trials):
        console.message(f"note: {note}")
    command = {
        "command": redacted(options.command),
        SEED_ATTRIBUTE: options.seed,
        OPTIONS_ATTRIBUTE: options_record(options),
    }
    for name, content in {**identity, **objective_record(options), **command}.items():
        if name not in known:
            study.set_user_attr(name, content)
