"""How much a run has used its robot, over all sessions: part of ``run.json``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ROBOT_USE = "robot_use"
"""Attribute of an environment, and key of ``run.json``."""

_SUMS = (
    "minutes_powered",
    "minutes_running",
    "episodes",
    "falls",
    "guarded_ticks",
    "late_steps",
    "late_actions",
    "stale_ticks",
    "operator_prompts",
)
"""Numbers that add up over sessions."""


def merged_use(
    old: Mapping[str, Any] | None, new: Mapping[str, Any] | None
) -> dict[str, Any] | None:
    """Return the use of two sessions together; the cadence is that of the newer one.

    Args:
        old: Use so far, or None.
        new: Use of the newest session, or None.
    """
    if old is None or new is None:
        known = old if new is None else new
        return None if known is None else dict(known)
    use: dict[str, Any] = {
        name: round(old.get(name, 0) + new.get(name, 0), 4)
        if "minutes" in name
        else old.get(name, 0) + new.get(name, 0)
        for name in _SUMS
    }
    counts: dict[str, int] = dict(old.get("interruptions") or {})
    for reason, count in (new.get("interruptions") or {}).items():
        counts[reason] = counts.get(reason, 0) + count
    use["interruptions"] = counts
    use["max_temperature"] = _extreme(max, old, new, "max_temperature")
    use["min_battery_voltage"] = _extreme(min, old, new, "min_battery_voltage")
    use["cadence"] = new.get("cadence") or old.get("cadence")
    return use


def describe_use(use: Mapping[str, Any]) -> str:
    """Return the use of a robot in a few lines."""
    lines = [
        f"Robot: {use.get('minutes_powered', 0.0):.1f} min under power, "
        f"{use.get('minutes_running', 0.0):.1f} min following the policy, "
        f"{use.get('falls', 0)} falls, {use.get('operator_prompts', 0)} prompts"
    ]
    lines.append(
        f"  the guard changed {use.get('guarded_ticks', 0)} ticks; "
        f"{use.get('late_steps', 0)} steps were late, {use.get('stale_ticks', 0)} ticks stale"
    )
    counts = sorted((use.get("interruptions") or {}).items(), key=lambda item: -item[1])
    if counts:
        lines.append("  interrupted: " + ", ".join(f"{count} {name}" for name, count in counts))
    extremes = []
    if use.get("max_temperature") is not None:
        extremes.append(f"hottest motor {use['max_temperature']:.0f} C")
    if use.get("min_battery_voltage") is not None:
        extremes.append(f"lowest battery {use['min_battery_voltage']:.1f} V")
    if extremes:
        lines.append("  " + ", ".join(extremes))
    cadence = use.get("cadence")
    if cadence:
        lines.append(f"  {_cadence_text(cadence)}")
    return "\n".join(lines)


def _cadence_text(cadence: Mapping[str, Any]) -> str:
    return (
        f"control loop: {cadence.get('achieved_rate', 0.0):.1f} of "
        f"{cadence.get('rate', 0.0):g} Hz, {cadence.get('n_missed', 0)} of "
        f"{cadence.get('n_ticks', 0)} deadlines missed, "
        f"longest gap {1000.0 * cadence.get('longest_gap', 0.0):.1f} ms"
    )


def _extreme(choose: Any, old: Mapping[str, Any], new: Mapping[str, Any], name: str) -> Any:
    known = [use[name] for use in (old, new) if use.get(name) is not None]
    return choose(known) if known else None
