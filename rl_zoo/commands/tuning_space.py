"""The search space that the flags of ``tune`` describe, checked before anything is opened."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import TYPE_CHECKING

from rl_zoo import console
from rl_zoo.commands.training import resolve_config
from rl_zoo.errors import ConfigError

if TYPE_CHECKING:
    from rl_zoo.config.model import RunConfig
    from rl_zoo.tuning.space import Parameter


def checked_space(
    arguments: argparse.Namespace, config: RunConfig, fixed: Iterable[str]
) -> tuple[Parameter, ...]:
    """Return the search space, of which every end is something that a run can have.

    Args:
        arguments: Parsed flags.
        config: The entry with the flags over it.
        fixed: Dotted keys that the command line gives.

    Raises:
        ConfigError: All mistakes of the entry's ``search_space`` and of ``--search-space`` at once.
    """
    from rl_zoo.cpu_budget import apply_cpu_budget

    apply_cpu_budget(arguments.num_threads)  # before torch, which the default values need
    from rl_zoo.envs.ids import is_single_instance
    from rl_zoo.tuning.search_space import read_space
    from rl_zoo.tuning.space_check import SpaceCheck

    space, problems = read_space(config, fixed, tuple(arguments.search_space or ()))
    check = SpaceCheck(
        space,
        config,
        lambda values: resolve_config(arguments, values),
        tuple(arguments.gym_packages),
    )
    problems += check.problems()
    one_robot = arguments.one_robot or is_single_instance(config.env_id)
    if one_robot and any("n_envs" in parameter.config_keys for parameter in space):
        problems.append("search_space n_envs: there is only one of this environment")
    if not problems and not one_robot and not arguments.as_worker:
        problems = check.problems_of_opening()
    if problems:
        raise ConfigError(problems)
    judged_by_return = any(text.partition(":")[0] == "return" for text in arguments.objective)
    if judged_by_return and not arguments.as_worker:
        for note in check.notes():
            console.message(f"note: {note}")
    return space
