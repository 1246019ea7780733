"""How a study searches: objectives, sampler and pruner from its options."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import optuna
from optuna.study import StudyDirection

from rl_zoo.errors import ConfigError, MissingDependencyError
from rl_zoo.tuning.attributes import CONSTRAINTS_ATTRIBUTE, OBJECTIVE_ATTRIBUTE
from rl_zoo.tuning.measures import parse_constraints, parse_objectives
from rl_zoo.tuning.options import TuneOptions
from rl_zoo.tuning.pruners import HYPERBAND_FACTOR, MIN_WILCOXON_EVALUATIONS, make_pruner
from rl_zoo.tuning.samplers import SAMPLERS, SamplerSettings, make_sampler
from rl_zoo.tuning.space import Parameter
from rl_zoo.tuning.values import EntryPoint


def check_search(options: TuneOptions) -> None:
    """Check objectives, constraints, sampler and pruner before anything is opened.

    Raises:
        ConfigError: If one is unknown, or they do not go together.
        MissingDependencyError: If the sampler or pruner needs a package that is not installed.
    """
    n_objectives = len(parse_objectives(options.objective))
    parse_constraints(options.constraints)
    kind = SAMPLERS[options.sampler]
    if n_objectives > 1 and not kind.several_objectives:
        able = [name for name, other in SAMPLERS.items() if other.several_objectives]
        able.remove("auto")
        raise ConfigError(
            f"--sampler {options.sampler}: optimises one objective, not {n_objectives}; use "
            f"{', '.join(able)}"
        )
    needs = [(f"--sampler {options.sampler}", package) for package in kind.packages]
    if options.pruner == "wilcoxon" and n_objectives == 1:
        needs.append(("--pruner wilcoxon", "scipy"))
    for flag, package in needs:
        if find_spec(package) is None:
            raise MissingDependencyError(
                f"{flag}: needs the package '{package}', which is not installed: "
                f"pip install {package}"
            )


def search_parts(options: TuneOptions, point: EntryPoint) -> dict[str, Any]:
    """Return ``sampler`` and ``pruner`` for the study.

    Args:
        options: The study.
        point: What trial 0 is.
    """
    settings = SamplerSettings(options.seed, options.n_startup_trials, point.params)
    return {
        "sampler": make_sampler(options.sampler, settings),
        "pruner": make_pruner(
            pruner_name(options),
            options.n_startup_trials,
            options.evaluations * options.seeds_per_trial,
            options.seed,
        ),
    }


def directions(options: TuneOptions) -> list[StudyDirection]:
    """Return the direction of each objective."""
    specs = parse_objectives(options.objective)
    return [StudyDirection.MAXIMIZE if s.maximize else StudyDirection.MINIMIZE for s in specs]


def pruner_name(options: TuneOptions) -> str:
    """Return the pruner in use: none with several objectives, for which Optuna has none."""
    return "none" if len(options.objective) > 1 else options.pruner


def objective_record(options: TuneOptions) -> dict[str, list[str]]:
    """Return what a study keeps of its objectives and constraints, by attribute."""
    return {
        OBJECTIVE_ATTRIBUTE: list(options.objective),
        CONSTRAINTS_ATTRIBUTE: list(options.constraints),
    }


def check_same_search(study: optuna.Study, options: TuneOptions) -> None:
    """Check that the trials of an existing study were judged as ours will be.

    Raises:
        ConfigError: If it has other objectives or constraints.
    """
    known = study.user_attrs
    objectives: Sequence[str] = known.get(OBJECTIVE_ATTRIBUTE) or ["return"]
    constraints: Sequence[str] = known.get(CONSTRAINTS_ATTRIBUTE) or []
    same_objectives = _meaning(objectives) == _meaning(
        options.objective
    ) and study.directions == directions(options)
    same_constraints = {spec.text for spec in parse_constraints(constraints)} == {
        spec.text for spec in parse_constraints(options.constraints)
    }
    for flag, is_same, theirs, ours in (
        ("--objective", same_objectives, objectives, options.objective),
        ("--constraint", same_constraints, constraints, options.constraints),
    ):
        if not is_same:
            raise ConfigError(
                f"--study-name {study.study_name}: is a study with {_said(flag, theirs)}, not "
                f"{_said(flag, ours)}; choose another name"
            )


def search_notes(options: TuneOptions, space: Sequence[Parameter]) -> list[str]:
    """Return what is good to know of the chosen sampler and pruner.

    Args:
        options: The study.
        space: What is searched.
    """
    notes, kind = [], SAMPLERS[options.sampler]
    n_steps = options.evaluations * options.seeds_per_trial
    if len(options.objective) > 1 and options.pruner != "none":
        notes.append("with several objectives no trial is pruned")
    if options.constraints and not kind.constraints:
        notes.append(
            f"--sampler {options.sampler} does not learn the constraints; the ranking respects them"
        )
    if options.constraints and pruner_name(options) in ("halving", "hyperband"):
        notes.append(
            f"--pruner {options.pruner} looks at the objective only: trials that violate a "
            "constraint may end those that respect it; --pruner median does not"
        )
    random = [item.name for item in space if item.kind == "categorical"]
    if not kind.categorical and random:
        notes.append(f"--sampler {options.sampler} draws at random: {', '.join(random)}")
    if options.sampler == "cmaes" and options.pruner != "none":
        notes.append("pruned trials teach cmaes nothing; --pruner none suits it better")
    if pruner_name(options) == "wilcoxon" and n_steps < MIN_WILCOXON_EVALUATIONS:
        notes.append(
            f"--pruner wilcoxon compares pairs of evaluations and cannot act on {n_steps}; use "
            f"--n-evaluations {MIN_WILCOXON_EVALUATIONS} or more, or --seeds-per-trial"
        )
    if pruner_name(options) == "hyperband" and n_steps < HYPERBAND_FACTOR:
        notes.append(f"--pruner hyperband has one bracket only with {n_steps} evaluations")
    return notes


def _meaning(objectives: Sequence[str]) -> list[tuple[str, str, bool]]:
    specs = parse_objectives(objectives)
    return [(spec.measure, spec.summary, spec.maximize) for spec in specs]


def _said(flag: str, texts: Sequence[str]) -> str:
    return f"{flag} {' '.join(texts)}" if texts else f"no {flag}"
