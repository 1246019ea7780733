"""Set the learner's process up: agent, checkpoint, logger, rehearsal; then let it work."""

from __future__ import annotations

import gc
import time
from pathlib import Path
from typing import Any

from rl_zoo.agents.backends import backend_of, describe_speed, resumed_backend
from rl_zoo.agents.matmul import enable_fast_matmul
from rl_zoo.cpu_budget import read_cpu_budget
from rl_zoo.realtime.adaptation import begin_with_old_policy
from rl_zoo.realtime.board import Board, Phase, beat
from rl_zoo.realtime.events import EventWriter
from rl_zoo.realtime.launch import Task
from rl_zoo.realtime.learner_agent import build_learner_agent, rehearse_update
from rl_zoo.realtime.learner_checkpoint import take_snapshot
from rl_zoo.realtime.learner_log import open_logger
from rl_zoo.realtime.learner_loop import Learner
from rl_zoo.realtime.learner_tracking import LearnerTracking
from rl_zoo.realtime.ring import Ring
from rl_zoo.realtime.snapshots import newest_snapshot
from rl_zoo.robots.control.owner_watch import OwnerWatch
from rl_zoo.runs.record import read_record


def learn(task: Task, board: Board, events: EventWriter) -> None:
    """Learn until the supervisor wants the end, or is gone.

    Raises:
        ConfigError: If the agent cannot be built.
        NonFiniteError: If learning diverged.
        OSError: If the final files cannot be written.
    """
    owner = OwnerWatch(task.owner_pid, task.owner_pipe)
    ring = _wait_for_ring(task, board, owner)
    if ring is None:
        return
    options, record = task.options, read_record(task.folder)
    tracking = LearnerTracking(options, task.folder, events)
    backend = options.backend
    if record is not None and record.backend is not None:
        backend = resumed_backend(backend, record.backend)
    fast_matmul = enable_fast_matmul()
    agent = build_learner_agent(options, ring, backend)
    tensorboard = None if record is None else record.tensorboard
    agent.set_logger(open_logger(agent, task.folder, options, tensorboard))
    learner = Learner(task, board, events, owner, agent)
    snapshot = newest_snapshot(task.folder, task.restored_step)
    if snapshot is not None:
        learner.restore(*snapshot)
    elif options.trained_agent is not None:
        begin_with_old_policy(learner, options, events)
    rehearse_update(agent, options, backend)
    take_snapshot(task.folder, agent, {})  # the first one is slow: not in a minute, but now
    computed_by, cpu = backend_of(agent, backend), read_cpu_budget(options.threads)
    values: dict[str, Any] = {
        "backend": computed_by.to_record(),
        "cpu": cpu.to_record(fast_matmul=fast_matmul),
        "fast_matmul": fast_matmul,
    }
    told = describe_speed(computed_by, cpu, fast_matmul=fast_matmul)
    events.send({"kind": "note", "text": f"learner: {told}"})
    if options.tensorboard_log is not None:
        values["tensorboard"] = str(Path(agent.logger.get_dir() or "").resolve())
    events.send({"kind": "record", "values": values})
    gc.collect()
    gc.freeze()  # a collection of everything that was imported would be a stall
    learner.run()
    beat(board.learner, Phase.SAVING)
    tracking.finish()
    beat(board.learner, Phase.DONE)


def _wait_for_ring(task: Task, board: Board, owner: OwnerWatch) -> Ring | None:
    """Return the ring once the actor has created it; None if the run ended before that."""
    while not task.folder.ring.is_file():
        beat(board.learner, Phase.STARTING)
        if int(board.supervisor["finish"]) or not owner.is_alive():
            return None
        time.sleep(0.01)
    return Ring(task.folder.ring)
