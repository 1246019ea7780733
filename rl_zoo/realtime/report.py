"""What a real-time run reports about itself: deadlines, updates, restarts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from rl_zoo.realtime.board import Board


def report_of(board: Board, cadence: Mapping[str, Any] | None, n_in_time: int) -> dict[str, Any]:
    """Return what ``run.json`` keeps under ``realtime``.

    Args:
        board: After the run.
        cadence: The actor's report of its ticks (``CadenceReport``); None: it gave none.
        n_in_time: Updates done when the actor ended; those it still owed came later.
    """
    learner, supervisor = board.learner, board.supervisor
    requested, reached = float(learner["n_requested"]), int(learner["n_updates"])
    return {
        "cadence": dict(cadence) if cadence is not None else None,
        "n_updates": reached,
        "n_updates_requested": math.floor(requested),
        "n_updates_in_time": n_in_time,
        "updates_reached": n_in_time / requested if requested >= 1.0 else None,
        "updates_reached_at_end": reached / requested if requested >= 1.0 else None,
        "policy_versions": int(learner["policy_version"]),
        "first_policy_step": int(board.actor["first_policy_step"]),
        "first_update_s": float(learner["first_update"]),
        "longest_stall_s": float(learner["longest_stall"]),
        "learner_restarts": int(supervisor["n_restarts"]),
        "dropped_events": int(board.actor["n_dropped_events"]),
    }


def describe_report(report: Mapping[str, Any]) -> str:
    """Return the report in two or three lines."""
    lines = []
    cadence = report.get("cadence")
    if cadence and cadence.get("n_ticks"):
        n_ticks, n_missed = int(cadence["n_ticks"]), int(cadence["n_missed"])
        lines.append(
            f"Ticks: {n_ticks} at {cadence['achieved_rate']:.1f} of {cadence['rate']:g} Hz, "
            f"{n_missed} deadlines missed ({n_missed / (n_ticks + n_missed):.2%}), "
            f"action ready p99 {_milliseconds(cadence['work_p99'])}, "
            f"longest gap {_milliseconds(cadence['longest_gap'])}"
        )
    reached, at_end = report["updates_reached"], report["updates_reached_at_end"]
    share = "" if reached is None else f" ({reached:.1%}; {at_end:.1%} after the last step)"
    lines.append(
        f"Learner: {report['n_updates_in_time']} of {report['n_updates_requested']} updates"
        f"{share}, "
        f"first one {_milliseconds(report['first_update_s'])}, "
        f"longest stall {_milliseconds(report['longest_stall_s'])}, "
        f"{report['learner_restarts']} restarts"
    )
    if report["dropped_events"]:
        lines.append(f"{report['dropped_events']} events were lost: the supervisor was too slow")
    return "\n".join(lines)


def _milliseconds(seconds: float) -> str:
    return f"{1000.0 * seconds:.1f} ms"
