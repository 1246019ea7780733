"""Frames of moteus servos as bytes: the servo's side, and an inertial sensor on the same bus.

The client's side is packed by the official library (``moteus_servos``). Source of the layout: the
CAN and register pages of the moteus documentation.
"""

from __future__ import annotations

import functools
import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

MAX_FRAME = 64
NOP = 0x50
"""Fills a frame up to a length that CAN-FD has."""
IMU_ID = 0x10001
"""Of the frames of an inertial sensor: a prefix that servos and the official library ignore."""

_LENGTHS = (*range(9), 12, 16, 20, 24, 32, 48, 64)
_TYPES = tuple(struct.Struct(f"<{code}") for code in "bhif")
_SMALLEST = (-(2**7), -(2**15), -(2**31))  # an integer that means NaN
_IMU = struct.Struct("<4f3f3fII")
_REPLY_WANTED = 0x8000


class Register(IntEnum):
    """Those that are used here."""

    MODE = 0x00
    POSITION = 0x01
    VELOCITY = 0x02
    TORQUE = 0x03
    MOTOR_TEMPERATURE = 0x0A
    VOLTAGE = 0x0D
    TEMPERATURE = 0x0E
    FAULT = 0x0F
    COMMAND_POSITION = 0x20
    COMMAND_VELOCITY = 0x21
    COMMAND_TORQUE = 0x22
    COMMAND_KP_SCALE = 0x23
    COMMAND_KD_SCALE = 0x24
    COMMAND_MAX_TORQUE = 0x25
    COMMAND_TIMEOUT = 0x27
    LINK_POSITION = 0x52
    LINK_VELOCITY = 0x53
    COUNTER = 0x70
    SET_OUTPUT_NEAREST = 0x130
    SET_OUTPUT_EXACT = 0x131


class ServoMode(IntEnum):
    """Values of ``Register.MODE``."""

    STOPPED = 0
    FAULT = 1
    POSITION = 10
    TIMEOUT = 11
    ZERO_VELOCITY = 12
    BRAKE = 15


FAULTS = {
    32: "calibration fault",
    33: "motor driver fault (often too little voltage)",
    34: "over voltage",
    35: "encoder fault",
    36: "motor not calibrated",
    37: "pwm cycle overrun",
    38: "over temperature",
    39: "outside servopos.position_min and position_max",
    40: "under voltage",
    41: "configuration changed while running",
    42: "no valid commutation encoder",
    43: "no valid output encoder",
    44: "gate driver could not be enabled",
    46: "timing violation",
    48: "position limits that are impossible",
}
"""What a fault code means while the mode is FAULT."""

# Value of one step as int8, int16, int32.
_POSITION = (0.01, 0.0001, 0.00001)
_VELOCITY = (0.1, 0.00025, 0.00001)
_TORQUE = (0.5, 0.01, 0.001)
_SHARE = (1 / 127, 1 / 32767, 1 / 2147483647)
_TIME = (0.01, 0.001, 0.000001)
_CELSIUS = (1.0, 0.1, 0.001)
_STEPS: dict[int, tuple[float, float, float]] = {
    Register.POSITION: _POSITION,
    Register.VELOCITY: _VELOCITY,
    Register.TORQUE: _TORQUE,
    Register.MOTOR_TEMPERATURE: _CELSIUS,
    Register.VOLTAGE: (0.5, 0.1, 0.001),
    Register.TEMPERATURE: _CELSIUS,
    Register.COMMAND_POSITION: _POSITION,
    Register.COMMAND_VELOCITY: _VELOCITY,
    Register.COMMAND_TORQUE: _TORQUE,
    Register.COMMAND_KP_SCALE: _SHARE,
    Register.COMMAND_KD_SCALE: _SHARE,
    Register.COMMAND_MAX_TORQUE: _TORQUE,
    Register.COMMAND_TIMEOUT: _TIME,
    Register.LINK_POSITION: _POSITION,
    Register.LINK_VELOCITY: _VELOCITY,
    Register.SET_OUTPUT_NEAREST: _POSITION,
    Register.SET_OUTPUT_EXACT: _POSITION,
}


@dataclass(frozen=True, slots=True)
class Request:
    """What a frame asks of a servo."""

    servo: int
    source: int
    wants_reply: bool
    writes: dict[int, float] = field(default_factory=dict)
    """Register -> value in SI-like units of moteus (revolutions, N m, s)."""
    reads: tuple[tuple[int, int], ...] = ()
    """(register, type) in the order of the frame."""


def parse_request(arbitration_id: int, data: bytes) -> Request | None:
    """Return what a frame asks, None if it is none that a servo understands; never raises."""
    if arbitration_id >> 16 or len(data) > MAX_FRAME:
        return None
    writes: dict[int, float] = {}
    reads: list[tuple[int, int]] = []
    try:
        _parse(data, 0x00, writes, reads)
    except (struct.error, IndexError):
        return None
    wants_reply = bool(arbitration_id & _REPLY_WANTED)
    source = arbitration_id >> 8 & 0x7F
    return Request(arbitration_id & 0x7F, source, wants_reply, writes, tuple(reads))


def parse_reply(data: bytes) -> dict[int, float] | None:
    """Return register -> value of a servo's answer, None if it is none; never raises.

    The same as ``parse_reply`` of the official library, in a quarter of its time: a robot answers
    some thousand times per second.
    """
    values: dict[int, float] = {}
    try:
        _parse(data, 0x20, values, [])
    except (struct.error, IndexError):
        return None
    return values


def _parse(
    data: bytes, kind_of_values: int, values: dict[int, float], reads: list[tuple[int, int]]
) -> None:
    """Add the values of a frame (0x00: written, 0x20: answered) and what it wants to read."""
    at, size = 0, len(data)
    while at < size:
        head = data[at]
        at += 1
        if head == NOP:
            continue
        if head in (0x30, 0x31):
            _, at = _varuint(data, at)
            _, at = _varuint(data, at)
            continue
        kind, count, group = head >> 2 & 3, head & 3, head & 0xF0
        if group not in (kind_of_values, 0x10):
            raise IndexError("another subframe")
        if not count:
            count, at = _varuint(data, at)
        register, at = _varuint(data, at)
        if group == 0x10:
            reads += [(register + i, kind) for i in range(min(count, MAX_FRAME))]
            continue
        number = _TYPES[kind]
        for each in range(register, register + count):
            (raw,) = number.unpack_from(data, at)
            values[each] = raw if kind == 3 else _to_value(each, kind, raw)
            at += number.size


def pack_reply(values: Mapping[int, float], reads: tuple[tuple[int, int], ...]) -> bytes:
    """Return the answer to reads: neighbours of one type in one subframe, unknown ones as errors.

    Args:
        values: Register -> value.
        reads: Of the request.
    """
    data = bytearray()
    for head, run, kind in _runs(reads):
        if all(register in values for register in run):
            raws = [_to_raw(register, kind, values[register]) for register in run]
            data += head + struct.pack(f"<{len(run)}{'bhif'[kind]}", *raws)
            continue
        for register in run:
            if register in values:
                raw = _to_raw(register, kind, values[register])
                data += bytes([0x21 | kind << 2]) + _pack_varuint(register)
                data += _TYPES[kind].pack(raw)
            else:
                data += bytes([0x31]) + _pack_varuint(register) + b"\x01"
    return pad(bytes(data))


@functools.lru_cache(maxsize=64)
def _runs(reads: tuple[tuple[int, int], ...]) -> tuple[tuple[bytes, range, int], ...]:
    """Return head of the subframe, registers and type of each stretch of neighbours."""
    found: list[tuple[bytes, range, int]] = []
    at = 0
    while at < len(reads):
        register, kind = reads[at]
        end = at + 1
        while end < len(reads) and reads[end] == (register + end - at, kind):
            end += 1
        count = end - at
        head = bytes([0x20 | kind << 2 | count]) if count < 4 else bytes([0x20 | kind << 2])
        head += (b"" if count < 4 else _pack_varuint(count)) + _pack_varuint(register)
        found.append((head, range(register, register + count), kind))
        at = end
    return tuple(found)


def pad(data: bytes) -> bytes:
    """Return a frame filled up to a length that CAN-FD has."""
    length = next(length for length in _LENGTHS if length >= len(data))
    return data.ljust(length, bytes([NOP]))


def pack_imu(values: Sequence[float], count: int, *, has_acceleration: bool) -> bytes:
    """Return the frame of an inertial sensor.

    Args:
        values: Orientation w x y z, gyroscope (rad/s), accelerometer (m/s^2). Shape: (10,).
        count: Its counter of samples.
        has_acceleration: Whether the accelerometer means something.
    """
    return pad(_IMU.pack(*values, count & 0xFFFFFFFF, int(has_acceleration)))


def unpack_imu(data: bytes) -> tuple[tuple[float, ...], bool] | None:
    """Return the ten values of ``pack_imu`` and whether there is an accelerometer."""
    if len(data) != len(pad(bytes(_IMU.size))):
        return None
    *values, _, flags = _IMU.unpack_from(data)
    return tuple(values), bool(flags & 1)


def fault_text(mode: int, code: int) -> str:
    """Return in words why a servo does not do as it is told; empty if it does."""
    if mode == ServoMode.FAULT:
        return f"fault {code}: {FAULTS.get(code, 'see the moteus documentation')}"
    return "its watchdog tripped (mode 11)" if mode == ServoMode.TIMEOUT else ""


def _to_value(register: int, kind: int, raw: int) -> float:
    steps = _STEPS.get(register)
    if steps is None:
        return raw
    return math.nan if raw == _SMALLEST[kind] else raw * steps[kind]


def _to_raw(register: int, kind: int, value: float) -> float:
    if kind == 3:
        return value
    smallest = _SMALLEST[kind]
    if not math.isfinite(value):
        return smallest
    steps = _STEPS.get(register)
    step = 1.0 if steps is None else steps[kind]
    return max(smallest + 1, min(-smallest - 1, round(value / step)))


def _varuint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at
        if shift > 28:
            raise IndexError("a number of more than five bytes")


def _pack_varuint(value: int) -> bytes:
    data = bytearray()
    while value >= 0x80:
        data.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(data + bytes([value]))
