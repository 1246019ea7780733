"""The robot of a run: what it was, and how much it was used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rl_zoo.plots.report.number_text import count_text, rounded
from rl_zoo.plots.report.reported_run import ReportedRun
from rl_zoo.plots.report.sections import Block, Folded, Section, Table

_FACTS = {
    "name": ("Name", ""),
    "driver": ("Driver", ""),
    "firmware": ("Firmware", ""),
    "mass": ("Mass", "kg"),
    "elastic": ("Elastic joints", ""),
    "control_frequency": ("Control frequency", "Hz"),
    "motor_lag": ("Motor lag", "s"),
    "latency": ("Latency", "s"),
    "friction": ("Friction of the ground", ""),
    "battery_sag": ("Battery sag", ""),
}
_ZERO_IS_ABSENT = ("motor_lag", "latency", "battery_sag")
_JOINT_COLUMNS = {
    "default_position": "default (rad)",
    "lower_limit": "lowest (rad)",
    "upper_limit": "highest (rad)",
    "max_velocity": "velocity (rad/s)",
    "max_torque": "torque (N m)",
    "action_range": "action range (rad)",
    "spring_stiffness": "stiffness (N m/rad)",
}


def robot(run: ReportedRun) -> Section | None:
    """Return the robot's description and use; None if the run has no robot."""
    record = run.record
    if record is None or (record.robot is None and record.robot_use is None):
        return None
    blocks: list[Block] = []
    if record.robot is not None:
        blocks.append(Table((), tuple(_facts(record.robot))))
    if record.robot_use is not None:
        rows = [*_use(record.robot_use), *_recordings(run)]
        blocks.append(Table((), tuple(rows), "Use, all sessions"))
    joints = (record.robot or {}).get("joints")
    if isinstance(joints, Mapping) and joints:
        blocks.append(Folded(f"{len(joints)} joints", (_joints(joints),)))
    return Section("robot", "Robot", tuple(blocks))


def _facts(robot: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, (name, unit) in _FACTS.items():
        value = robot.get(key)
        if value is not None and not (key in _ZERO_IS_ABSENT and value == 0.0):
            yield name, f"{_text(value)} {unit}".strip()
    payload = robot.get("payload") or {}
    if payload.get("mass"):
        yield "Payload", f"{_text(payload['mass'])} kg at {_text(payload.get('position'))}"
    terrain = robot.get("terrain") or {}
    if terrain.get("kind"):
        yield "Terrain", str(terrain["kind"])
    for key, name in (("sensor_noise", "Sensor noise"), ("sensor_bias", "Sensor bias")):
        parts = robot.get(key) or {}
        some = {part.replace("_", " "): value for part, value in parts.items() if value}
        if some:
            yield name, ", ".join(f"{part} {_text(value)}" for part, value in some.items())
    if robot.get("randomize"):
        yield "Drawn anew in every episode", ", ".join(robot["randomize"])


def _use(use: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "Under power", f"{use.get('minutes_powered', 0.0):.2f} min"
    yield "Following the policy", f"{use.get('minutes_running', 0.0):.2f} min"
    yield "Episodes", count_text(use.get("episodes", 0))
    yield "Falls", count_text(use.get("falls", 0))
    yield "Questions to the operator", count_text(use.get("operator_prompts", 0))
    if use.get("max_temperature") is not None:
        yield "Hottest motor", f"{use['max_temperature']:.0f} °C"
    if use.get("min_battery_voltage") is not None:
        yield "Lowest battery voltage", f"{use['min_battery_voltage']:.1f} V"


def _recordings(run: ReportedRun) -> Iterator[tuple[str, str]]:
    counts = {
        "Recorded episodes": len(list(run.folder.path.glob("episodes/episode_*.npz"))),
        "Flight recordings of faults": len(list(run.folder.path.glob("flight/flight_*.npz"))),
        "Recorded sessions": len(list(run.folder.path.glob("flight/session_*.mcap"))),
    }
    for name, count in counts.items():
        if count:
            yield name, count_text(count)


def _joints(joints: Mapping[str, Any]) -> Table:
    known = [key for key in _JOINT_COLUMNS if any(key in joint for joint in joints.values())]
    rows = [
        (name, *(_text(joint[key]) if key in joint else "" for key in known))
        for name, joint in joints.items()
    ]
    return Table(("joint", *(_JOINT_COLUMNS[key] for key in known)), tuple(rows))


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        return rounded(float(value))
    if isinstance(value, (list, tuple)):
        return f"({', '.join(_text(item) for item in value)})"
    return str(value)
