"""The control process as its owner sees it: start, run, end, failures in words."""

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from rl_zoo.errors import ConfigError, RobotFault
from rl_zoo.robots.bert import BERT
from rl_zoo.robots.control.modes import Mode, Request
from tests.robots.control.control_processes import QUICK, exists, run_policy, wait_for
from tests.robots.control.file_driver import read_commands

HEAVY = ("torch", "gymnasium", "stable_baselines3", "mujoco", "jax")


def test_stands_follows_and_is_soft_at_the_end(make_process_link, tmp_path):
    link = make_process_link()
    link.open()
    assert link.snapshot().mode == Mode.IDLE
    run_policy(link)
    target = BERT.default_pose + 0.05
    link.act(target)
    wait_for(lambda: link.snapshot().target_sequence == 1)
    wait_for(lambda: np.allclose(link.snapshot().command, target))
    wait_for(lambda: np.allclose(link.snapshot().state.joint_positions, target))
    pid = link.control_pid
    link.close()
    assert not exists(pid)
    commands = read_commands(tmp_path / "commands")
    assert commands["kp"][0] == 0.0
    assert commands["kp"].max() == pytest.approx(BERT.kp[0])
    assert commands["is_stop"][-1]
    assert commands["kp"][-1] == 0.0


def test_report_on_cadence_is_there_while_it_runs_and_afterwards(make_process_link):
    link = make_process_link()
    link.open()
    wait_for(lambda: link.cadence().n_ticks > 40)
    link.close()
    report = link.cadence()
    assert report.rate == QUICK["rate"]
    # Ticks that were due but missed are counted, not caught up.
    assert 0.0 < report.achieved_rate < 1.05 * report.rate
    assert 0.0 <= report.lateness_p50 <= report.lateness_p99 <= report.lateness_max


def test_control_process_loads_no_learning_library_and_no_simulation(make_process_link, tmp_path):
    link = make_process_link()
    link.open()
    run_policy(link)
    link.close()
    modules = (tmp_path / "commands.modules").read_text().split()
    assert "rl_zoo.robots.control.loop" in modules
    assert not set(HEAVY) & set(modules)


def test_recorder_loads_no_learning_library_and_no_simulation():
    code = (
        "import sys, rl_zoo.robots.recording.recorder, rl_zoo.robots.recording.mcap_session;"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_second_owner_is_refused_and_may_come_after_the_first(make_process_link):
    first, second = make_process_link(), make_process_link()
    first.open()
    with pytest.raises(RobotFault, match=f"already driven by process {os.getpid()}"):
        second.open()
    first.close()
    second.open()
    assert second.snapshot().mode == Mode.IDLE


@pytest.mark.parametrize("recording", [False, True])
def test_robot_that_does_not_answer(make_process_link, tmp_path, recording):
    link = make_process_link(tmp_path / "recording" if recording else None, fail="connect")
    with pytest.raises(RobotFault, match="no robot answers at address 'a'"):
        link.open()
    with pytest.raises(RobotFault, match="not open"):
        link.snapshot()


def test_options_that_cannot_travel_are_refused(make_process_link):
    with pytest.raises(ConfigError, match="driver_options"):
        make_process_link(address=object()).open()


def test_wrong_target_is_refused(make_process_link):
    link = make_process_link()
    link.open()
    with pytest.raises(RobotFault, match="8 joints"):
        link.act(np.zeros(12))


def test_opening_again_and_again_leaks_neither_files_nor_processes(make_process_link, tmp_path):
    def n_open():
        return len(list(Path("/proc/self/fd").iterdir()))

    link = make_process_link(tmp_path / "recording")
    counts = []
    for _ in range(3):
        link.open()
        pid = link.control_pid
        link.close()
        assert not exists(pid)
        counts.append(n_open())
    assert counts[0] == counts[-1]


@pytest.mark.parametrize("setting", ["read_only", "dry_run"])
def test_a_robot_that_is_only_read_gets_no_command_even_at_the_end(
    make_process_link, tmp_path, setting
):
    link = make_process_link(settings={**QUICK, setting: True})
    link.open()
    link.close()
    assert not read_commands(tmp_path / "commands").size


def test_error_in_the_driver_makes_the_robot_soft(make_process_link, tmp_path):
    link = make_process_link(fail="crash")
    link.open()
    wait_for(lambda: link.snapshot().mode == Mode.FAULT)
    assert "the driver has a bug" in link.snapshot().fault
    assert read_commands(tmp_path / "commands")["is_stop"].any()


def test_control_process_that_is_killed(make_process_link, tmp_path):
    link = make_process_link(tmp_path / "recording", fail="exit")
    link.open()
    with pytest.raises(RobotFault, match="killed by SIGKILL"):
        wait_for(lambda: link.snapshot() is None)
    link.close()
    assert list((tmp_path / "recording").glob("flight_*_control_process_died.npz"))


def test_control_process_that_hangs(make_process_link):
    link = make_process_link(fail="hang")
    link.open()
    with pytest.raises(RobotFault, match="hangs"):
        wait_for(lambda: link.snapshot() is None)
    os.kill(link.control_pid, signal.SIGKILL)


def test_emergency_stop_by_signal(make_process_link):
    link = make_process_link()
    link.open()
    run_policy(link)
    os.kill(link.control_pid, signal.SIGUSR1)
    wait_for(lambda: link.snapshot().mode == Mode.FAULT)
    assert link.snapshot().interruption.reason == "estop"


def test_termination_by_signal_sits_down_and_ends(make_process_link, tmp_path):
    link = make_process_link()
    link.open()
    run_policy(link)
    pid = link.control_pid
    for ignored in (signal.SIGINT, signal.SIGHUP):
        os.kill(pid, ignored)
    before = link.snapshot().tick
    wait_for(lambda: link.snapshot().tick > before + 10)
    os.kill(pid, signal.SIGTERM)
    wait_for(lambda: not exists(pid))
    with pytest.raises(RobotFault, match="asked to end by SIGTERM"):
        link.snapshot()
    gains = read_commands(tmp_path / "commands")["kp"]
    assert ((gains > 0.0) & (gains < 0.9 * BERT.kp[0])).any()
    assert gains[-1] == 0.0


def test_killed_owner_leaves_a_robot_that_sits_or_is_soft(start_owner, tmp_path):
    owner, control = start_owner()
    owner.kill()
    killed = time.monotonic()
    owner.wait()
    wait_for(lambda: not exists(control))
    commands = read_commands(tmp_path / "commands")
    stiff = commands["time"][commands["kp"] > 0.9 * BERT.kp[0]]
    assert stiff[-1] < killed + 0.3 + 0.2  # the second part for a busy machine
    assert commands["kp"][-1] == 0.0
    assert commands["is_stop"][-1]


def test_forked_child_neither_holds_the_pipe_of_the_owner_nor_ends_the_control(make_process_link):
    link = make_process_link()
    link.open()
    pipe = link._children._owner_pipe
    assert stat.S_ISFIFO(os.fstat(pipe).st_mode)
    child = os.fork()
    if child == 0:
        link.close()
        try:
            os.fstat(pipe)
        except OSError:
            os._exit(0)
        os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
    before = link.snapshot().tick
    wait_for(lambda: link.snapshot().tick > before + 10)


def test_requests_in_a_row_are_all_carried_out(make_process_link):
    link = make_process_link()
    link.open()
    link.request(Request.STOP)
    wait_for(lambda: link.snapshot().mode == Mode.FAULT)
    link.request(Request.REARM)
    link.request(Request.STAND)
    wait_for(lambda: link.snapshot().mode == Mode.READY)


def test_close_that_is_interrupted_leaves_the_robot_to_the_control_process(
    make_process_link, tmp_path, monkeypatch
):
    link = make_process_link()
    link.open()
    run_policy(link)
    pid = link.control_pid

    def interrupt(seconds):
        raise KeyboardInterrupt

    monkeypatch.setattr(link._children, "wait", interrupt)
    with pytest.raises(KeyboardInterrupt):
        link.close()
    wait_for(lambda: not exists(pid))
    assert read_commands(tmp_path / "commands")["is_stop"][-1]


def test_looking_for_a_robot_can_be_interrupted(make_process_link, monkeypatch):
    link = make_process_link(fail="never")

    def interrupt():
        wait_for(lambda: link.control_pid)
        raise KeyboardInterrupt

    monkeypatch.setattr(link, "_wait_for_connection", interrupt)
    with pytest.raises(KeyboardInterrupt):
        link.open()
    with pytest.raises(RobotFault, match="not open"):
        link.snapshot()
