"""Each row of the failure table over a wire: a simulated robot, a control process, a client.

What the boards got is read from the simulated robot's own record. Times of the table in
``docs/control.md``: ``python scripts/robot_failure_table.py``.
"""

import contextlib
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from rl_zoo.errors import RobotFault
from rl_zoo.robots.bert import BERT
from rl_zoo.robots.control.modes import Interruption, Mode, Request
from rl_zoo.robots.control.process_link import ProcessLink
from rl_zoo.robots.control.settings import ControlSettings
from rl_zoo.robots.simulated.record import read_packets
from rl_zoo.robots.wire.remote_packets import CommandPacket
from rl_zoo.robots.wire.remote_protocol import unpack
from scripts.robot_failure_cases import CASES, HARMLESS, SIGNALS, Owner, Trainer
from scripts.served_robot import (
    SETTINGS,
    Drive,
    ServedRobot,
    settle,
    time_until_safe,
    time_until_soft,
    wait_for,
)

# A busy machine stops a process for 0.1 s now and then: no fault of the robot.
PATIENT = {**SETTINGS, "hold_after": 1.0, "stale_after": 0.3}
LIMITS = {"limits": {"min_battery_voltage": 13.0}}
SHORT = ("counter frozen", "emergency stop")
SLACK = 0.3
"""Of a machine that does something else just then, s."""


@pytest.fixture(autouse=True)
def own_locks(tmp_path, monkeypatch):
    (tmp_path / "runtime").mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "runtime"))


@pytest.fixture
def robot(tmp_path):
    """A simulated robot behind a Unix socket."""
    served = ServedRobot(tmp_path / "r")
    yield served
    assert "0 unsafe, 0 outside limits" in served.close()


@pytest.fixture
def drive(robot):
    """A client whose robot walks."""
    link = ProcessLink(
        robot.protocol,
        "bert",
        robot.options,
        ControlSettings(**PATIENT, **LIMITS),
        recording=robot.folder / "flight",
    )
    link.open()
    pid = link.control_pid
    try:
        made = Drive(link)
        made.walk()
        yield made
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
        link.close()


@pytest.fixture
def owner(robot):
    made = Owner(robot, PATIENT)
    yield made
    made.close()


def slow_unless(names, short):
    return [
        pytest.param(name, marks=() if name in short else pytest.mark.slow, id=name)
        for name in names
    ]


@pytest.mark.parametrize("name", slow_unless(CASES, SHORT))
def test_fault(robot, drive, name):
    case = CASES[name]
    since = robot.inject(case.fault, **case.values)
    found = drive.until(lambda s: s.interruption is not Interruption.NONE)
    assert found.interruption is case.reason
    assert found.epoch == 2
    found = drive.until(lambda s: s.mode is case.mode)
    assert found.interruption is case.reason
    settle(robot)
    if case.mode is not Mode.HOLD:
        announced = 3.0 if case.reason.name in ("OVERHEAT", "BATTERY") else 0.0
        assert time_until_soft(robot, since) < PATIENT["stale_after"] + announced + 2 * SLACK
    if case.is_latched:
        for request in (Request.STAND, Request.RUN):
            drive.link.request(request)
            drive.go_on(0.1)
        assert drive.link.snapshot().mode is Mode.FAULT
        settle(robot)
        assert time_until_soft(robot, since) < PATIENT["stale_after"] + 2 * SLACK
    robot.clear()
    if name == "fall":
        robot.inject("put_down")
        drive.go_on(0.5)
    if name == "pause":
        drive.link.request(Request.RUN)
        found = drive.until(lambda s: s.mode is Mode.RUN)
    else:
        drive.recover()
        found = drive.link.snapshot()
    assert (found.epoch, found.interruption) == (3, Interruption.NONE)


@pytest.mark.parametrize("name", slow_unless(HARMLESS, ()))
def test_what_a_running_robot_survives(robot, drive, name):
    fault, values = HARMLESS[name]
    robot.inject(fault, **values)
    found = drive.go_on(1.5)
    assert (found.mode, found.epoch, found.interruption) == (Mode.RUN, 1, Interruption.NONE)


@pytest.mark.slow
def test_a_leg_that_is_held_while_standing_up(robot, drive):
    drive.link.request(Request.SIT)
    drive.until(lambda s: s.mode is Mode.IDLE)
    robot.inject("stuck", joint=1, duration=10.0)
    drive.link.request(Request.STAND)
    found = drive.until(lambda s: s.mode is Mode.FAULT)
    assert found.interruption is Interruption.SAFETY_STOP
    robot.clear()
    drive.recover()


@pytest.mark.slow
def test_a_policy_that_asks_for_too_much(robot, drive):
    before, start = drive.link.snapshot().n_guarded, time.monotonic()
    end = start + 1.0
    while time.monotonic() < end:
        drive.link.act(np.where(np.arange(8) % 2, np.nan, BERT.upper_limits + 1.0))
        drive.link.act(BERT.upper_limits + 1.0)
        time.sleep(0.02)
    assert drive.link.snapshot().n_guarded > before
    settle(robot)
    n_stiff = 0
    for arrival, data in read_packets(robot.folder / "record"):
        packet = unpack(data)
        if isinstance(packet, CommandPacket) and arrival > start and packet.values[2].any():
            assert (packet.values[0] <= BERT.upper_limits + 1e-9).all()
            n_stiff += 1
    assert n_stiff > 10


@pytest.mark.slow
def test_a_slow_learner(robot, drive):
    drive.is_acting = False
    found = drive.until(lambda s: s.mode is Mode.HOLD)
    assert found.interruption is Interruption.LATE
    drive.until(lambda s: s.mode is Mode.SIT)
    drive.until(lambda s: s.mode is Mode.IDLE)
    drive.is_acting = True
    drive.recover()


@pytest.mark.slow
def test_a_control_process_that_is_stopped_for_seconds_does_not_go_on(robot, drive):
    pid = drive.link.control_pid
    os.kill(pid, signal.SIGSTOP)
    since = time.monotonic()
    while time.monotonic() < since + 1.5:
        drive.link.act(BERT.default_pose)
        time.sleep(0.02)
    os.kill(pid, signal.SIGCONT)
    found = drive.until(lambda s: s.mode is not Mode.RUN)
    assert (found.mode, found.interruption) == (Mode.FAULT, Interruption.STALE)
    settle(robot)
    # The boards' own watchdog, and nothing stiff afterwards.
    assert time_until_soft(robot, since) < 0.1 + SLACK
    drive.recover()


def test_a_learner_that_is_killed(robot, owner):
    since = time.monotonic()
    owner.process.kill()
    wait_for(lambda: max(robot.status()["kp"]) == 0.0)
    settle(robot)
    assert time_until_safe(robot, since) < 0.3 + SLACK
    assert time_until_soft(robot, since) < PATIENT["sit_time"] + 0.3 + SLACK


def test_a_learner_that_is_stopped(robot, owner):
    """SIGSTOP: it still exists and holds its pipe; only its actions are missing."""
    since = time.monotonic()
    owner.process.send_signal(signal.SIGSTOP)
    wait_for(lambda: max(robot.status()["kp"]) == 0.0)
    settle(robot)
    patience = PATIENT["hold_after"] + ControlSettings().sit_after
    assert time_until_soft(robot, since) < patience + PATIENT["sit_time"] + 0.3 + SLACK


@pytest.mark.slow
def test_a_control_process_that_is_killed(robot, drive):
    since = time.monotonic()
    os.kill(drive.link.control_pid, signal.SIGKILL)
    with pytest.raises(RobotFault, match="killed by SIGKILL"):
        drive.go_on(10.0)
    drive.link.close()
    settle(robot, 0.5)
    assert time_until_soft(robot, since) < 0.1 + SLACK
    assert list((robot.folder / "flight").glob("flight_*_control_process_died.npz"))
    again = ProcessLink(robot.protocol, "bert", robot.options, ControlSettings(**PATIENT))
    with again:
        Drive(again).walk()


@pytest.mark.slow
def test_a_recorder_that_is_killed_changes_nothing_for_the_robot(robot, owner):
    os.kill(owner.recorder, signal.SIGKILL)
    since = time.monotonic()
    time.sleep(1.0)
    settle(robot)
    times, stiffness = robot.stiffness()
    assert (stiffness[times >= since] > 0.9).all()
    assert owner.process.poll() is None


@pytest.mark.slow
@pytest.mark.parametrize("name", SIGNALS)
def test_training_that_is_ended_from_outside(robot, name):
    trainer = Trainer(robot)
    try:
        trainer.walk(robot)
        since = SIGNALS[name](trainer)
        code = trainer.wait()
        settle(robot)
        assert time_until_safe(robot, since) < 0.3 + SLACK, trainer.output.decode()
        assert code not in (0, 4), trainer.output.decode()
        (run,) = (file.parent for file in (robot.folder / "logs").glob("*/*/run.json"))
        assert list(run.glob("*_steps.zip"))
    finally:
        trainer.close()


@pytest.mark.slow
def test_an_error_in_the_environment(robot, tmp_path, monkeypatch):
    monkeypatch.setenv("RAISED_AT", str(tmp_path / "raised"))
    wrapper = "scripts.robot_failure_cases.Raise"
    trainer = Trainer(robot, "-params", f"env_wrapper:{wrapper!r}")
    try:
        wait_for((tmp_path / "raised").exists, 120.0)
        trainer.wait()
        since = float(Path(tmp_path / "raised").read_text())
        settle(robot)
        assert time_until_safe(robot, since) < 0.3 + SLACK, trainer.output.decode()
    finally:
        trainer.close()
