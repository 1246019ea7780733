"""A signal ends the run with everything saved, says so, and the run can go on."""

import contextlib
import fcntl
import os
import pty
import signal
import subprocess
import sys
import termios
from pathlib import Path

import numpy as np
import pytest

from rl_zoo.runs.checkpoints import complete_checkpoints, verify_checkpoint
from rl_zoo.runs.folder import RunFolder
from rl_zoo.runs.record import read_record
from tests.processes import wait_until

ROOT = Path(__file__).parents[2]
SLOW_STEPS = ("--env-kwargs", "delay:0.005")


def episodes(run):
    file = run.monitor_file(0)
    return max(len(file.read_text().splitlines()) - 2, 0) if file.is_file() else 0


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_signal_saves_everything(name, arguments, start, train, tmp_path):
    command = start(*arguments("sac", "Tiny-v0", "-n", 5000, *SLOW_STEPS))
    run = RunFolder(tmp_path / "logs/sac/Tiny-v0_1", "Tiny-v0")
    wait_until(lambda: episodes(run) >= 4)
    command.send(signal.Signals[name])
    assert command.wait() == 130
    assert f"resume with: python -m rl_zoo.train --resume {run.path}" in command.err
    record = read_record(run)
    assert (record.state, record.reason) == ("interrupted", name)
    assert record.sessions[-1]["state"] == "interrupted"
    (steps,) = complete_checkpoints(run)
    verify_checkpoint(run, steps)
    assert steps == record.num_timesteps
    with np.load(run.checkpoint_buffer(steps)) as memory:
        assert len(memory["rewards"]) == steps, "a transition was lost"
        assert memory["dones"][-1] == 1, "the last episode has no end"
    code, _, err = train("--resume", run.path, "-n", steps + 40, "--env-kwargs", "delay:0")
    assert code == 2
    assert "--env-kwargs: cannot change when resuming" in err
    code, _, err = train("--resume", run.path, "-n", steps + 40)
    assert code == 0, err
    record = read_record(run)
    assert (record.state, record.num_timesteps) == ("finished", steps + 40)
    assert [session["from_step"] for session in record.sessions] == [0, steps]


def test_second_ctrl_c_while_saving_loses_nothing(arguments, start, tmp_path):
    command = start(*arguments("sac", "Tiny-v0", "-n", 5000, *SLOW_STEPS))
    run = RunFolder(tmp_path / "logs/sac/Tiny-v0_1", "Tiny-v0")
    wait_until(lambda: episodes(run) >= 4)
    command.send(signal.SIGTERM)
    wait_until(lambda: any(run.path.glob(".rl_model*tmp*")) or any(run.path.glob("rl_model*")))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGINT):
        command.send(number)
    assert command.wait() == 130
    assert complete_checkpoints(run), command.err
    assert read_record(run).state == "interrupted"


@pytest.mark.slow
def test_closed_terminal(arguments, tmp_path):
    """SIGHUP comes with a terminal that cannot be written to any more."""
    master, slave = pty.openpty()
    command = [sys.executable, "-m", "rl_zoo.train"]
    command += arguments("sac", "Tiny-v0", "-n", 5000, "-P", "--verbose", 1, *SLOW_STEPS)

    def own_terminal():
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    process = subprocess.Popen(
        command, cwd=ROOT, stdin=slave, stdout=slave, stderr=slave, preexec_fn=own_terminal
    )
    os.close(slave)
    run = RunFolder(tmp_path / "logs/sac/Tiny-v0_1", "Tiny-v0")
    os.set_blocking(master, False)

    def some_episodes():
        with contextlib.suppress(BlockingIOError):
            os.read(master, 1 << 16)
        return episodes(run) >= 4

    wait_until(some_episodes)
    os.close(master)
    assert process.wait(60) == 130
    record = read_record(run)
    assert (record.state, record.reason) == ("interrupted", "SIGHUP")
    assert complete_checkpoints(run) == [record.num_timesteps]


def test_signal_in_a_rollout_of_ppo_loses_no_step(arguments, start, train, tmp_path):
    params = ["n_envs:2", "n_steps:64"]
    command = start(*arguments("ppo", "Tiny-v0", "-n", 100_000, *SLOW_STEPS, params=params))
    run = RunFolder(tmp_path / "logs/ppo/Tiny-v0_1", "Tiny-v0")
    wait_until(lambda: episodes(run) >= 2)
    command.send(signal.SIGTERM)
    assert command.wait() == 130
    (steps,) = complete_checkpoints(run)
    rows = (steps // 2) % 64
    with np.load(run.checkpoint_buffer(steps)) as memory:
        assert memory["rewards"].shape == (rows, 2)
        assert memory["observations"].any(axis=-1).all()
    code, _, err = train("--resume", run.path, "-n", steps + 64)
    assert code == 0, err
    done = read_record(run).num_timesteps
    assert (done // 2) % 64 == 0, "the rollout was completed, not begun anew"
    assert done - steps <= 2 * 64
