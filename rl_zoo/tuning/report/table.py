"""The trials of a study as a table for other programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

import optuna
from optuna.trial import FrozenTrial

from rl_zoo.tuning.attributes import (
    DURATION_ATTRIBUTE,
    ERROR_ATTRIBUTE,
    LOST_ATTRIBUTE,
    MEASURES_ATTRIBUTE,
    SEED_ATTRIBUTE,
    SEEDS_ATTRIBUTE,
    STEPS_ATTRIBUTE,
    VALUES_ATTRIBUTE,
    WORKER_ATTRIBUTE,
)
from rl_zoo.tuning.standing import BestTrial
from rl_zoo.tuning.wear import trial_use


def trials_csv(
    study: optuna.Study, standings: Sequence[BestTrial], objectives: Sequence[str]
) -> str:
    """Return one line per trial: state, values, what it was made of, and fresh seeds.

    Args:
        study: The study.
        standings: Its completed trials.
        objectives: Name of each objective.
    """
    by_number = {item.trial.number: item for item in standings}
    rows = [
        _row(trial, by_number.get(trial.number), objectives)
        for trial in study.get_trials(deepcopy=False)
    ]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    columns.sort(key=_group)  # stable: parameters stay in their order
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _row(trial: FrozenTrial, known: BestTrial | None, objectives: Sequence[str]) -> dict[str, Any]:
    attributes = trial.user_attrs
    row: dict[str, Any] = {"trial": trial.number, "state": trial.state.name.lower()}
    for number, name in enumerate(objectives):
        row[name] = "" if trial.values is None else trial.values[number]
    if trial.intermediate_values:
        row["last_evaluation"] = list(trial.intermediate_values.values())[-1]
    for number, name in enumerate(objectives):
        row[f"fresh_mean_{name}"] = "" if known is None else _plain(known.mean_of(number))
        row[f"fresh_std_{name}"] = "" if known is None else _plain(known.std_of(number))
    row["fresh_seeds"] = 0 if known is None else known.n
    row["feasible"] = "" if known is None else known.is_feasible
    seeds = attributes.get(SEEDS_ATTRIBUTE) or [attributes.get(SEED_ATTRIBUTE)]
    row["seeds"] = " ".join(str(seed) for seed in seeds if seed is not None)
    row["duration_s"] = attributes.get(DURATION_ATTRIBUTE, _duration(trial))
    row["steps"] = attributes.get(STEPS_ATTRIBUTE, "")
    row["worker"] = attributes.get(WORKER_ATTRIBUTE, "")
    row["error"] = attributes.get(ERROR_ATTRIBUTE) or attributes.get(LOST_ATTRIBUTE, "")
    for name, amount in (trial_use(trial) or {}).items():
        row[f"robot {name}"] = _plain(amount)
    for text, by in trial.constraints.items():
        row[f"constraint {text}"] = by
    for name, value in attributes.get(MEASURES_ATTRIBUTE, {}).items():
        row[f"measure {name}"] = value
    for name, value in trial.params.items():
        row[f"param {name}"] = _plain(value)
    values: Mapping[str, Any] = attributes.get(VALUES_ATTRIBUTE, {})
    for name, value in values.items():
        row[f"value {name}"] = _plain(value)
    return row


def _group(column: str) -> int:
    groups = ("robot ", "constraint ", "param ", "value ", "measure ")
    return next((i for i, start in enumerate(groups, 1) if column.startswith(start)), 0)


def _duration(trial: FrozenTrial) -> float | str:
    return "" if trial.duration is None else round(trial.duration.total_seconds(), 3)


def _plain(value: Any) -> Any:
    if value is None:
        return ""
    return json.dumps(value) if isinstance(value, (list, dict)) else value
