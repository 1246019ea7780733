"""How the robot of one run differs from that of another, by the descriptors in their records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_JOINTS = "joints"
_ABSENT = "absent"


def robot_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, str]:
    """Return what differs: its name, and ``old -> new``.

    Joints whose value changed alike share an entry: ``motor_strength of FR_hip, FR_knee``.

    Args:
        old: Descriptor of a robot, as ``run.json`` has it.
        new: Another one.
    """
    changes = {
        ".".join(path): f"{_text(before)} -> {_text(after)}"
        for path, before, after in _differences(_without_joints(old), _without_joints(new))
    }
    return {**changes, **_joint_changes(old.get(_JOINTS) or {}, new.get(_JOINTS) or {})}


def _joint_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, str]:
    changes: dict[str, str] = {}
    if list(old) != list(new):
        changes[_JOINTS] = f"{_text(list(old))} -> {_text(list(new))}"
    alike: dict[tuple[str, str], list[str]] = {}
    for name in old.keys() & new.keys():
        for path, before, after in _differences(old[name], new[name]):
            found = (".".join(path), f"{_text(before)} -> {_text(after)}")
            alike.setdefault(found, []).append(name)
    order = list(old)
    for (key, change), names in sorted(alike.items()):
        changes[f"{key} of {', '.join(sorted(names, key=order.index))}"] = change
    return changes


def _differences(
    old: Mapping[str, Any], new: Mapping[str, Any], path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    """Yield the path and both values of every leaf that differs; lists are leaves."""
    for key in dict.fromkeys((*old, *new)):
        before, after = old.get(key, _ABSENT), new.get(key, _ABSENT)
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            yield from _differences(before, after, (*path, key))
        elif before != after:
            yield (*path, key), before, after


def _without_joints(descriptor: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in descriptor.items() if key != _JOINTS}


def _text(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_text, value))}]"
    return str(value)
