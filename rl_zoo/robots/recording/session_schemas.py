"""Topics of a recorded session: their fields with units, as JSON schemas and as messages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rl_zoo.robots.control.modes import Interruption, Mode
from rl_zoo.robots.control.shared_memory import Record
from rl_zoo.robots.driver import BUTTONS

_NUMBER = {"type": ["number", "null"]}
_NUMBERS = {"type": "array", "items": {"type": ["number", "null"]}}
_COUNTER = {"type": "integer"}
_YES_NO = {"type": "boolean"}
_TEXT = {"type": "string"}

STATE = "/robot/state"
COMMAND = "/robot/command"
MODE = "/robot/mode"

FIELDS: dict[str, dict[str, tuple[dict[str, Any], str]]] = {
    STATE: {
        "tick": (_COUNTER, "number of the control tick"),
        "time": (_NUMBER, "arrival of the sample on the monotonic clock, s"),
        "sequence": (_COUNTER, "the robot's own counter of samples, -1: it has none"),
        "is_fresh": (_YES_NO, "whether the sample is new and usable"),
        "joint_positions": (_NUMBERS, "link side of the springs, rad"),
        "joint_velocities": (_NUMBERS, "link side, rad/s"),
        "joint_torques": (_NUMBERS, "N m"),
        "motor_positions": (_NUMBERS, "motor side of the springs, rad"),
        "orientation": (_NUMBERS, "trunk in the world, unit quaternion w, x, y, z"),
        "angular_velocity_in_body": (_NUMBERS, "gyroscope, rad/s"),
        "acceleration_in_body": (_NUMBERS, "accelerometer, gravity included, m/s^2"),
        "foot_forces": (_NUMBERS, "N"),
        "temperatures": (_NUMBERS, "of the motors, degrees Celsius"),
        "battery_voltage": (_NUMBER, "V"),
        "motors_online": (_NUMBERS, "1: the motor answers, 0: it does not, -1: unknown"),
        "buttons": (
            {"type": "array", "items": _TEXT},
            "held on the operator's remote",
        ),
    },
    COMMAND: {
        "tick": (_COUNTER, "number of the control tick"),
        "lateness": (_NUMBER, "time since the tick before, beyond the period, s"),
        "target_sequence": (_COUNTER, "of the action that is followed"),
        "is_guarded": (_YES_NO, "whether the guard changed what was proposed"),
        "is_sent": (_YES_NO, "whether the robot got the command"),
        "proposed": (_NUMBERS, "target before the guard, rad"),
        "joint_positions": (_NUMBERS, "target of each motor, rad"),
        "joint_velocities": (_NUMBERS, "target speed, rad/s"),
        "kp": (_NUMBERS, "stiffness, N m/rad"),
        "kd": (_NUMBERS, "damping, N m s/rad"),
        "joint_torques": (_NUMBERS, "added torque, N m"),
    },
    MODE: {
        "tick": (_COUNTER, "number of the control tick"),
        "mode": (_TEXT, "what the motors do"),
        "interruption": (_TEXT, "why the last stretch of RUN ended"),
        "ending": (_TEXT, "why RUN will end soon"),
        "epoch": (_COUNTER, "counts stretches of RUN"),
        "n_guarded": (_COUNTER, "ticks in which the guard changed the command"),
        "n_late": (_COUNTER, "actions that came later than due"),
        "n_stale": (_COUNTER, "ticks without a fresh sample beyond the expected"),
        "fault": (_TEXT, "what is wrong; empty: nothing"),
    },
}
"""Topic -> field -> (JSON type, meaning with unit). Arrays are in the order of the joints."""

SCHEMA_NAMES = {STATE: "rl_zoo.State", COMMAND: "rl_zoo.Command", MODE: "rl_zoo.Mode"}
_DECIMALS = 6


def json_schema(topic: str) -> bytes:
    """Return the JSON schema of a topic's messages."""
    properties = {
        name: {**kind, "description": meaning} for name, (kind, meaning) in FIELDS[topic].items()
    }
    schema = {"title": SCHEMA_NAMES[topic], "type": "object", "properties": properties}
    return json.dumps(schema).encode()


def encode_messages(topic: str, rows: Record) -> Iterator[bytes]:
    """Yield one JSON message per tick; what is not finite becomes null.

    Args:
        topic: ``STATE``, ``COMMAND`` or ``MODE``.
        rows: Ticks in order (``tick_dtype``). Shape: (n,).
    """
    names = FIELDS[topic]
    columns = [_column(topic, name, rows) for name in names]
    for values in zip(*columns, strict=True):
        yield json.dumps(dict(zip(names, values, strict=True)), separators=(",", ":")).encode()


def _column(topic: str, name: str, rows: Record) -> list[Any]:
    """Return the values of one field, one per tick."""
    if topic == STATE and name not in ("tick", "is_fresh"):
        values = rows["sample"][name]
    else:
        values = rows[name]
    if name == "buttons":
        return [_pressed(int(mask)) for mask in values]
    if name == "mode":
        return [Mode(int(value)).name for value in values]
    if name in ("interruption", "ending"):
        return [Interruption(int(value)).reason for value in values]
    if values.dtype.kind == "S":
        return [bytes(value).decode(errors="ignore") for value in values]
    return _plain(values)


def _plain(values: NDArray[Any]) -> list[Any]:
    if values.dtype.kind != "f":
        plain: list[Any] = values.tolist()
        return plain
    rounded = values.round(_DECIMALS)
    finite = np.isfinite(values)
    if not finite.all():
        rounded = rounded.astype(object)
        rounded[~finite] = None
    numbers: list[Any] = rounded.tolist()
    return numbers


def _pressed(mask: int) -> list[str]:
    return [name for index, name in enumerate(BUTTONS) if mask >> index & 1]
