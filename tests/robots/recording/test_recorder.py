"""The recorder beside a running control process: faults, sessions, sudden ends."""

import importlib.util
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from rl_zoo.robots.control.modes import Mode, Request
from tests.robots.control.control_processes import QUICK, exists, run_policy, wait_for
from tests.robots.recording.ticks import DTYPE, make_ticks

has_mcap = importlib.util.find_spec("mcap") is not None
needs_mcap = pytest.mark.skipif(not has_mcap, reason="needs mcap")


def load(path):
    with np.load(path, allow_pickle=False) as arrays:
        return dict(arrays)


def test_fault_is_recorded_with_what_came_before_and_after(make_process_link, tmp_path):
    link = make_process_link(tmp_path / "recording")
    link.open()
    run_policy(link)
    link.request(Request.STOP)
    wait_for(lambda: link.snapshot().mode == Mode.FAULT)
    faulty = link.snapshot().tick
    wait_for(lambda: list((tmp_path / "recording").glob("flight_*_estop.npz")))
    wait_for(lambda: link.snapshot().tick > faulty + QUICK["rate"])
    link.close()
    (path,) = (tmp_path / "recording").glob("flight_*.npz")
    flight = load(path)
    modes = set(flight["mode"].tolist())
    assert {Mode.IDLE, Mode.STANDUP, Mode.READY, Mode.RUN, Mode.FAULT} <= modes
    assert (np.diff(flight["tick"]) == 1).all()
    assert flight["tick"][-1] > faulty
    assert (flight["kp"][flight["mode"] == Mode.FAULT] == 0.0).all()


def test_loop_goes_on_while_the_ring_is_dumped(make_process_link, tmp_path):
    link = make_process_link(tmp_path / "recording")
    link.open()
    wait_for(lambda: link.snapshot().tick > 2 * QUICK["rate"])
    link.request(Request.STOP)
    before = link.snapshot().tick
    flights = tmp_path / "recording"
    wait_for(lambda: list(flights.glob("flight_*.part")) or list(flights.glob("flight_*.npz")))
    wait_for(lambda: link.snapshot().tick > before + 20)
    wait_for(lambda: list(flights.glob("flight_*_estop.npz")))
    link.close()
    report = link.cadence()
    assert report.n_missed < 0.5 * report.n_ticks


@needs_mcap
def test_session_holds_every_tick_up_to_the_end(make_process_link, tmp_path):
    from rl_zoo.robots.recording.mcap_session import read_session

    link = make_process_link(tmp_path / "recording")
    link.open()
    run_policy(link)
    link.close()
    (path,) = (tmp_path / "recording").glob("session_*.mcap")
    messages = list(read_session(path))
    ticks = [m.data["tick"] for m in messages if m.topic == "/robot/state"]
    assert ticks == list(range(link.cadence().n_ticks + 1))
    modes = [m.data["mode"] for m in messages if m.topic == "/robot/mode"]
    assert [mode for k, mode in enumerate(modes) if k == 0 or mode != modes[k - 1]] == [
        *("IDLE", "STANDUP", "READY", "RUN", "SIT", "IDLE"),
    ]
    assert not list((tmp_path / "recording").glob("*.log"))


@needs_mcap
def test_killing_everything_loses_less_than_a_tenth_of_a_second(start_owner, tmp_path):
    from rl_zoo.robots.recording.mcap_session import read_session

    folder = tmp_path / "recording"
    owner, control = start_owner(folder)
    recorder = _recorder_of(owner.pid, control)
    wait_for(lambda: list(folder.glob("session_*.mcap")))
    time.sleep(0.7)
    # Only a process that runs can have recorded: stop first what makes the ticks.
    os.kill(control, signal.SIGSTOP)
    killed = time.time()
    for pid in (recorder, owner.pid, control):
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not exists(recorder))
    (path,) = folder.glob("session_*.mcap")
    newest = max(message.time for message in read_session(path))
    assert killed - newest < 0.1 + 0.3  # the second part for a busy machine


@needs_mcap
def test_recorder_outlives_a_killed_owner(start_owner, tmp_path):
    import mcap.reader

    from rl_zoo.robots.recording.mcap_session import read_session

    folder = tmp_path / "recording"
    owner, control = start_owner(folder)
    recorder = _recorder_of(owner.pid, control)
    owner.kill()
    owner.wait()
    wait_for(lambda: not exists(recorder))
    (path,) = folder.glob("session_*.mcap")
    with path.open("rb") as file:
        messages = list(mcap.reader.make_reader(file).iter_messages())
    assert len(messages) > 100
    (flight,) = folder.glob("flight_*.npz")
    assert flight.name.endswith("_learner.npz")
    followed = set(load(flight)["mode"].tolist())
    assert {Mode.RUN, Mode.SIT} <= followed, "what happened before and after the owner's end"
    # How long it sits down depends on where the robot was: only the session has all of it.
    last = {message.topic: message.data for message in read_session(path)}
    assert last["/robot/mode"]["mode"] in ("IDLE", "DAMP")
    assert not any(last["/robot/command"]["kp"])


def test_missing_mcap_is_said_in_one_line(make_process_link, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    link = make_process_link(tmp_path / "recording")
    link.open()
    link.close()
    assert capsys.readouterr().err.count('pip install "rl_zoo[telemetry]"') == 1


def _recorder_of(owner, control):
    children = set()
    for file in Path(f"/proc/{owner}/task").glob("*/children"):
        children |= set(map(int, file.read_text().split()))
    (recorder,) = children - {control}
    return recorder


@needs_mcap
def test_full_disk_ends_the_session_and_is_told_at_the_end(tmp_path):
    from rl_zoo.robots.control.process_setup import RecorderSetup
    from rl_zoo.robots.control.shared_memory import create_memory, map_memory
    from rl_zoo.robots.control.tick_ring import TickRing
    from rl_zoo.robots.recording.recorder import Recorder

    ring = TickRing(map_memory(create_memory("test", TickRing.size_of(DTYPE, 500.0))), DTYPE)
    folder = tmp_path / "recording"
    recorder = Recorder(ring, RecorderSetup("bert", 0, 0, str(folder), 500.0))
    for row in make_ticks(20):
        ring.append(row)
    recorder.update()  # There is no such folder.
    assert str(folder) in recorder.failure
    folder.mkdir()
    recorder.end(is_clean=False)
    (flight,) = folder.iterdir()
    assert len(load(flight)["tick"]) == 20
