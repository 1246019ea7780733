"""The learner as a process: killed again and again it loses nothing, and policies only advance."""

import os
import signal
import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from rl_zoo.agents.normalizer_file import load_normalizer
from rl_zoo.realtime.board import Phase
from rl_zoo.realtime.launch import start
from rl_zoo.runs.checkpoints import complete_checkpoints, latest_resumable
from tests.realtime.learner_rig import Rig

LEARNER = "rl_zoo.realtime.learner"
RATE = 200.0
LIMIT = 60.0


class Actor(threading.Thread):
    """Stores transitions at a steady rate and notes every policy that it gets."""

    def __init__(self, rig):
        super().__init__(daemon=True)
        self.rig = rig
        self.versions, self.n_updates = [], []
        self.is_over = threading.Event()

    def run(self):
        while not self.is_over.wait(1 / RATE):
            self.rig.act(1)
            newest = self.rig.published.newest()
            if newest is not None:
                self.versions.append(newest.version)
                self.n_updates.append(newest.description["n_updates"])


def until(condition, process):
    end = time.monotonic() + LIMIT
    while not condition():
        assert process.poll() is None, f"the learner ended with {process.poll()}"
        assert time.monotonic() < end, "the learner takes too long"
        time.sleep(0.005)


def expect_all_counted(rig):
    """Compare the final statistics with the rows of the ring: each was counted exactly once."""
    rows = rig.writer.read(0, rig.writer.committed)
    ends = (rows["terminated"] != 0) | (rows["truncated"] != 0)
    seen = [rows["observation"][rows["start"] != 0], rows["next_observation"][~ends]]
    seen = np.concatenate(seen).astype(np.float64)
    moments = load_normalizer(rig.folder.final_normalizer).obs_rms
    assert moments.count == pytest.approx(len(seen), abs=1e-3)
    np.testing.assert_allclose(moments.mean, seen.mean(axis=0), rtol=1e-3)
    np.testing.assert_allclose(moments.var, seen.var(axis=0), rtol=1e-2)


def kill_again_and_again(rig, n_kills, seed):
    """Kill learners at random moments; return the actor that saw their policies."""
    random = np.random.default_rng(seed)
    part = rig.board.learner
    actor = Actor(rig)
    actor.start()
    try:
        for _ in range(n_kills):
            steps = max(complete_checkpoints(rig.folder), default=0)
            process = start(LEARNER, replace(rig.task, restored_step=steps))
            until(lambda pid=process.pid: part["pid"] == pid and part["phase"] > 0, process)
            before = int(part["n_updates"])
            until(lambda n=before: part["n_updates"] != n, process)
            rig.board.supervisor["checkpoint"] += 1
            time.sleep(random.uniform(0.0, 0.15))
            os.kill(process.pid, signal.SIGKILL)
            assert process.wait(10) == -signal.SIGKILL
    finally:
        actor.is_over.set()
        actor.join()
    return actor


def finish(rig):
    steps = max(complete_checkpoints(rig.folder), default=0)
    process = start(LEARNER, replace(rig.task, restored_step=steps))
    until(lambda: rig.board.learner["n_seen"] == rig.writer.committed, process)
    rig.board.supervisor["finish"] = 2
    assert process.wait(LIMIT) == 0


@pytest.mark.parametrize("n_kills", [1, pytest.param(10, marks=pytest.mark.slow)])
def test_killed_learner_costs_no_transition_and_no_step_back(tmp_path, n_kills):
    rig = Rig(tmp_path)
    actor = kill_again_and_again(rig, n_kills, seed=n_kills)
    finish(rig)
    assert rig.board.learner["phase"] == Phase.DONE
    assert rig.board.learner["n_seen"] == rig.writer.committed > 50
    assert latest_resumable(rig.folder) == rig.writer.committed
    assert actor.versions == sorted(set(actor.versions)) and len(actor.versions) > 1
    expect_all_counted(rig)


def test_learner_that_cannot_be_built_says_why(tmp_path):
    rig = Rig(tmp_path, policy_kwargs={"net_arch": [4], "activation_fn": "nn.Softplus"})
    process = start(LEARNER, rig.task)
    assert process.wait(LIMIT) == 2
    (fault,) = [event for event in rig.told.read() if event["kind"] == "fault"]
    assert fault["error"] == "ConfigError" and "Softplus" in fault["problems"][0]


def test_learner_without_a_ring_leaves_when_the_run_ends(tmp_path):
    rig = Rig(tmp_path)
    rig.folder.ring.unlink()
    rig.board.supervisor["finish"] = 1
    process = start(LEARNER, rig.task)
    assert process.wait(LIMIT) == 0
    assert not rig.folder.final_model.exists()
