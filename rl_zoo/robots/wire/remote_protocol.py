"""Bytes of the ``remote`` protocol, version 1: the door for robots with a middleware of their own.

Every packet is a header, a body that depends on its kind, and a CRC-32 of all bytes before it;
little-endian, aligned, numbers as float64. Offsets and rules: ``docs/remote_protocol.md``.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from enum import Enum

import numpy as np

from rl_zoo.robots.spec import FloatArray
from rl_zoo.robots.wire.remote_packets import (
    MAX_FEET,
    MAX_JOINTS,
    NAME_SIZE,
    Busy,
    Bye,
    CommandMode,
    CommandPacket,
    Describe,
    Header,
    Hello,
    Kind,
    Packet,
    Purpose,
    StatePacket,
)

MAGIC = b"RLZR"
VERSION = 1

_HEADER = struct.Struct("<4sBBBBIId")
_CHECKSUM = struct.Struct("<I")
_HELLO = struct.Struct("<IId32s")
_DESCRIBE = struct.Struct("<IIdd32s")
_STATE = struct.Struct("<QIIIId")
_COMMAND = struct.Struct("<II")
_BUSY = struct.Struct("<32s")
_SMALLEST = _HEADER.size + _CHECKSUM.size
_N_TRUNK_VALUES = 10  # orientation 4, gyroscope 3, accelerometer 3
_SIZES = {  # bytes: fixed, per joint, per foot
    int(Kind.HELLO): (_SMALLEST + _HELLO.size, 0, 0),
    int(Kind.DESCRIBE): (_SMALLEST + _DESCRIBE.size, NAME_SIZE, 0),
    int(Kind.COMMAND): (_SMALLEST + _COMMAND.size, 5 * 8, 0),
    int(Kind.STATE): (_SMALLEST + _STATE.size + 8 * _N_TRUNK_VALUES, 5 * 8, 8),
    int(Kind.BYE): (_SMALLEST, 0, 0),
    int(Kind.BUSY): (_SMALLEST + _BUSY.size, 0, 0),
}


class Refusal(Enum):
    """Why bytes are no packet."""

    SIZE = "size"
    MAGIC = "magic"
    CHECKSUM = "checksum"
    VERSION = "version"
    KIND = "kind"
    VALUES = "values"


def names_checksum(names: Sequence[str]) -> int:
    """Return the CRC-32 of names as they stand in a DESCRIBE, padded, one after the other."""
    return zlib.crc32(b"".join(map(_pad, names)))


def is_newer(sequence: int, than: int) -> bool:
    """Say whether ``sequence`` follows ``than``, modulo 2^32."""
    return 0 < (sequence - than) & 0xFFFFFFFF < 0x80000000


def pack(packet: Packet) -> bytes:
    """Return the bytes of a packet."""
    kind, body = _pack_body(packet)
    header = packet.header
    sizes = header.n_joints, header.n_feet
    numbers = header.session, header.sequence, header.stamp
    data = _HEADER.pack(MAGIC, VERSION, kind, *sizes, *numbers) + body
    return data + _CHECKSUM.pack(zlib.crc32(data))


def _pack_body(packet: Packet) -> tuple[Kind, bytes]:
    match packet:
        case StatePacket():
            masks = packet.validity, packet.buttons, packet.motors_online
            head = _STATE.pack(packet.sample, *masks, packet.acknowledged, packet.battery_voltage)
            return Kind.STATE, head + packet.values.astype("<f8", copy=False).tobytes()
        case CommandPacket():
            head = _COMMAND.pack(packet.mode, packet.robot_session)
            return Kind.COMMAND, head + packet.values.astype("<f8", copy=False).tobytes()
        case Hello():
            purpose, checksum, label = packet.purpose, packet.names_checksum, _pad(packet.label)
            return Kind.HELLO, _HELLO.pack(purpose, checksum, packet.time_out, label)
        case Describe():
            rates = packet.state_rate, packet.watchdog
            flags = int(packet.is_accepted)
            head = _DESCRIBE.pack(packet.measures, flags, *rates, _pad(packet.robot))
            return Kind.DESCRIBE, head + b"".join(map(_pad, packet.joint_names))
        case Busy():
            return Kind.BUSY, _BUSY.pack(_pad(packet.label))
        case Bye():
            return Kind.BYE, b""


def unpack(data: bytes) -> Packet | Refusal:
    """Return the packet in ``data``, or why it is none; never raises.

    A command with a value that is not finite is none; a state may hold such values: to judge the
    sensors is the control loop's affair.
    """
    if len(data) < _SMALLEST:
        return Refusal.SIZE
    magic, version, kind, n_joints, n_feet, *numbers = _HEADER.unpack_from(data)
    if magic != MAGIC:
        return Refusal.MAGIC
    if _CHECKSUM.unpack_from(data, len(data) - 4)[0] != zlib.crc32(memoryview(data)[:-4]):
        return Refusal.CHECKSUM
    if version != VERSION:
        return Refusal.VERSION
    size = _size(kind, n_joints, n_feet)
    if size is None:
        return Refusal.KIND
    if size != len(data) or not 0 < n_joints <= MAX_JOINTS or n_feet > MAX_FEET:
        return Refusal.SIZE
    try:
        return _unpack_body(kind, Header(n_joints, n_feet, *numbers), data)
    except ValueError:  # an enumeration without that number, a name that is no UTF-8
        return Refusal.VALUES


def version_of(data: bytes) -> int:
    """Return the version of a packet that was refused for it."""
    return data[4]


def _size(kind: int, n_joints: int, n_feet: int) -> int | None:
    fixed, per_joint, per_foot = _SIZES.get(kind, (0, 0, 0))
    return fixed + per_joint * n_joints + per_foot * n_feet if fixed else None


def _unpack_body(kind: int, header: Header, data: bytes) -> Packet | Refusal:
    at = _HEADER.size
    n = header.n_joints
    if kind == Kind.STATE:
        values = _values(data, at + _STATE.size, _N_TRUNK_VALUES + 5 * n + header.n_feet)
        sample, validity, buttons, online, acknowledged, volts = _STATE.unpack_from(data, at)
        return StatePacket(header, sample, validity, buttons, online, acknowledged, volts, values)
    if kind == Kind.COMMAND:
        mode, robot_session = _COMMAND.unpack_from(data, at)
        values = _values(data, at + _COMMAND.size, 5 * n)
        if not np.isfinite(values).all():
            return Refusal.VALUES
        return CommandPacket(header, CommandMode(mode), robot_session, values.reshape(5, n))
    return _unpack_text(kind, header, data)


def _unpack_text(kind: int, header: Header, data: bytes) -> Packet | Refusal:
    at = _HEADER.size
    if kind == Kind.BYE:
        return Bye(header)
    if kind == Kind.BUSY:
        return Busy(header, _text(data[at : at + NAME_SIZE]))
    if kind == Kind.HELLO:
        purpose, checksum, time_out, label = _HELLO.unpack_from(data, at)
        if not 0.0 < time_out < float("inf"):
            return Refusal.VALUES
        return Hello(header, Purpose(purpose), checksum, time_out, _text(label))
    measures, accepted, rate, watchdog, robot = _DESCRIBE.unpack_from(data, at)
    if not (0.0 < rate < float("inf") and 0.0 <= watchdog < float("inf")):
        return Refusal.VALUES
    at += _DESCRIBE.size
    names = [data[i : i + NAME_SIZE] for i in range(at, len(data) - 4, NAME_SIZE)]
    described = _text(robot), tuple(map(_text, names))
    return Describe(header, measures, bool(accepted & 1), rate, watchdog, *described)


def _values(data: bytes, offset: int, count: int) -> FloatArray:
    values: FloatArray = np.frombuffer(data, "<f8", count, offset).astype(np.float64, copy=False)
    return values


def _pad(text: str) -> bytes:
    """Return a name cut at a whole character."""
    cut = text.encode()[:NAME_SIZE].decode(errors="ignore").encode()
    return cut.ljust(NAME_SIZE, b"\0")


def _text(padded: bytes) -> str:
    return padded.rstrip(b"\0").decode()
