"""Questions of the robot commands: terminal or control file; silence means no."""

from __future__ import annotations

import time

from rl_zoo import console
from rl_zoo.errors import UsageError

ANSWER_TIME = 60.0
"""s; then the answer is no."""


def require_yes(question: str, *, assume_yes: bool) -> None:
    """Ask, and return if the answer is yes.

    Args:
        question: What is about to happen.
        assume_yes: Do not ask.

    Raises:
        UsageError: If the answer is no, or none came.
    """
    if assume_yes:
        return
    from rl_zoo.envs.operator import Operator, OperatorSettings
    from rl_zoo.robots.control.settings import ControlSettings

    operator = Operator(OperatorSettings(), ControlSettings())
    operator.ask(f"{question} (within {ANSWER_TIME:g} s)")
    deadline = time.monotonic() + ANSWER_TIME
    try:
        while time.monotonic() < deadline:
            for word in operator.listen(frozenset()):
                if word == "yes":
                    return
                raise UsageError(f"answered '{word}': nothing was done")
            time.sleep(0.02)
    finally:
        operator.answered()
    console.message("No answer.")
    raise UsageError("not confirmed: nothing was done; --yes answers the question")
