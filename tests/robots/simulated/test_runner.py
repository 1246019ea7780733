"""Real time, the bus and the record of the simulated robot; time itself is faked here."""

import json

import numpy as np
import pytest

from rl_zoo.errors import ConfigError, DamagedFileError, NothingFoundError
from rl_zoo.robots.bert import BERT
from rl_zoo.robots.driver import RobotCommand
from rl_zoo.robots.simulated import runner as runner_module
from rl_zoo.robots.simulated.body import BodyOptions, SimulatedBody
from rl_zoo.robots.simulated.faults import Faults, active_names
from rl_zoo.robots.simulated.record import STEPS, Record, read_events, read_packets, read_record
from rl_zoo.robots.simulated.runner import CATCH_UP, Runner


class FakeTime:
    """A clock that only sleeping (or a slow server) moves on."""

    def __init__(self):
        self.now = 100.0

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        assert seconds > 0.0
        self.now += seconds


class MemoryServer:
    """A bus in memory: a command per call, states kept."""

    def __init__(self, time):
        self.time, self.states, self.log = time, [], []
        self.n_refused, self.packets, self.address = 0, None, "memory"
        self.command = RobotCommand(BERT.default_pose)
        self.slow_at = {}

    def open(self):
        self.log.append("open")

    def close(self):
        self.log.append("close")

    def receive(self):
        assert self.log[-1] == "open"
        if self.packets is not None:
            self.packets(self.time.now, b"command")
        return [self.command]

    def publish(self, state):
        assert self.log[-1] == "open"
        self.states.append((self.time.now, state))
        self.time.now += self.slow_at.pop(state.sequence, 0.0)


class Bench:
    def __init__(self, monkeypatch, **options):
        self.time = FakeTime()
        monkeypatch.setattr(runner_module, "time", self.time)
        self.body = SimulatedBody(BERT, body=BodyOptions(start="standing"))
        self.server = MemoryServer(self.time)
        self.faults = Faults(self.body)
        self.runner = Runner(self.body, self.server, self.faults, **options)

    def run(self, seconds):
        self.runner.open()
        return self.runner.run(duration=seconds - 0.001, should_stop=lambda: False)

    @property
    def sequences(self):
        return [state.sequence for _, state in self.server.states]


@pytest.fixture
def bench(monkeypatch):
    return Bench(monkeypatch)


def test_states_and_commands_at_the_rate_of_the_physics(bench):
    summary = bench.run(1.0)
    assert bench.sequences == list(range(1, 501))
    assert summary.n_commands == summary.n_states == 500
    assert summary.real_time_factor == pytest.approx(1.0, abs=0.01)
    assert bench.server.log == ["open", "close"]
    times = np.array([time for time, _ in bench.server.states])
    np.testing.assert_allclose(times - 100.0, np.arange(500) * 0.002, atol=1e-9)


@pytest.mark.parametrize("rate", [50.0, 200.0, 333.0])
def test_a_lower_rate_of_states(monkeypatch, rate):
    bench = Bench(monkeypatch, state_rate=rate)
    bench.run(1.0)
    assert len(bench.server.states) == pytest.approx(rate, abs=1)
    assert set(np.diff(bench.sequences)) <= {int(500 // rate), int(500 // rate) + 1}


def test_after_a_short_delay_the_physics_catch_up_without_a_burst(bench):
    bench.server.slow_at[100] = 0.03
    summary = bench.run(1.0)
    assert summary.time == pytest.approx(1.0, abs=0.004)
    skipped = np.diff(bench.sequences)
    assert skipped.max() in (14, 15, 16)
    assert (skipped > 1).sum() == 1
    gaps = np.diff([time for time, _ in bench.server.states])
    assert (gaps < 1e-4).sum() <= 1, "one late state, then the usual pace"
    assert summary.worst_delay == pytest.approx(0.028, abs=0.003)


def test_after_a_long_delay_simulated_time_falls_behind(bench):
    bench.server.slow_at[100] = 0.5
    summary = bench.run(2.0)
    assert summary.time == pytest.approx(2.0 - (0.5 - CATCH_UP), abs=0.01)
    assert summary.real_time_factor < 0.8
    assert len(bench.sequences) == len(set(bench.sequences))


def test_a_crash_closes_the_bus_and_opens_it_again(bench):
    bench.faults.inject("crash", {"duration": 0.2})
    summary = bench.run(0.5)
    assert bench.server.log == ["open", "close", "open", "close"]
    assert bench.sequences == list(range(1, 151))
    assert summary.n_boots == 2


def test_faults_on_the_wire_work_with_any_server(bench):
    bench.faults.inject("duplicate", {"share": 1.0, "on": "states", "duration": 10.0})
    bench.run(0.1)
    assert bench.sequences == [each for each in range(1, 51) for _ in range(2)]


def test_unsafe_commands_are_counted_and_recorded(bench, tmp_path):
    bench.server.command = RobotCommand(np.full(8, np.nan))
    bench.runner.record_to(tmp_path)
    summary = bench.run(0.02)
    assert summary.n_unsafe == 10
    assert [event["event"] for event in read_events(tmp_path)] == ["unsafe"] * 10 + ["end"]


def test_the_record_holds_every_step(bench, tmp_path):
    bench.runner.record_to(tmp_path)
    bench.faults.inject("silence", {"duration": 0.1})
    bench.run(0.3)
    header, rows = read_record(tmp_path)
    assert header["robot"] == "bert"
    assert header["faults"].index("silence") >= 0
    assert len(rows) == 150
    np.testing.assert_array_equal(rows["sequence"], np.arange(1, 151))
    np.testing.assert_allclose(rows["time"], np.arange(1, 151) * 0.002)
    assert (rows["published"][:50] == -1).all()
    np.testing.assert_array_equal(rows["published"][50:], rows["sequence"][50:])
    assert active_names(int(rows["faults"][0])) == ("silence",)
    assert active_names(int(rows["faults"][100])) == ()
    joints = rows["qpos"][:, header["joint_addresses"]]
    for time, state in bench.server.states:
        row = rows["sequence"] == state.sequence
        np.testing.assert_array_equal(joints[row][0], state.joint_positions)
        assert time > 100.0
    np.testing.assert_allclose(rows["law"][0][0], BERT.default_pose, rtol=1e-6)
    np.testing.assert_allclose(rows["law"][0][2], BERT.kp, rtol=1e-6)
    packets = read_packets(tmp_path)
    assert len(packets) == 150
    assert packets[0] == (100.0, b"command")
    events = read_events(tmp_path)
    assert [event["event"] for event in events] == ["begin", "end", "end"]
    assert events[0]["fault"] == "silence"


def test_a_record_cut_anywhere_is_read_up_to_there(bench, tmp_path):
    bench.runner.record_to(tmp_path)
    bench.run(0.02)
    whole = {name: (tmp_path / name).read_bytes() for name in (STEPS, "packets.bin")}
    n_rows = len(read_record(tmp_path)[1])
    (tmp_path / STEPS).write_bytes(whole[STEPS][:-1])
    (tmp_path / "packets.bin").write_bytes(whole["packets.bin"][:-3])
    with (tmp_path / "events.jsonl").open("a") as file:
        file.write('{"event": "beg')
    assert len(read_record(tmp_path)[1]) == n_rows - 1
    assert len(read_packets(tmp_path)) == n_rows - 1
    assert read_events(tmp_path)[-1]["event"] == "end"


def test_a_record_is_flushed_while_it_grows(bench, tmp_path):
    bench.runner.record_to(tmp_path)
    bench.runner.open()
    steps = iter(range(100))
    summary = bench.runner.run(should_stop=lambda: next(steps) == 60 and seen(tmp_path))
    assert summary.n_states == 60


def seen(folder):
    return len(read_record(folder)[1]) == 50


def test_what_is_no_record_is_explained(tmp_path):
    with pytest.raises(NothingFoundError, match=r"steps\.bin"):
        read_record(tmp_path)
    (tmp_path / STEPS).write_bytes(b"something\n")
    with pytest.raises(DamagedFileError, match="no header"):
        read_record(tmp_path)
    (tmp_path / STEPS).write_bytes(json.dumps({"version": 99, "row": [["a", "<f8"]]}).encode())
    with pytest.raises(DamagedFileError, match=r"99|no header"):
        read_record(tmp_path)


@pytest.mark.parametrize("rate", [0.0, -1.0, 501.0, float("nan")])
def test_an_impossible_rate_is_refused(monkeypatch, rate):
    with pytest.raises(ConfigError, match="--state-rate"):
        Bench(monkeypatch, state_rate=rate)


def test_a_record_where_nothing_can_be_written_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    body = SimulatedBody(BERT)
    with pytest.raises(ConfigError, match="file/record: cannot be written"):
        Record(tmp_path / "file" / "record", body, Faults(body), {})
