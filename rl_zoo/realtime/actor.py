"""The process that acts: ``python -m rl_zoo.realtime.actor``, without PyTorch, SB3 or JAX."""

from __future__ import annotations

import contextlib
import sys
import traceback

from rl_zoo.envs.descriptor import ATTRIBUTE, plain_descriptor
from rl_zoo.errors import ConfigError, ZooError
from rl_zoo.realtime.acting import Acting
from rl_zoo.realtime.acting_env import ActingEnv
from rl_zoo.realtime.actor_evaluation import PRIORITY
from rl_zoo.realtime.actor_policy import prepare_products
from rl_zoo.realtime.board import Board, Phase, beat
from rl_zoo.realtime.events import EventWriter
from rl_zoo.realtime.launch import Task, receive
from rl_zoo.robots.control.owner_watch import OwnerWatch
from rl_zoo.robots.control.realtime import (
    freeze_garbage,
    lock_memory,
    pin,
    refused,
    set_fifo,
)
from rl_zoo.runs.changed_robot import RAMP_IS_OVER, robot_lines, same_robot
from rl_zoo.runs.record import read_record
from rl_zoo.runs.source import find_source

_UNPACED = (
    "{} does not say how many steps it makes per second: the actor waits for no deadline; give "
    "--control-frequency HZ"
)


def main() -> int:
    """Act until the budget is used up or the supervisor wants the end; return the exit code."""
    task = receive(sys.argv)
    events = EventWriter(task.events)
    board = Board(task.board)
    beat(board.actor, Phase.STARTING)
    try:
        _act(task, board, events)
    except ZooError as error:
        events.send(_fault(error))
        return error.exit_code
    except Exception as error:
        events.send(_fault(error))
        return 1
    finally:
        events.flush()
    beat(board.actor, Phase.DONE)
    return 0


def _act(task: Task, board: Board, events: EventWriter) -> None:
    env = ActingEnv(task.options, task.folder)
    acting = None
    try:
        acting = Acting(task, env, board, events, OwnerWatch(task.owner_pid, task.owner_pipe))
        _tell_robot(task, env, events)
        if task.begins_with_policy:
            _finish_ramp(task, env, events)
        if env.frequency is None:
            events.send({"kind": "warning", "text": _UNPACED.format(task.options.config.env_id)})
        if env.has_deadlines:  # else it would take the processor for itself
            _ask_for_real_time(task, events)
        try:
            acting.run()
        finally:
            events.send({"kind": "cadence", **acting.cadence.report().to_dict()})
    finally:
        beat(board.actor, Phase.CLOSING)
        _close(env, acting, events)


def _tell_robot(task: Task, env: ActingEnv, events: EventWriter) -> None:
    """Say which robot it is, before it moves.

    Raises:
        UsageError: If the run that is resumed was trained on another one.
    """
    robot = plain_descriptor(env.attribute(ATTRIBUTE))
    if task.options.resume is not None:
        record = read_record(task.folder)
        same_robot(task.folder, None if record is None else record.robot, robot)
    if robot is not None:
        events.send({"kind": "descriptor", "robot": robot})
    if task.options.trained_agent is not None:
        lines = robot_lines(find_source(task.options.trained_agent), robot)
        events.send({"kind": "restored", "lines": lines})


def _finish_ramp(task: Task, env: ActingEnv, events: EventWriter) -> None:
    """Give the policy its full influence over a prior: it has learned before."""
    finish = env.attribute("finish_ramp")
    if finish is not None:
        finish()
        if task.options.resume is None:
            events.send({"kind": "restored", "lines": RAMP_IS_OVER})


def _close(env: ActingEnv, acting: Acting | None, events: EventWriter) -> None:
    """Put a robot to rest; say what it was used for, which is complete only then."""
    try:
        env.close()
    finally:
        with contextlib.suppress(Exception):  # its control process is gone
            use = env.attribute("robot_use")
            if use is not None:
                events.send({"kind": "robot_use", "use": use})
        if acting is not None:
            acting.ring.close()


def _ask_for_real_time(task: Task, events: EventWriter) -> None:
    """Ask for what keeps ticks on time; what is refused is said once, in words."""
    prepare_products()
    asked = (pin(task.core), set_fifo(PRIORITY), lock_memory())
    for refusal in refused(asked):
        events.send({"kind": "note", "text": f"actor: {refusal}"})
    freeze_garbage()


def _fault(error: Exception) -> dict[str, object]:
    told: dict[str, object] = {
        "kind": "fault",
        "message": str(error) or type(error).__name__,
        "error": type(error).__name__,
        "traceback": "".join(traceback.format_exception(error)),
    }
    if isinstance(error, ConfigError):
        told["problems"] = list(error.problems)
    return told


if __name__ == "__main__":
    raise SystemExit(main())
