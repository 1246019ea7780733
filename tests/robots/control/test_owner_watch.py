"""The end of the owner is noticed, whoever else holds its pipe."""

import os
import subprocess

import pytest

from rl_zoo.robots.control.owner_watch import OwnerWatch


@pytest.fixture
def owner():
    """A process and the two ends of a pipe."""
    process = subprocess.Popen(["sleep", "1000"])
    pipe = os.pipe()
    yield process, *pipe
    process.kill()
    process.wait()


def test_death_is_noticed_though_the_pipe_is_still_open(owner):
    process, reading, writing = owner
    watch = OwnerWatch(process.pid, reading)
    assert watch.is_alive()
    process.kill()
    process.wait()
    assert not watch.is_alive()
    os.close(reading)
    os.close(writing)


def test_zombie_is_dead(owner):
    process, reading, _ = owner
    watch = OwnerWatch(process.pid, reading)
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert not watch.is_alive()


def test_end_of_the_pipe_counts_without_pidfd(owner, monkeypatch):
    def refuse(pid):
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(os, "pidfd_open", refuse)
    process, reading, writing = owner
    watch = OwnerWatch(process.pid, reading)
    assert watch.is_alive()
    os.close(writing)
    assert not watch.is_alive()


def test_owner_that_is_gone_from_the_start():
    process = subprocess.Popen(["true"])
    process.wait()
    assert not OwnerWatch(process.pid, os.pipe()[0]).is_alive()
