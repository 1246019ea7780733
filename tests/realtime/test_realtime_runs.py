"""Whole real-time runs: signals, killed processes, and that nothing acknowledged is ever lost."""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from rl_zoo.realtime.ring import Ring
from rl_zoo.runs.folder import open_run_folder
from rl_zoo.runs.record import read_record
from tests.realtime.logged_env import LOG, read_log

PLAIN = [
    *("--algo", "sac", "--env", "LoggedPendulum-v0", "--gym-packages", "tests.realtime.logged_env"),
    *("-params", "learning_starts:60", "policy_kwargs.net_arch:[16,16]", "batch_size:16"),
    *("--seed", "3", "--eval-freq", "-1", "--verbose", "0", "--realtime"),
    *("--control-frequency", "200", "--save-freq", "100"),
]


class Run:
    """A training in a process group of its own."""

    def __init__(self, folder, *flags):
        self.place = folder / "logs/sac/LoggedPendulum-v0_1"
        self.log = folder / "steps"
        self.messages = folder / "messages"
        resuming = self.place.is_dir()
        given = ["--resume", self.place] if resuming else [*PLAIN, "-f", folder / "logs"]
        command = [sys.executable, "-m", "rl_zoo.train", *map(str, given), *map(str, flags)]
        with self.messages.open("ab") as stream:
            self.process = subprocess.Popen(
                command, env={**os.environ, LOG: str(self.log)}, stderr=stream, process_group=0
            )

    @property
    def folder(self):
        return open_run_folder(self.place)

    def n_rows(self):
        with contextlib.suppress(OSError):
            return Ring(self.place / "realtime/transitions.ring").committed
        return 0

    def wait_for_rows(self, n_rows, seconds=60.0):
        deadline = time.monotonic() + seconds
        while self.n_rows() < n_rows:
            assert self.process.poll() is None, self.messages.read_text()
            assert time.monotonic() < deadline, self.messages.read_text()
            time.sleep(0.005)

    def children(self):
        """Return the ids of actor and learner by module name."""
        found = {}
        for place in Path("/proc").glob("[1-9]*"):
            with contextlib.suppress(OSError, IndexError):
                words = (place / "cmdline").read_text().split("\0")
                parent = int((place / "stat").read_text().rsplit(")", 1)[1].split()[1])
                if parent == self.process.pid and words[1] == "-m":
                    found[words[2].rsplit(".", 1)[-1]] = int(place.name)
        return found

    def kill_everything(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def wait(self, seconds=120.0):
        return self.process.wait(seconds)


def expect_every_step(run):
    """Compare the ring with what the environment wrote down itself.

    A step whose transition was not acknowledged when everything was killed is in the log only: the
    last one before a reset that the ring knows nothing about.
    """
    ring, log = Ring(run.place / "realtime/transitions.ring"), read_log(run.log)
    rows = ring.read(0, ring.committed)
    assert all(ring.is_whole(number) for number in range(ring.committed))
    n_lost = place = 0
    for row in rows:
        while not _is_same(row, log[place]):
            n_lost, place = n_lost + 1, place + 1
            assert log[place]["start"] == 1.0, "a step in the middle of an episode is missing"
        place += 1
    assert len(log) - place <= 1
    return n_lost + len(log) - place


def _is_same(row, logged):
    same = ("observation", "next_observation", "reward", "start")
    action = np.float32(2.0) * row["action"][0]
    return all(np.array_equal(row[name], logged[name]) for name in same) and np.isclose(
        action, logged["action"], atol=1e-5
    )


@pytest.fixture
def start(tmp_path):
    runs = []

    def begin(*flags):
        runs.append(Run(tmp_path, *flags))
        return runs[-1]

    yield begin
    for run in runs:
        with contextlib.suppress(ProcessLookupError):
            run.kill_everything()


def test_run_learns_and_leaves_what_a_lockstep_run_leaves(start):
    run = start("-n", 400)
    assert run.wait() == 0, run.messages.read_text()
    assert expect_every_step(run) == 0 and len(read_log(run.log)) == 400

    record = read_record(run.folder)
    assert (record.state, record.num_timesteps) == ("finished", 400)
    assert record.realtime["n_updates"] == record.realtime["n_updates_requested"] == 340
    assert record.realtime["updates_reached"] == record.realtime["n_updates_in_time"] / 340 <= 1.0
    assert record.realtime["updates_reached_at_end"] == 1.0
    assert record.end_reasons["time_limit"] == 400 // 37
    rows = run.folder.monitor_file(0).read_text().splitlines()[2:]
    lengths = [int(row.split(",")[1]) for row in rows]
    assert lengths[: 400 // 37] == [37] * (400 // 37)
    returns = [float(row.split(",")[0]) for row in rows]
    expected = read_log(run.log)["reward"][:370].reshape(10, 37).sum(1)
    np.testing.assert_allclose(returns[:10], expected, rtol=1e-5)


@pytest.mark.slow
def test_policy_acts_as_soon_as_there_is_one(start):
    run = start("-n", 1200, "--control-frequency", "40", "--eval-freq", "600")
    assert run.wait() == 0, run.messages.read_text()
    record = read_record(run.folder)
    assert 60 <= record.realtime["first_policy_step"] < 1200
    events = [json.loads(line) for line in run.folder.events_file.read_text().splitlines()]
    versions = [event["version"] for event in events if event["kind"] == "episode"]
    assert versions == sorted(versions) and versions[-1] > 1
    evaluations = np.load(run.folder.evaluations)
    assert len(evaluations["timesteps"]) == 2 and run.folder.best_model.is_file()


@pytest.mark.slow
def test_plain_sb3_continues_with_the_model(start):
    from stable_baselines3 import SAC

    run = start("-n", 200)
    assert run.wait() == 0
    agent = SAC.load(run.folder.final_model)
    assert agent.num_timesteps == 200 and agent._n_updates == 140


@pytest.mark.slow
def test_ctrl_c_truncates_saves_and_can_be_resumed(start):
    run = start("-n", 100_000)
    run.wait_for_rows(120)
    os.killpg(run.process.pid, signal.SIGINT)
    assert run.wait() == 130
    record = read_record(run.folder)
    assert record.state == "interrupted" and record.end_reasons.get("SIGINT", 0) <= 1
    n_rows = record.num_timesteps
    ring = Ring(run.folder.ring)
    assert ring.committed == n_rows and ring.read(n_rows - 1, n_rows)["truncated"][0] == 1.0

    resumed = start("-n", n_rows + 80)
    assert resumed.wait() == 0, run.messages.read_text()
    assert expect_every_step(resumed) == 0
    assert read_record(run.folder).realtime["n_updates"] == n_rows + 80 - 60


def kill_and_resume(start, n_times, seed):
    """Kill all processes at random instants; return the lost steps, which were unacknowledged."""
    chance, n_rows = random.Random(seed), 0
    for _ in range(n_times):
        run = start("-n", 100_000)
        n_rows += chance.randint(3, 90)
        run.wait_for_rows(n_rows)
        time.sleep(0.01 * chance.random())
        acknowledged = run.n_rows()
        run.kill_everything()
        assert run.n_rows() >= acknowledged
        n_rows = run.n_rows()
        assert expect_every_step(run) <= n_times
    last = start("-n", n_rows + 60)
    assert last.wait() == 0, last.messages.read_text()
    lost = expect_every_step(last)
    record = read_record(last.folder)
    assert record.num_timesteps == n_rows + 60 == Ring(last.folder.ring).committed
    assert record.realtime["n_updates"] == n_rows  # every update of a lockstep run: rows - 60
    rows = Ring(last.folder.ring).read(0, n_rows + 60)
    n_ends = int((rows["truncated"] + rows["terminated"]).sum())
    assert len(last.folder.monitor_file(0).read_text().splitlines()) - 2 == n_ends
    assert sum(record.end_reasons.values()) == n_ends
    return lost


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_when_everything_is_killed(start):
    assert kill_and_resume(start, 2, seed=0) <= 2


@pytest.mark.slow
def test_twenty_kills_of_everything(start):
    assert kill_and_resume(start, 20, seed=1) <= 20


def kill_learner(start, n_times, n_rows):
    run = start("-n", n_rows)
    killed = set()
    while len(killed) < n_times:
        assert run.process.poll() is None, run.messages.read_text()
        learner = run.children().get("learner")
        if learner is not None and learner not in killed:
            time.sleep(1.0)
            with contextlib.suppress(ProcessLookupError):
                os.kill(learner, signal.SIGKILL)
            killed.add(learner)
        time.sleep(0.05)
    assert run.wait() == 0, run.messages.read_text()
    return run


@pytest.mark.slow
def test_learner_is_killed_and_the_run_goes_on(start):
    run = kill_learner(start, 1, 800)
    record = read_record(run.folder)
    assert record.realtime["learner_restarts"] == 1 and record.num_timesteps == 800
    assert expect_every_step(run) == 0
    assert record.realtime["n_updates"] == 740


@pytest.mark.slow
def test_learner_is_killed_ten_times_and_the_actor_goes_on(start):
    run = kill_learner(start, 10, 8000)
    record = read_record(run.folder)
    assert record.realtime["learner_restarts"] == 10
    assert expect_every_step(run) == 0 and record.num_timesteps == 8000
    assert json.loads(run.folder.record_file.read_text())["state"] == "finished"


@pytest.mark.slow
def test_killed_actor_ends_the_run_with_everything_saved(start):
    run = start("-n", 100_000)
    run.wait_for_rows(80)
    os.kill(run.children()["actor"], signal.SIGKILL)
    assert run.wait() == 4
    record = read_record(run.folder)
    assert record.state == "crashed" and "ended by signal 9" in record.reason
    assert record.num_timesteps == Ring(run.folder.ring).committed
    assert run.folder.final_model.is_file()
    assert expect_every_step(run) <= 1


@pytest.mark.slow
def test_killed_supervisor_takes_its_processes_along(start):
    run = start("-n", 100_000)
    run.wait_for_rows(80)
    children = run.children()
    assert len(children) == 2
    run.process.kill()
    run.process.wait()
    deadline = time.monotonic() + 30.0
    while any(Path(f"/proc/{pid}").exists() for pid in children.values()):
        assert time.monotonic() < deadline, "a process outlived its supervisor"
        time.sleep(0.05)
    n_rows = run.n_rows()
    resumed = start("-n", n_rows + 20)
    assert resumed.wait() == 0, run.messages.read_text()
    assert expect_every_step(resumed) <= 1
