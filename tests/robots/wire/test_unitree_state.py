"""States on the wire, between the simulated robot's end and the driver's."""

import dataclasses

import numpy as np
import pytest

pytest.importorskip("cyclonedds")

from rl_zoo.robots.bert import BERT
from rl_zoo.robots.driver import BUTTONS, RobotState
from rl_zoo.robots.go2 import GO2
from rl_zoo.robots.simulated.unitree_server import StatePacker, roll_pitch_yaw
from rl_zoo.robots.wire.unitree_layout import LOW_STATE
from rl_zoo.robots.wire.unitree_remote import pack_buttons, unpack_buttons
from rl_zoo.robots.wire.unitree_slots import motor_slots
from rl_zoo.robots.wire.unitree_state import StateDecoder
from tests.robots.wire.unitree_messages import bitwise_checksum


def make_state(spec=BERT, sequence=100, **changes):
    numbers = np.arange(1.0, spec.n_joints + 1)
    state = RobotState(
        time=0.5,
        joint_positions=numbers / 8,
        joint_velocities=-numbers,
        joint_torques=numbers / 4,
        motor_positions=numbers / 2,
        orientation=(0.5, 0.5, 0.5, -0.5),
        angular_velocity_in_body=np.array([1.0, 2.0, 3.0]),
        acceleration_in_body=np.array([0.0, 0.25, 9.75]),
        foot_forces=np.array([10.0, 0.0, 20.4, 31.0]),
        temperatures=numbers + 30,
        battery_voltage=24.5,
        sequence=sequence,
        motors_online=(True,) * spec.n_joints,
        buttons=frozenset({"A", "start", "L2"}),
    )
    return dataclasses.replace(state, **changes)


class Wire:
    def __init__(self, spec=BERT, **options):
        slots = motor_slots(spec)
        self.packer = StatePacker(spec, slots, **options)
        self.decoder = StateDecoder(spec, slots)
        self.n_arrived = 0

    def structure(self, state):
        return LOW_STATE.from_cdr(self.packer.pack(state))

    def through(self, state):
        self.n_arrived += 1
        return self.decoder.decode(self.structure(state), 7.0, self.n_arrived)


@pytest.mark.parametrize("spec", [BERT, GO2], ids=["bert", "go2"])
def test_everything_comes_through(spec):
    sent = make_state(spec)
    got = Wire(spec).through(sent)
    assert got.time == 7.0, "arrival, not the robot's clock"
    assert got.sequence == 200, "milliseconds of 100 steps at 500 Hz"
    for name in ("joint_positions", "joint_velocities", "joint_torques", "temperatures"):
        assert np.array_equal(getattr(got, name), getattr(sent, name)), name
    for name in ("angular_velocity_in_body", "acceleration_in_body"):
        assert np.array_equal(getattr(got, name), getattr(sent, name)), name
    for name in ("orientation", "battery_voltage", "motors_online", "buttons"):
        assert getattr(got, name) == getattr(sent, name), name
    assert got.foot_forces.tolist() == [10, 0, 20, 31]
    motor_side = sent.motor_positions if spec.is_elastic else sent.joint_positions
    assert np.array_equal(got.motor_positions, motor_side)


def test_a_state_has_head_and_checksum():
    wire = Wire()
    for sequence in range(0, 4000, 37):
        structure = wire.structure(make_state(sequence=sequence))
        assert structure[:3] == b"\xfe\xef\xff"
        assert int.from_bytes(structure[-4:], "little") == bitwise_checksum(structure)


def test_a_bare_simulator_tells_little():
    wire = Wire(is_bare=True)
    message = LOW_STATE.view(wire.structure(make_state()))
    for name in ("tick", "crc", "power_v"):
        assert message[name] == 0
    for name in ("head", "foot_force"):
        assert not message[name].any()
    assert not message["imu_state"]["rpy"].any()
    assert not message["motor_state"]["temperature"].any()
    got = [wire.through(make_state(sequence=n)) for n in range(3)]
    assert [state.sequence for state in got] == [1, 2, 3], "arrivals"
    for name in ("foot_forces", "temperatures", "battery_voltage", "motors_online"):
        assert getattr(got[-1], name) is None, name


def test_zero_is_believed_once_the_robot_told_another_value():
    wire = Wire()
    flying = make_state(foot_forces=np.zeros(4), sequence=0)
    assert wire.through(flying).foot_forces is None
    wire.through(make_state())
    landed = wire.through(flying)
    assert landed.foot_forces.tolist() == [0, 0, 0, 0]
    assert landed.sequence == 0, "a robot that restarted, not one without a counter"


def test_cold_and_empty_are_unknown():
    got = Wire().through(make_state(temperatures=np.zeros(8), battery_voltage=0.0))
    assert got.temperatures is None
    assert got.battery_voltage is None


def test_a_silent_motor_is_offline_until_it_answers():
    wire = Wire()
    lost = tuple(joint != 3 for joint in range(8))
    wire.through(make_state())
    online = [wire.through(make_state(motors_online=lost)).motors_online for _ in range(8)]
    assert online[0] == (True,) * 8, "one lost packet is a glitch"
    assert online[-1] == lost
    assert wire.through(make_state()).motors_online == (True,) * 8


def test_numbers_that_no_integer_holds():
    wild = np.array([np.nan, np.inf, -np.inf, 1e9])
    message = LOW_STATE.view(Wire().structure(make_state(foot_forces=wild)))
    assert message["foot_force"].tolist() == [0, 32767, -32768, 32767]


def test_not_a_number_reaches_whoever_judges_it():
    got = Wire().through(make_state(joint_positions=np.full(8, np.nan)))
    assert np.isnan(got.joint_positions).all()


@pytest.mark.parametrize("button", sorted({*BUTTONS} - {"estop"}))
def test_buttons(button):
    assert unpack_buttons(pack_buttons({button})) == {button}


BITS = {
    2: ("R1", "L1", "start", "select", "R2", "L2"),
    3: ("A", "B", "X", "Y", "up", "right", "down", "left"),
}
"""Of two bytes of the remote, lowest bit first (hardware facts 1.2)."""


@pytest.mark.parametrize(
    ("button", "place", "bit"),
    [(name, place, bit) for place, names in BITS.items() for bit, name in enumerate(names)],
)
def test_bit_of_a_button(button, place, bit):
    remote = bytearray(40)
    remote[place] = 1 << bit
    assert unpack_buttons(bytes(remote)) == {button}


def test_the_stop_button_is_the_vendors_chord():
    assert unpack_buttons(pack_buttons({"estop", "A"})) == {"L2", "B", "A"}


@pytest.mark.parametrize("axis", range(3))
def test_roll_pitch_yaw(axis):
    angle = 0.3
    quaternion = [np.cos(angle / 2), 0.0, 0.0, 0.0]
    quaternion[1 + axis] = np.sin(angle / 2)
    expected = [0.0, 0.0, 0.0]
    expected[axis] = angle
    assert roll_pitch_yaw(tuple(quaternion)) == pytest.approx(expected)
