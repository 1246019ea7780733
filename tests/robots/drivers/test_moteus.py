"""The moteus driver against simulated servos in another process, over CAN-FD by UDP multicast."""

from __future__ import annotations

import re
import socket
import sys
import time

import numpy as np
import pytest

from rl_zoo.errors import ConfigError, MissingDependencyError, RobotFault
from rl_zoo.robots.bert import BERT
from rl_zoo.robots.driver import RobotCommand
from rl_zoo.robots.drivers.catalog import make_driver
from rl_zoo.robots.wire.can_bus import CanBus
from rl_zoo.robots.wire.moteus_registers import Register, ServoMode, parse_request
from rl_zoo.testing import Outcome, check_driver
from tests.robots.moteus_process import CHANNEL, ServoProcess, bus_options

pytest.importorskip("moteus")
pytest.importorskip("can")
pytest.importorskip("msgpack")

POSE = BERT.default_pose
N = BERT.n_joints


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("", 0))
        return probe.getsockname()[1]


def carries_frames(port):
    one, other = (CanBus("udp_multicast", CHANNEL, {"port": port}) for _ in range(2))
    try:
        one.send(0x123, b"12345678")
        return other.receive(1.0) is not None
    finally:
        one.close()
        other.close()


@pytest.fixture(scope="module")
def process():
    port = free_port()
    if not carries_frames(port):
        pytest.skip("this machine has no multicast")
    started = ServoProcess(port)
    yield started
    started.close()


@pytest.fixture
def servos(process):
    process.ask("reset")
    return process


@pytest.fixture
def make(servos):
    drivers = []

    def build(**options):
        given = {**servos.options, "imu": "can", "timeout": 20.0, "watchdog": 0.5, **options}
        drivers.append(make_driver("moteus", BERT, given))
        return drivers[-1]

    yield build
    for driver in drivers:
        driver.close()


@pytest.fixture
def driver(make):
    made = make()
    made.connect()
    return made


def turn_until(driver, condition, command=None, seconds=20.0):
    """Read, and write if there is a command, until ``condition(state)``; return that state."""
    deadline = time.monotonic() + seconds
    while True:
        state = driver.read()
        if condition(state):
            return state
        assert time.monotonic() < deadline, f"waited in vain: {state}"
        if command is not None:
            driver.write(command)
        time.sleep(0.005)


def stiff(positions=POSE):
    return RobotCommand(positions)


def soft():
    zero = np.zeros(N)
    return RobotCommand(POSE, zero, zero, BERT.kd, zero)


def follow(driver, target):
    return turn_until(
        driver, lambda s: np.allclose(s.motor_positions, target, atol=1e-5), stiff(target)
    )


def requests(servos):
    frames = [bytes.fromhex(frame) for frame in servos.ask()["frames"]]
    return [parse_request(int.from_bytes(frame[:4], "little"), frame[4:]) for frame in frames]


def test_connecting_asks_and_commands_nothing(servos, driver):
    for _ in range(10):
        driver.read()
        time.sleep(0.011)

    assert servos.ask()["modes"] == [ServoMode.STOPPED] * N
    asked = requests(servos)
    assert len(asked) >= 3 * N
    assert not any(request.writes for request in asked)


def test_samples_come_while_nobody_writes(driver):
    first = driver.read()
    later = turn_until(driver, lambda state: state.sequence > first.sequence + 20)
    assert later.time > first.time


def test_a_sample_says_what_the_servos_measure(servos, driver):
    servos.ask("set", deflection=0.02)
    state = turn_until(driver, lambda s: abs(s.spring_deflections[0] - 0.02) < 1e-5)

    assert state.motor_positions == pytest.approx(POSE + 0.05, abs=1e-6)
    assert state.spring_deflections == pytest.approx(np.full(N, 0.02), abs=1e-6)
    assert state.joint_velocities == pytest.approx(0.1 * (POSE + 0.05), abs=1e-6)
    assert state.joint_torques == pytest.approx(0.2 * (POSE + 0.05), abs=1e-6)
    assert np.array_equal(state.temperatures, 30.0 + np.arange(N))
    assert state.battery_voltage == 24.5
    assert state.motors_online == (True,) * N
    assert state.orientation == pytest.approx((0.8, 0.6, 0.0, 0.0))
    assert state.angular_velocity_in_body == pytest.approx([0.1, 0.2, 0.3])
    assert state.acceleration_in_body == pytest.approx([0.0, 9.4176, 2.7468])
    assert state.foot_forces is None


def test_a_command_is_the_law_that_the_servos_act_by(servos, driver):
    rng = np.random.default_rng(2)
    q, dq, tau = POSE + 0.1 * rng.normal(size=N), rng.normal(size=N), rng.normal(size=N)
    kp, kd = BERT.kp * rng.uniform(0.5, 1.0, size=N), BERT.kd * rng.uniform(0.5, 1.0, size=N)

    turn_until(
        driver,
        lambda s: np.allclose(s.motor_positions, q, atol=1e-5),
        RobotCommand(q, dq, kp, kd, tau),
    )

    law = servos.ask()["law"]
    for measured, sent in zip(law, (q, dq, kp, kd, tau), strict=True):
        assert measured == pytest.approx(sent, rel=1e-5, abs=1e-6)


def test_signs_gears_and_offsets_are_the_robots_affair(process):
    shape = {
        "ids": [11, 12, 21, 22, 31, 32, 41, 42],
        "signs": [1, -1] * 4,
        "ratios": [6.0, 9.0] * 4,
        "offsets": [0.1, -0.2] * 4,
    }
    port = free_port()
    servos = ServoProcess(port, **shape)
    driver = make_driver("moteus", BERT, {**servos.options, "imu": "none", "timeout": 20.0})
    try:
        driver.connect()
        assert driver.read().motor_positions == pytest.approx(POSE + 0.05, abs=1e-6)
        follow(driver, POSE - 0.03)
        law = servos.ask()["law"]
        assert law[2] == pytest.approx(BERT.kp, rel=1e-5)
        assert law[3] == pytest.approx(BERT.kd, rel=1e-5)
        # What a servo is told: revolutions at its own output.
        last = [r for r in requests(servos) if r.servo == 12 and r.writes][-1]
        turns = -9.0 * (POSE[1] - 0.03 + 0.2) / (2 * np.pi)
        assert last.writes[Register.COMMAND_POSITION] == pytest.approx(turns, abs=1e-6)
    finally:
        driver.close()
        servos.close()


def test_silence_softens_the_servos_and_only_a_soft_command_wakes_them(servos, driver):
    follow(driver, POSE)
    deadline = time.monotonic() + 20.0
    while servos.ask()["modes"] != [ServoMode.TIMEOUT] * N:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    _, _, kp, kd, tau = servos.ask()["law"]
    assert not any(kp) and not any(tau) and min(kd) > 0.0

    # A loop that comes back and goes on as if nothing had happened is not obeyed, and is told so.
    lost = turn_until(driver, lambda s: not any(s.motors_online), stiff(POSE - 0.1))
    assert lost.motor_positions == pytest.approx(POSE, abs=1e-5)
    assert driver.faults["FL_hip"] == "servo 3: its watchdog tripped (mode 11)"

    turn_until(driver, lambda s: all(s.motors_online), soft())
    assert servos.ask()["modes"] == [ServoMode.ZERO_VELOCITY] * N
    follow(driver, POSE - 0.1)


def test_a_fault_is_told_and_ended_by_softness(servos, driver, capsys):
    follow(driver, POSE)
    servos.ask("fail", motor=3, code=38)

    state = turn_until(driver, lambda s: not all(s.motors_online), stiff())

    assert state.motors_online == (True,) * 3 + (False,) + (True,) * 4
    assert driver.faults == {"FL_knee": "servo 4: fault 38: over temperature"}
    assert "'FL_knee': servo 4: fault 38: over temperature" in capsys.readouterr().err
    turn_until(driver, lambda s: all(s.motors_online), soft())
    assert driver.faults == {}


def test_a_servo_that_falls_silent_is_told_and_the_others_go_on(servos, driver):
    before = follow(driver, POSE)
    servos.ask("set", absent=[5])

    state = turn_until(driver, lambda s: not s.motors_online[5], stiff())
    assert driver.faults == {"RR_knee": "servo 6 does not answer"}
    assert state.sequence > before.sequence
    turn_until(driver, lambda s: s.sequence > state.sequence + 20, stiff())
    servos.ask("set", absent=[])
    # Its watchdog may have tripped meanwhile: only softness ends that.
    turn_until(driver, lambda s: all(s.motors_online), soft())


def test_stopping_damps_every_servo(servos, driver):
    follow(driver, POSE)
    driver.stop()
    driver.stop()
    turn_until(driver, lambda s: servos.ask()["modes"] == [ServoMode.ZERO_VELOCITY] * N)

    _, dq, kp, kd, tau = servos.ask()["law"]
    assert not any(kp) and not any(dq) and not any(tau)
    assert kd == pytest.approx(BERT.kd, rel=1e-5)


def test_a_frame_that_means_nothing_is_counted_and_not_obeyed(servos, driver):
    follow(driver, POSE)
    law = servos.ask()["law"]
    options = servos.options
    stranger = CanBus(options["bus"], options["channel"], options["bus_options"])
    try:
        for data in (b"\xff" * 8, bytes.fromhex("01000a0f2000")):  # no subframe; cut off
            stranger.send(0x8001, data)
    finally:
        stranger.close()

    turn_until(driver, lambda s: servos.ask()["n_refused"] == 2, stiff())
    assert servos.ask()["law"] == law


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_command_that_is_not_finite_is_not_sent(servos, driver, value):
    with pytest.raises(RobotFault, match="nothing was sent"):
        driver.write(RobotCommand(POSE, kp=np.full(N, value)))
    assert not any(request.writes for request in requests(servos))


def test_a_servo_that_restarts_shows_in_the_counter_and_stays_soft(servos, driver):
    before = turn_until(driver, lambda s: s.sequence > 300, stiff())
    servos.ask("reset")
    after = turn_until(driver, lambda s: not any(s.motors_online), stiff(POSE - 0.1))

    assert after.sequence < before.sequence
    assert driver.faults["FL_hip"] == "servo 3 has restarted: is its zero still right?"
    turn_until(driver, lambda s: s.sequence > after.sequence + 20, stiff(POSE - 0.1))
    # Only what was on its way when they restarted can have reached them stiff.
    law = servos.ask()["law"]
    assert not any(law[2]) and law[3] == pytest.approx(BERT.kd, rel=1e-5)
    turn_until(driver, lambda s: all(s.motors_online), soft())
    follow(driver, POSE - 0.1)


def test_a_robot_that_hangs_repeats_its_counter(servos, driver):
    servos.ask("set", is_frozen=True)
    sequence = servos.ask()["sequence"]
    state = turn_until(driver, lambda s: s.sequence >= sequence - 1)
    later = turn_until(driver, lambda s: s.time > state.time)
    assert later.sequence == state.sequence


def test_the_present_pose_becomes_zero(servos, driver):
    assert driver.capabilities.can_zero
    driver.zero()

    assert driver.read().motor_positions == pytest.approx(np.zeros(N), abs=1e-6)
    assert servos.ask()["modes"] == [ServoMode.STOPPED] * N
    # The same place under a new name: half a radian further is half a radian further.
    follow(driver, np.full(N, 0.5))
    assert servos.ask()["law"][0] == pytest.approx(POSE + 0.55, abs=1e-5)


def test_silence_is_one_sentence(servos, make):
    servos.ask("set", absent=list(range(N)))
    with pytest.raises(RobotFault, match=f"no servo answers on udp_multicast {CHANNEL}: power"):
        make(timeout=0.2).connect()
    servos.ask("set", absent=[2])
    with pytest.raises(RobotFault, match=r"no answer on .* from 'FL_hip' \(id 3\)"):
        make(timeout=1.0).connect()


def test_a_robot_without_sensor_says_so_loudly(make, capsys):
    driver = make(imu="none")
    driver.connect()
    assert "the trunk is ASSUMED upright" in capsys.readouterr().err
    assert driver.read().orientation == (1.0, 0.0, 0.0, 0.0)
    assert driver.read().acceleration_in_body is None
    assert "acceleration" not in driver.capabilities.measures


def test_a_sensor_that_sends_nothing_is_one_sentence(make):
    with pytest.raises(RobotFault, match="no inertial sensor"):
        make(imu="tests.robots.drivers.test_moteus:SilentSensor", timeout=0.5).connect()


def test_a_sensor_that_falls_silent_makes_the_samples_old(servos, driver):
    follow(driver, POSE)
    servos.ask("mute_sensor")
    deadline = time.monotonic() + 20.0
    while time.monotonic() - driver.read().time < 0.2:
        driver.write(stiff())
        time.sleep(0.005)
        assert time.monotonic() < deadline


@pytest.mark.slow
def test_it_keeps_the_contract_of_a_driver(servos):
    def make(**options):
        given = {**servos.options, "imu": "can", "timeout": 20.0, **options}
        return make_driver("moteus", BERT, given)

    def make_unreachable():
        return make(bus_options={"port": free_port()}, timeout=0.3)

    report = check_driver(make, make_unreachable=make_unreachable, min_rate_share=0.1)
    assert [check.name for check in report.checks if check.outcome is Outcome.FAILED] == []


class SilentSensor:
    def read(self):
        return None

    def close(self):
        return None


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "driver_options.imu: missing: servos know nothing of the trunk"),
        ({"imu": "cann"}, "driver_options.imu: 'cann'; did you mean 'can'?"),
        ({"imu": "can", "chanel": "can1"}, "driver_options.chanel: unknown keyword; did you mean"),
        ({"imu": "can", "watchdog": 0.0}, "driver_options.watchdog: 0.0 is not a positive number"),
        ({"imu": "can", "ids": 3}, "driver_options.ids: 3 is no list of numbers"),
        ({"imu": "can", "ids": [1, 2]}, "driver_options.ids: must be 8 numbers"),
        ({"imu": "can", "bus_options": "x"}, "driver_options.bus_options: 'x' is no mapping"),
    ],
)
def test_options_are_checked_before_anything_is_opened(options, words):
    with pytest.raises(ConfigError, match=re.escape(words)):
        make_driver("moteus", BERT, options)


def test_a_bus_that_does_not_exist_is_one_sentence():
    driver = make_driver("moteus", BERT, {"imu": "none", "bus": "socketcan", "channel": "no_can7"})
    with pytest.raises(RobotFault, match="socketcan no_can7: the bus does not open"):
        driver.connect()


def test_stopping_or_closing_what_is_not_open_is_nothing():
    driver = make_driver("moteus", BERT, {"imu": "none"})
    driver.stop()
    driver.close()
    assert driver.read() is None


def test_a_misspelt_interface_is_answered_with_the_nearest():
    driver = make_driver("moteus", BERT, {"imu": "none", "bus": "socketcn"})
    with pytest.raises(ConfigError, match="'socketcn'; did you mean 'socketcan'"):
        driver.connect()


@pytest.mark.parametrize("module", ["can", "moteus", "msgpack"])
def test_a_missing_library_is_named_with_its_install_line(monkeypatch, module):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingDependencyError, match=re.escape('pip install "rl_zoo[moteus]"')):
        make_driver("moteus", BERT, {"imu": "none", **bus_options(1)}).connect()
