"""The Unitree driver against a robot in another process, over real DDS on the loopback."""

import dataclasses
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("cyclonedds")

from rl_zoo.errors import ConfigError, RobotFault
from rl_zoo.robots.bert import BERT
from rl_zoo.robots.driver import RobotCommand
from rl_zoo.robots.drivers.catalog import driver_problems, make_driver
from rl_zoo.robots.drivers.unitree import UnitreeDriver, UnitreeOptions
from rl_zoo.robots.go2 import GO2
from rl_zoo.robots.simulated.unitree_server import UnitreeServerOptions
from rl_zoo.robots.wire.unitree_idl import CAN_TELL_VARIANTS, message_types, type_hash

ROOT = Path(__file__).parents[3]
PATIENCE = 60.0  # s, for a machine that is busy with something else
DOMAIN = 2 + os.getpid() % 220
LOOPBACK = {"interface": "lo", "peers": ["127.0.0.1"]}
UINT8_HASHES = {"12da99179559f14db8b7ab23acdd", "ef1819d05896c24741d6dbde9167"}


class Robot:
    """The robot's process."""

    def __init__(self, **options):
        self.options = {"robot": "bert", "domain": DOMAIN, **LOOPBACK, **options}
        command = [sys.executable, "-m", "tests.robots.drivers.unitree_robot"]
        self.process = subprocess.Popen(
            [*command, json.dumps(self.options)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout.readline(), "the robot did not start"

    def ask(self, wish="report"):
        self.process.stdin.write(json.dumps(wish) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def kill(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def start_robot():
    robots = []

    def start(**options):
        robots.append(Robot(**options))
        return robots[-1]

    yield start
    for robot in robots:
        robot.kill()


@pytest.fixture
def connect():
    drivers = []

    def make(spec=BERT, **options):
        options = {"domain": DOMAIN, **LOOPBACK, "connect_timeout": 30.0, **options}
        drivers.append(make_driver("unitree", spec, options))
        drivers[-1].connect()
        return drivers[-1]

    yield make
    for driver in drivers:
        driver.close()


def wait_for(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


def stand(driver, target):
    """Send a target as a control loop does, until the joints are there."""

    def is_there():
        driver.write(RobotCommand(target))
        return np.allclose(driver.read().joint_positions, target, atol=1e-6)

    wait_for(is_there)


def settled(robot):
    """Return the number of packets that reached the robot once no more are under way."""
    counts = [-1, robot.ask()["packets"]]
    while counts[-1] != counts[-2]:
        time.sleep(0.3)
        counts.append(robot.ask()["packets"])
    return counts[-1]


def test_a_session(start_robot, connect):
    """Discovery, release of the motors, reading, writing, refusing, stopping."""
    robot = start_robot()
    driver = connect()
    report = robot.ask()
    assert report["mode"] == "", "the motion service was asked for the motors"
    assert report["packets"] == 0, "connecting commands no motor"
    assert not UINT8_HASHES & set(report["seen"])

    state = driver.read()
    assert np.allclose(state.joint_positions, BERT.default_pose)
    assert state.sequence % 2 == 0, "milliseconds at 500 Hz"
    assert (state.battery_voltage, state.buttons) == (24.0, {"A"})
    assert state.motors_online == (True,) * 8
    assert 0.0 <= driver.clock.now() - state.time < PATIENCE
    assert driver.capabilities.measures >= {"battery", "temperature", "foot_forces"}
    assert "acceleration" not in driver.capabilities.measures
    wait_for(lambda: driver.read().sequence > state.sequence)

    target = BERT.default_pose + 0.25
    stand(driver, target)
    bad = target.copy()
    bad[2] = np.nan
    n_packets = settled(robot)
    for command in (RobotCommand(bad), RobotCommand(target, kd=bad), RobotCommand(target[:-1])):
        with pytest.raises(RobotFault, match="not sent"):
            driver.write(command)
    assert settled(robot) == n_packets

    for stop in (driver.stop, threading.Thread(target=driver.stop).start):
        stand(driver, target)
        stop()
        wait_for(lambda: robot.ask()["last"]["kp"] == [0.0] * 8)
    last = robot.ask()["last"]
    assert np.allclose(last["kd"], 3.0 * BERT.kd)

    report = robot.ask()
    assert report["packets"] > 0
    assert (report["wrong"], report["ignored"], report["refused"]) == (0, 0, 0)
    assert not UINT8_HASHES & set(report["seen"]), "a uint8 type kills robots"


def test_a_sample_is_as_old_as_its_arrival(start_robot, connect):
    robot = start_robot(motion_service=False)
    driver = connect(service_timeout=0.01)
    robot.ask("silence")
    time.sleep(0.3)
    asked = driver.clock.now()
    state = driver.read()
    assert asked - state.time > 0.2, "stamped when it came, not when it was looked at"
    assert driver.read() is state
    robot.ask("speak")
    wait_for(lambda: driver.read().time > asked)


def test_a_robot_that_restarts(start_robot, connect):
    robot = start_robot()
    driver = connect()
    wait_for(lambda: driver.read().sequence > 100)
    before = driver.read().sequence
    robot.ask("restart")

    def is_back():
        driver.write(RobotCommand(BERT.default_pose))
        return driver.read().sequence < before

    wait_for(is_back)
    report = robot.ask()
    assert report["mode"] == "", "its motion service is released again"
    assert driver.n_unsent > 0, "and commands are held back until then"
    stand(driver, BERT.default_pose - 0.125)


def test_a_robot_that_dies_and_comes_back(start_robot, connect):
    robot = start_robot(strict_crc=True)
    driver = connect()
    wait_for(lambda: driver.read().sequence > 200)
    robot.kill()
    before = driver.read().sequence
    robot = start_robot(strict_crc=True)
    wait_for(lambda: driver.read().sequence < before)
    stand(driver, BERT.default_pose + 0.125)
    report = robot.ask()
    assert (report["refused"], report["ignored"], report["wrong"]) == (0, 0, 0)


@pytest.mark.skipif(not CAN_TELL_VARIANTS, reason="cyclonedds 0.10 has one variant")
def test_a_peer_of_the_other_variant(start_robot, connect):
    """The vendor's simulator on cyclonedds 11: uint8, bare; a Go2's names of joints."""
    robot = start_robot(robot="go2", type_variant="uint8", bare=True)
    with pytest.raises(RobotFault, match=r"type_variant: byte: the peer .* speaks uint8"):
        connect(GO2, type_variant="byte")
    driver = connect(GO2, service_timeout=0.01)
    assert driver.variant == "uint8"
    state = driver.read()
    assert (state.temperatures, state.battery_voltage, state.motors_online) == (None,) * 3
    wait_for(lambda: driver.read().sequence > state.sequence)
    stand(driver, GO2.default_pose + 0.125)
    expected = type_hash(message_types("uint8").low_cmd)
    assert expected in robot.ask()["seen"]


def test_a_type_that_kills_is_not_created(start_robot, connect):
    robot = start_robot()
    with pytest.raises(RobotFault, match=r"type_variant: uint8: the peer .* speaks byte"):
        connect(type_variant="uint8")
    assert robot.process.poll() is None
    assert not UINT8_HASHES & set(robot.ask()["seen"])


def test_looking_on_changes_nothing(start_robot, connect):
    robot = start_robot()
    driver = connect(**UnitreeDriver.OBSERVE_OPTIONS)
    first = driver.read().sequence
    wait_for(lambda: driver.read().sequence > first)
    with pytest.raises(RobotFault, match="only looks on"):
        driver.write(RobotCommand(BERT.default_pose))
    driver.stop()
    report = robot.ask()
    assert report["mode"] == "normal", "the robot keeps its motors"
    assert report["packets"] == 0
    assert type_hash(message_types().low_cmd) not in report["seen"], "no writer of commands"


def test_two_drivers(start_robot, connect, capsys):
    start_robot()
    connect()
    assert "another program" not in capsys.readouterr().err
    connect()
    assert "another program in DDS domain" in capsys.readouterr().err


def test_nobody_there(connect):
    with pytest.raises(RobotFault, match=rf"no robot in DDS domain {DOMAIN} through interface lo"):
        connect(connect_timeout=0.2)


def test_two_robots(start_robot, connect):
    start_robot()
    start_robot()
    with pytest.raises(RobotFault, match=r"2 robots or simulators publish rt/lowstate"):
        connect()


def test_before_it_is_connected():
    driver = make_driver("unitree", BERT, {"domain": DOMAIN})
    assert driver.read() is None
    driver.stop()
    driver.close()
    with pytest.raises(RobotFault, match=r"connect\(\) comes first"):
        driver.write(RobotCommand(BERT.default_pose))


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"domian": 1}, "driver_options.domian: unknown keyword; did you mean 'domain'?"),
        ({"domain": 300}, "driver_options.domain: 300 is no integer from 0 to 230"),
        ({"domain": True}, "driver_options.domain: True is no integer from 0 to 230"),
        ({"interface": ""}, "driver_options.interface: '' is no name of a network interface"),
        ({"peers": [1]}, "driver_options.peers: (1,) is no list of addresses"),
        ({"slots": 3}, "driver_options.slots: 3 is no list of motor slots"),
        ({"type_variant": "bytes"}, "driver_options.type_variant: 'bytes' is unknown; did you"),
        ({"connect_timeout": 0}, "driver_options.connect_timeout: 0 is no positive number"),
        ({"mode": 0}, "driver_options.mode: 0 is no integer from 1 to 255"),
        ({"release_motion_service": 1}, "driver_options.release_motion_service: 1 is neither"),
    ],
)
def test_options_that_have_no_meaning(options, problem):
    (found,) = driver_problems("unitree", options)
    assert found.startswith(problem)
    with pytest.raises(ConfigError):
        make_driver("unitree", BERT, options)


def test_without_cyclonedds():
    script = (
        "import sys; sys.modules['cyclonedds'] = None\n"
        "from rl_zoo.robots.drivers.catalog import load_driver\n"
        "from rl_zoo.errors import MissingDependencyError\n"
        "try:\n    load_driver('unitree')\n"
        "except MissingDependencyError as error:\n    print(error)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert 'pip install "rl_zoo[unitree]"' in run.stdout


def test_one_peer_may_be_a_plain_name():
    assert driver_problems("unitree", {"peers": "192.168.123.161", "interface": "eth0"}) == []


@pytest.mark.parametrize("kind", [UnitreeOptions, UnitreeServerOptions])
def test_every_option_is_on_its_page(kind):
    page = (ROOT / "docs" / "unitree.md").read_text(encoding="utf-8")
    for option in dataclasses.fields(kind):
        assert f"| `{option.name}` |" in page or f"`{option.name}`, " in page
