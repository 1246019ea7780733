"""The bytes of the remote protocol: golden packets, round trips, and nothing else gets through."""

from __future__ import annotations

import dataclasses
import re
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rl_zoo.errors import ConfigError, RobotFault
from rl_zoo.robots.bert import BERT
from rl_zoo.robots.driver import BUTTONS, MEASURES, RobotCommand, RobotState
from rl_zoo.robots.wire.datagrams import parse_address
from rl_zoo.robots.wire.remote_packets import (
    BUTTON_BITS,
    MAX_JOINTS,
    MEASURE_BITS,
    Busy,
    Bye,
    CommandMode,
    CommandPacket,
    Describe,
    Header,
    Hello,
    Purpose,
    StatePacket,
)
from rl_zoo.robots.wire.remote_protocol import Refusal, is_newer, names_checksum, pack, unpack
from rl_zoo.robots.wire.remote_readings import (
    check_size,
    command_values,
    packet_to_command,
    packet_to_state,
    state_to_packet,
)

DRIVER = Header(1, 0, 0x11223344, 7, 1.5)
TRUNK = [1, 0, 0, 0, 0.1, 0.2, 0.3, 0, 0, 9.81]

# name: (packet, its bytes). The bytes are the contract with robots in the field.
GOLDEN = {
    "hello": (
        Hello(DRIVER, Purpose.CONTROL, names_checksum(["knee"]), 1.0, "lab:1"),
        "524c5a52010101004433221107000000000000000000f83f00000000f167ef85000000000000f03f"
        "6c61623a310000000000000000000000000000000000000000000000000000005d2a2f21",
    ),
    "describe": (
        Describe(Header(1, 0, 0xA1B2C3D4, 3, 2.5), 0b100010000, True, 500.0, 0.1, "leg", ("knee",)),
        "524c5a5201020100d4c3b2a103000000000000000000044010010000010000000000000000407f40"
        "9a9999999999b93f6c6567000000000000000000000000000000000000000000000000000000000"
        "06b6e6565000000000000000000000000000000000000000000000000000000002d2a4352",
    ),
    "command": (
        CommandPacket(
            DRIVER,
            CommandMode.SERVO,
            0xA1B2C3D4,
            np.array([[0.5], [-0.25], [40.0], [1.0], [2.0]]),
        ),
        "524c5a52010301004433221107000000000000000000f83f01000000d4c3b2a1000000000000e03f"
        "000000000000d0bf0000000000004440000000000000f03f0000000000000040bf07b734",
    ),
    "state": (
        StatePacket(
            Header(1, 1, 0xA1B2C3D4, 9, 2.5),
            sample=258,
            validity=0b110010,
            buttons=1 | 1 << 14,
            motors_online=1,
            acknowledged=7,
            battery_voltage=24.5,
            values=np.array([*TRUNK, 0.5, -1.5, 2.0, 0.5, 30.0, 12.0]),
        ),
        "524c5a5201040101d4c3b2a10900000000000000000004400201000000000000320000000140000001000000"
        "070000000000000000803840000000000000f03f000000000000000000000000000000000000000000000000"
        "9a9999999999b93f9a9999999999c93f333333333333d33f000000000000000000000000000000001f85eb51"
        "b89e2340000000000000e03f000000000000f8bf0000000000000040000000000000e03f0000000000003e40"
        "00000000000028400b771579",
    ),
    "busy": (
        Busy(Header(1, 0, 0xA1B2C3D4, 4, 2.5), "lab:1"),
        "524c5a5201060100d4c3b2a10400000000000000000004406c61623a31000000000000000000000000000000"
        "00000000000000000000000041f61d79",
    ),
    "bye": (Bye(DRIVER), "524c5a52010501004433221107000000000000000000f83fa1bd2341"),
}


def same(one: object, other: object) -> bool:
    """Compare packets whose fields may be arrays with NaN."""
    if type(one) is not type(other):
        return False
    pairs = [
        (getattr(one, field.name), getattr(other, field.name))
        for field in dataclasses.fields(one)  # type: ignore[arg-type]
    ]
    return all(
        np.array_equal(a, b, equal_nan=True) if isinstance(a, np.ndarray) else a == b
        for a, b in pairs
    )


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_bytes(name: str) -> None:
    packet, expected = GOLDEN[name]

    assert pack(packet).hex() == expected
    assert same(unpack(bytes.fromhex(expected)), packet)


def test_the_page_shows_the_golden_command() -> None:
    page = (Path(__file__).parents[3] / "docs" / "remote_protocol.md").read_text(encoding="utf-8")
    shown = re.sub(r"\s", "", page.partition("```text\n524c")[2].partition("```")[0])
    assert "524c" + shown == GOLDEN["command"][1]


def test_a_state_is_where_the_page_says() -> None:
    data = bytes.fromhex(GOLDEN["state"][1])

    assert data[:8] == b"RLZR\x01\x04\x01\x01"
    assert struct.unpack_from("<II", data, 8) == (0xA1B2C3D4, 9)
    assert struct.unpack_from("<d", data, 16) == (2.5,)
    assert struct.unpack_from("<Q", data, 24) == (258,)
    assert struct.unpack_from("<IIII", data, 32) == (0b110010, 0x4001, 1, 7)
    assert struct.unpack_from("<17d", data, 48) == (24.5, *TRUNK, 0.5, -1.5, 2, 0.5, 30, 12)
    assert struct.unpack_from("<I", data, 184) == (zlib.crc32(data[:184]),)


def test_bits_never_move() -> None:
    assert {**{name: bit for bit, name in enumerate(MEASURES)}, "sample": 8} == MEASURE_BITS
    assert {name: bit for bit, name in enumerate(BUTTONS)} == BUTTON_BITS


numbers = st.floats(width=64)
u32 = st.integers(0, 2**32 - 1)
texts = st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), max_size=8)


@st.composite
def packets(draw):
    n, m = draw(st.integers(1, MAX_JOINTS)), draw(st.integers(0, 8))
    header = Header(n, m, draw(u32), draw(u32), draw(st.floats(-1e9, 1e9)))
    kind = draw(st.sampled_from([Hello, Describe, StatePacket, CommandPacket, Busy, Bye]))
    positive = st.floats(1e-3, 1e6)
    if kind is Hello:
        return Hello(header, draw(st.sampled_from(Purpose)), draw(u32), draw(positive), draw(texts))
    if kind is Describe:
        told = draw(u32), draw(st.booleans()), draw(positive), draw(positive), draw(texts)
        return Describe(header, *told, tuple(draw(texts) for _ in range(n)))
    if kind is StatePacket:
        told = draw(st.integers(0, 2**64 - 1)), draw(u32), draw(u32), draw(u32), draw(u32)
        seed = np.random.default_rng(draw(u32))
        values = seed.normal(size=10 + 5 * n + m)
        values[seed.integers(len(values))] = draw(numbers)
        return StatePacket(header, *told, draw(st.floats(0, 60)), values)
    if kind is CommandPacket:
        values = np.random.default_rng(draw(u32)).normal(scale=50.0, size=(5, n))
        return CommandPacket(header, draw(st.sampled_from(CommandMode)), draw(u32), values)
    return Busy(header, draw(texts)) if kind is Busy else Bye(header)


@settings(max_examples=150, deadline=None)
@given(packets())
def test_what_was_packed_is_unpacked(packet) -> None:
    assert same(unpack(pack(packet)), packet)


@settings(max_examples=200, deadline=None)
@given(packets(), st.data())
def test_a_damaged_packet_is_none(packet, data) -> None:
    whole = pack(packet)
    position = data.draw(st.integers(0, len(whole) - 1))
    damaged = bytearray(whole)
    damaged[position] ^= data.draw(st.integers(1, 255))

    assert isinstance(unpack(bytes(damaged)), Refusal)
    assert isinstance(unpack(whole[:position]), Refusal)
    assert isinstance(unpack(whole + b"\0"), Refusal)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=800), st.integers(0, 7), st.booleans())
def test_any_bytes_are_refused_or_a_packet_but_never_an_error(body, kind, is_ours) -> None:
    if is_ours:  # header and checksum are right, the rest is noise
        body = b"RLZR\x01" + bytes([kind]) + body
        body += struct.pack("<I", zlib.crc32(body))
        packet = unpack(body)
        assert isinstance(packet, Refusal) or len(pack(packet)) == len(body)
    else:
        assert isinstance(unpack(body), Refusal)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_command_that_is_not_finite_is_none(value: float) -> None:
    packet = GOLDEN["command"][0]
    values = packet.values.copy()
    values[2, 0] = value

    assert unpack(pack(dataclasses.replace(packet, values=values))) == Refusal.VALUES


def test_a_sensor_that_is_not_finite_gets_through() -> None:
    packet = GOLDEN["state"][0]
    broken = dataclasses.replace(packet, values=np.full_like(packet.values, np.nan))
    assert same(unpack(pack(broken)), broken)


def test_another_version_is_named_as_such() -> None:
    data = bytearray(bytes.fromhex(GOLDEN["state"][1])[:-4])
    data[4] = 2
    data += b"later versions may be longer"
    data += struct.pack("<I", zlib.crc32(data))

    assert unpack(bytes(data)) == Refusal.VERSION


def test_a_mode_or_kind_of_the_future_is_refused() -> None:
    assert unpack(with_checksum("command", 24, 9)) == Refusal.VALUES
    assert unpack(with_checksum("hello", 24, 2)) == Refusal.VALUES
    assert unpack(with_checksum("state", 5, 77)) == Refusal.KIND


def with_checksum(name: str, offset: int, value: int) -> bytes:
    data = bytearray(bytes.fromhex(GOLDEN[name][1])[:-4])
    data[offset] = value
    return bytes(data) + struct.pack("<I", zlib.crc32(data))


@pytest.mark.parametrize(
    ("sequence", "than", "expected"),
    [(1, 0, True), (0, 0, False), (0, 1, False), (0, 2**32 - 1, True), (2**31, 0, False)],
)
def test_sequences_wrap(sequence: int, than: int, expected: bool) -> None:
    assert is_newer(sequence, than) == expected


@pytest.mark.parametrize(
    "text, words",
    [
        ("upd://127.0.0.1:9870", "did you mean 'udp'"),
        ("udp://127.0.0.1", "is no address such as"),
        ("udp://127.0.0.1:99999", "is no address such as"),
        ("unix://", "must follow unix://"),
        ("", "is no address such as"),
    ],
)
def test_a_wrong_address_is_explained(text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        parse_address(text)


@pytest.mark.parametrize("text", ["udp://127.0.0.1:9870", "udp://robot.local:1", "unix:///tmp/a"])
def test_an_address_is_written_as_it_was_read(text: str) -> None:
    assert str(parse_address(text)) == text


def make_state(**changes) -> RobotState:
    rng = np.random.default_rng(3)
    values = {
        "time": 5.0,
        "joint_positions": rng.normal(size=8),
        "joint_velocities": rng.normal(size=8),
        "joint_torques": rng.normal(size=8),
        "motor_positions": rng.normal(size=8),
        "orientation": (0.5, 0.5, -0.5, 0.5),
        "angular_velocity_in_body": rng.normal(size=3),
        "acceleration_in_body": rng.normal(size=3),
        "foot_forces": rng.normal(size=4),
        "temperatures": rng.normal(size=8),
        "battery_voltage": 12.5,
        "sequence": 2**40,
        "motors_online": (True, False) * 4,
        "buttons": frozenset({"A", "estop"}),
    }
    return RobotState(**{**values, **changes})


def travel(state: RobotState, **kwargs) -> RobotState:
    packet = state_to_packet(state, Header(8, 4, 1, 2, 3.0), acknowledged=0, **kwargs)
    return packet_to_state(unpack(pack(packet)), arrival=state.time)


def test_a_state_arrives_bit_by_bit() -> None:
    state = make_state()
    assert same(travel(state), state)


def test_what_is_unknown_stays_unknown() -> None:
    unknown = (
        "acceleration_in_body",
        "foot_forces",
        "temperatures",
        "battery_voltage",
        "sequence",
        "motors_online",
    )
    state = make_state(**dict.fromkeys(unknown))

    arrived = travel(state, measures=())

    assert all(getattr(arrived, name) is None for name in unknown)
    assert not arrived.joint_torques.any()
    assert np.array_equal(arrived.motor_positions, state.joint_positions)


def test_a_command_arrives_with_the_gains_of_the_robot() -> None:
    values = command_values(BERT, RobotCommand(BERT.default_pose))
    packet = CommandPacket(Header(8, 0, 1, 2, 3.0), CommandMode.SERVO, 1, values)

    command = packet_to_command(unpack(pack(packet)))

    assert np.array_equal(command.joint_positions, BERT.default_pose)
    assert np.array_equal(command.kp, BERT.kp)
    assert np.array_equal(command.kd, BERT.kd)
    assert not command.joint_velocities.any() and not command.joint_torques.any()


def test_a_soft_command_is_damping_alone() -> None:
    packet = CommandPacket(Header(8, 0, 1, 2, 3.0), CommandMode.SOFT, 1, np.ones((5, 8)))

    command = packet_to_command(packet)

    assert not command.kp.any() and not command.joint_torques.any()
    assert np.array_equal(command.kd, np.ones(8))


@pytest.mark.parametrize(
    "part", ["joint_positions", "joint_velocities", "kp", "kd", "joint_torques"]
)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_no_part_of_a_command_may_be_infinite(part: str, value: float) -> None:
    bad = np.zeros(8)
    bad[3] = value
    command = RobotCommand(**{"joint_positions": np.zeros(8), part: bad})

    with pytest.raises(RobotFault, match=rf"{part} of 'FL_knee' is (nan|inf): nothing was sent"):
        command_values(BERT, command)


def test_a_command_of_another_size_is_refused() -> None:
    with pytest.raises(RobotFault, match=r"kp has shape \(12,\), 'bert' has 8 joints"):
        command_values(BERT, RobotCommand(np.zeros(8), kp=np.zeros(12)))


def test_a_robot_with_too_many_joints_is_refused() -> None:
    many = tuple(dataclasses.replace(BERT.joints[0], name=f"joint{i}") for i in range(31))
    with pytest.raises(ConfigError, match="31 joints and 0 feet, a packet at most 30 and 8"):
        check_size(dataclasses.replace(BERT, joints=many, legs=()))
