"""The simulated robot's own record: every physics step, every packet, every event.

A folder with three files that only grow, each readable up to the last whole entry whatever ended
the program: ``steps.bin`` (a line of JSON, then rows of fixed size), ``packets.bin`` (time, length,
bytes) and ``events.jsonl``.
"""

from __future__ import annotations

import json
import struct
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from rl_zoo.errors import ConfigError, DamagedFileError, NothingFoundError
from rl_zoo.robots.driver import RobotState
from rl_zoo.robots.simulated.body import SimulatedBody
from rl_zoo.robots.simulated.fault_kinds import FAULT_KINDS
from rl_zoo.robots.simulated.faults import Faults

STEPS, PACKETS, EVENTS = "steps.bin", "packets.bin", "events.jsonl"
_VERSION = 1
_FLUSH_STEPS = 25  # rows: what a killed program can lose
_PACKET = struct.Struct("<dI")
_HEAD = struct.Struct("<ddqqHBBB?I")  # of a row: what ``row_type`` has before its arrays
_ARRAYS = ("qpos", "qvel", "motor_position", "motor_torque", "law")
_BUFFER = 1 << 18  # bytes


def row_type(body: SimulatedBody) -> np.dtype[Any]:
    """Return what one row of ``steps.bin`` holds; units are those of ``RobotState``.

    ``qpos`` and ``qvel`` are MuJoCo's (trunk: position, quaternion w x y z; speeds) at ``time``,
    after a step in which the boards followed ``law``: the exact version of the state with the
    same ``boot`` and ``sequence``. ``published`` is the counter of the last state that went onto
    the wire at this step, -1 if none did; ``n_published`` how many did.
    """
    n = body.spec.n_joints
    model = body.robot.model
    return np.dtype(
        [
            ("wall_time", "<f8"),  # s, monotonic clock
            ("time", "<f8"),  # s, simulated
            ("sequence", "<i8"),  # of the boards since they started
            ("published", "<i8"),
            ("boot", "<u2"),  # number of starts of the boards, from 1
            ("n_published", "u1"),
            ("n_commands", "u1"),  # that reached the boards at this step
            ("n_unsafe", "u1"),  # of those, ignored
            ("watchdog", "?"),  # whether commands have stopped and the boards went soft
            ("faults", "<u4"),  # bits in the order of the header's "faults"
            ("qpos", "<f8", (model.nq,)),
            ("qvel", "<f8", (model.nv,)),
            ("motor_position", "<f4", (n,)),
            ("motor_torque", "<f4", (n,)),
            ("law", "<f4", (5, n)),  # that the boards follow: of ``MotorBoards.law``
        ]
    )


class Record:
    """Writes the record of one simulated robot.

    Args:
        folder: Where; made if it does not exist, earlier files in it are replaced.
        body: The robot.
        faults: Its faults.
        about: What else the header says.

    Raises:
        ConfigError: If the folder cannot be made.
    """

    def __init__(
        self, folder: Path, body: SimulatedBody, faults: Faults, about: Mapping[str, Any]
    ) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"{folder}: cannot be written: {error.strerror}") from error
        self._body, self._faults = body, faults
        self._type = row_type(body)
        row = np.zeros(1, self._type)
        self._bytes = row.view(np.uint8).data
        self._columns = {name: row[name][0] for name in _ARRAYS}
        self._n_rows = 0
        self._steps = _open(folder / STEPS)
        self._packets = _open(folder / PACKETS)
        self._events = _open(folder / EVENTS)
        header = {
            "version": _VERSION,
            "robot": body.spec.name,
            "joints": body.spec.joint_names,
            "physics_frequency": body.spec.physics_frequency,
            "joint_addresses": body.robot.joint_addresses.tolist(),
            "velocity_addresses": body.robot.velocity_addresses.tolist(),
            "faults": list(FAULT_KINDS),
            "row": self._type.descr,
            **about,
        }
        self._steps.write(json.dumps(header).encode() + b"\n")
        self.flush()

    def step(self, n_commands: int, n_unsafe: int, published: list[RobotState]) -> None:
        """Add a row: what is true now, after a physics step."""
        body = self._body
        last = published[-1].sequence if published else None
        _HEAD.pack_into(
            self._bytes,
            0,
            time.monotonic(),
            body.time,
            body.sequence,
            -1 if last is None else last,
            body.n_boots & 0xFFFF,
            min(len(published), 255),
            min(n_commands, 255),
            min(n_unsafe, 255),
            body.is_watchdog_active,
            self._faults.mask,
        )
        data, columns = body.robot.data, self._columns
        columns["qpos"][:] = data.qpos
        columns["qvel"][:] = data.qvel
        columns["motor_position"][:] = data.act if body.spec.is_elastic else data.ctrl
        columns["motor_torque"][:] = data.actuator_force
        columns["law"][:] = body.boards.law
        self._steps.write(self._bytes)
        self._n_rows += 1
        if self._n_rows % _FLUSH_STEPS == 0:
            self.flush()

    def packet(self, arrival: float, data: bytes) -> None:
        """Add a command packet as it came (arrival on the monotonic clock, s)."""
        self._packets.write(_PACKET.pack(arrival, len(data)) + data)

    def event(self, what: str, values: Mapping[str, Any]) -> None:
        """Add an event."""
        entry = {
            "event": what,
            "wall_time": time.monotonic(),
            "time": self._body.time,
            "boot": self._body.n_boots,
            "sequence": self._body.sequence,
            **values,
        }
        self._events.write(json.dumps(entry).encode() + b"\n")
        self._events.flush()

    def flush(self) -> None:
        """Hand everything to the operating system."""
        self._steps.flush()
        self._packets.flush()

    def close(self) -> None:
        """End the record."""
        for file in (self._steps, self._packets, self._events):
            file.close()


def read_record(folder: str | Path) -> tuple[dict[str, Any], NDArray[Any]]:
    """Return header and rows (fields: ``row_type``) of a record; a cut last row is left out.

    Raises:
        NothingFoundError: If there is no record.
        DamagedFileError: If it has no readable header.
    """
    path = Path(folder) / STEPS
    try:
        content = path.read_bytes()
    except OSError as error:
        raise NothingFoundError(f"no record of a simulated robot: {path}") from error
    line, newline, rows = content.partition(b"\n")
    try:
        header = json.loads(line)
        names = [(name, kind, *map(tuple, shape)) for name, kind, *shape in header["row"]]
        row = np.dtype(names)
    except (ValueError, TypeError, KeyError) as error:
        raise DamagedFileError(f"{path}: no header of a simulated robot's record") from error
    if not newline or header.get("version") != _VERSION:
        raise DamagedFileError(f"{path}: record of version {header.get('version')}, not {_VERSION}")
    n_rows = len(rows) // row.itemsize
    return header, np.frombuffer(rows[: n_rows * row.itemsize], row)


def read_packets(folder: str | Path) -> list[tuple[float, bytes]]:
    """Return arrival (monotonic clock, s) and bytes of every command packet.

    Raises:
        NothingFoundError: If there is no record.
    """
    path = Path(folder) / PACKETS
    try:
        content = path.read_bytes()
    except OSError as error:
        raise NothingFoundError(f"no packets of a simulated robot: {path}") from error
    packets, place = [], 0
    while place + _PACKET.size <= len(content):
        arrival, length = _PACKET.unpack_from(content, place)
        place += _PACKET.size
        if place + length > len(content):
            break
        packets.append((arrival, content[place : place + length]))
        place += length
    return packets


def read_events(folder: str | Path) -> list[dict[str, Any]]:
    """Return the events in order: faults, restarts, watchdog, unsafe commands.

    Raises:
        NothingFoundError: If there is no record.
    """
    path = Path(folder) / EVENTS
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise NothingFoundError(f"no events of a simulated robot: {path}") from error
    return [json.loads(line) for line in lines[:-1]]


def _open(path: Path) -> BinaryIO:
    return path.open("wb", buffering=_BUFFER)
