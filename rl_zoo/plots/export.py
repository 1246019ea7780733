"""Write what a figure was drawn from: JSON for anybody, a pickle for the zoo's tools.

``rl_zoo.plots.results_file`` reads both.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rl_zoo import __version__, console
from rl_zoo.plots.results import AlignedSeries, Results
from rl_zoo.plots.statistics import Floats, Statistic, standard_error
from rl_zoo.plots.tables import ResultsTable
from rl_zoo.runs.atomic import write_bytes, write_text

FORMAT = 2
"""Version of the JSON layout."""

OWN_ENTRY = "rl_zoo"
"""Key in the entries of our pickles under which everything stands that the zoo does not store."""


def write_results(
    stem: Path, results: Results, table: ResultsTable, zoo_labels: Mapping[str, str]
) -> list[Path]:
    """Write ``<stem>.json`` and, over environment steps, ``<stem>.pkl``; return their paths.

    Args:
        stem: Path without suffix.
        results: What the figures show.
        table: The table of last evaluations.
        zoo_labels: Our label -> the label in the pickle ("" -> the log folder).

    Raises:
        OSError: If they cannot be written.
    """
    json_path = stem.with_name(f"{stem.name}.json")
    plain = json_results(results, table)
    write_text(json_path, json.dumps(plain, indent=1, allow_nan=False) + "\n")
    if results.x_axis != "steps":
        console.warn(
            f"no {stem.name}.pkl: the zoo's layout knows environment steps only, not "
            f"{results.x_axis}; {json_path.name} holds everything"
        )
        return [json_path]
    pickle_path = stem.with_name(f"{stem.name}.pkl")
    write_bytes(pickle_path, pickle.dumps(zoo_results(results, table, zoo_labels)))
    return [pickle_path, json_path]


def zoo_results(
    results: Results, table: ResultsTable, zoo_labels: Mapping[str, str]
) -> dict[str, Any]:
    """Return the nested dictionary that the zoo's ``plot_from_file`` reads.

    Per environment and ``ALGO-label``: ``timesteps`` (k,), ``mean`` (k,), ``std_error`` (k,),
    ``last_evals`` (n_seeds,), ``std_error_last_eval``, ``mean_per_eval`` (k, n_seeds). NaN where a
    seed has no value. Mean and standard error are that whatever statistic the figures show. Plain
    values under ``OWN_ENTRY``, which the zoo does not look at, hold the rest.

    The zoo fails on a ``mean_per_eval`` whose k is not the same in all environments and does
    without one that is missing, so it is left out then.
    """
    same_length = len({len(item.x) for item in results.series}) == 1
    content: dict[str, Any] = {}
    for item in results.series:
        last = item.last_values
        entry = {
            "timesteps": item.x,
            "mean": _mean(item, results.statistic),
            "std_error": item.statistics.standard_error,
            "last_evals": last,
            "std_error_last_eval": float(standard_error(last)),
        }
        if same_length and len(item.per_seed):
            entry["mean_per_eval"] = item.per_seed.T
        entry[OWN_ENTRY] = {**_json_head(results), **_json_series(item)}
        key = f"{item.algo.upper()}-{zoo_labels.get(item.label, item.label)}"
        content.setdefault(item.env_name, {})[key] = entry
    content["results_table"] = table.to_zoo(zoo_labels)
    return content


def json_results(results: Results, table: ResultsTable) -> dict[str, Any]:
    """Return everything behind the figures and the table as plain JSON values (null for NaN)."""
    return {
        **_json_head(results),
        "series": [_json_series(item) for item in results.series],
        "table": {
            "columns": [list(column) for column in table.columns],
            "rows": [[env, *cells] for env, cells in table.rows],
        },
    }


def _json_head(results: Results) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "rl_zoo": __version__,
        "key": results.key,
        "x_axis": results.x_axis,
        "statistic": results.statistic,
        "confidence": results.confidence,
        "resamples": results.resamples,
    }


def _json_series(item: AlignedSeries) -> dict[str, Any]:
    statistics = item.statistics
    return {
        "env": item.env_name,
        "algo": item.algo,
        "label": item.label,
        "name": item.name,
        "n": item.n,
        "x": _numbers(item.x),
        "center": _numbers(statistics.center),
        "ci_low": _numbers(statistics.low),
        "ci_high": _numbers(statistics.high),
        "std_error": _numbers(statistics.standard_error),
        "n_per_point": statistics.n.tolist(),
        "per_seed": [_numbers(row) for row in item.per_seed],
        "last_evals": _numbers(item.last_values),
        "last_steps": list(item.last_steps),
        "runs": [list(paths) for paths in item.runs],
    }


def _mean(item: AlignedSeries, statistic: Statistic) -> Floats:
    if statistic == "mean" or not len(item.per_seed):
        return item.statistics.center
    present = np.isfinite(item.per_seed)
    total = np.where(present, item.per_seed, 0.0).sum(axis=0)
    mean: Floats = np.where(present.any(axis=0), total / np.maximum(present.sum(axis=0), 1), np.nan)
    return mean


def _numbers(values: Floats) -> list[float | None]:
    return [float(value) if np.isfinite(value) else None for value in values]
