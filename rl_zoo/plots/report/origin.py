"""Where a run began: the run it was started from, and its sessions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from rl_zoo.plots.report.number_text import (
    NOTHING,
    count_text,
    duration_text,
    rounded,
    time_text,
)
from rl_zoo.plots.report.reported_run import ReportedRun
from rl_zoo.plots.report.sections import Block, Section, Table
from rl_zoo.runs.record import RunRecord


def origin(run: ReportedRun) -> Section | None:
    """Return parent and sessions; None for a run from scratch in one go."""
    record = run.record
    if record is None:
        return None
    blocks = [*_parent(record), *_sessions(record)]
    return Section("origin", "Parent and sessions", tuple(blocks)) if blocks else None


def _parent(record: RunRecord) -> Iterator[Block]:
    if record.parent is None:
        return
    rows = [("Started from", record.parent), *record.restored.items()]
    yield Table(
        (),
        tuple((f"{name[:1].upper()}{name[1:]}", text) for name, text in rows),
        "What was taken over.",
    )
    if record.baseline is not None:
        yield Table((), tuple(_baseline(record.baseline)), "The old policy before it learned here.")


def _baseline(baseline: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if baseline.get("mean_return") is not None:
        text = rounded(baseline["mean_return"])
        if baseline.get("std_return") is not None:
            text += f" ± {rounded(baseline['std_return'])}"
        yield "Return", f"{text} ({baseline.get('n', '?')} episodes)"
    if baseline.get("forward_speed") is not None:
        yield "Forward speed", f"{rounded(baseline['forward_speed'])} m/s"
    if baseline.get("falls") is not None:
        yield "Falls", f"{baseline['falls']} of {baseline.get('n', '?')} episodes"


def _sessions(record: RunRecord) -> Iterator[Block]:
    if len(record.sessions) < 2:
        return
    rows = []
    for number, session in enumerate(record.sessions, start=1):
        following = record.sessions[number] if number < len(record.sessions) else None
        rows.append((str(number), *_session_cells(session), _repeated(session, following)))
    yield Table(
        ("session", "state", "started", "took", "from step", "to step", "trained again"),
        tuple(rows),
        "A session that was killed has no end. Trained again: steps after the checkpoint from "
        "which the next session went on; they are in no curve.",
        n_text_columns=3,
    )


def _session_cells(session: Mapping[str, Any]) -> tuple[str, str, str, str, str]:
    started, ended = session.get("started_at"), session.get("ended_at")
    state = str(session.get("state", ""))
    if state == "running" and ended is None:
        state = "no end recorded"
    return (
        state,
        time_text(str(started or NOTHING)),
        _seconds_between(started, ended),
        _step(session.get("from_step")),
        _step(session.get("to_step")),
    )


def _repeated(session: Mapping[str, Any], following: Mapping[str, Any] | None) -> str:
    to_step = session.get("to_step")
    if following is None or to_step is None or following.get("from_step") is None:
        return NOTHING
    return _step(max(int(to_step) - int(following["from_step"]), 0))


def _step(step: Any) -> str:
    return NOTHING if step is None else count_text(int(step))


def _seconds_between(start: Any, end: Any) -> str:
    try:
        elapsed = datetime.fromisoformat(end) - datetime.fromisoformat(start)
    except (TypeError, ValueError):
        return NOTHING
    return duration_text(elapsed.total_seconds())
