"""``python -m rl_zoo.realtime.learner``: the process that learns from the ring.

It starts, says so, and only then imports the learning libraries, while the actor warms up.
"""

from __future__ import annotations

import os
import sys
import traceback

from rl_zoo.errors import ConfigError, ZooError
from rl_zoo.realtime.board import Board, Phase, beat
from rl_zoo.realtime.events import EventWriter
from rl_zoo.realtime.launch import Task, receive
from rl_zoo.robots.control.realtime import pin

_NICENESS = 5


def main(argv: list[str] | None = None) -> int:
    """Learn until the supervisor wants the end; return the exit code."""
    task = receive(sys.argv if argv is None else argv)
    board, events = Board(task.board), EventWriter(task.events)
    beat(board.learner, Phase.STARTING)
    try:
        _give_way(task, events)
        from rl_zoo.realtime.learning import learn

        learn(task, board, events)
    except Exception as error:  # whatever it is: the supervisor decides what comes next
        events.send(_fault(error))
        events.flush()
        return error.exit_code if isinstance(error, ZooError) else 1
    return 0


def _give_way(task: Task, events: EventWriter) -> None:
    """Leave the processor to the actor whenever it wants it."""
    os.nice(_NICENESS)
    refusal = pin(task.core)
    if refusal is not None:
        events.send({"kind": "warning", "text": f"learner: {refusal}"})


def _fault(error: Exception) -> dict[str, object]:
    fault: dict[str, object] = {
        "kind": "fault",
        "error": type(error).__name__,
        "message": " ".join(str(error).split()) or type(error).__name__,
        "traceback": "".join(traceback.format_exception(error)),
    }
    if isinstance(error, ConfigError):
        fault["problems"] = error.problems
    return fault


if __name__ == "__main__":
    raise SystemExit(main())
