"""Which of the compared runs are seeds of the same method."""

from __future__ import annotations

import os
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rl_zoo.plots.method_looks import Looks, method_looks
from rl_zoo.plots.report.comparison.settings import ABSENT, Settings, differing, read_settings
from rl_zoo.plots.report.reported_run import ReportedRun
from rl_zoo.plots.results import Method

_LONGEST_NAME = 32


@dataclass(frozen=True)
class ComparedRun:
    """One run.

    Attributes:
        run: What is known of it.
        name: What tells it from the others on the page.
        settings: Its hyperparameters, flat.
        problem: What is wrong with its ``config.yml``; "" if nothing.
    """

    run: ReportedRun
    name: str
    settings: Settings
    problem: str = ""


@dataclass(frozen=True)
class ComparedMethod:
    """Runs on one environment that differ by their seed: one line of a figure.

    Attributes:
        env_name: Environment.
        algo: Algorithm, lower case.
        name: Name on the page; the same method may be there on another environment.
        runs: At least one.
    """

    env_name: str
    algo: str
    name: str
    runs: tuple[ComparedRun, ...]

    @property
    def label(self) -> str:
        """What tells methods of one algorithm apart; "" if there is one."""
        return "" if self.name == self.algo.upper() else self.name


@dataclass(frozen=True)
class ComparedRuns:
    """All that is compared: one method per environment and name, in the order given."""

    methods: tuple[ComparedMethod, ...]

    def env_names(self) -> list[str]:
        """Return the environments, in order."""
        return list(dict.fromkeys(method.env_name for method in self.methods))

    def of_env(self, env_name: str) -> list[ComparedMethod]:
        """Return the methods on one environment."""
        return [method for method in self.methods if method.env_name == env_name]

    def looks(self) -> dict[Method, Looks]:
        """Return how each method looks in every figure of the page."""
        return method_looks(list(dict.fromkeys((one.algo, one.label) for one in self.methods)))

    def runs(self) -> list[ComparedRun]:
        """Return all runs."""
        return [run for method in self.methods for run in method.runs]


def group_runs(runs: Sequence[ReportedRun], labels: Sequence[str] | None = None) -> ComparedRuns:
    """Group runs into methods.

    Args:
        runs: At least two.
        labels: One per run; equal labels are one method. Without them runs of one algorithm and
            environment are one method if all their hyperparameters are the same.
    """
    names = run_names(runs)
    compared = [
        ComparedRun(run, name, *read_settings(run.folder))
        for run, name in zip(runs, names, strict=True)
    ]
    groups: dict[tuple[str, str], dict[object, list[ComparedRun]]] = {}
    for place, one in enumerate(compared):
        kind = labels[place] if labels is not None else frozenset(one.settings.items())
        key = (one.run.folder.env_name, one.run.algo.lower())
        groups.setdefault(key, {}).setdefault(kind, []).append(one)
    methods: list[ComparedMethod] = []
    for (env, algo), found in groups.items():
        titles = _named(algo, found) if labels is None else _labelled(algo, found, groups)
        methods.extend(
            ComparedMethod(env, algo, title, tuple(members))
            for title, members in zip(titles, found.values(), strict=True)
        )
    return ComparedRuns(tuple(methods))


def run_names(runs: Sequence[ReportedRun]) -> list[str]:
    """Return ``<algo>/<env id>_<n>`` of every run, with the log folder where that is ambiguous."""
    names = [run.name for run in runs]
    if len(set(names)) == len(names):
        return names
    paths = [run.folder.path for run in runs]
    common = Path(os.path.commonpath([str(path) for path in paths]))
    return [path.relative_to(common).as_posix() for path in paths]


def _named(algo: str, found: Mapping[object, Sequence[ComparedRun]]) -> list[str]:
    """Return a name per group: the algorithm, and what its hyperparameters have of their own."""
    if len(found) == 1:
        return [algo.upper()]
    settings = [members[0].settings for members in found.values()]
    keys = differing(settings)
    names = [
        ", ".join(f"{key.rpartition('.')[2]} {one.get(key, ABSENT)}" for key in keys)
        for one in settings
    ]
    if max(map(len, names)) > _LONGEST_NAME or len(set(names)) < len(names):
        names = [_letters(number) for number in range(len(names))]
    return [f"{algo.upper()} {name}" for name in names]


def _labelled(
    algo: str,
    found: Mapping[object, Sequence[ComparedRun]],
    groups: Mapping[tuple[str, str], Mapping[object, Sequence[ComparedRun]]],
) -> list[str]:
    """Return a label per group, with the algorithm where another one has the same label."""
    algos: dict[object, set[str]] = {}
    for (_, other), members in groups.items():
        for label in members:
            algos.setdefault(label, set()).add(other)
    shared = {label for label, names in algos.items() if len(names) > 1}
    return [f"{algo.upper()} {label}" if label in shared else str(label) for label in found]


def _letters(number: int) -> str:
    """Return a name for a number: A, B to Z, A2, B2 and so on."""
    round_, place = divmod(number, len(string.ascii_uppercase))
    return string.ascii_uppercase[place] + (str(round_ + 1) if round_ else "")
