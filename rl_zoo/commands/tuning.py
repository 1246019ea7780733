"""From the flags of ``tune`` and ``train -optimize`` to a study and its exit code."""

from __future__ import annotations

import argparse
import random
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rl_zoo import console
from rl_zoo.agents.backends import build_ahead
from rl_zoo.commands.study_session import session_state, study_session
from rl_zoo.commands.training import check_numbers, resolve_config
from rl_zoo.commands.tune_workers import check_worker_flags, has_workers, run_workers
from rl_zoo.commands.tuning_robot import check_robot_flags, robot_defaults, tell_robot_use
from rl_zoo.commands.tuning_space import checked_space
from rl_zoo.config.entry_file import check_entry_file
from rl_zoo.errors import ConfigError, NothingFoundError, RobotFault, TrainingInterrupted, ZooError

if TYPE_CHECKING:
    from rl_zoo.config.model import RunConfig
    from rl_zoo.tuning.options import TuneOptions
    from rl_zoo.tuning.standing import BestTrial
    from rl_zoo.tuning.study import StudyEnd


def tune_from_train_flags(arguments: argparse.Namespace, argv: Sequence[str]) -> int:
    """Run the study that the flags of ``train`` describe.

    Args:
        arguments: Parsed flags of ``train``.
        argv: The command as typed, ``python -m <module> <flags>``, for the record and for workers.

    Returns:
        Exit code 0.

    Raises:
        ZooError: If the flags cannot be used, no trial was completed, or the study was stopped.
    """
    check_numbers(arguments)
    check_study_flags(arguments)
    check_worker_flags(arguments)
    config = resolve_config(arguments, {})
    space = checked_space(arguments, config, fixed_values(arguments))
    if arguments.show_config:
        from rl_zoo.config.show import format_config
        from rl_zoo.tuning.show_space import format_space

        console.result(f"{format_config(config)}\n\n{format_space(space, config)}")
        return 0
    if arguments.write_best is not None:
        check_entry_file(Path(arguments.write_best), config.env_id)
    options = make_tune_options(arguments, config, argv)
    from rl_zoo.tuning.search import check_search

    check_search(options)
    from rl_zoo.tuning.report import write_report
    from rl_zoo.tuning.standing import best_trial
    from rl_zoo.tuning.study import run_study

    build_ahead(config.algo, options.backend)  # once, before workers start or a robot is opened
    with study_session(arguments, options) as (options, session):
        announce(options)
        if has_workers(arguments):
            end = run_workers(arguments, options, session, argv)
        else:
            end = run_study(options, session.trial_ended)
        if not options.is_worker:
            is_over = end.interrupted is None and end.failure is None
            write_report(end.study, options, is_over=is_over)
        tell_robot_use(end, options)
        session.end(session_state(end))
        raise_bad_end(end, options, best_trial(end.study))
    return 0


def check_study_flags(arguments: argparse.Namespace) -> None:
    """Refuse numbers and combinations that mean nothing.

    Raises:
        ConfigError: All of them at once.
    """
    problems = []
    for name, least in (
        ("n_trials", 1),
        ("max_total_trials", 1),
        ("n_startup_trials", 0),
        ("n_evaluations", 1),
        ("seeds_per_trial", 1),
        ("reevaluate", 0),
        ("reevaluate_seeds", 1),
        ("max_failures", 1),
        ("workers", 1),
        ("cluster_cpus", 1),
        ("cluster_gpus", 0),
    ):
        value = getattr(arguments, name)
        if value is not None and value < least:
            problems.append(f"--{name.replace('_', '-')} {value}: must be at least {least}")
    if arguments.n_jobs < 1 and arguments.n_jobs != -1:
        problems.append(f"--n-jobs {arguments.n_jobs}: must be at least 1 (-1: one per core)")
    problems += _place_problems(arguments)
    if arguments.trained_agent:
        problems.append("-i: a study trains every trial from the start; leave it out")
    if arguments.trial_id is not None:
        problems.append("--trial-id: is for training, not for a study; leave out -optimize")
    if arguments.dry_run:
        problems.append("--dry-run: checks one training; leave out -optimize")
    if problems:
        raise ConfigError(problems)


def _place_problems(arguments: argparse.Namespace) -> list[str]:
    """Return what is wrong with the names of the places where the study is kept."""
    problems = []
    name = arguments.study_name
    if name is not None and (not name.strip() or name.startswith(".")):
        problems.append(f"--study-name '{name}': must be a name that does not begin with '.'")
    if name is not None and name.endswith("/reevaluation"):
        problems.append(f"--study-name {name}: is the name of another study's re-evaluation")
    if arguments.storage == "":
        problems.append("--storage '': is empty; leave it out for a journal in the study's folder")
    kept = arguments.optimization_log_path
    if kept is not None and Path(kept).exists() and not Path(kept).is_dir():
        problems.append(f"--optimization-log-path {kept}: is a file; name a folder")
    return problems


def make_tune_options(
    arguments: argparse.Namespace, config: RunConfig, argv: Sequence[str] | None = None
) -> TuneOptions:
    """Divide the processor, import torch and return the options of the study."""
    from rl_zoo.cpu_budget import apply_cpu_budget

    threads = apply_cpu_budget(arguments.num_threads)
    import torch

    from rl_zoo.agents.build import check_device
    from rl_zoo.envs.ids import is_single_instance
    from rl_zoo.tuning.options import TuneOptions
    from rl_zoo.tuning.storage import redacted

    torch.set_num_threads(threads)
    check_device(arguments.device)
    single_instance = arguments.one_robot or is_single_instance(config.env_id)
    check_robot_flags(arguments, config, one_robot=single_instance)
    on_train_env = arguments.eval_on_train_env
    log_path = arguments.optimization_log_path
    return TuneOptions(
        config=config,
        resolve=lambda trial: resolve_config(arguments, trial),
        seed=random.SystemRandom().randrange(2**31) if arguments.seed == -1 else arguments.seed,
        fixed=fixed_values(arguments),
        entry_timesteps=_entry_timesteps(arguments, config),
        log_folder=Path(arguments.log_folder),
        trials_folder=None if log_path is None else Path(log_path),
        figures=not arguments.no_optim_plots,
        n_trials=arguments.n_trials,
        max_total_trials=arguments.max_total_trials,
        n_jobs=arguments.n_jobs,
        sampler=arguments.sampler,
        n_startup_trials=arguments.n_startup_trials,
        **robot_defaults(arguments, one_robot=single_instance),
        objective=tuple(arguments.objective),
        constraints=tuple(arguments.constraint or ()),
        seeds_per_trial=arguments.seeds_per_trial,
        reevaluate=arguments.reevaluate,
        reevaluate_seeds=arguments.reevaluate_seeds,
        search_space=tuple(arguments.search_space or ()),
        max_failures=arguments.max_failures,
        fail_stale=arguments.fail_stale,
        trial_minutes=arguments.trial_minutes,
        wear_budget=arguments.wear_budget,
        is_worker=arguments.as_worker,
        write_best=None if arguments.write_best is None else Path(arguments.write_best),
        storage=arguments.storage,
        study_name=arguments.study_name or "",
        eval_episodes=arguments.eval_episodes,
        n_eval_envs=arguments.n_eval_envs,
        eval_on_train_env=single_instance if on_train_env is None else on_train_env,
        one_robot=single_instance,
        device=arguments.device,
        backend=arguments.backend,
        vec_env="dummy" if single_instance else arguments.vec_env,
        gym_packages=tuple(arguments.gym_packages),
        tensorboard_log=Path(arguments.tensorboard_log) if arguments.tensorboard_log else None,
        command=redacted(shlex.join(sys.argv if argv is None else argv)),
    )


def fixed_values(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return what the command line fixes, by dotted key; it is not searched.

    Values are those that a study can store: a class is its name.
    """
    from rl_zoo.config.draft import read_assignments

    problems: list[str] = []  # reported when the configuration was resolved
    fixed: dict[str, Any] = {}
    for prefix, texts in (
        ("", arguments.hyperparams),
        ("env_kwargs.", arguments.env_kwargs),
        ("eval_env_kwargs.", arguments.eval_env_kwargs),
    ):
        for key, value in read_assignments(texts or (), "-params", problems):
            fixed.update(_flat(f"{prefix}{key}", value))
    fixed.pop("n_timesteps", None)
    return fixed


def announce(options: TuneOptions) -> None:
    """Tell what is about to be searched."""
    from rl_zoo.tuning.search import pruner_name, search_notes
    from rl_zoo.tuning.search_space import space_of
    from rl_zoo.tuning.storage import redacted

    config = options.config
    title = f"tuning {config.algo} on {config.env_id}"
    console.message(console.styled(title, "bold", sys.stderr))
    for note in config.notes:
        console.message(f"note: {note}")
    if options.sampler == "auto":
        console.message("note: --sampler auto is tpe (RL Zoo would download a sampler)")
    every = space_of(config, search_space=options.search_space)
    searchable = {key for parameter in every for key in parameter.config_keys}
    given = [key for key in options.fixed if key in searchable]
    if given:
        console.message(f"note: not searched, because given: {', '.join(given)}")
    for note in search_notes(options, space_of(config, options.fixed, options.search_space)):
        console.message(f"note: {note}")
    kept = redacted(options.storage or "kept in memory only")
    total = options.max_total_trials or options.n_trials
    console.message(
        f"study {options.study_name} ({kept}): {total} trials of {config.n_timesteps} steps, "
        f"{options.evaluations} evaluations of {options.eval_episodes} episodes each, "
        f"sampler {options.sampler}, pruner {pruner_name(options)}, seed {options.seed}"
    )


def raise_bad_end(end: StudyEnd, options: TuneOptions, best: BestTrial | None) -> None:
    """Raise the error that tells why a study did not end as asked, if it did not."""
    if end.failure is not None:
        told = f"the study was stopped: {end.failure}"
        raise (RobotFault if end.robot_fault else ZooError)(told)
    if end.interrupted is not None:
        continues = (
            "the same command continues it"
            if options.storage is not None
            else "it was kept in memory only (leave out --storage memory)"
        )
        raise TrainingInterrupted(
            f"{end.interrupted}: the study {options.study_name} was stopped; {continues}"
        )
    from rl_zoo.tuning.ranking import infeasible_sentence

    infeasible = infeasible_sentence(end.study)
    if infeasible is not None:
        raise NothingFoundError(infeasible)
    if best is not None and not best.is_feasible:
        raise NothingFoundError("on fresh seeds, no trial respects the constraints")
    if best is None and end.worn is None:
        raise NothingFoundError(
            "no trial was completed: all were pruned or failed, so there are no best values"
        )


def _flat(key: str, value: Any) -> dict[str, Any]:
    from rl_zoo.config.model import Symbol
    from rl_zoo.config.parameters import COMPONENT_KEYS
    from rl_zoo.config.symbols import symbol_text

    if isinstance(value, Mapping) and key not in COMPONENT_KEYS:
        inner = [_flat(f"{key}.{name}", item) for name, item in value.items()]
        return {name: item for values in inner for name, item in values.items()}
    return {key: symbol_text(value).strip("'") if isinstance(value, Symbol) else value}


def _entry_timesteps(arguments: argparse.Namespace, config: RunConfig) -> int:
    """Return the budget of the entry, which ``-n`` shortens for the study only."""
    if arguments.n_timesteps == -1:
        return config.n_timesteps
    without_flag = argparse.Namespace(**{**vars(arguments), "n_timesteps": -1})
    return resolve_config(without_flag, {}).n_timesteps
