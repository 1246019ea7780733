"""However a playback on a robot is ended, the robot sits down and the summary is told."""

import os
import pty
import signal
import subprocess
import sys
import time

import pytest

from rl_zoo.robots.control.robot_lock import owners

MOCK = ["--env-kwargs", "driver:'mock'", "max_episode_steps:20"]
REAL_TIME = ["driver_options.clock:'real'", "control.stand_time:0.3", "control.sit_time:0.3"]


@pytest.fixture
def robot_run(train_run, monkeypatch, tmp_path):
    run = train_run("sac", "Bert-Real-v0", "-n", 60, *MOCK, normalize=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return run


@pytest.fixture
def playing(robot_run, tmp_path):
    """Play on a robot in real time, in a process of its own; ``(process, output)``."""
    running = []
    output = tmp_path / "output"

    def play(**streams):
        command = [sys.executable, "-m", "rl_zoo.enjoy", "--run", str(robot_run.path)]
        command += ["-n", "1000000", *MOCK, *REAL_TIME]
        running.append(subprocess.Popen(command, **streams))
        return running[0]

    def episode_is_over():
        assert running[0].poll() is None, output.read_text()
        return "Episode Reward" in output.read_text()

    yield play, output, episode_is_over
    for process in running:
        process.kill()
        process.wait()
    deadline = time.monotonic() + 20
    while owners() and time.monotonic() < deadline:
        time.sleep(0.02)


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_sits_the_robot_down_and_the_summary_comes(playing, name):
    play, output, episode_is_over = playing
    with output.open("w") as stream:
        process = play(stdout=stream, stderr=stream, stdin=subprocess.DEVNULL)
    wait_for(episode_is_over)
    for _ in range(3):  # an impatient person
        process.send_signal(signal.Signals[name])
    assert process.wait(30) == 130, output.read_text()
    told = output.read_text()
    assert f"{name}: ending" in told
    assert "Mean reward" in told
    assert "min under power" in told
    assert "Traceback" not in told
    assert owners() == []


@pytest.mark.slow
def test_a_closed_terminal_sits_the_robot_down(playing):
    play, output, _ = playing
    output.touch()
    master, slave = pty.openpty()
    os.set_blocking(master, False)
    process = play(stdout=slave, stderr=slave, stdin=slave, start_new_session=True)
    os.close(slave)
    told = b""

    def episode_is_over():
        nonlocal told
        assert process.poll() is None, told
        try:
            told += os.read(master, 1 << 16)
        except BlockingIOError:
            return False
        return b"Episode Reward" in told

    wait_for(episode_is_over)
    os.close(master)
    process.send_signal(signal.SIGHUP)  # of the kernel, had it been the controlling terminal
    assert process.wait(30) == 130
    assert owners() == []
