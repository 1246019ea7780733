"""Why the newest stretch of RUN ended, as the other side is told."""

from __future__ import annotations

from rl_zoo.robots.control.modes import Interruption, Mode

LATCHED = frozenset(
    {
        Interruption.STALE,
        Interruption.LINK,
        Interruption.MOTOR,
        Interruption.ESTOP,
        Interruption.SAFETY_STOP,
    }
)
"""Reasons for FAULT."""
WORDS = {
    Interruption.ESTOP: "emergency stop: it was asked for or pressed on the remote",
    Interruption.FALL: "the robot fell: its trunk is tilted too far or too low",
    Interruption.LATE: "no action came in time",
    Interruption.LEARNER: "the process that sends actions is gone",
    Interruption.SAFETY_STOP: "the robot cannot stand up: a joint is held",
}
"""Sentences for the reasons that say all there is to know."""


class Outcome:
    """Memory of the reason: the first one stays, unless a fault follows."""

    def __init__(self) -> None:
        self.interruption = Interruption.NONE
        """NONE since RUN or STANDUP was entered."""
        self.words = ""
        """What is wrong; empty again in IDLE, STANDUP and RUN."""

    def note(self, reason: Interruption, words: str) -> None:
        """Take a reason with which a mode was left."""
        if self.interruption is Interruption.NONE or reason in LATCHED:
            self.interruption = reason
        self.words = words

    def enter(self, mode: Mode) -> None:
        """Forget what a new mode makes obsolete."""
        if mode in (Mode.RUN, Mode.STANDUP):
            self.interruption = Interruption.NONE
        if mode in (Mode.RUN, Mode.STANDUP, Mode.IDLE):
            self.words = ""
