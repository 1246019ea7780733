"""Where the study of a command is kept, and how the same command continues it."""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from rl_zoo.errors import ConfigError, DamagedFileError, MissingDependencyError

if TYPE_CHECKING:
    from rl_zoo.tuning.options import TuneOptions
    from rl_zoo.tuning.study import StudyEnd
    from rl_zoo.tuning.study_folder import Session

_HARMLESS = frozenset(
    (
        *("n_jobs", "workers", "num_threads", "device", "verbose", "debug", "progress"),
        *("no_optim_plots", "write_best", "max_failures", "fail_stale", "wear_budget"),
    )
)
"""Flags that may change when a command continues a study, beside those of the cluster."""


@contextlib.contextmanager
def study_session(
    arguments: argparse.Namespace, options: TuneOptions
) -> Iterator[tuple[TuneOptions, Session]]:
    """Give the study its name, storage and folder; yield the options with them, and the session.

    A study that could not begin leaves nothing; one that did not come to its end is continued by
    the same command.

    Args:
        arguments: Parsed flags.
        options: What they say.

    Raises:
        UsageError: If the log folder cannot be written.
    """
    from rl_zoo.tuning.study_folder import INTERRUPTED, Request, place_study

    request = Request(
        identity=command_identity(arguments),
        name=arguments.study_name,
        storage=arguments.storage,
        is_seed_given=arguments.seed != -1,
        is_worker=arguments.as_worker,
    )
    placed, session = place_study(options, request)
    try:
        yield placed if request.is_seed_given else _with_stored_seed(placed, arguments), session
    except (ConfigError, DamagedFileError, MissingDependencyError):
        if session.done == 0:
            session.withdraw()
        raise
    except BaseException:
        if session.is_running:
            session.end(INTERRUPTED)
        raise


def session_state(end: StudyEnd) -> str:
    """Return how a session ended: whether the same command is to continue it."""
    from optuna.trial import TrialState

    from rl_zoo.tuning.study_folder import FINISHED, INTERRUPTED

    if end.interrupted is not None or end.worn is not None:
        return INTERRUPTED
    has_result = bool(end.study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)))
    return INTERRUPTED if end.failure is not None and has_result else FINISHED


def command_identity(arguments: argparse.Namespace) -> str:
    """Return what makes two commands the same: a digest of their flags, but for harmless ones."""
    flags = {
        name: value
        for name, value in vars(arguments).items()
        if name not in _HARMLESS and not name.startswith("cluster")
    }
    text = json.dumps(flags, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _with_stored_seed(options: TuneOptions, arguments: argparse.Namespace) -> TuneOptions:
    """Return the options with the seed of a study that another machine began."""
    from rl_zoo.tuning.attributes import SEED_ATTRIBUTE
    from rl_zoo.tuning.storage import file_of, open_storage, study_names

    storage = options.storage
    if storage is None or arguments.storage is None or not arguments.study_name:
        return options
    file = file_of(storage)
    if file is not None and not file.exists():
        return options
    opened = open_storage(storage, must_exist=False)
    if options.study_name not in study_names(opened):
        return options
    identity = opened.get_study_id_from_name(options.study_name)
    return replace(
        options, seed=opened.get_study_user_attrs(identity).get(SEED_ATTRIBUTE, options.seed)
    )
