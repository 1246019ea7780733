"""Check every combination of a sweep before anything of it is started."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rl_zoo.commands import training
from rl_zoo.commands.realtime_training import choose_mode
from rl_zoo.commands.sweep_parser import given_flags, search_flags
from rl_zoo.commands.train_parser import build_parser as build_train_parser
from rl_zoo.errors import ConfigError, ZooError

if TYPE_CHECKING:
    from rl_zoo.sweep.plan import SweepPlan
    from rl_zoo.train_options import TrainOptions

_REFUSED = {
    "seed": "--seed: every run of a sweep has its own; use --seeds N or --seed-list",
    "resume": "--resume: a sweep resumes its runs itself; run the same command again",
    "optimize_hyperparameters": "-optimize: a sweep trains; search with python -m rl_zoo.tune",
    "show_config": "--show-config: shows one run; use it with python -m rl_zoo.train",
    "label": "--label: a sweep labels its runs itself; give it a --name",
}
_OF_A_TRIAL = frozenset({"storage", "study_name", "trial_id", "study", "trial"})
"""Flags of a search that make sense here: train with the values that it found."""


def check_flags(flags: Sequence[str]) -> None:
    """Refuse the flags of ``train`` that make no sense in a sweep.

    Raises:
        ConfigError: All of them at once.
    """
    given, of_search = given_flags(flags), search_flags()
    problems = [text for name, text in _REFUSED.items() if name in given]
    problems += [
        f"{flag}: belongs to a search for hyperparameters; a sweep trains"
        for name, flag in of_search.items()
        if name in given and name not in _OF_A_TRIAL and name not in _REFUSED
    ]
    if problems:
        raise ConfigError(problems)


def check_pairs(plan: SweepPlan, pairs: Iterable[tuple[str, str]], places: int) -> dict[str, int]:
    """Check every pair of algorithm and environment as ``train`` would; open each environment.

    Args:
        plan: The sweep.
        pairs: Algorithm and environment id, of the runs that are not finished.
        places: Runs side by side.

    Returns:
        Environment steps of each run by ``<algo>/<env id>``.

    Raises:
        ConfigError: All problems of all pairs at once.
    """
    problems: list[str] = []
    budgets: dict[str, int] = {}
    fit: list[TrainOptions] = []
    for algo, env_id in pairs:
        argv = ["--algo", algo, "--env", env_id, "--seed", str(plan.seeds[0]), *plan.flags]
        try:
            arguments = build_train_parser().parse_args(argv)
            training.check_numbers(arguments)
            config = training.resolve_config(arguments)
            problems += _too_many_at_once(env_id, places)
            budgets[f"{algo}/{env_id}"] = config.n_timesteps
            if not problems:  # what follows imports torch
                fit.append(_options(arguments, argv, config))
        except ZooError as error:
            problems += _problems_of(error)
    for options in [] if problems else fit:
        try:
            _check_spaces(options)
        except ZooError as error:
            problems += _problems_of(error)
    if problems:
        raise ConfigError(list(dict.fromkeys(problems)))
    return budgets


def has_single_instance(envs: Iterable[str]) -> bool:
    """Say whether there is only one of some of the environments: a robot, say."""
    from rl_zoo.envs.ids import is_single_instance

    return any(is_single_instance(env_id) for env_id in envs)


def _too_many_at_once(env_id: str, places: int) -> list[str]:
    if places < 2 or not has_single_instance([env_id]):
        return []
    return [f"--workers {places}: there is only one {env_id}; its runs go one after another"]


def _options(arguments: argparse.Namespace, argv: Sequence[str], config: object) -> TrainOptions:
    options = training.make_options(arguments, config, argv)  # type: ignore[arg-type]
    return choose_mode(options, arguments.realtime)[0]


def _check_spaces(options: TrainOptions) -> None:
    """Check what ``train`` checks, and that the algorithm can handle what the environment offers.

    An environment of which there is only one is not opened.
    """
    from rl_zoo.agents.build import check_action_space, check_device, check_observation_space
    from rl_zoo.envs.stack import StackSettings, make_vec_env
    from rl_zoo.experiment import check
    from rl_zoo.runs.source import find_source

    check(options)
    check_device(options.device)
    if options.trained_agent is not None:
        find_source(options.trained_agent)
    config = options.config
    if has_single_instance([config.env_id]):
        return
    settings = StackSettings(seed=options.seed, gym_packages=options.gym_packages)
    env = make_vec_env(config, settings)
    try:
        check_action_space(config, env)
        check_observation_space(config, env)
    finally:
        env.close()


def _problems_of(error: ZooError) -> list[str]:
    return error.problems if isinstance(error, ConfigError) else [str(error)]
