"""What earlier sessions of a real-time run did, from the log of events and, behind that, the ring.

When all processes are killed, the newest episodes may be in the ring but in no log yet.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from rl_zoo.realtime.events import Event
from rl_zoo.realtime.ring import Ring
from rl_zoo.runs.record import RunRecord


def read_events(path: Path) -> list[Event]:
    """Return the logged events; a last line that was cut short is removed from the file."""
    if not path.is_file():
        return []
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if len(whole) < len(content):
        os.truncate(path, len(whole))
    return [json.loads(line) for line in whole.splitlines()]


def unlogged_episodes(ring: Ring, events: Iterable[Event], elapsed: float) -> Iterator[Event]:
    """Yield the episodes that came to their end after the last one that was logged.

    Args:
        ring: Of the run.
        events: Logged ones.
        elapsed: For their time, which nobody knows, s.
    """
    steps = [int(event["step"]) for event in events if event.get("kind") == "episode"]
    first = max(steps[-1] if steps else 0, ring.oldest)
    total, length, discarded, is_whole = 0.0, 0, 0, False
    for number, row in enumerate(ring.read(first, ring.committed), first):
        if row["start"]:
            total, length, discarded, is_whole = 0.0, 0, 0, True
        total += float(row["reward"])
        length, discarded = length + 1, discarded + int(row["discard"])
        if is_whole and (row["terminated"] or row["truncated"]):
            is_whole = False
            yield {
                "kind": "episode",
                "step": number + 1,
                "r": round(total, 6),
                "l": length,
                "t": elapsed,
                "end_reason": "terminated" if row["terminated"] else "unknown",
                "is_termination": bool(row["terminated"]),
                "cut": int(discarded > 0),
                "discarded": discarded,
                "metrics": {},
            }


def count_again(record: RunRecord, events: Iterable[Event]) -> None:
    """Let the record count the logged episodes: the counts of a killed session were not written."""
    record.end_reasons, record.truncations, record.discarded = {}, {}, 0
    for event in events:
        if event.get("kind") != "episode":
            continue
        reason = str(event.get("end_reason") or "unknown")
        record.end_reasons[reason] = record.end_reasons.get(reason, 0) + 1
        if not event.get("is_termination"):
            record.truncations[reason] = record.truncations.get(reason, 0) + 1
        record.discarded += int(event.get("discarded") or 0)
