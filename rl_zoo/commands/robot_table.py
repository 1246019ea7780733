"""Tables of readings as text."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rl_zoo.motion.rotations import gravity_in_body, tilt

if TYPE_CHECKING:
    from rl_zoo.robots.driver import RobotState
    from rl_zoo.robots.guard_limits import SafetyLimits
    from rl_zoo.robots.spec import FloatArray, RobotSpec

UNKNOWN = "-"


def format_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return aligned lines: the first column to the left, the others to the right."""
    lines = [tuple(header), *(tuple(row) for row in rows)]
    widths = [max(len(line[index]) for line in lines) for index in range(len(header))]
    return [
        "  ".join(
            f"{cell:<{width}}" if index == 0 else f"{cell:>{width}}"
            for index, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]


def joint_table(spec: RobotSpec, limits: SafetyLimits, state: RobotState) -> list[str]:
    """Return one line per joint: angle, speed, torque, temperature, whether it answers, limits."""
    low, high = limits.arrays.lower, limits.arrays.upper
    rows = []
    for index, name in enumerate(spec.joint_names):
        q = float(state.joint_positions[index])
        is_inside = bool(low[index] <= q <= high[index])
        rows.append(
            (
                name,
                f"{q:+.3f}",
                f"{state.joint_velocities[index]:+.2f}",
                f"{state.joint_torques[index]:+.2f}",
                _element(state.temperatures, index, ".0f"),
                _online(state.motors_online, index),
                f"{low[index]:+.2f} .. {high[index]:+.2f}",
                "inside" if is_inside else "OUTSIDE",
            )
        )
    header = ("joint", "q rad", "dq rad/s", "tau Nm", "°C", "online", "limits rad", "")
    return format_table(header, rows)


def trunk_lines(spec: RobotSpec, state: RobotState) -> list[str]:
    """Return lines about orientation, gyroscope, accelerometer, feet, battery and buttons."""
    w, x, y, z = state.orientation
    up = tuple(-value for value in gravity_in_body(state.orientation))
    rate = state.angular_velocity_in_body
    lines = [
        f"orientation    w {w:+.3f}  x {x:+.3f}  y {y:+.3f}  z {z:+.3f}; tilt "
        f"{math.degrees(tilt(state.orientation)):.1f} degrees",
        f"up in trunk    {_vector(up)}",
        f"gyroscope      {_vector(rate)} rad/s",
    ]
    acceleration = state.acceleration_in_body
    size = "" if acceleration is None else f", size {math.hypot(*acceleration):.2f}"
    lines.append(f"accelerometer  {_vector(acceleration)} m/s^2{size}")
    if state.foot_forces is None:
        lines.append(f"feet           {UNKNOWN}")
    else:
        feet = zip(spec.feet, state.foot_forces, strict=False)
        lines.append("feet           " + "  ".join(f"{n} {force:.1f} N" for n, force in feet))
    voltage = state.battery_voltage
    lines.append(f"battery        {UNKNOWN if voltage is None else f'{voltage:.1f} V'}")
    if state.buttons:
        lines.append(f"buttons        {' '.join(sorted(state.buttons))}")
    return lines


def _vector(values: Sequence[float] | FloatArray | None) -> str:
    if values is None:
        return UNKNOWN
    return "  ".join(f"{n} {float(v):+.2f}" for n, v in zip("xyz", values, strict=True))


def _element(values: FloatArray | None, index: int, form: str) -> str:
    return UNKNOWN if values is None else format(float(values[index]), form)


def _online(values: tuple[bool, ...] | None, index: int) -> str:
    return UNKNOWN if values is None else ("yes" if values[index] else "NO")
