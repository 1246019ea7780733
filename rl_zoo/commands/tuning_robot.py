"""What a study on the one robot there is refuses, and what it does unless asked."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from rl_zoo import console
from rl_zoo.errors import ConfigError

if TYPE_CHECKING:
    from rl_zoo.config.model import RunConfig
    from rl_zoo.tuning.options import TuneOptions
    from rl_zoo.tuning.study import StudyEnd


def check_robot_flags(arguments: argparse.Namespace, config: RunConfig, *, one_robot: bool) -> None:
    """Refuse what needs a second robot, or a robot where there is none.

    Args:
        arguments: The parsed flags.
        config: What is tuned.
        one_robot: Whether there is only one of the environment.

    Raises:
        ConfigError: All problems at once.
    """
    if not one_robot:
        if arguments.wear_budget is not None:
            raise ConfigError(
                f"--wear-budget {arguments.wear_budget:g}: is the budget of one robot, and "
                f"{config.env_id} is none; add --one-robot to treat it like one"
            )
        return
    why = "--one-robot" if arguments.one_robot else config.env_id
    only_one = f"{why}: there is only one of this environment"
    problems = []
    if config.n_envs > 1 or arguments.n_jobs != 1:
        problems.append(f"{only_one}; use n_envs: 1 and --n-jobs 1")
    if arguments.workers not in (None, 1) or arguments.cluster is not None:
        problems.append(f"{only_one}; leave out --workers and --cluster")
    if arguments.eval_on_train_env is False:
        problems.append(f"{only_one}; leave out --no-eval-on-train-env")
    if problems:
        raise ConfigError(problems)


def robot_defaults(arguments: argparse.Namespace, *, one_robot: bool) -> dict[str, Any]:
    """Return the options of a study whose defaults differ on one robot.

    There nothing is pruned unless asked for, and without a pruner only the evaluation after
    training is made, if no objective looks at earlier ones: a robot's time is dear.
    """
    pruner = arguments.pruner or ("none" if one_robot else "median")
    n_evaluations = arguments.n_evaluations
    if n_evaluations is None and one_robot and pruner == "none" and _looks_at_last(arguments):
        n_evaluations = 1
    return {"pruner": pruner, "n_evaluations": n_evaluations}


def tell_robot_use(end: StudyEnd, options: TuneOptions) -> None:
    """Tell how long the study has used its one robot, and whether that ended it."""
    from rl_zoo.tuning.wear import describe_wear

    if end.worn is not None:
        console.message(f"the study ends here: {end.worn}; a larger --wear-budget continues it")
    use = describe_wear(end.study, options.wear_budget) if options.one_robot else None
    if use is not None:
        console.message(use)


def _looks_at_last(arguments: argparse.Namespace) -> bool:
    from rl_zoo.tuning.measures import parse_objectives

    return all(objective.summary == "last" for objective in parse_objectives(arguments.objective))
