"""One line per joint, whatever the form in which quantities of joints are stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rl_zoo.deploy.inspection.text import UNITS, pairs_table, text_table, value_text


def joint_lines(record: Mapping[str, Any], hidden: Sequence[str] = ()) -> list[str]:
    """Return the table of a record's joints, then what is not said joint by joint.

    Args:
        record: With ``joints`` (name -> quantities) or ``joint_names``, and lists of one number or
            pair per joint.
        hidden: Keys that are left out.
    """
    columns, others = split_by_joint(record)
    names = joint_names(record)
    others = {key: value for key, value in others.items() if key not in hidden}
    rows = [
        (name, *(quantity_text(values[index]) for values in columns.values()))
        for index, name in enumerate(names)
    ]
    units = ["", *(UNITS.get(key, "") for key in columns)]
    table = text_table(("joint", *columns), rows, units) if names else []
    return [*pairs_table(others), *([""] if others and table else []), *table]


def quantity_text(value: Any) -> str:
    """Return a number, or a pair of bounds."""
    if isinstance(value, (list, tuple)) and len(value) == 2:
        return f"{value_text(value[0])} .. {value_text(value[1])}"
    return value_text(value)


def joint_names(record: Mapping[str, Any]) -> list[str]:
    """Return the joints in order; empty if the record does not name them."""
    if "joint_names" in record:
        return [str(name) for name in record["joint_names"]]
    joints = record.get("joints", ())
    if isinstance(joints, Mapping):
        return list(joints)
    return [str(joint["name"] if isinstance(joint, Mapping) else joint) for joint in joints]


def split_by_joint(
    record: Mapping[str, Any],
) -> tuple[dict[str, Sequence[Any]], dict[str, Any]]:
    """Return the quantities that have one value per joint, and all others."""
    names = joint_names(record)
    columns: dict[str, Sequence[Any]] = {}
    others: dict[str, Any] = {}
    for key, value in record.items():
        if key == "joint_names":
            continue
        if key == "joints":
            columns |= _columns_of_joints(value)
        elif names and isinstance(value, (list, tuple)) and _is_per_joint(value, len(names)):
            columns[key] = value
        else:
            others[key] = value
    return columns, others


def _columns_of_joints(joints: Any) -> dict[str, Sequence[Any]]:
    entries = list(joints.values()) if isinstance(joints, Mapping) else list(joints)
    if not all(isinstance(entry, Mapping) for entry in entries):
        return {}
    keys = dict.fromkeys(key for entry in entries for key in entry if key != "name")
    return {key: [entry.get(key) for entry in entries] for key in keys}


def _is_per_joint(values: Sequence[Any], n_joints: int) -> bool:
    return len(values) == n_joints and not any(isinstance(value, Mapping) for value in values)
