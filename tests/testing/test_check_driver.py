"""check_driver passes our drivers and names what is wrong with every broken one."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from rl_zoo.errors import RobotFault
from rl_zoo.robots.bert import BERT
from rl_zoo.robots.driver import Capabilities
from rl_zoo.robots.drivers.mock import MockDriver
from rl_zoo.robots.drivers.replay import ReplayDriver
from rl_zoo.robots.drivers.sim import SimDriver
from rl_zoo.robots.recording.session_file import SessionHeader, SessionWriter
from rl_zoo.robots.sampling import collect_samples
from rl_zoo.testing import Outcome, check_driver


def record(file, seconds):
    """Record a mock for some seconds of its virtual time."""
    driver = MockDriver(BERT)
    driver.connect()
    with SessionWriter(file, SessionHeader.of(BERT, "mock", driver.capabilities)) as writer:
        collect_samples(driver, seconds, writer.append)


def test_mock_and_sim_conform():
    for make in (lambda: MockDriver(BERT), lambda: SimDriver(BERT)):
        report = check_driver(make, may_move=True, seconds=0.2)
        report.raise_if_failed()
        (left_out,) = [c for c in report.checks if c.outcome is Outcome.NOT_JUDGED]
        assert left_out.name == "connect gives up with one sentence"
        assert str(report).count("\n  ok ") == len(report.checks) - 1


def test_replay_conforms(tmp_path):
    record(tmp_path / "a.session", 3.0)
    report = check_driver(lambda: ReplayDriver(BERT, file=str(tmp_path / "a.session")), seconds=1.0)
    report.raise_if_failed()


def changed(**values):
    """Return a driver whose samples have other values; a function gets the sample."""

    class Changed(MockDriver):
        def read(self):
            state = super().read()
            if state is None:
                return None
            new = {key: value(state) if callable(value) else value for key, value in values.items()}
            return replace(state, **new)

    return Changed


def promising(**values):
    class Promising(MockDriver):
        def __init__(self, spec, **options):
            super().__init__(spec)
            self.capabilities = replace(self.capabilities, **values)

        keyword_problems = staticmethod(lambda kwargs: list(kwargs))

    return Promising


class NoClose(MockDriver):
    close = None


class OpensThread(MockDriver):
    def __init__(self, spec, *, pose="folded"):
        super().__init__(spec)
        self._end = threading.Event()
        threading.Thread(target=self._end.wait, daemon=True, name="too early").start()

    def close(self):
        super().close()
        self._end.set()


class TakesAnything(MockDriver):
    def __init__(self, spec, **options):
        super().__init__(spec)


class SendsAnything(MockDriver):
    def write(self, command):
        self._command = None


class SendsAnythingOnceConnected(MockDriver):
    def write(self, command):
        if not self._is_open:
            raise RobotFault("not connected")


class RaisesValueError(MockDriver):
    def write(self, command):
        if not np.isfinite(command.joint_positions).all():
            raise ValueError("not finite")
        super().write(command)


class SilentAtFirst(MockDriver):
    def connect(self):
        super().connect()
        self._newest = None


class KnowsTooEarly(MockDriver):
    def read(self):
        if not self._is_open:
            self.connect()
        return super().read()


class DoesNotConnect(MockDriver):
    def connect(self):
        raise RobotFault("no robot answers on port 7")


class Freezes(MockDriver):
    def connect(self):
        super().connect()
        self.freeze()


class RepeatsSamples(MockDriver):
    """Stamps the same sample anew at every read."""

    def read(self):
        state = super().read()
        if state is None or not self._is_open:
            return state
        self._n_reads = getattr(self, "_n_reads", 0) + 1
        return replace(state, time=state.time + 1e-7 * self._n_reads)


class ChangesSample(MockDriver):
    """Two samples with one stamp."""

    def read(self):
        state = super().read()
        if state is None:
            return None
        noise = np.random.default_rng().normal(scale=1e-3, size=8)
        return replace(state, joint_velocities=state.joint_velocities + noise)


class WaitsForSample(MockDriver):
    def read(self):
        if self._is_open:
            self.clock.sleep_until(self.clock.now() + 1.0 / self.capabilities.state_rate)
        return super().read()


class BlocksForSample(MockDriver):
    def read(self):
        time.sleep(0.0006)
        return super().read()


class LosesSamples(MockDriver):
    def read(self):
        state = super().read()
        if state is None or state.sequence % 5 == 0:
            self._kept = state
        return self._kept


class ChangesCommand(MockDriver):
    def write(self, command):
        super().write(command)
        command.joint_positions[:] = 0.0


class StopsOnce(MockDriver):
    def stop(self):
        super().stop()
        if self.n_stops > 1:
            raise RobotFault("is stopped already")


class StopsInMainThread(MockDriver):
    def stop(self):
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("wrong thread")
        super().stop()


class DiesWhenStopped(MockDriver):
    def stop(self):
        super().stop()
        self.disconnect()


class IgnoresCommands(MockDriver):
    def write(self, command):
        super().write(replace(command, joint_positions=self._positions.copy()))


class SwapsJoints(MockDriver):
    def write(self, command):
        order = [1, 0, *range(2, len(command.joint_positions))]
        super().write(replace(command, joint_positions=command.joint_positions[order]))


class TurnsTheOtherWay(MockDriver):
    def connect(self):
        super().connect()
        self._start = self._positions.copy()

    def write(self, command):
        targets = command.joint_positions
        if self._is_open and len(targets) == len(self._start):
            targets = 2.0 * self._start - targets
        super().write(replace(command, joint_positions=targets))


class ClosesOnce(MockDriver):
    def close(self):
        if not self._is_open:
            raise RobotFault("is closed already")
        super().close()


class GoesOnAfterClose(MockDriver):
    def close(self):
        """Stay as it is."""


class LeavesThread(MockDriver):
    n_left = 0

    def connect(self):
        super().connect()
        self._left = threading.Event()
        thread = threading.Thread(
            target=self._left.wait, args=(20.0,), daemon=True, name="receiver"
        )
        thread.start()
        LEFT.append(self._left)


LEFT: list[threading.Event] = []


@pytest.fixture(autouse=True)
def _no_thread_left():
    yield
    while LEFT:
        LEFT.pop().set()


class ConnectsOnlyOnce(MockDriver):
    n_connected = 0

    def connect(self):
        type(self).n_connected += 1
        if self.n_connected > 1:
            raise RobotFault("the port is busy")
        super().connect()


def zero(state):
    return np.zeros(8)


BROKEN = [
    ("it has all parts of a driver", NoClose, "no method 'close'"),
    ("it has all parts of a driver", promising(measures=frozenset({"mood"})), "mood"),
    ("it has all parts of a driver", promising(state_rate=0.0), "state_rate is 0"),
    ("it has all parts of a driver", promising(can_zero=True), "without a method 'zero'"),
    ("making it opens nothing", OpensThread, "thread 'too early' runs"),
    ("unknown options are refused", TakesAnything, "takes 'no_such_option_as_this'"),
    ("a command with NaN is refused before connecting", SendsAnything, "nothing is raised"),
    ("a command with infinity is refused before connecting", SendsAnything, "nothing is raised"),
    ("a command of the wrong size is refused before connecting", SendsAnything, "nothing"),
    ("a command with NaN is refused before connecting", RaisesValueError, "ValueError instead of"),
    ("a command with NaN is refused when connected", SendsAnythingOnceConnected, "nothing"),
    ("connect brings a first sample, and there is none before", SilentAtFirst, "after connect"),
    ("connect brings a first sample, and there is none before", KnowsTooEarly, "before connect"),
    ("connect brings a first sample, and there is none before", DoesNotConnect, "port 7"),
    (
        "joint arrays have the robot's size and type",
        changed(joint_velocities=np.zeros(8, np.float32)),
        "joint_velocities is of float32",
    ),
    (
        "joint arrays have the robot's size and type",
        changed(motor_positions=lambda s: s.motor_positions[:-1]),
        "motor_positions has shape (7,), not (8,)",
    ),
    (
        "joint arrays have the robot's size and type",
        changed(motors_online=(True, True)),
        "motors_online is not a tuple of 8",
    ),
    ("readings are finite", changed(joint_velocities=np.full(8, np.nan)), "joint_velocities holds"),
    ("orientation is a unit quaternion", changed(orientation=(2.0, 0.0, 0.0, 0.0)), "norm is 2"),
    (
        "orientation agrees with the accelerometer",
        changed(acceleration_in_body=np.array([0.0, 0.0, -9.81])),
        "differ by 180 degrees",
    ),
    (
        "joints are near their limits",
        changed(joint_positions=lambda s: np.degrees(s.joint_positions)),
        "'FR_hip' reads 91.67 rad",
    ),
    ("measures agree with the states", changed(battery_voltage=None), "'battery' is in measures"),
    (
        "measures agree with the states",
        promising(measures=frozenset({"battery"})),
        "acceleration_in_body is given, but 'acceleration' is not in measures",
    ),
    ("unknown is None, not zero", changed(temperatures=zero), "temperatures is exactly 0"),
    ("unknown is None, not zero", changed(joint_positions=zero), "joint_positions are exactly"),
    ("buttons have names of BUTTONS", changed(buttons=frozenset({"red"})), "button 'red'"),
    (
        "stamps are arrivals on the driver's clock",
        changed(time=lambda s: s.time - 50.0),
        "50.0",
    ),
    ("stamps are arrivals on the driver's clock", changed(time=lambda s: s.time + 5.0), "future"),
    ("stamps increase", changed(time=lambda s: 1e-9 * (s.sequence % 7) + 0.1), "a stamp"),
    ("sequence increases", Freezes, "repeat the number"),
    ("sequence increases", changed(sequence=lambda s: -s.sequence), "followed by a smaller one"),
    ("samples come at the promised rate", LosesSamples, "100.0 Hz of 500 Hz"),
    ("read does not wait", WaitsForSample, "moves driver.clock on"),
    ("read does not wait", BlocksForSample, "wait for the next sample"),
    ("the same sample is returned until a newer one comes", RepeatsSamples, "anew"),
    ("the same sample is returned until a newer one comes", ChangesSample, "same time differ"),
    ("a damping command is taken", ChangesCommand, "write() changed joint_positions"),
    ("stop may be called twice", StopsOnce, "is stopped already"),
    ("stop may be called from another thread", StopsInMainThread, "wrong thread"),
    ("samples go on after stop", DiesWhenStopped, "no new sample"),
    ("commands within the limits are followed", IgnoresCommands, "'FR_hip' moved by"),
    ("commands within the limits are followed", SwapsJoints, "'FR_knee' moved: wrong order?"),
    ("commands within the limits are followed", TurnsTheOtherWay, "'FR_hip' moved the wrong way"),
    ("close may be called twice", ClosesOnce, "is closed already"),
    ("after close no new sample comes", GoesOnAfterClose, "new stamps"),
    ("after close nothing is left open", LeavesThread, "thread 'receiver' runs"),
    ("it can be connected again after close", ConnectsOnlyOnce, "the port is busy"),
]


@pytest.mark.parametrize(
    ("rule", "broken", "why"), BROKEN, ids=[f"{b.__name__}: {rule}" for rule, b, _ in BROKEN]
)
def test_a_broken_driver_fails(rule, broken, why, monkeypatch):
    monkeypatch.setattr("rl_zoo.testing.life_cycle._LONGEST_CLOSE", 0.1)
    report = check_driver(lambda: broken(BERT), may_move=True, seconds=0.2)
    failures = {check.name: check.detail for check in report.failures}
    assert rule in failures, str(report)
    assert why in failures[rule]
    with pytest.raises(RobotFault, match="failed"):
        report.raise_if_failed()


def test_a_driver_that_sends_nan_gets_none_once_connected():
    """Whether it would refuse is found out before there is a robot behind it."""
    written = []

    class Careless(MockDriver):
        def write(self, command):
            written.append((self._is_open, command))

    check_driver(lambda: Careless(BERT), may_move=True, seconds=0.1)
    sent = [command for is_open, command in written if is_open]
    assert all(np.isfinite(command.joint_positions).all() for command in sent)


def test_without_may_move_only_damping_is_sent():
    drivers = []

    def make():
        drivers.append(MockDriver(BERT))
        return drivers[-1]

    report = check_driver(make, seconds=0.1)
    report.raise_if_failed()
    commands = [command for driver in drivers for _, command in driver.written]
    assert commands
    assert not any(command.kp is None or command.kp.any() for command in commands)
    not_judged = {c.name for c in report.checks if c.outcome is Outcome.NOT_JUDGED}
    assert "commands within the limits are followed" in not_judged


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (OSError("refused"), "it raised OSError, not RobotFault"),
        (RobotFault("nothing\nthere"), "its message is not one line"),
        (None, "it connected"),
    ],
    ids=str,
)
def test_a_robot_that_does_not_exist_is_a_robot_fault(error, why):
    class Unreachable(MockDriver):
        def connect(self):
            if error is not None:
                raise error
            super().connect()

    def make():
        return MockDriver(BERT)

    report = check_driver(make, seconds=0.1, make_unreachable=lambda: Unreachable(BERT))
    (failure,) = report.failures
    assert failure.name == "connect gives up with one sentence"
    assert why in failure.detail


def test_a_driver_that_cannot_be_made_is_reported():
    report = check_driver(lambda: MockDriver(BERT, pose="sideways"))
    assert "sideways" in report.failures[0].detail


def test_capabilities_are_read_after_connecting():
    class Asks(MockDriver):
        """Learns what its robot measures from the robot."""

        def __init__(self, spec):
            super().__init__(spec)
            self._told, self.capabilities = self.capabilities, Capabilities(state_rate=500.0)

        def connect(self):
            self.capabilities = self._told
            super().connect()

    check_driver(lambda: Asks(BERT), seconds=0.1).raise_if_failed()
