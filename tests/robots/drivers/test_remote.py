"""The remote driver against a robot that speaks the protocol: ours, and the bridge template."""

from __future__ import annotations

import dataclasses
import itertools
import os
import random
import re
import socket
import struct
import subprocess
import sys
import threading
import time
import zlib
from collections import deque
from pathlib import Path

import numpy as np
import pytest

from rl_zoo.errors import ConfigError, RobotFault
from rl_zoo.robots.bert import BERT
from rl_zoo.robots.driver import RobotCommand, RobotState
from rl_zoo.robots.drivers.catalog import make_driver
from rl_zoo.robots.drivers.remote import RemoteDriver
from rl_zoo.robots.simulated.remote_server import RemoteServer

ROOT = Path(__file__).parents[3]
ZERO = np.zeros(8)


def make_state(sequence: int, **changes) -> RobotState:
    values = {
        "time": 0.0,
        "joint_positions": ZERO + (sequence or 0),
        "joint_velocities": ZERO,
        "joint_torques": ZERO,
        "motor_positions": ZERO,
        "orientation": (1.0, 0.0, 0.0, 0.0),
        "angular_velocity_in_body": np.zeros(3),
        "sequence": sequence,
    }
    return RobotState(**{**values, **changes})


class Robot:
    """A server whose time passes when the test says so, or in a thread while a driver connects."""

    def __init__(self, address, spec=BERT, **options):
        self.server = RemoteServer(spec, address=address, **options)
        self.server.open()
        self.commands = []
        self.sequence = itertools.count()

    def turn(self, n=1, **changes):
        for _ in range(n):
            self.commands += self.server.receive()
            self.server.publish(make_state(**{"sequence": next(self.sequence), **changes}))

    def meet(self, driver):
        """Let a driver connect; return its fault, if any."""
        return run_beside(driver.connect, self.turn)

    def close(self):
        self.server.close()


def run_beside(call, pump):
    """Call something that waits in a thread, and ``pump`` here; return the RobotFault it raised."""
    faults = []

    def attempt():
        try:
            call()
        except RobotFault as fault:
            faults.append(fault)

    thread = threading.Thread(target=attempt)
    thread.start()
    while thread.is_alive():
        pump()
        time.sleep(0.001)
    thread.join()
    return faults[0] if faults else None


class Proxy:
    """Stands between driver and robot; ``fate(data)`` says what becomes of each packet.

    A fate is a list of delays in turns: [] lost, [0] passed on, [0, 0] twice, [3] later.
    """

    def __init__(self, port):
        self.front, self.back = udp_socket(), udp_socket()
        self.address = f"udp://127.0.0.1:{self.front.getsockname()[1]}"
        self.robot = ("127.0.0.1", port)
        self.driver = None
        self.to_robot = self.to_driver = lambda data: [0]
        self.waiting = deque()
        self.turn = 0

    def pump(self):
        self.turn += 1
        for data, sender in drain(self.front):
            self.driver = sender
            self.waiting += [(self.turn + d, "robot", data) for d in self.to_robot(data)]
        for data, _ in drain(self.back):
            self.waiting += [(self.turn + d, "driver", data) for d in self.to_driver(data)]
        due = [entry for entry in self.waiting if entry[0] <= self.turn]
        self.waiting = deque(entry for entry in self.waiting if entry[0] > self.turn)
        for _, to, data in due:
            if to == "robot":
                self.back.sendto(data, self.robot)
            else:
                self.front.sendto(data, self.driver)

    def close(self):
        self.front.close()
        self.back.close()


def udp_socket():
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind(("127.0.0.1", 0))
    made.setblocking(False)
    return made


def drain(source):
    while True:
        try:
            yield source.recvfrom(65535)
        except BlockingIOError:
            return


@pytest.fixture
def closing():
    """Close what is given to it when the test is over."""
    things = []

    def add(thing):
        things.append(thing)
        return thing

    yield add
    for thing in reversed(things):
        thing.close()


@pytest.fixture(params=["udp", "unix"])
def address(request, tmp_path):
    return "udp://127.0.0.1:0" if request.param == "udp" else f"unix://{tmp_path}/r"


@pytest.fixture
def robot(closing, address):
    return closing(Robot(address))


@pytest.fixture
def driver(closing, robot):
    options = {"address": robot.server.address, "timeout": 20.0, "release_after": 0.4}
    made = closing(make_driver("remote", BERT, options))
    assert robot.meet(made) is None
    robot.commands.clear()
    return made


def exchange(robot, driver):
    """Let one sample and what the driver sent travel; return what the driver reads."""
    robot.turn()
    return driver.read()


def test_nothing_is_commanded_by_connecting(closing, address):
    robot = closing(Robot(address))
    driver = closing(RemoteDriver(BERT, address=robot.server.address, timeout=20.0))
    seen = []
    robot.server.packets = lambda time, data: seen.append(data)

    assert driver.read() is None
    assert robot.meet(driver) is None
    for _ in range(20):
        exchange(robot, driver)

    assert driver.read().sequence >= 20
    assert not robot.commands and not seen


def test_the_newest_sample_is_read_and_stays(robot, driver):
    robot.turn(5)
    first = driver.read()
    again = driver.read()

    assert first.sequence == first.joint_positions[0] == next(robot.sequence) - 1
    assert again is first


def test_a_stamp_is_the_arrival_not_the_reading(robot, driver):
    before = time.monotonic()
    robot.turn()
    sent = time.monotonic()
    time.sleep(0.05)

    assert before - 1e-3 <= driver.read().time <= sent + 1e-3


def test_a_command_reaches_the_motors_unchanged(robot, driver):
    rng = np.random.default_rng(1)
    q, dq, kp, kd, tau = rng.normal(size=(5, 8))
    captured = []
    robot.server.packets = lambda time, data: captured.append(data)

    driver.write(RobotCommand(q, dq, kp, kd, tau))
    exchange(robot, driver)

    (command,) = robot.commands
    assert np.array_equal(command.joint_positions, q)
    assert np.array_equal(command.joint_velocities, dq)
    assert np.array_equal(command.kp, kp)
    assert np.array_equal(command.kd, kd)
    assert np.array_equal(command.joint_torques, tau)
    assert struct.unpack_from("<40d", captured[0], 32) == (*q, *dq, *kp, *kd, *tau)
    driver.read()
    exchange(robot, driver)
    assert driver.last_acknowledged == struct.unpack_from("<I", captured[0], 12)[0]


def test_a_robot_tells_what_it_can(robot, driver):
    assert driver.capabilities.state_rate == BERT.physics_frequency
    assert driver.capabilities.has_command_watchdog
    assert "foot_forces" in driver.capabilities.measures
    assert "sample" not in driver.capabilities.measures  # a bit of the protocol, no measure


def test_stopping_is_damping_without_stiffness(robot, driver):
    driver.write(RobotCommand(BERT.default_pose))
    driver.stop()
    driver.stop()
    exchange(robot, driver)

    last = robot.commands[-1]
    assert not last.kp.any() and not last.joint_torques.any()
    assert np.array_equal(last.kd, BERT.kd)


def test_stopping_or_closing_what_is_not_open_is_nothing():
    driver = RemoteDriver(BERT)
    driver.stop()
    driver.close()
    driver.close()
    assert driver.read() is None


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_command_that_is_not_finite_is_not_sent(robot, driver, value):
    captured = []
    robot.server.packets = lambda time, data: captured.append(data)

    with pytest.raises(RobotFault, match="nothing was sent"):
        driver.write(RobotCommand(np.full(8, value)))
    robot.turn()

    assert not captured


def test_a_broken_sensor_is_passed_on(robot, driver):
    robot.turn(joint_positions=ZERO + np.nan)
    assert np.isnan(driver.read().joint_positions).all()


def test_a_sensor_that_hangs_repeats_its_counter(robot, driver):
    robot.turn(5, sequence=3)
    first = driver.read()
    robot.turn(5, sequence=3)
    second = driver.read()
    assert first.sequence == second.sequence == 3
    assert second.time > first.time


def test_without_commands_the_robot_knows_the_driver_is_there(closing):
    robot = closing(Robot("udp://127.0.0.1:0"))
    options = {"address": robot.server.address, "timeout": 20.0, "release_after": 0.4}
    driver = closing(RemoteDriver(BERT, **options))
    assert robot.meet(driver) is None
    other = closing(RemoteDriver(BERT, **{**options, "timeout": 1.2}))

    def pump():
        robot.turn()
        driver.read()

    fault = run_beside(other.connect, pump)

    assert re.search(r"the robot at .* has another owner \(.+:\d+\): end that one", str(fault))
    driver.close()
    assert robot.meet(other) is None


def test_an_owner_that_died_is_replaced(closing, robot, driver):
    other = closing(RemoteDriver(BERT, address=robot.server.address, timeout=20.0))

    assert robot.meet(other) is None  # after the first one's `release_after` of silence

    driver.write(RobotCommand(BERT.default_pose))
    other.write(RobotCommand(BERT.default_pose + 0.1))
    robot.commands.clear()
    robot.turn()
    assert [c.joint_positions[0] for c in robot.commands] == [BERT.default_pose[0] + 0.1]
    assert robot.server.counts["owner"] == 1


def test_observers_look_on_and_cannot_command(closing, robot, driver):
    observer = closing(RemoteDriver(BERT, address=robot.server.address, timeout=20.0, observe=True))
    assert robot.meet(observer) is None

    robot.turn()
    assert observer.read().sequence == driver.read().sequence
    with pytest.raises(RobotFault, match="only looks on"):
        observer.write(RobotCommand(BERT.default_pose))
    observer.stop()
    robot.turn()
    assert not robot.commands and not robot.server.counts


def test_nobody_there_is_one_sentence(tmp_path):
    for address in ("udp://127.0.0.1:9", f"unix://{tmp_path}/nobody"):
        with pytest.raises(RobotFault) as caught:
            RemoteDriver(BERT, address=address, timeout=0.1).connect()
        assert str(caught.value) == (
            f"remote: no robot answers at {address} within 0.1 s: start it, or give its address "
            f"with driver_options.address"
        )


def swap(spec):
    first, second, *rest = spec.joints
    return dataclasses.replace(spec, name="other", joints=(second, first, *rest))


@pytest.mark.parametrize(
    ("theirs", "words"),
    [
        (swap(BERT), "joint 0 is 'FR_knee', that of 'bert' is 'FR_hip': names and order"),
        (
            dataclasses.replace(BERT, joints=BERT.joints[:4], legs=BERT.legs[:2]),
            "has 4 joints, 'bert' has 8",
        ),
    ],
)
def test_another_robot_is_refused(closing, address, theirs, words):
    robot = closing(Robot(address, theirs))
    robot.turn = lambda: robot.server.receive()
    driver = closing(RemoteDriver(BERT, address=robot.server.address, timeout=0.3))

    assert words in str(robot.meet(driver))


def test_a_robot_without_states_is_refused(closing, address):
    robot = closing(Robot(address))
    driver = closing(RemoteDriver(BERT, address=robot.server.address, timeout=0.3))

    fault = run_beside(driver.connect, robot.server.receive)

    assert "describes itself but publishes no state within 0.3 s" in str(fault)


def test_another_version_is_refused(closing):
    robot = closing(Robot("udp://127.0.0.1:0"))
    proxy = closing(Proxy(int(robot.server.address.rpartition(":")[2])))

    def modernise(data):
        data = data[:4] + b"\x02" + data[5:-4]
        proxy.front.sendto(data + struct.pack("<I", zlib.crc32(data)), proxy.driver)
        return []

    proxy.to_driver = modernise
    driver = closing(RemoteDriver(BERT, address=proxy.address, timeout=0.5))

    fault = run_beside(driver.connect, lambda: (robot.turn(), proxy.pump()))

    assert "speaks version 2 of the protocol, this driver version 1" in str(fault)


def test_a_robot_that_no_command_reaches_is_noticed(robot, driver):
    stiff, zero = RobotCommand(BERT.default_pose), np.zeros(8)
    soft = RobotCommand(BERT.default_pose, zero, zero, BERT.kd, zero)

    def go_on(seconds, command, is_reached):
        robot.server.acknowledge(())
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            driver.write(command)
            received = robot.server.receive()
            robot.server.acknowledge(received if is_reached else ())
            robot.turn()
            driver.read()
            time.sleep(0.005)

    go_on(0.3, stiff, is_reached=True)
    with pytest.raises(RobotFault, match="obeyed no command for"):
        go_on(1.0, stiff, is_reached=False)
    robot.commands.clear()
    robot.turn()
    for command in (stiff, soft):  # it has let itself down: only what is soft is sent
        with pytest.raises(RobotFault, match="obeyed no command"):
            driver.write(command)
    robot.server.acknowledge(robot.server.receive())
    robot.turn()
    driver.read()
    driver.write(stiff)


def test_a_robot_without_a_counter_shows_that_it_restarted(robot, driver):
    for _ in range(10):
        robot.turn(5, sequence=None)
        before = driver.read().sequence
    assert before > 40
    robot.close()
    robot.server.open()

    def meet_again():
        robot.turn(sequence=None)
        return driver.read().sequence < before

    deadline = time.monotonic() + 20.0
    while not meet_again():
        time.sleep(0.005)
        assert time.monotonic() < deadline
    assert driver.read().sequence == 1


def test_a_restarted_robot_is_met_again_and_not_moved_by_old_commands(robot, driver):
    for _ in range(100):  # a Unix socket keeps ten packets
        robot.turn(10)
        before = driver.read()
    robot.close()
    robot.server.open()
    robot.sequence = itertools.count()

    deadline = time.monotonic() + 20.0
    while driver.read() is before:
        # Nothing of this is for the robot that was started again.
        driver.write(RobotCommand(BERT.default_pose))
        robot.turn()
        time.sleep(0.005)
        assert time.monotonic() < deadline

    assert driver.n_restarts == 1
    assert not robot.commands
    assert robot.server.counts["owner"] > 0
    assert driver.read().sequence < before.sequence
    zero = np.zeros(8)
    driver.write(RobotCommand(BERT.default_pose))  # too early: the control loop cannot know yet
    driver.write(RobotCommand(BERT.default_pose, zero, zero, BERT.kd, zero))
    robot.turn()
    assert [command.kp.any() for command in robot.commands] == [False]
    for _ in range(10):
        exchange(robot, driver)
    driver.write(RobotCommand(BERT.default_pose))
    robot.turn()
    assert [command.kp.any() for command in robot.commands] == [False, True]


def test_a_bad_network_loses_packets_and_mixes_none(closing):
    robot = closing(Robot("udp://127.0.0.1:0"))
    proxy = closing(Proxy(int(robot.server.address.rpartition(":")[2])))
    driver = closing(RemoteDriver(BERT, address=proxy.address, timeout=20.0))
    run_beside(driver.connect, lambda: (robot.turn(), proxy.pump()))
    dice = random.Random(4)
    sent, seen, captured = [], [], []
    robot.server.packets = lambda time, data: captured.append(data)
    robot.commands.clear()

    def fate(data):
        roll = dice.random()
        if roll < 0.1:  # damaged on the way
            broken = bytearray(data)
            broken[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
            proxy.back.sendto(bytes(broken), proxy.robot)
            return []
        choices = ([], [0, 0], [dice.randrange(1, 9)], [0, 5])
        return dice.choice(choices) if roll < 0.6 else [0]

    proxy.to_robot = proxy.to_driver = fate
    for i in range(600):
        sent.append(0.001 * i)
        driver.write(RobotCommand(ZERO + sent[-1]))
        proxy.pump()
        robot.turn()
        proxy.pump()
        seen.append(driver.read().sequence)

    obeyed = [command.joint_positions[0] for command in robot.commands]
    assert len(captured) > 500
    assert 200 < len(obeyed) < 600
    assert set(obeyed) <= set(sent) and obeyed == sorted(set(obeyed))  # none twice, none older
    assert seen == sorted(seen) and len(set(seen)) > 200
    counts = robot.server.counts
    assert counts["checksum"] > 10 and counts["old"] > 50
    assert driver.counts["old"] > 50


def test_a_recorded_command_cannot_be_played_back(closing):
    robot = closing(Robot("udp://127.0.0.1:0"))
    driver = closing(RemoteDriver(BERT, address=robot.server.address, timeout=20.0))
    robot.meet(driver)
    captured = []
    robot.server.packets = lambda time, data: captured.append(data)
    driver.write(RobotCommand(BERT.default_pose))
    robot.turn()
    robot.commands.clear()

    attacker = closing(udp_socket())
    attacker.sendto(captured[0], ("127.0.0.1", int(robot.server.address.rpartition(":")[2])))
    robot.turn()

    assert not robot.commands
    assert robot.server.counts["old"] == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"address": "upd://x:1"}, "driver_options.address: 'upd://x:1' is no address"),
        ({"timeout": -1.0}, "driver_options.timeout: -1.0 is no number of seconds"),
        ({"release_after": "soon"}, "driver_options.release_after: 'soon' is no number"),
        ({"adress": "udp://x:1"}, "driver_options.adress: unknown keyword; did you mean 'address'"),
    ],
)
def test_options_are_checked_before_anything_is_opened(options, words):
    with pytest.raises(ConfigError, match=re.escape(words)):
        make_driver("remote", BERT, options)


def test_a_robot_that_listens_everywhere_is_found_here(closing):
    robot = closing(Robot("udp://:0"))
    assert re.fullmatch(r"udp://0\.0\.0\.0:\d+", robot.server.address)
    driver = closing(RemoteDriver(BERT, address=robot.server.address, timeout=20.0))
    assert robot.meet(driver) is None


def test_a_taken_address_is_one_sentence(closing):
    first = closing(Robot("udp://127.0.0.1:0"))
    with pytest.raises(RobotFault, match="cannot listen here: Address already in use"):
        RemoteServer(BERT, address=first.server.address).open()


def test_a_path_is_taken_from_the_dead_only(closing, tmp_path):
    first = RemoteServer(BERT, address=f"unix://{tmp_path}/r")
    first.open()
    with pytest.raises(RobotFault, match="cannot listen here: Address already in use"):
        RemoteServer(BERT, address=first.address).open()
    first.close()
    closing(Robot(first.address))
    (tmp_path / "file").write_text("precious")
    with pytest.raises(RobotFault, match="cannot listen here"):
        RemoteServer(BERT, address=f"unix://{tmp_path}/file").open()
    assert (tmp_path / "file").read_text() == "precious"


@pytest.fixture
def bridge():
    """Run the template as it is, as a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-I", ROOT / "scripts" / "bridge_template.py", "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
        env={"PATH": os.environ["PATH"]},
    )
    try:
        yield int(process.stdout.readline().split()[-1])
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_the_bridge_template_drives(closing, bridge):
    options = {"address": f"udp://127.0.0.1:{bridge}", "timeout": 20.0}
    stranger = closing(udp_socket())
    dice = random.Random(1)
    for size in range(200):  # whatever arrives, the bridge lives
        data = b"RLZR\x01" + dice.randbytes(size)
        data += struct.pack("<I", zlib.crc32(data))
        stranger.sendto(data[: dice.choice((len(data), size))], ("127.0.0.1", bridge))
    driver = closing(RemoteDriver(BERT, **options))
    driver.connect()

    assert driver.capabilities.state_rate == 500.0
    assert driver.capabilities.measures == {"torque"}
    state = driver.read()
    assert state.temperatures is None and state.motors_online is None
    deadline = time.monotonic() + 20.0
    while not np.array_equal(driver.read().joint_positions, BERT.default_pose):
        driver.write(RobotCommand(BERT.default_pose))
        time.sleep(0.005)
        assert time.monotonic() < deadline
    assert driver.read().sequence > state.sequence
    second = closing(RemoteDriver(BERT, **{**options, "timeout": 0.3}))
    with pytest.raises(RobotFault, match="has another owner"):
        run_waiting(second, driver)
    with pytest.raises(RobotFault, match="its joint 0 is 'FR_hip'"):
        RemoteDriver(swap(BERT), **{**options, "timeout": 0.3}).connect()
    driver.close()
    second.connect()
    assert second.read() is not None
    assert not any(driver.counts.values())


def run_waiting(second, first):
    fault = run_beside(second.connect, first.read)
    if fault is not None:
        raise fault
