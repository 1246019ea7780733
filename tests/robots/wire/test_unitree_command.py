"""Commands on the wire: what stands where, and what is never packed."""

import struct

import numpy as np
import pytest

from rl_zoo.errors import RobotFault
from rl_zoo.robots.bert import BERT
from rl_zoo.robots.driver import RobotCommand
from rl_zoo.robots.go2 import GO2
from rl_zoo.robots.wire.unitree_command import CommandPacker, is_genuine, unpack_command
from rl_zoo.robots.wire.unitree_layout import LOW_CMD, N_SLOTS
from rl_zoo.robots.wire.unitree_slots import motor_slots
from tests.robots.wire.unitree_messages import bitwise_checksum

FIRST_MOTOR, MOTOR = 24, 36  # bytes in the C structure
PARTS = ("joint_positions", "joint_velocities", "kp", "kd", "joint_torques")


def packed(command, spec=GO2, slots=None, **options):
    packer = CommandPacker(spec, motor_slots(spec, slots), **options)
    return LOW_CMD.from_cdr(packer.pack(command))


def motor(structure, slot):
    """Return mode, q, dq, tau, kp, kd of a slot, read by hand."""
    return struct.unpack_from("<B3x5f", structure, FIRST_MOTOR + slot * MOTOR)


def test_bytes_of_a_command():
    numbers = np.arange(12.0)
    command = RobotCommand(numbers, numbers + 20, numbers + 40, numbers + 60, numbers + 80)
    structure = packed(command)
    assert structure[:4] == b"\xfe\xef\xff\x00"
    for slot in range(12):
        assert motor(structure, slot) == (1, slot, slot + 20, slot + 80, slot + 40, slot + 60)
    for slot in range(12, N_SLOTS):
        assert motor(structure, slot) == (0, 0, 0, 0, 0, 0)
    assert int.from_bytes(structure[-4:], "little") == bitwise_checksum(structure)


def test_what_a_command_leaves_out_is_the_robots_own():
    structure = packed(RobotCommand(GO2.default_pose))
    mode, _, dq, tau, kp, kd = motor(structure, 0)
    assert (mode, dq, tau, kp, kd) == (1, 0, 0, 40, 1)


def test_each_joint_has_its_slot():
    slots = (19, 0, 7, 8, 3, 4, 5, 6)
    structure = packed(RobotCommand(np.arange(1.0, 9.0)), BERT, slots, mode=0x0A)
    for joint, slot in enumerate(slots):
        assert motor(structure, slot)[:2] == (0x0A, joint + 1)
    assert motor(structure, 1)[0] == 0


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e39])
def test_what_is_not_finite_is_refused(part, value):
    values = {name: np.zeros(12) for name in PARTS}
    values[part][5] = value
    with pytest.raises(RobotFault, match=rf"'go2' not sent: {part} is not finite"):
        packed(RobotCommand(**values))


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("shape", [(11,), (13,), (12, 1), ()])
def test_a_wrong_size_is_refused(part, shape):
    values = {name: np.zeros(12) for name in PARTS}
    values[part] = np.zeros(shape)
    with pytest.raises(RobotFault, match=rf"{part} has shape .*not \(12,\)"):
        packed(RobotCommand(**values))


def test_the_robots_end_reads_what_was_packed():
    rng = np.random.default_rng(0)
    values = {name: rng.normal(size=8) for name in PARTS}
    slots = motor_slots(BERT)
    command = unpack_command(packed(RobotCommand(**values), BERT), slots)
    for name in PARTS:
        assert np.array_equal(getattr(command, name), values[name].astype(np.float32))


def test_a_motor_that_is_off_has_no_torque():
    structure = bytearray(packed(RobotCommand(np.ones(8), kp=np.ones(8), kd=np.ones(8)), BERT))
    structure[FIRST_MOTOR + 2 * MOTOR] = 0
    command = unpack_command(bytes(structure), motor_slots(BERT))
    assert command.kp.tolist() == command.kd.tolist() == [1, 1, 0, 1, 1, 1, 1, 1]


def test_genuine_is_what_has_head_and_checksum():
    structure = packed(RobotCommand(GO2.default_pose))
    assert is_genuine(structure)
    for place in (0, 2, 100, 811):
        damaged = bytearray(structure)
        damaged[place] ^= 1
        assert not is_genuine(bytes(damaged))
