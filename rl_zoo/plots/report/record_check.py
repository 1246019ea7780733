"""Whether a ``run.json``, perhaps another person's, holds what a report takes from it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from rl_zoo.errors import DamagedFileError
from rl_zoo.runs.folder import RunFolder
from rl_zoo.runs.record import RunRecord

_Check = Callable[[Any], bool]


def check_record(folder: RunFolder, record: RunRecord) -> RunRecord:
    """Return ``record`` as it is.

    Raises:
        DamagedFileError: If a field is of another kind than we write.
    """
    for name, check in _CHECKS.items():
        value = getattr(record, name)
        if not check(value):
            raise DamagedFileError(f"{folder.record_file}: '{name}' cannot be {str(value)[:60]!r}")
    return record


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_count(value: Any) -> bool:
    return isinstance(value, int)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)


def _or_none(check: _Check) -> _Check:
    return lambda value: value is None or check(value)


def _mapping_of(check: _Check) -> _Check:
    return lambda value: isinstance(value, Mapping) and all(map(check, value.values()))


def _is_session(value: Any) -> bool:
    steps = ("from_step", "to_step")
    return isinstance(value, Mapping) and all(_or_none(_is_count)(value.get(s)) for s in steps)


def _is_robot(value: Any) -> bool:
    inner: dict[str, _Check] = dict.fromkeys(_MAPPINGS, lambda item: isinstance(item, Mapping))
    inner |= {"joints": _mapping_of(inner["payload"]), "control_frequency": _is_number}
    return isinstance(value, Mapping) and _fits(value, inner)


def _is_use(value: Any) -> bool:
    inner = {"interruptions": _mapping_of(_is_count), "cadence": _mapping_of(_is_number)}
    return isinstance(value, Mapping) and _fits(
        value, {key: inner.get(key, _is_number) for key in value}
    )


def _fits(values: Mapping[str, Any], checks: Mapping[str, _Check]) -> bool:
    return all(_or_none(check)(values.get(key)) for key, check in checks.items())


_MAPPINGS = ("payload", "terrain", "sensor_noise", "sensor_bias", "randomize")

_CHECKS: dict[str, _Check] = {
    "algo": _is_text,
    "env_id": _is_text,
    "state": _is_text,
    "reason": _is_text,
    "command": _is_text,
    "label": _is_text,
    "started_at": _is_text,
    "ended_at": _or_none(_is_text),
    "parent": _or_none(_is_text),
    "n_timesteps": _is_count,
    "num_timesteps": _is_count,
    "discarded": _is_count,
    "wall_time_s": _is_number,
    "versions": _mapping_of(_is_text),
    "restored": _mapping_of(_is_text),
    "end_reasons": _mapping_of(_is_count),
    "truncations": _or_none(_mapping_of(_is_count)),
    "baseline": _or_none(_mapping_of(_or_none(_is_number))),
    "robot": _or_none(_is_robot),
    "robot_use": _or_none(_is_use),
    "sessions": lambda value: isinstance(value, list) and all(map(_is_session, value)),
}
