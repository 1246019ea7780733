"""Notice an actor that hangs: a driver's call that does not return, a process that was stopped."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from rl_zoo import console
from rl_zoo.realtime.board import Phase
from rl_zoo.realtime.members import Member

_LIMITS = {
    Phase.WARM_UP: (2.0, 30.0),
    Phase.RUNNING: (2.0, 30.0),
    Phase.HOLDING: (10.0, 60.0),  # a robot may be sitting down
    Phase.STARTING: (60.0, 600.0),
    Phase.CLOSING: (60.0, 600.0),
    # Somebody may be carrying the robot back; the first step may compile a simulation.
    Phase.RESETTING: (60.0, 1800.0),
    Phase.EVALUATING: (60.0, 1800.0),
}
"""Seconds without a heartbeat after which the user is told, and after which the actor is ended."""
_SLOWEST_PERIODS = 20
"""Steps without a sign of life that are no reason to tell anybody, however slow the control is."""
_LONGEST_LOOK = 1.0
"""Seconds that count between two looks: when everything was stopped (Ctrl-Z), nobody hangs."""
_DOING = {
    Phase.WARM_UP: "in a step",
    Phase.RUNNING: "in a step",
    Phase.HOLDING: "while it waits",
    Phase.STARTING: "while it starts",
    Phase.CLOSING: "while it closes the environment",
    Phase.RESETTING: "in a reset or the step after it",
    Phase.EVALUATING: "in an evaluation",
}


@dataclass
class ActorWatch:
    """Watches the actor's heartbeat.

    Args:
        frequency: Of control, Hz; None: not known here.
    """

    frequency: float | None = None
    silences: list[dict[str, float]] = field(default_factory=list)
    """What the user was told about: ``step`` and ``seconds`` of each."""
    _heartbeat: float = -1.0
    _last_look: float | None = None
    _silent: float = 0.0
    _longest: float = 0.0
    """Silence at work that ended by itself: a slow environment is told of once, not always."""
    _is_told: bool = False

    def look(self, part: Any, step: int, now: float) -> str | None:
        """Tell the user what has changed; return why the actor is to be ended, None if it is not.

        Args:
            part: Of the actor on the board.
            step: Transitions stored.
            now: The time, s.
        """
        passed = 0.0 if self._last_look is None else min(now - self._last_look, _LONGEST_LOOK)
        self._last_look = now
        heartbeat, phase = float(part["heartbeat"]), Phase(int(part["phase"]))
        if heartbeat != self._heartbeat or phase not in _LIMITS:
            self._heartbeat = heartbeat
            self._note_sign_of_life()
            return None
        self._silent += passed
        alarm, end = self._limits(phase)
        if self._silent < alarm:
            return None
        if not self._is_told:
            self._is_told = True
            self.silences.append({"step": step, "seconds": 0.0})
            console.warn(
                f"no sign of life from the actor for {self._silent:.1f} s ({_DOING[phase]}, after "
                f"step {step}): does its environment or driver block? After {end:g} s it is ended"
            )
        self.silences[-1]["seconds"] = round(self._silent, 3)
        if self._silent < end:
            return None
        return f"the actor hung {_DOING[phase]}: no sign of life for {self._silent:.1f} s"

    def _limits(self, phase: Phase) -> tuple[float, float]:
        alarm, end = _LIMITS[phase]
        slowest = _SLOWEST_PERIODS / self.frequency if self.frequency else 0.0
        alarm = max(alarm, slowest, 2.0 * self._longest)
        return alarm, max(end, 3.0 * alarm)

    def _note_sign_of_life(self) -> None:
        if self._is_told:
            console.message(f"The actor goes on after {self._silent:.1f} s without a sign of life")
            self._longest = max(self._longest, self._silent)
        self._silent, self._is_told = 0.0, False


def end_hanging(actor: Member, reason: str) -> None:
    """Kill an actor that hangs; that is the fault which the run ends with.

    Its environment is not closed: a robot's control process lets the robot down without its owner.
    """
    actor.end()
    actor.read()
    actor.fault = {"kind": "fault", "error": "RobotFault", "message": reason}
