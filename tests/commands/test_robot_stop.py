"""``robot stop`` with one or more robots driven: who is stopped, and that nobody is forgotten."""

import signal
import subprocess

import pytest

from rl_zoo.cli import main
from rl_zoo.robots.control.robot_lock import acquire_lock

RIGHT = ["--robot", "bert", "--driver", "remote", "--driver-options", "address:'unix:///run/a'"]


@pytest.fixture
def drive(monkeypatch, tmp_path):
    """Return a function that lets a process drive the robot at an address."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    locks, processes = [], []

    def drive(address, is_connected=True):
        locks.append(acquire_lock("remote", {"address": address}))
        processes.append(subprocess.Popen(["sleep", "1000"]))
        locks[-1].record(processes[-1].pid if is_connected else 0)
        return processes[-1]

    yield drive
    for process in processes:
        process.kill()
        process.wait()
    for lock in locks:
        lock.release()


def is_stopped(process):
    try:
        return process.wait(2.0) == -signal.SIGUSR1
    except subprocess.TimeoutExpired:
        return False


def is_left_alone(process):
    return process.poll() is None


def test_flags_stop_the_one_they_name(drive, capsys):
    one, other = drive("unix:///run/a"), drive("unix:///run/b")
    assert main(["robot", "stop", *RIGHT]) == 0
    assert is_stopped(one)
    assert is_left_alone(other)
    told = capsys.readouterr().err
    assert "remote address=unix:///run/a" in told
    assert "/run/b" not in told


def test_without_flags_every_robot_is_stopped_and_named(drive, capsys):
    both = drive("unix:///run/a"), drive("unix:///run/b")
    assert main(["robot", "stop"]) == 0
    assert all(map(is_stopped, both))
    told = capsys.readouterr().err
    assert told.count("Stopped: control process") == 2
    assert "/run/a" in told
    assert "/run/b" in told


@pytest.mark.parametrize(
    "flags",
    [
        ["--robot", "bert"],
        ["--driver", "remote"],
        ["--robot", "brt", "--driver", "remote"],
        ["--robot", "bert", "--driver", "remot"],
        [*RIGHT[:-1], "addres:'unix:///run/a'"],
    ],
)
def test_a_mistake_in_the_flags_stops_too_much_but_never_nothing(drive, capsys, flags):
    both = drive("unix:///run/a"), drive("unix:///run/b")
    assert main(["robot", "stop", *flags]) == 0
    assert all(map(is_stopped, both))
    told = capsys.readouterr().err
    assert "so every robot that is driven from this computer is stopped" in told
    assert told.count("Stopped: control process") == 2


def test_a_robot_that_is_being_connected_keeps_no_other_from_being_stopped(drive, capsys):
    drive("unix:///run/a", is_connected=False)
    other = drive("unix:///run/b")
    assert main(["robot", "stop"]) == 4
    assert is_stopped(other)
    assert "still connecting: process" in capsys.readouterr().err
