"""The simulated robot walks on at 50 Hz while its learner is killed again and again."""

import os
import random
import signal
import subprocess
import sys
import time

import pytest

from rl_zoo.realtime.ring import Ring
from rl_zoo.runs.record import read_record
from tests.realtime.test_realtime_runs import Run

N_KILLS, N_TICKS = 10, 3000


class Walk(Run):
    """A training of Bert in a process group of its own."""

    def __init__(self, folder, algo):
        self.place = folder / f"logs/{algo}/Bert-v0_1"
        self.messages = folder / "messages"
        command = [sys.executable, "-m", "rl_zoo.train", "--algo", algo, "--env", "Bert-v0"]
        command += ["--realtime", "--control-frequency", "50", "-n", str(N_TICKS), "--seed", "1"]
        command += ["--eval-freq", "-1", "--save-freq", "200", "--verbose", "0"]
        with self.messages.open("ab") as stream:
            self.process = subprocess.Popen(
                [*command, "-f", str(folder / "logs")], stderr=stream, process_group=0
            )


@pytest.mark.slow
@pytest.mark.parametrize("algo", ["sac", "droq"])
def test_learner_is_killed_ten_times_while_the_robot_walks_on(tmp_path, algo):
    run, killed, chance = Walk(tmp_path, algo), set(), random.Random(7)
    try:
        while len(killed) < N_KILLS:
            assert run.process.poll() is None, run.messages.read_text()
            learner = run.children().get("learner")
            if learner is None or learner in killed:
                time.sleep(0.05)
                continue
            time.sleep(chance.uniform(2.5, 5.0))  # some begin to learn before, some do not
            os.kill(learner, signal.SIGKILL)
            killed.add(learner)
        assert run.wait() == 0, run.messages.read_text()
    finally:
        if run.process.poll() is None:
            run.kill_everything()
    record, ring = read_record(run.folder), Ring(run.folder.ring)
    assert (record.state, ring.committed) == ("finished", N_TICKS)
    assert all(ring.is_whole(number) for number in range(N_TICKS))
    realtime = record.realtime
    assert realtime["learner_restarts"] == N_KILLS and realtime["actor_silences"] == []
    assert realtime["updates_reached_at_end"] == 1.0
    # As many as without real-time scheduling: the processor may be lent to other machines.
    assert realtime["cadence"]["n_ticks"] == N_TICKS
    assert realtime["cadence"]["n_missed"] <= 0.02 * N_TICKS
