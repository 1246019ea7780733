"""Frames of moteus servos: the vendor's examples, and the official library on the other end."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rl_zoo.errors import ConfigError
from rl_zoo.robots.bert import BERT
from rl_zoo.robots.wire.inertial_sensor import AssumedUpright, BusSensor, open_sensor
from rl_zoo.robots.wire.moteus_registers import (
    Register,
    ServoMode,
    fault_text,
    pack_imu,
    pack_reply,
    pad,
    parse_reply,
    parse_request,
    unpack_imu,
)
from rl_zoo.robots.wire.moteus_servos import FramePacker, ServoOptions, make_servos
from rl_zoo.robots.wire.servo_readings import OFFLINE_AFTER, PATIENCE, ServoReadings

moteus = pytest.importorskip("moteus")

floats = st.floats(-100, 100, width=32)


def test_the_vendors_example_of_a_command_is_understood() -> None:
    request = parse_request(0x8001, bytes.fromhex("01000a07206000200150ff140400130d"))

    assert (request.servo, request.source, request.wants_reply) == (1, 0, True)
    assert request.writes[Register.MODE] == ServoMode.POSITION
    assert request.writes[Register.COMMAND_POSITION] == pytest.approx(0.0096)
    assert request.writes[Register.COMMAND_VELOCITY] == pytest.approx(0.072)
    assert request.writes[Register.COMMAND_TORQUE] == pytest.approx(-1.76)
    assert request.reads == ((0, 1), (1, 1), (2, 1), (3, 1), (0x0D, 0), (0x0E, 0), (0x0F, 0))


def test_the_vendors_example_of_a_reply_is_made() -> None:
    values = {0: 10, 1: 0.008, 2: 0.064, 3: -1.44, 0x0D: 12.0, 0x0E: 20.0, 0x0F: 0}
    reads = ((0, 1), (1, 1), (2, 1), (3, 1), (0x0D, 0), (0x0E, 0), (0x0F, 0))

    assert pack_reply(values, reads).hex() == "2404000a005000000170ff230d181400"


@settings(max_examples=60, deadline=None)
@given(floats, floats, floats, st.floats(0, 1, width=32), st.floats(0, 1, width=32))
def test_what_the_official_library_packs_is_understood(position, velocity, torque, kp, kd) -> None:
    command = moteus.Controller(id=5).make_position(
        position=position,
        velocity=velocity,
        feedforward_torque=torque,
        kp_scale=kp,
        kd_scale=kd,
        watchdog_timeout=0.25,
        query=True,
    )

    request = parse_request(0x8005, pad(command.data))

    assert request.writes == {
        Register.MODE: 10,
        Register.COMMAND_POSITION: position,
        Register.COMMAND_VELOCITY: velocity,
        Register.COMMAND_TORQUE: torque,
        Register.COMMAND_KP_SCALE: kp,
        Register.COMMAND_KD_SCALE: kd,
        Register.COMMAND_TIMEOUT: 0.25,
    }


@settings(max_examples=60, deadline=None)
@given(floats, floats, floats, st.integers(-20, 120), st.integers(0, 2**31 - 1))
def test_the_official_library_understands_a_reply(position, velocity, torque, heat, count) -> None:
    packer = FramePacker(make_servos(BERT, ServoOptions()), 0.1, True)
    request = parse_request(0x8001, pad(packer.query(0)))
    values = {
        **dict.fromkeys((register for register, _ in request.reads), 0.0),
        Register.POSITION: position,
        Register.VELOCITY: velocity,
        Register.TORQUE: torque,
        Register.TEMPERATURE: heat,
        Register.COUNTER: count,
    }

    data = pack_reply(values, request.reads)

    assert moteus.protocol.parse_reply(data) == pytest.approx(values)
    assert parse_reply(data) == moteus.protocol.parse_reply(data)


def test_an_unknown_register_is_an_error_and_not_a_number() -> None:
    reply = moteus.protocol.parse_registers(pack_reply({1: 0.5}, ((1, 3), (0x60, 0))))
    assert reply.response == {1: 0.5}
    assert reply.errors == [(0x60, 1)]
    assert parse_reply(pack_reply({1: 0.5, 3: 0.25}, ((1, 3), (2, 3), (3, 3)))) == {1: 0.5, 3: 0.25}


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**29 - 1), st.binary(max_size=64))
def test_any_frame_is_understood_or_refused_but_never_an_error(arbitration_id, data) -> None:
    request = parse_request(arbitration_id, data)
    if request is not None and request.reads:
        pack_reply({1: math.nan}, request.reads[:8])


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=64))
def test_any_reply_is_understood_or_refused_but_never_an_error(data) -> None:
    parse_reply(data)


def test_not_a_number_travels_in_every_type() -> None:
    for kind in range(4):
        data = pack_reply({1: math.nan}, ((1, kind),))
        assert math.isnan(moteus.protocol.parse_reply(data)[1])
        assert math.isnan(parse_reply(data)[1])


def test_a_joint_is_turned_shifted_and_geared() -> None:
    options = ServoOptions(signs=(-1,) * 8, ratios=(6.0,) * 8, offsets=(0.5,) * 8)
    servo = make_servos(BERT, options)[0]

    # A sixth of a turn of the joint against the servo's direction, from where the servo reads 0.
    assert servo.to_angle(-1.0) == pytest.approx(0.5 + 2 * math.pi / 6)
    assert servo.to_turns(0.5 + 2 * math.pi / 6) == pytest.approx(-1.0)
    assert servo.to_speed(-1.0) == pytest.approx(2 * math.pi / 6)
    assert servo.to_turn_rate(2 * math.pi / 6) == pytest.approx(-1.0)
    assert servo.to_torque(-1.0) == pytest.approx(6.0)
    assert servo.to_servo_torque(6.0) == pytest.approx(-1.0)


@pytest.mark.parametrize("ratio", [1.0, 6.0])
def test_gains_are_those_of_the_joint_whatever_the_gear(ratio: float) -> None:
    options = ServoOptions(ratios=(ratio,) * 8, servo_kp=(40.0,) * 8, servo_kd=(2.0,) * 8)
    servo = make_servos(BERT, options)[0]

    kp_scale, kd_scale = servo.scales(2.0, 0.04)
    # By work: a joint turned by one radian turns the servo by `ratio` and feels `ratio` times it.
    assert kp_scale * 40.0 * (ratio / (2 * math.pi)) * ratio == pytest.approx(2.0)
    assert kd_scale * 2.0 * (ratio / (2 * math.pi)) * ratio == pytest.approx(0.04)
    assert servo.gains(kp_scale, kd_scale) == pytest.approx((2.0, 0.04))


def test_damping_alone_is_no_position_mode() -> None:
    """In position mode a servo caps the share of kd at that of kp: 0 of kp would be limp."""
    packer = FramePacker(make_servos(BERT, ServoOptions()), 0.1, False)

    request = parse_request(0x8001, pad(packer.servo(0, (0.3, 0.0, 0.0, 0.05, 0.0))))

    assert request.writes[Register.MODE] == ServoMode.ZERO_VELOCITY
    assert request.writes[Register.COMMAND_KD_SCALE] == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"ids": (1, 2)}, "driver_options.ids: must be 8 numbers, one per joint"),
        ({"ids": (1,) * 8}, "driver_options.ids: must be different whole numbers from 1 to 126"),
        ({"signs": (2,) * 8}, "driver_options.signs: each must be 1 or -1"),
        ({"ratios": (0.0,) * 8}, "driver_options.ratios: each must be above 0"),
        ({"servo_kp": (4.0,) * 8}, "'FR_hip' needs 17.28 N m per revolution, its servo is conf"),
        ({"servo_kd": (0.31,) * 8}, "a moteus caps the one at the other"),
        ({"offsets": (math.nan,) * 8}, "driver_options.offsets: must be 8 numbers"),
    ],
)
def test_servos_that_cannot_be_are_refused(options, words) -> None:
    with pytest.raises(ConfigError, match=words):
        make_servos(BERT, ServoOptions(**options))


def test_faults_are_said_in_words() -> None:
    assert fault_text(ServoMode.FAULT, 38) == "fault 38: over temperature"
    assert fault_text(ServoMode.FAULT, 77) == "fault 77: see the moteus documentation"
    assert fault_text(ServoMode.TIMEOUT, 0) == "its watchdog tripped (mode 11)"
    assert fault_text(ServoMode.POSITION, 103) == ""


def test_an_inertial_sensor_on_the_bus() -> None:
    values = (0.5, 0.5, 0.5, 0.5, 1.0, 2.0, 3.0, 0.0, 0.0, 9.75)
    assert unpack_imu(pack_imu(values, 7, has_acceleration=True)) == (values, True)
    sensor = BusSensor()
    assert sensor.read() is None
    sensor.take(b"damaged", 1.0)
    assert sensor.read() is None
    sensor.take(pack_imu(values, 8, has_acceleration=False), 2.0)
    reading = sensor.read()
    assert reading.time == 2.0 and reading.orientation == values[:4]
    assert np.array_equal(reading.angular_velocity, [1, 2, 3]) and reading.acceleration is None


def test_a_sensor_of_ones_own_is_made_with_its_options() -> None:
    made = open_sensor("types:SimpleNamespace", {"port": "/dev/ttyUSB0"})
    assert made.port == "/dev/ttyUSB0"
    assert isinstance(open_sensor("none", {}), AssumedUpright)
    with pytest.raises(ConfigError, match="no module named 'no_such'"):
        open_sensor("no_such.module:thing", {})


class TestReadings:
    def make(self) -> ServoReadings:
        readings = ServoReadings(3)
        for motor in range(3):
            readings.take(motor, {1: 0.0}, 1.0)
        assert readings.finish(1.0) == 1.0
        return readings

    def test_a_sample_is_as_old_as_its_oldest_part(self) -> None:
        readings = self.make()
        for motor, arrival in ((2, 2.003), (0, 2.001), (1, 2.002)):
            assert readings.finish(2.003) is None
            readings.take(motor, {1: 1.0}, arrival)
        assert readings.finish(2.004) == 2.001
        assert readings.finish(2.005) is None

    def test_a_motor_that_owes_an_answer_is_waited_for_then_counted(self) -> None:
        readings = self.make()
        for turn in range(OFFLINE_AFTER):
            start = 2.0 + turn
            assert readings.is_present(1)
            readings.take(0, {1: 1.0}, start)
            readings.take(2, {1: 1.0}, start)
            assert readings.finish(start + 0.9 * PATIENCE) is None
            assert readings.finish(start + 1.1 * PATIENCE) == start
        assert not readings.is_present(1)
        readings.take(0, {1: 1.0}, 9.0)
        readings.take(2, {1: 1.0}, 9.0)
        assert readings.finish(9.0) == 9.0  # nobody waits for it any more
        readings.take(1, {1: 1.0}, 9.5)
        assert readings.is_present(1)
