"""Recordings of faults: when one begins, and what is in the file."""

import json
import re

import numpy as np
import pytest

from rl_zoo.robots.control.modes import Interruption, Mode
from rl_zoo.robots.recording.flight_dump import FaultTrigger, flight_path, write_flight
from tests.robots.recording.ticks import make_ticks


def ticks(*entries):
    rows = make_ticks(len(entries))
    rows["mode"] = [mode for mode, _ in entries]
    rows["interruption"] = [interruption for _, interruption in entries]
    return rows


RUN = (Mode.RUN, Interruption.NONE)
IDLE = (Mode.IDLE, Interruption.ESTOP)
STOPPED = (Mode.FAULT, Interruption.ESTOP)


def test_fault_is_told_once_and_again_after_it_was_rearmed():
    trigger = FaultTrigger()
    assert trigger.reasons(ticks(RUN, STOPPED, STOPPED)) == ["estop"]
    assert trigger.reasons(ticks(STOPPED, IDLE, RUN)) == []
    assert trigger.reasons(ticks(STOPPED)) == ["estop"]


def test_other_fault_in_a_fault_is_told():
    stale = (Mode.FAULT, Interruption.STALE)
    assert FaultTrigger().reasons(ticks(stale, STOPPED)) == ["stale", "estop"]


def test_owner_that_is_gone_is_told():
    hold, sit = (Mode.HOLD, Interruption.LEARNER), (Mode.SIT, Interruption.LEARNER)
    assert FaultTrigger().reasons(ticks(RUN, hold, sit)) == ["learner"]


@pytest.mark.parametrize("reason", ["FALL", "PAUSE", "LATE", "BATTERY", "OVERHEAT"])
def test_what_belongs_to_training_is_not_dumped(reason):
    assert FaultTrigger().reasons(ticks(RUN, (Mode.DAMP, Interruption[reason]))) == []


def test_file_holds_every_tick_as_plain_arrays(tmp_path):
    rows = make_ticks(100)
    path = flight_path(tmp_path, "estop")
    assert re.fullmatch(r"flight_\d{8}T\d{6}\.\d{3}Z_estop\.npz", path.name)
    write_flight(path, rows, {"robot": "bert"})
    with np.load(path, allow_pickle=False) as arrays:
        assert (arrays["joint_positions"] == rows["joint_positions"]).all()
        assert (arrays["sample_joint_positions"] == rows["sample"]["joint_positions"]).all()
        assert arrays["tick"].tolist() == list(range(100))
        assert json.loads(str(arrays["about"])) == {"robot": "bert"}
    assert not list(tmp_path.glob("*.part"))


def test_writing_again_replaces_the_file(tmp_path):
    path = tmp_path / "flight.npz"
    write_flight(path, make_ticks(5), {})
    write_flight(path, make_ticks(9), {})
    with np.load(path) as arrays:
        assert len(arrays["tick"]) == 9
