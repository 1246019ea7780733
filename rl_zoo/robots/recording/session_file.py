"""A session of a robot on disk: one header, then one record of fixed size per sample.

Layout, little endian: magic ``RLZS``, version u16, length of the header u32, header (JSON), then
records of ``record_dtype``. Nothing is written at the end: a session that broke off lacks at most
what was not flushed (``SessionWriter.flush_every``), and half a record at the end is ignored.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rl_zoo.errors import ConfigError, DamagedFileError
from rl_zoo.robots.driver import BUTTONS, Capabilities, RobotState
from rl_zoo.robots.spec import FloatArray, RobotSpec

_MAGIC = b"RLZS"
_VERSION = 1
_PREFIX = struct.Struct("<4sHI")
_OPTIONAL = ("acceleration_in_body", "foot_forces", "temperatures", "battery_voltage")


@dataclass(frozen=True)
class SessionHeader:
    """What the records of a session are about."""

    robot: str
    """Name of the robot."""
    joints: tuple[str, ...]
    """Order of every array."""
    n_feet: int
    """Number of foot forces."""
    driver: str
    """Name of the driver that read them."""
    state_rate: float
    """Samples per second that the driver promised, Hz."""
    measures: tuple[str, ...] = ()
    """Of ``MEASURES``: what the robot tells."""

    @classmethod
    def of(cls, spec: RobotSpec, driver: str, capabilities: Capabilities) -> SessionHeader:
        """Return the header of a session of ``spec`` behind ``driver``."""
        return cls(
            robot=spec.name,
            joints=spec.joint_names,
            n_feet=len(spec.feet),
            driver=driver,
            state_rate=capabilities.state_rate,
            measures=tuple(sorted(capabilities.measures)),
        )


def record_dtype(n_joints: int, n_feet: int) -> np.dtype[Any]:
    """Return the layout of one record; ``known`` has a bit for each optional value.

    Stamps are float64 seconds on the driver's clock, all else float32 in the units of
    ``RobotState``; ``target`` is NaN where no command is known.
    """
    joints = ["joint_positions", "joint_velocities", "joint_torques", "motor_positions", "target"]
    return np.dtype(
        [
            ("time", "<f8"),
            ("sequence", "<i8"),
            ("known", "u1"),
            ("buttons", "<u4"),
            ("orientation", "<f4", (4,)),
            ("angular_velocity_in_body", "<f4", (3,)),
            ("acceleration_in_body", "<f4", (3,)),
            ("foot_forces", "<f4", (n_feet,)),
            ("temperatures", "<f4", (n_joints,)),
            ("battery_voltage", "<f4"),
            ("motors_online", "u1", (n_joints,)),
            *((name, "<f4", (n_joints,)) for name in joints),
        ]
    )


class SessionWriter:
    """Append samples to a new file.

    Args:
        path: Where; it must not exist.
        header: What the samples are about.
        flush_every: Number of samples after which they are on disk.

    Raises:
        ConfigError: If the file exists or cannot be made.
    """

    def __init__(self, path: Path, header: SessionHeader, *, flush_every: int = 25) -> None:
        self.n_samples = 0
        self._dtype = record_dtype(len(header.joints), header.n_feet)
        self._flush_every = flush_every
        text = json.dumps(asdict(header)).encode()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("xb")
        except FileExistsError as error:
            raise ConfigError(f"{path}: exists already; choose another name") from error
        except OSError as error:
            raise ConfigError(f"{path}: cannot be written: {error.strerror}") from error
        self._file.write(_PREFIX.pack(_MAGIC, _VERSION, len(text)) + text)

    def append(self, state: RobotState, target: FloatArray | None = None) -> None:
        """Write one sample and, if known, the motor targets (rad) that were in force."""
        self._file.write(_pack(state, target, self._dtype).tobytes())
        self.n_samples += 1
        if self.n_samples % self._flush_every == 0:
            self._file.flush()

    def close(self) -> None:
        """Finish the file."""
        self._file.close()

    def __enter__(self) -> SessionWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


@dataclass(frozen=True)
class Session:
    """A recorded session."""

    header: SessionHeader
    records: NDArray[np.void]
    """One per sample, of ``record_dtype``."""

    def __len__(self) -> int:
        return len(self.records)

    @property
    def times(self) -> FloatArray:
        """Return the stamps in s. Shape: (n_samples,)."""
        return np.asarray(self.records["time"], dtype=np.float64)

    @property
    def duration(self) -> float:
        """Return the time between the first and the last sample, s."""
        return float(self.times[-1] - self.times[0])

    @property
    def has_targets(self) -> bool:
        """Return whether commands were recorded."""
        return bool(np.isfinite(self.records["target"]).all(axis=1).any())

    def targets(self) -> FloatArray:
        """Return the motor targets of each sample, rad: the commands, else where motors were.

        Shape: (n_samples, n_joints).
        """
        name = "target" if self.has_targets else "motor_positions"
        values = np.asarray(self.records[name], dtype=np.float64)
        good = np.flatnonzero(np.isfinite(values).all(axis=1))
        if good.size == 0:
            raise DamagedFileError(f"the session of '{self.header.robot}' holds no finite target")
        newest = np.searchsorted(good, np.arange(len(values)), side="right") - 1
        return values[good[np.maximum(newest, 0)]]

    def state(self, index: int) -> RobotState:
        """Return one sample."""
        return _unpack(self.records[index])

    def states(self) -> Iterator[RobotState]:
        """Yield every sample."""
        return (self.state(index) for index in range(len(self)))


def read_session(path: Path) -> Session:
    """Read a session; what is missing at its end is left out.

    Raises:
        ConfigError: If there is no such file.
        DamagedFileError: If it is not a session, of another version, or holds no sample.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    if len(content) < _PREFIX.size or content[:4] != _MAGIC:
        raise DamagedFileError(f"{path}: is no session of 'rl_zoo robot record'")
    _, version, length = _PREFIX.unpack_from(content)
    if version != _VERSION:
        raise DamagedFileError(f"{path}: session of version {version}; {_VERSION} can be read")
    header = _read_header(path, content[_PREFIX.size : _PREFIX.size + length])
    dtype = record_dtype(len(header.joints), header.n_feet)
    start = _PREFIX.size + length
    count = (len(content) - start) // dtype.itemsize
    if count < 1:
        raise DamagedFileError(f"{path}: the session holds no sample")
    return Session(header, np.frombuffer(content, dtype, count=count, offset=start))


def _read_header(path: Path, text: bytes) -> SessionHeader:
    try:
        plain = json.loads(text)
        for name in ("joints", "measures"):
            plain[name] = tuple(plain[name])
        return SessionHeader(**plain)
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedFileError(f"{path}: the header of the session cannot be read") from error


def _pack(state: RobotState, target: FloatArray | None, dtype: np.dtype[Any]) -> NDArray[np.void]:
    record = np.zeros((), dtype)
    known = 0
    for bit, name in enumerate(_OPTIONAL):
        value = getattr(state, name)
        if value is not None:
            record[name] = value
            known |= 1 << bit
    if state.motors_online is not None:
        record["motors_online"] = state.motors_online
        known |= 1 << len(_OPTIONAL)
    if state.sequence is not None:
        record["sequence"] = state.sequence
        known |= 1 << (len(_OPTIONAL) + 1)
    record["known"] = known
    record["buttons"] = sum(1 << BUTTONS.index(name) for name in state.buttons)
    for name in (
        "time",
        "orientation",
        "angular_velocity_in_body",
        *("joint_positions", "joint_velocities", "joint_torques", "motor_positions"),
    ):
        record[name] = getattr(state, name)
    record["target"] = np.nan if target is None else target
    return record


def _unpack(record: np.void) -> RobotState:
    known = int(record["known"])
    bits = [bool(known >> bit & 1) for bit in range(len(_OPTIONAL) + 2)]

    def array(name: str) -> FloatArray:
        return np.asarray(record[name], dtype=np.float64)

    buttons = int(record["buttons"])
    w, x, y, z = array("orientation").tolist()
    return RobotState(
        time=float(record["time"]),
        joint_positions=array("joint_positions"),
        joint_velocities=array("joint_velocities"),
        joint_torques=array("joint_torques"),
        motor_positions=array("motor_positions"),
        orientation=(w, x, y, z),
        angular_velocity_in_body=array("angular_velocity_in_body"),
        acceleration_in_body=array("acceleration_in_body") if bits[0] else None,
        foot_forces=array("foot_forces") if bits[1] else None,
        temperatures=array("temperatures") if bits[2] else None,
        battery_voltage=float(record["battery_voltage"]) if bits[3] else None,
        motors_online=tuple(record["motors_online"].astype(bool).tolist()) if bits[4] else None,
        sequence=int(record["sequence"]) if bits[5] else None,
        buttons=frozenset(name for bit, name in enumerate(BUTTONS) if buttons >> bit & 1),
    )
