"""Count how a robot is used while an environment drives it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from rl_zoo.robots.control.link import Snapshot
from rl_zoo.robots.control.modes import Interruption, Mode

_POWERED = frozenset({Mode.STANDUP, Mode.READY, Mode.RUN, Mode.HOLD, Mode.SIT})
_ASKED_FOR = frozenset({Interruption.NONE, Interruption.PAUSE})


class UseMeter:
    """Adds up what snapshots show; see ``rl_zoo.runs.robot_use`` for the names.

    Attributes:
        episodes: Episodes begun.
        falls: Episodes that a fall ended.
        late_steps: Steps whose action came after its deadline.
        prompts: Questions to the operator.
        cadence: Report of the control loop at its end, or None.
    """

    def __init__(self) -> None:
        self.episodes = 0
        self.falls = 0
        self.late_steps = 0
        self.prompts = 0
        self.cadence: dict[str, Any] | None = None
        self._times: Counter[str] = Counter()
        self._interruptions: Counter[str] = Counter()
        self._counters: Counter[str] = Counter()
        self._hottest: float | None = None
        self._lowest: float | None = None
        self._last: Snapshot | None = None

    def see(self, snapshot: Snapshot) -> None:
        """Take in a snapshot; the time since the last one counts for the mode it showed."""
        last, self._last = self._last, snapshot
        if last is None:
            self._count_interruption(Interruption.NONE, snapshot)
            return
        elapsed = max(snapshot.time - last.time, 0.0)
        if last.mode in _POWERED:
            self._times["powered"] += elapsed  # type: ignore[assignment]
        if last.mode is Mode.RUN:
            self._times["running"] += elapsed  # type: ignore[assignment]
        for name in ("n_guarded", "n_late", "n_stale"):
            self._counters[name] += max(getattr(snapshot, name) - getattr(last, name), 0)
        self._count_interruption(last.interruption, snapshot)
        self._note_extremes(snapshot)

    def count(self, reason: str) -> None:
        """Count an interruption that the control loop does not name."""
        self._interruptions[reason] += 1

    def _count_interruption(self, before: Interruption, snapshot: Snapshot) -> None:
        now = snapshot.interruption
        if now is not before and now not in _ASKED_FOR:
            self._interruptions[now.reason] += 1

    def _note_extremes(self, snapshot: Snapshot) -> None:
        temperatures, voltage = snapshot.state.temperatures, snapshot.state.battery_voltage
        if temperatures is not None and temperatures.size:
            hottest = float(np.max(temperatures))
            self._hottest = hottest if self._hottest is None else max(self._hottest, hottest)
        if voltage is not None:
            lowest = voltage if self._lowest is None else min(self._lowest, voltage)
            self._lowest = float(lowest)

    def report(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            "minutes_powered": round(self._times["powered"] / 60.0, 4),
            "minutes_running": round(self._times["running"] / 60.0, 4),
            "episodes": self.episodes,
            "falls": self.falls,
            "guarded_ticks": self._counters["n_guarded"],
            "late_steps": self.late_steps,
            "late_actions": self._counters["n_late"],
            "stale_ticks": self._counters["n_stale"],
            "operator_prompts": self.prompts,
            "interruptions": dict(self._interruptions),
            "max_temperature": self._hottest,
            "min_battery_voltage": self._lowest,
            "cadence": self.cadence,
        }
