"""Whether a training acts and learns in two processes or in one."""

from __future__ import annotations

import argparse
import math
from dataclasses import replace
from typing import TYPE_CHECKING

from rl_zoo.commands.realtime_flags import REALTIME_ONLY
from rl_zoo.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from rl_zoo.config.model import RunConfig
    from rl_zoo.runs.folder import RunFolder
    from rl_zoo.train_options import TrainOptions

_WITHOUT_CLOCK = ("mock", "replay", "sim")
"""Drivers whose time passes only while somebody waits."""


def check_realtime_numbers(arguments: argparse.Namespace) -> list[str]:
    """Return what is wrong with the numbers of the flags for real time."""
    from rl_zoo.cpu_budget import usable_cores

    problems = []
    if arguments.optimize_hyperparameters and arguments.realtime:
        problems.append("--realtime and -optimize: trials act and learn in turn; leave one out")
    for name in ("control_frequency", "learner_timeout"):
        value = getattr(arguments, name)
        if value is not None and not (math.isfinite(value) and value > 0.0):
            problems.append(f"--{name.replace('_', '-')} {value:g}: must be positive")
    for name in ("actor_core", "learner_core"):
        core = getattr(arguments, name)
        if core is not None and core not in usable_cores():
            cores = ", ".join(map(str, usable_cores()))
            flag = name.replace("_", "-")
            problems.append(f"--{flag} {core}: this process may use the cores {cores}")
    return problems


def choose_mode(options: TrainOptions, requested: bool | None) -> tuple[TrainOptions, list[str]]:
    """Return the options with ``realtime`` and cores set, and what the user should know.

    Args:
        options: From the flags.
        requested: True: ``--realtime``; False: ``--lockstep``; None: neither.

    Raises:
        ConfigError: If a real-time run was asked for and cannot be, or a flag for it is left over.
        UsageError: If a run is to be continued in the other mode.
    """
    from rl_zoo.realtime.fit import require_fit, what_does_not_fit

    notes = []
    if options.resume is not None:
        requested = _mode_of(options.resume, requested)
    elif requested is None and is_hardware(options.config):
        unfit = what_does_not_fit(options)
        requested = not unfit
        if unfit:
            notes.append(f"one process acts and learns in turn, because of {'; '.join(unfit)}")
    if not requested:
        _refuse_leftover_flags(options)
        return options, notes
    from rl_zoo.cpu_budget import divide_cores

    require_fit(options)
    actor_core, learner_core = divide_cores(options.actor_core, options.learner_core)
    if learner_core is not None:
        options = replace(options, threads=1)
    return (
        replace(options, realtime=True, actor_core=actor_core, learner_core=learner_core),
        ["acting and learning in two processes"],
    )


def is_hardware(config: RunConfig) -> bool:
    """Say whether an environment moves with the clock on the wall, whoever waits for it.

    A robot behind a driver does, unless the driver only plays one in a time of its own.
    """
    from rl_zoo.envs.ids import registration_of, takes_run_folder

    if not takes_run_folder(config.env_id):
        return False
    kwargs = {**registration_of(config.env_id), **config.env_kwargs}
    return kwargs.get("driver") not in _WITHOUT_CLOCK


def _mode_of(folder: RunFolder, requested: bool | None) -> bool:
    """Return whether the run to continue is a real-time run."""
    is_realtime = folder.realtime.is_dir()
    if requested is not None and requested != is_realtime:
        wrong, right = ("--lockstep", "--realtime") if is_realtime else ("--realtime", "--lockstep")
        raise UsageError(f"{wrong}: {folder.path} was trained with {right} and continues so")
    return is_realtime


def _refuse_leftover_flags(options: TrainOptions) -> None:
    left = [flag for name, flag in REALTIME_ONLY.items() if getattr(options, name) is not None]
    if options.learner_timeout != type(options).learner_timeout:
        left.append("--learner-timeout")
    if left:
        raise ConfigError(f"{', '.join(left)}: only with --realtime")
