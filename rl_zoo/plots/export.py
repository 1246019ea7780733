"""Write what a figure was drawn from: JSON for anybody, a pickle for the zoo's tools."""

from __future__ import annotations

import json
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rl_zoo import __version__
from rl_zoo.plots.results import AlignedSeries, Results
from rl_zoo.plots.statistics import Floats
from rl_zoo.plots.tables import ResultsTable
from rl_zoo.runs.atomic import write_bytes, write_text

FORMAT = 2
"""Version of the JSON layout."""


def zoo_results(
    results: Results, table: ResultsTable, zoo_labels: Mapping[str, str]
) -> dict[str, Any]:
    """Return the nested dictionary that the zoo's ``plot_from_file`` reads.

    Per environment and ``ALGO-label``: ``timesteps`` (k,), ``mean`` (k,), ``std_error`` (k,),
    ``last_evals`` (n_seeds,), ``std_error_last_eval``, ``mean_per_eval`` (k, n_seeds). NaN where a
    seed has no value.

    The zoo fails on a ``mean_per_eval`` whose k is not the same in all environments and does
    without one that is missing, so it is left out then.
    """
    same_length = len({len(item.x) for item in results.series}) == 1
    content: dict[str, Any] = {}
    for item in results.series:
        last = item.last_values
        error = float(np.std(last, ddof=1) / np.sqrt(len(last))) if len(last) > 1 else np.nan
        key = f"{item.algo.upper()}-{zoo_labels.get(item.label, item.label)}"
        entry = {
            "timesteps": item.x,
            "mean": item.statistics.center,
            "std_error": item.statistics.standard_error,
            "last_evals": last,
            "std_error_last_eval": error,
        }
        if same_length:
            entry["mean_per_eval"] = item.per_seed.T
        content.setdefault(item.env_name, {})[key] = entry
    content["results_table"] = table.to_zoo(zoo_labels)
    return content


def json_results(results: Results, table: ResultsTable) -> dict[str, Any]:
    """Return everything behind the figures and the table as plain JSON values (null for NaN)."""
    return {
        "format": FORMAT,
        "rl_zoo": __version__,
        "key": results.key,
        "x_axis": results.x_axis,
        "statistic": results.statistic,
        "confidence": results.confidence,
        "resamples": results.resamples,
        "series": [_json_series(item) for item in results.series],
        "table": {
            "columns": [list(column) for column in table.columns],
            "rows": [[env, *cells] for env, cells in table.rows],
        },
    }


def write_results(
    stem: Path, zoo: Mapping[str, Any], plain: Mapping[str, Any]
) -> tuple[Path, Path]:
    """Write ``<stem>.pkl`` and ``<stem>.json`` and return their paths.

    Raises:
        OSError: If they cannot be written.
    """
    pickle_path = stem.with_name(f"{stem.name}.pkl")
    json_path = stem.with_name(f"{stem.name}.json")
    write_bytes(pickle_path, pickle.dumps(dict(zoo)))
    write_text(json_path, json.dumps(plain, indent=1, allow_nan=False) + "\n")
    return pickle_path, json_path


def _json_series(item: AlignedSeries) -> dict[str, Any]:
    statistics = item.statistics
    return {
        "env": item.env_name,
        "algo": item.algo,
        "label": item.label,
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


def _numbers(values: Floats) -> list[float | None]:
    return [float(value) if np.isfinite(value) else None for value in values]
