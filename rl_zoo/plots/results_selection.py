"""Choose, name, merge and restate what a file of results holds."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from rl_zoo.errors import NothingFoundError, UsageError
from rl_zoo.plots.results import AlignedSeries, Method, Results
from rl_zoo.plots.statistics import Bootstrap, Statistic, summarize_seeds
from rl_zoo.runs.search import match_env
from rl_zoo.suggest import did_you_mean


@dataclass(frozen=True)
class Selection:
    """What of a file to show; empty means everything.

    Attributes:
        keep_envs: Environments, whole, without version, or their beginning.
        skip_envs: Those to leave out.
        keep_keys: Methods: ``PPO``, ``PPO-label`` (the zoo's keys) or their name.
        skip_keys: Those to leave out.
    """

    keep_envs: Sequence[str] = ()
    skip_envs: Sequence[str] = ()
    keep_keys: Sequence[str] = ()
    skip_keys: Sequence[str] = ()


def select(results: Results, selection: Selection) -> tuple[Results, list[str]]:
    """Keep what is selected; return it and a sentence for everything skipped that is not there.

    Raises:
        NothingFoundError: If something to keep is not there, or nothing is left.
    """
    notes: list[str] = []
    envs = _matched_envs(results, "--keep-envs", selection.keep_envs, None)
    without_envs = _matched_envs(results, "-skip", selection.skip_envs, notes)
    methods = _matched_methods(results, "--keep-keys", selection.keep_keys, None)
    without_methods = _matched_methods(results, "--skip-keys", selection.skip_keys, notes)
    kept = [
        item
        for item in results.series
        if (not envs or item.env_name in envs)
        and (not methods or item.method in methods)
        and item.env_name not in without_envs
        and item.method not in without_methods
    ]
    if not kept:
        raise NothingFoundError("nothing is left of the file after --keep-* and --skip-* flags")
    return _with(results, kept), notes


def _matched_envs(
    results: Results, flag: str, names: Sequence[str], notes: list[str] | None
) -> set[str]:
    found: set[str] = set()
    for name in names:
        matches = match_env(name, results.env_names())
        if not matches:
            _tell_missing(f"{flag} {name}", did_you_mean(name, results.env_names()), notes)
        found.update(matches)
    return found


def _matched_methods(
    results: Results, flag: str, names: Sequence[str], notes: list[str] | None
) -> set[Method]:
    found: set[Method] = set()
    for name in names:
        matches = match_methods(results, name)
        if not matches:
            _tell_missing(f"{flag} {name}", did_you_mean(name, _method_names(results)), notes)
        found.update(matches)
    return found


def _tell_missing(what: str, near: str, notes: list[str] | None) -> None:
    """Note what is not there to skip; what is not there to keep is an error."""
    if notes is None:
        raise NothingFoundError(f"{what}: not in the file{near}")
    notes.append(f"{what}: not in the file, nothing to skip{near}")


def method_keys(results: Results) -> list[str]:
    """Return the key of every method as the zoo writes it: ``PPO-label``, ``PPO`` without label."""
    return [f"{algo.upper()}-{label}".rstrip("-") for algo, label in results.methods()]


def _method_names(results: Results) -> list[str]:
    algorithms = (algo.upper() for algo, _ in results.methods())
    return list(dict.fromkeys((*algorithms, *method_keys(results))))


def match_methods(results: Results, name: str) -> list[Method]:
    """Return the methods that a key stands for: one by its full name, else all of an algorithm."""
    wanted = name.lower()
    whole = [
        method
        for method, key in zip(results.methods(), method_keys(results), strict=True)
        if wanted in (key.lower(), results.title(method).lower())
    ]
    return whole or [method for method in results.methods() if method[0] == wanted]


def drop_common_label(results: Results) -> Results:
    """Take the label away where all methods have the same: it tells nothing apart."""
    if len({label for _, label in results.methods()}) > 1:
        return results
    return _with(results, (dataclasses.replace(item, label="") for item in results.series))


def name_methods(results: Results, names: Sequence[str]) -> Results:
    """Give every method a name for legends and tables, in their order.

    Raises:
        UsageError: If there are not as many names as methods, two are the same, or Matplotlib
            would leave one out of the legend.
    """
    methods = results.methods()
    if len(names) != len(methods):
        labels = "label" if len(names) == 1 else "labels"
        titles = ", ".join(results.title(method) for method in methods)
        count = f"{len(methods)} method" + ("" if len(methods) == 1 else "s")
        raise UsageError(f"-l: {len(names)} {labels} for {count} ({titles}); give one for each")
    if len(set(names)) < len(names):
        raise UsageError(f"-l: the labels {' '.join(names)} are not all different")
    unseen = next((name for name in names if not name.strip() or name.startswith("_")), None)
    if unseen is not None:
        raise UsageError(f"-l '{unseen}': no legend shows a label that is empty or begins with _")
    chosen = dict(zip(methods, names, strict=True))
    return _with(
        results,
        (dataclasses.replace(item, name=chosen[item.method]) for item in results.series),
    )


def merge_results(
    parts: Sequence[tuple[str, Results]],
) -> tuple[Results, list[str]]:
    """Put the methods and environments of several files together.

    Where two files hold the same method on the same environment, labels get the name of the file,
    so that neither is lost.

    Args:
        parts: Name of each file, all different, and what it holds.

    Returns:
        Everything, stated as in the first file, and a sentence for what was changed.

    Raises:
        UsageError: If they hold different numbers or count different things along the x axis.
    """
    first_name, first = parts[0]
    for name, part in parts[1:]:
        for what, mine, other in (
            ("numbers", first.key, part.key),
            ("x axis", first.x_axis, part.x_axis),
        ):
            if mine != other:
                raise UsageError(
                    f"{name}: cannot be put beside {first_name}: {what} {other} and {mine}"
                )
    parts, notes = _with_whole_names(parts)
    places = [(item.env_name, item.method) for _, part in parts for item in part.series]
    if len(set(places)) < len(places):
        parts = [(name, _labelled(part, name)) for name, part in parts]
        files = ", ".join(name for name, _ in parts)
        notes.append(f"{files} hold the same methods; the name of the file tells them apart")
    restated: list[AlignedSeries] = []
    for name, part in parts:
        same, found = restate(part, name, first.statistic, first.confidence)
        restated.extend(same.series)
        notes.extend(found)
    return _with(first, restated), notes


def restate(
    results: Results, name: str, statistic: Statistic, confidence: float
) -> tuple[Results, list[str]]:
    """Summarise the seeds by another statistic or with another coverage.

    Args:
        results: Of one file.
        name: Its name, for sentences.
        statistic: Mean, median or interquartile mean.
        confidence: Coverage of the intervals.

    Returns:
        The results, and a sentence if there are series that hold a summary only.

    Raises:
        UsageError: If the statistic is another and there are such series.
    """
    if (statistic, confidence) == (results.statistic, results.confidence):
        return results, []
    settings = Bootstrap(confidence=confidence, resamples=results.resamples)
    notes = []
    series = []
    for item in results.series:
        summary = item.statistics
        if len(item.per_seed):
            summary = summarize_seeds(item.per_seed, statistic, settings)
        elif statistic != results.statistic:
            raise UsageError(
                f"{name}: {item.env_name} {item.title}: holds the {results.statistic} only, no "
                f"single seeds from which the {statistic} could be computed"
            )
        elif np.isfinite(summary.low).any():
            unknown = np.full(len(item.x), np.nan)
            summary = dataclasses.replace(summary, low=unknown, high=unknown)
            notes.append(
                f"{name}: {item.env_name} {item.title}: holds no single seeds, so its interval of "
                f"{confidence * 100:g} % is not known"
            )
        series.append(dataclasses.replace(item, statistics=summary))
    changed = dataclasses.replace(results, statistic=statistic, confidence=confidence)
    return _with(changed, series), notes


def _with_whole_names(
    parts: Sequence[tuple[str, Results]],
) -> tuple[list[tuple[str, Results]], list[str]]:
    """Give environments that one file names without version the id that another file has.

    The zoo's files hold what was typed after ``-e``.
    """
    ids = {env for _, part in parts for env in part.env_names()}
    named, notes = [], []
    for file, part in parts:
        whole = {}
        for env in part.env_names():
            versions = [other for other in ids if re.sub(r"-v\d+$", "", other) == env != other]
            if len(versions) == 1:
                whole[env] = versions[0]
                notes.append(f"{file}: {env} is taken for {versions[0]}, as the other file says")
        series = (
            dataclasses.replace(item, env_name=whole.get(item.env_name, item.env_name))
            for item in part.series
        )
        named.append((file, _with(part, series)))
    return named, notes


def _labelled(results: Results, name: str) -> Results:
    return _with(
        results,
        (
            dataclasses.replace(item, label=f"{item.label} {name}".strip())
            for item in results.series
        ),
    )


def _with(results: Results, series: Iterable[AlignedSeries]) -> Results:
    return dataclasses.replace(results, series=tuple(series))
