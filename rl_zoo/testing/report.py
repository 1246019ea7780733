"""The result of a conformance check, line by line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from rl_zoo.errors import RobotFault


class Outcome(Enum):
    """What came of one check."""

    OK = "ok"
    FAILED = "failed"
    NOT_JUDGED = "not judged"


@dataclass(frozen=True)
class Check:
    """One rule and whether it is kept."""

    name: str
    """The rule in a few words."""
    outcome: Outcome
    detail: str = ""
    """Why it failed or was not judged, or a figure."""

    def __str__(self) -> str:
        detail = "" if not self.detail else f": {self.detail}"
        if self.outcome is Outcome.OK:
            detail = "" if not self.detail else f" ({self.detail})"
        return f"{self.outcome.value:<10}  {self.name}{detail}"


@dataclass(frozen=True)
class Report:
    """All checks of one part, in the order in which they were done."""

    subject: str
    """What was checked."""
    checks: tuple[Check, ...]

    @property
    def failures(self) -> tuple[Check, ...]:
        """Return the checks that failed."""
        return tuple(check for check in self.checks if check.outcome is Outcome.FAILED)

    @property
    def is_ok(self) -> bool:
        """Return whether nothing failed."""
        return not self.failures

    def raise_if_failed(self) -> None:
        """Raise RobotFault with the report if a check failed."""
        if not self.is_ok:
            raise RobotFault(str(self))

    def __str__(self) -> str:
        n_judged = sum(check.outcome is not Outcome.NOT_JUDGED for check in self.checks)
        n_failed = len(self.failures)
        verdict = f"{n_judged} checks, {n_failed or 'none'} failed"
        return "\n".join([f"{self.subject}: {verdict}", *(f"  {check}" for check in self.checks)])


def passed(name: str, detail: str = "") -> Check:
    """Return a check that is kept."""
    return Check(name, Outcome.OK, detail)


def failed(name: str, why: str) -> Check:
    """Return a check that is not kept."""
    return Check(name, Outcome.FAILED, why)


def not_judged(name: str, why: str) -> Check:
    """Return a check that could not be done."""
    return Check(name, Outcome.NOT_JUDGED, why)


def judge(name: str, problems: Sequence[str], detail: str = "") -> Check:
    """Return a check that fails with the first of ``problems``."""
    if not problems:
        return passed(name, detail)
    more = "" if len(problems) == 1 else f" (and {len(problems) - 1} more)"
    return failed(name, problems[0] + more)


def attempt(name: str, check: Callable[[], Check]) -> Check:
    """Return what ``check`` says; an exception of the checked part is a failure."""
    try:
        return check()
    # Another person's code may raise anything: that is what is being found out.
    except Exception as error:
        return failed(name, f"{type(error).__name__}: {error}")
