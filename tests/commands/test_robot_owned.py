"""``rl_zoo robot`` on a robot that another process drives: stop, pause, and who is refused."""

import os
import signal
import subprocess
import sys
import time

import pytest

from rl_zoo.cli import main
from rl_zoo.robots.control.robot_lock import owners

ROBOT = ["--robot", "bert", "--driver", "mock", "--driver-options", "clock:real"]
STAND = ["robot", "stand", *ROBOT, "--control", "stand_time:0.3", "sit_time:0.3"]


@pytest.fixture(autouse=True)
def _own_locks(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


@pytest.fixture
def standing(tmp_path):
    """A process that lets the robot stand, as ``rl_zoo robot stand`` does."""
    output = tmp_path / "output"
    with output.open("w") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "rl_zoo.cli", *STAND],
            stdout=stream,
            stderr=stream,
            stdin=subprocess.DEVNULL,
            cwd=tmp_path,
        )
    process.output = output.read_text
    try:
        deadline = time.monotonic() + 60
        while "stands" not in process.output():
            assert process.poll() is None, process.output()
            assert time.monotonic() < deadline, process.output()
            time.sleep(0.02)
        yield process
    finally:
        process.kill()
        process.wait()
        for owner in owners():
            os.kill(owner.control_pid, signal.SIGTERM)
        deadline = time.monotonic() + 20
        while owners() and time.monotonic() < deadline:
            time.sleep(0.02)


def wait_for_end(process):
    return process.wait(timeout=60)


def test_nobody_else_gets_it_and_stop_works(standing, capsys):
    for command in ("check", "sit", "stand"):
        assert main(["robot", command, *ROBOT]) == 4
        error = capsys.readouterr().err
        assert f"already driven by process {standing.pid}" in error
        assert error.count("error:") == 1
    assert main(["robot", "stop", *ROBOT]) == 0
    assert f"of process {standing.pid}" in capsys.readouterr().err
    assert wait_for_end(standing) == 4
    assert "the robot is soft (estop)" in standing.output()
    assert owners() == []


def test_pause_reaches_the_process(standing, capsys):
    assert main(["robot", "pause"]) == 0
    assert f"Process {standing.pid} heard 'pause'" in capsys.readouterr().err
    assert wait_for_end(standing) == 0
    assert "sits and is soft" in standing.output()


def test_who_does_not_listen_is_named(standing, capsys, monkeypatch):
    monkeypatch.setattr("rl_zoo.commands.robot_word._HEARD_TIME", 0.3)
    standing.send_signal(signal.SIGSTOP)
    try:
        assert main(["robot", "pause", *ROBOT]) == 4
        assert f"process {standing.pid} did not listen" in capsys.readouterr().err
        assert main(["robot", "stop"]) == 0, "the control process stops without its owner"
    finally:
        standing.send_signal(signal.SIGCONT)
    assert wait_for_end(standing) == 4


def test_ctrl_c_sits_down(standing):
    standing.send_signal(signal.SIGINT)
    assert wait_for_end(standing) == 0
    assert "sits and is soft" in standing.output()
