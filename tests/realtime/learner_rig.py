"""A learner in this process, between a board and a ring that a test writes to."""

import json
import os
from dataclasses import replace

import numpy as np
from gymnasium.spaces import Box
from stable_baselines3.common.logger import Logger

from rl_zoo.config.resolve import resolve_saved
from rl_zoo.realtime.board import Board
from rl_zoo.realtime.events import EventReader, EventWriter, event_pipe
from rl_zoo.realtime.launch import Task
from rl_zoo.realtime.learner_agent import build_learner_agent
from rl_zoo.realtime.learner_log import open_logger
from rl_zoo.realtime.learner_loop import Learner
from rl_zoo.realtime.parameters import ParameterReader, create_parameter_memory
from rl_zoo.realtime.ring import Ring, RingWriter, create_ring
from rl_zoo.realtime.ring_layout import DISCARD, START, TERMINATED, TRUNCATED, BoxSpec, RingSpec
from rl_zoo.realtime.snapshots import newest_snapshot
from rl_zoo.robots.control.owner_watch import OwnerWatch
from rl_zoo.runs.folder import create_run_folder
from rl_zoo.train_options import TrainOptions

SMALL = {
    "policy": "MlpPolicy",
    "n_timesteps": 10_000,
    "batch_size": 16,
    "buffer_size": 5000,
    "learning_starts": 40,
    "policy_kwargs": {"net_arch": [16, 16]},
    "normalize": True,
}
OBSERVATION = Box(-np.inf, np.inf, (3,), np.float32)
ACTION = Box(-2.0, 2.0, (2,), np.float32)
EPISODE = 25


class Rig:
    """What the supervisor and the actor are to a learner."""

    def __init__(self, place, algo="sac", backend="auto", **values):
        config = resolve_saved({**SMALL, **values}, "test", algo, "Pendulum-v1")
        self.options = TrainOptions(config, seed=3, verbose=0, backend=backend, log_folder=place)
        self.folder = create_run_folder(place, algo, "Pendulum-v1")
        self.folder.realtime.mkdir()
        spec = RingSpec(BoxSpec.of(OBSERVATION), BoxSpec.of(ACTION), SMALL["buffer_size"])
        create_ring(self.folder.ring, spec)
        self.writer = RingWriter(self.folder.ring)
        self.board = Board()
        reading, writing = event_pipe()
        self.events, self.told = EventWriter(writing), EventReader(reading)
        self.owner_pipe, self.alive = os.pipe()
        self.task = Task(
            self.options,
            self.folder,
            self.board.descriptor,
            create_parameter_memory(),
            writing,
            os.getpid(),
            self.owner_pipe,
        )
        self.published = ParameterReader(self.task.parameters)
        self.random = np.random.default_rng(0)
        self._following = self._observe()

    def learner(self, restored_step=0):
        """Return a new learner on the same board."""
        task = replace(self.task, restored_step=restored_step)
        agent = build_learner_agent(self.options, Ring(self.folder.ring), self.options.backend)
        agent.set_logger(open_logger(agent, self.folder, self.options, None))
        owner = OwnerWatch(task.owner_pid, task.owner_pipe)
        learner = Learner(task, self.board, self.events, owner, agent)
        snapshot = newest_snapshot(self.folder, restored_step)
        if snapshot is not None:
            learner.restore(*snapshot)
        return learner

    def act(self, n_rows, share_of_holes=0.0):
        """Store transitions of episodes of ``EPISODE`` steps."""
        for _ in range(n_rows):
            number = self.writer.committed
            is_first = number % EPISODE == 0
            now = self._observe() if is_first else self._following
            self._following = self._observe()
            flags = START if is_first else 0
            if number % EPISODE == EPISODE - 1:
                flags |= TERMINATED if number % 2 else TRUNCATED
            elif self.random.random() < share_of_holes:
                flags |= DISCARD
            action = self.random.uniform(-1, 1, 2)
            self.writer.append(now, action, float(self.random.normal()), self._following, flags)

    def report(self, **event):
        """Append an event to the file, as the supervisor does."""
        with self.folder.events_file.open("a") as stream:
            stream.write(json.dumps(event) + "\n")

    def episode(self, step, r, **more):
        """Report an episode."""
        self.report(kind="episode", step=step, r=r, l=EPISODE, t=step / 50, **more)

    def _observe(self):
        return self.random.normal(3.0, 2.0, 3).astype(np.float32)


def work_off(learner, most=2000):
    """Let a learner work until nothing is due; return how many turns that took."""
    for number in range(most):
        assert learner.turn()
        if learner.is_idle:
            return number
    raise AssertionError("the learner does not come to rest")


def silent():
    """Return a logger that writes nothing."""
    return Logger(None, [])
