"""Fields of the Go2's low-level messages, and where their bytes lie: as CDR and as C structure.

One table per message serves the packed bytes here, the types that DDS announces
(``unitree_idl.py``) and the checksum, which is taken of the C structure. The two forms hold the
same values in the same order; they differ in padding only, since CDR aligns single values and C
aligns structures too. Source: names, order and types are the vendor's IDL (hardware facts 1.2).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

N_SLOTS = 20
"""Motors in a message; a Go2 has twelve, in the first slots."""
CDR_HEADER = b"\x00\x01\x00\x00"
"""Plain CDR, little-endian."""
_READABLE_HEADERS = (b"\x00\x01", b"\x00\x07")
"""Plain CDR of version 1 and 2, little-endian: the same bytes where no value is 64 bits wide."""

Record = NDArray[Any]
"""One message as a structured array of the C layout. Shape: ()."""


@dataclass(frozen=True)
class Struct:
    """Fields of one structure: name, type (numpy's code or another structure), count (0: one)."""

    name: str
    fields: tuple[tuple[str, str | Struct, int], ...]

    @cached_property
    def dtype(self) -> np.dtype[Any]:
        """Return the C structure's layout, naturally aligned, little-endian."""
        described = [
            (name, kind.dtype if isinstance(kind, Struct) else np.dtype(f"<{kind}"), count or ())
            for name, kind, count in self.fields
        ]
        return np.dtype(described, align=True)

    @cached_property
    def cdr_size(self) -> int:
        """Return the number of bytes as CDR, header included."""
        end, length = self._runs[-1][1:]
        return len(CDR_HEADER) + end + length

    def to_cdr(self, structure: bytes | bytearray) -> bytes:
        """Return the CDR of a C structure."""
        body = bytearray(CDR_HEADER.ljust(self.cdr_size, b"\x00"))
        for c_start, cdr_start, length in self._runs:
            start = len(CDR_HEADER) + cdr_start
            body[start : start + length] = structure[c_start : c_start + length]
        return bytes(body)

    def from_cdr(self, data: bytes) -> bytes | None:
        """Return the C structure of a CDR, padding zero; None if ``data`` is none of this type."""
        if data[:2] not in _READABLE_HEADERS or len(data) < self.cdr_size:
            return None
        structure = bytearray(self.dtype.itemsize)
        for c_start, cdr_start, length in self._runs:
            start = len(CDR_HEADER) + cdr_start
            structure[c_start : c_start + length] = data[start : start + length]
        return bytes(structure)

    def view(self, structure: bytes | bytearray) -> Record:
        """Return the fields of a C structure; those of a bytearray can be written. Shape: ().

        Copies of a structured array may have garbage in the padding, which the checksum includes:
        copy the bytes instead.
        """
        return np.frombuffer(structure, self.dtype).reshape(())

    @cached_property
    def _runs(self) -> tuple[tuple[int, int, int], ...]:
        """Stretches that are equal in both forms: start in C, start in CDR, length in bytes."""
        runs: list[tuple[int, int, int]] = []
        cdr_end = 0
        for c_start, size in self._values(0):
            cdr_start = -(-cdr_end // size) * size
            cdr_end = cdr_start + size
            if runs and runs[-1][0] - runs[-1][1] == c_start - cdr_start:
                runs[-1] = (*runs[-1][:2], cdr_end - runs[-1][1])
            else:
                runs.append((c_start, cdr_start, size))
        return tuple(runs)

    def _values(self, base: int) -> Iterator[tuple[int, int]]:
        """Yield place in the C structure and size of every single value, in order."""
        for name, kind, count in self.fields:
            _, start = self.dtype.fields[name][:2]  # type: ignore[index]
            if isinstance(kind, Struct):
                for index in range(count or 1):
                    yield from kind._values(base + start + index * kind.dtype.itemsize)
            else:
                size = np.dtype(kind).itemsize
                for index in range(count or 1):
                    yield base + start + index * size, size


_HEAD: tuple[tuple[str, str | Struct, int], ...] = (
    ("head", "u1", 2),
    ("level_flag", "u1", 0),
    ("frame_reserve", "u1", 0),
    ("sn", "u4", 2),
    ("version", "u4", 2),
    ("bandwidth", "u2", 0),
)

MOTOR_CMD = Struct(
    "MotorCmd_",
    (
        ("mode", "u1", 0),
        *((name, "f4", 0) for name in ("q", "dq", "tau", "kp", "kd")),
        ("reserve", "u4", 3),
    ),
)
BMS_CMD = Struct("BmsCmd_", (("off", "u1", 0), ("reserve", "u1", 3)))
LOW_CMD = Struct(
    "LowCmd_",
    (
        *_HEAD,
        ("motor_cmd", MOTOR_CMD, N_SLOTS),
        ("bms_cmd", BMS_CMD, 0),
        ("wireless_remote", "u1", 40),
        ("led", "u1", 12),
        ("fan", "u1", 2),
        ("gpio", "u1", 0),
        ("reserve", "u4", 0),
        ("crc", "u4", 0),
    ),
)
"""What ``rt/lowcmd`` carries."""

IMU_STATE = Struct(
    "IMUState_",
    (
        ("quaternion", "f4", 4),
        *((name, "f4", 3) for name in ("gyroscope", "accelerometer", "rpy")),
        ("temperature", "u1", 0),
    ),
)
MOTOR_STATE = Struct(
    "MotorState_",
    (
        ("mode", "u1", 0),
        *((name, "f4", 0) for name in ("q", "dq", "ddq", "tau_est", "q_raw", "dq_raw", "ddq_raw")),
        ("temperature", "u1", 0),
        ("lost", "u4", 0),
        ("reserve", "u4", 2),
    ),
)
BMS_STATE = Struct(
    "BmsState_",
    (
        *((name, "u1", 0) for name in ("version_high", "version_low", "status", "soc")),
        ("current", "i4", 0),
        ("cycle", "u2", 0),
        ("bq_ntc", "u1", 2),
        ("mcu_ntc", "u1", 2),
        ("cell_vol", "u2", 15),
    ),
)
LOW_STATE = Struct(
    "LowState_",
    (
        *_HEAD,
        ("imu_state", IMU_STATE, 0),
        ("motor_state", MOTOR_STATE, N_SLOTS),
        ("bms_state", BMS_STATE, 0),
        ("foot_force", "i2", 4),
        ("foot_force_est", "i2", 4),
        ("tick", "u4", 0),
        ("wireless_remote", "u1", 40),
        ("bit_flag", "u1", 0),
        ("adc_reel", "f4", 0),
        ("temperature_ntc1", "u1", 0),
        ("temperature_ntc2", "u1", 0),
        ("power_v", "f4", 0),
        ("power_a", "f4", 0),
        ("fan_frequency", "u2", 4),
        ("reserve", "u4", 0),
        ("crc", "u4", 0),
    ),
)
"""What ``rt/lowstate`` carries."""
