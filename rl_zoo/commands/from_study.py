"""``train --study S --trial best|N``: train what a trial of a study trained."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rl_zoo import console
from rl_zoo.errors import ConfigError

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

    from rl_zoo.config.model import RunConfig
    from rl_zoo.tuning.find_study import FoundStudy
    from rl_zoo.tuning.standing import BestTrial

BEST = "best"
_CONTRADICT = {
    "conf_file": "-conf",
    "resume": "--resume",
    "trial_id": "--trial-id",
    "study_name": "--study-name",
}


def with_study(arguments: argparse.Namespace, argv: Sequence[str]) -> argparse.Namespace:
    """Return the arguments with algorithm, environment and configuration of a trial.

    What is typed lies over the trial's configuration. Without ``--study`` nothing is changed.

    Args:
        arguments: Parsed flags of ``train``.
        argv: The flags as typed.

    Raises:
        ConfigError: If the study or trial does not exist, or another flag contradicts.
    """
    if arguments.study is None:
        if arguments.trial is not None:
            raise ConfigError(f"--trial {arguments.trial}: needs --study, the study it is of")
        return arguments
    for name, flag in _CONTRADICT.items():
        if getattr(arguments, name) is not None:
            raise ConfigError(f"{flag} and --study: choose one of them")
    if arguments.optimize_hyperparameters:
        raise ConfigError("-optimize and --study: choose one of them; --study-name names a study")
    from rl_zoo.config.lookup import Entry
    from rl_zoo.tuning.find_study import find_study
    from rl_zoo.tuning.load_trial import recorded_values
    from rl_zoo.tuning.stored_config import stored_hyperparams

    found = find_study(arguments.study, Path(arguments.log_folder), arguments.storage)
    chosen = _choose(found, arguments.trial or BEST)
    completed = argparse.Namespace(**vars(arguments))
    _set_algorithm_and_environment(completed, found, argv)
    hyperparams = stored_hyperparams(chosen.trial)
    origin = f"{found.study.study_name}: trial {chosen.trial.number}"
    completed.trial_entry = completed.trial_values = None
    if hyperparams is not None:
        completed.trial_entry = Entry(hyperparams, origin)
    else:  # a study of RL Zoo, or of an older version: only what was sampled is known
        completed.trial_values = recorded_values(chosen.trial, completed.algo)
    _tell(chosen, found, arguments.seed)
    return completed


def check_trial_parts(config: RunConfig, arguments: argparse.Namespace) -> None:
    """Refuse a configuration from a study that would execute code that came with it.

    Raises:
        UnsafeFileError: If it names such code, and the user did not say to trust it.
    """
    entry = getattr(arguments, "trial_entry", None)
    if entry is None or arguments.trust:
        return
    from rl_zoo.agents.trusted_parts import check_parts

    check_parts(config, Path(entry.origin), arguments.gym_packages, callbacks=True)


def _choose(found: FoundStudy, wanted: str) -> BestTrial:
    from rl_zoo.tuning.standing import BestTrial, standings

    name = found.study.study_name
    known = standings(found.study)
    if wanted == BEST:
        if not known:
            raise ConfigError(f"--trial best: the study {name} has no completed trial yet")
        return known[0]
    trials: list[FrozenTrial] = found.study.get_trials(deepcopy=False)
    drawn = {trial.number: trial for trial in trials if trial.params or trial.user_attrs}
    if not wanted.isdecimal() or int(wanted) not in drawn:
        span = f"has the trials {min(drawn)} to {max(drawn)}" if drawn else "has no trials yet"
        raise ConfigError(f"--trial {wanted}: the study {name} {span}; or say best")
    by_number = {item.trial.number: item for item in known}
    return by_number.get(int(wanted), BestTrial(drawn[int(wanted)]))


def _set_algorithm_and_environment(
    arguments: argparse.Namespace, found: FoundStudy, argv: Sequence[str]
) -> None:
    from rl_zoo.commands.train_parser import build_parser
    from rl_zoo.config.lookup import simulation_of
    from rl_zoo.tuning.attributes import ALGORITHM_ATTRIBUTE, ENVIRONMENT_ATTRIBUTE

    nothing = argparse.Namespace(algo=None, env=None)
    typed = build_parser().parse_args(list(argv), namespace=nothing)
    known = found.study.user_attrs
    name = found.study.study_name
    for flag, attribute in (("algo", ALGORITHM_ATTRIBUTE), ("env", ENVIRONMENT_ATTRIBUTE)):
        given, own = getattr(typed, flag), known.get(attribute)
        if own is None and given is None:
            raise ConfigError(f"--study {name}: does not say what it tuned; add --algo and --env")
        is_robot_of_it = flag == "env" and given is not None and simulation_of(given) == own
        if own is not None and given not in (None, own) and not is_robot_of_it:
            raise ConfigError(f"--{flag} {given}: the study {name} is one of {own}")
        setattr(arguments, flag, own if given is None else given)


def _tell(chosen: BestTrial, found: FoundStudy, seed: int) -> None:
    from rl_zoo.tuning.display import outcome, values_text
    from rl_zoo.tuning.report.content import spread_text

    trial = chosen.trial
    told = f"trial {trial.number} of the study {found.study.study_name}: "
    if trial.values is None:
        told += outcome(trial)
    else:
        again = f"{spread_text(chosen)} over {chosen.n} fresh seeds" if chosen.n else ""
        told += f"{values_text(trial.values)} in the search, {again or 'not re-evaluated'}"
    console.message(told)
    if chosen.seed is None:
        return
    if seed == -1:
        console.message(f"a fresh seed is drawn; --seed {chosen.seed} repeats the trial's training")
    elif seed == chosen.seed:
        console.message("the trial's own seed: its training is repeated")
