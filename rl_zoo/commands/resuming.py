"""Continue a run with its own flags and configuration, without trusting its files."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rl_zoo.commands.train_parser import build_parser
from rl_zoo.errors import UnsafeFileError, UsageError

if TYPE_CHECKING:
    from rl_zoo.config.model import RunConfig
    from rl_zoo.runs.folder import RunFolder

FIXED_WHEN_RESUMING = {
    "algo": "--algo",
    "env": "--env",
    "hyperparams": "-params",
    "conf_file": "-conf",
    "env_kwargs": "--env-kwargs",
    "eval_env_kwargs": "--eval-env-kwargs",
    "trained_agent": "-i",
    "seed": "--seed",
}
NEVER_FROM_A_RUN = {"trust", "trust_config"}
"""Flags that only the person at the keyboard may give, not the file of a run."""


def with_saved_arguments(arguments: argparse.Namespace, argv: Sequence[str]) -> argparse.Namespace:
    """Return the arguments of the run to resume, with the flags given now over them.

    Raises:
        UsageError: If the folder is not a run, or a flag would change what is learned.
    """
    from rl_zoo.config.yaml import load_saved_yaml
    from rl_zoo.runs.folder import open_run_folder

    folder = open_run_folder(arguments.resume)
    if not folder.args_file.is_file() or not folder.record_file.is_file():
        raise UsageError(
            f"--resume {arguments.resume}: not a run of rl_zoo (no args.yml, run.json)"
        )
    parser = build_parser()
    nothing_given = parser.parse_args([])
    saved: Mapping[str, Any] = load_saved_yaml(folder.args_file)
    not_given = argparse.Namespace(**dict.fromkeys(FIXED_WHEN_RESUMING))
    given = vars(parser.parse_args(list(argv), namespace=not_given))
    for name, flag in FIXED_WHEN_RESUMING.items():
        if given[name] is not None and given[name] != saved.get(name):
            raise UsageError(
                f"{flag}: cannot change when resuming; start a new run from the weights with -i"
            )
    known = {
        name: value
        for name, value in saved.items()
        if hasattr(nothing_given, name) and name not in NEVER_FROM_A_RUN
    }
    known.update(n_timesteps=-1, trained_agent="", optimize_hyperparameters=False)
    merged = parser.parse_args(list(argv), namespace=argparse.Namespace(**known))
    for name in FIXED_WHEN_RESUMING.keys() & known.keys():
        setattr(merged, name, known[name])
    merged.named_packages = list(arguments.gym_packages)
    merged.gym_packages = list(dict.fromkeys(merged.gym_packages))
    if not arguments.trust:
        check_packages(folder, merged)
    return merged


def check_packages(folder: RunFolder, arguments: argparse.Namespace) -> None:
    """Refuse to import a module that came with the run.

    Raises:
        UnsafeFileError: If a package of ``args.yml`` lies in the run's folder, or the run in it.
    """
    from importlib.machinery import PathFinder

    saved = [name for name in arguments.gym_packages if name not in arguments.named_packages]
    module, colon, _ = arguments.env.rpartition(":")
    for name in [*saved, module] if colon and module not in arguments.named_packages else saved:
        spec = PathFinder.find_spec(name.split(".")[0])
        places = [] if spec is None else [spec.origin, *(spec.submodule_search_locations or ())]
        for place in (Path(place).resolve() for place in places if place is not None):
            if place.is_relative_to(folder.path) or folder.path.is_relative_to(place):
                raise UnsafeFileError(
                    f"{folder.args_file}: wants to import '{name}', which lies beside the run; "
                    f"if you trust it, add --gym-packages {name}"
                )


def saved_config(arguments: argparse.Namespace, budget: int | None) -> RunConfig:
    """Return the configuration of the run to resume.

    Args:
        arguments: Flags as ``with_saved_arguments`` returns them.
        budget: New budget in environment steps; None: the run's own.

    Raises:
        UnsafeFileError: If the run names parts that would execute code of its own.
    """
    from rl_zoo.config.draft import STEPS_FLAG
    from rl_zoo.config.resolve import load_saved
    from rl_zoo.envs.ids import require_env
    from rl_zoo.runs.folder import open_run_folder

    file = open_run_folder(arguments.resume).config_file
    saved = load_saved(file, arguments.algo, arguments.env, trust=arguments.trust)
    if not arguments.trust:
        from rl_zoo.agents.trusted_parts import check_parts

        check_parts(saved, file, arguments.named_packages, callbacks=True)
    require_env(arguments.env, tuple(arguments.gym_packages))
    if budget is None:
        return saved
    hyperparams = {**saved.hyperparams, "n_timesteps": budget}
    origins = {**saved.origins, "n_timesteps": STEPS_FLAG}
    return replace(saved, n_timesteps=budget, hyperparams=hyperparams, origins=origins)
