"""A whole session as an MCAP file (https://mcap.dev), which Foxglove opens.

The file grows by small whole chunks: if every process is killed at once, less than 0.1 s is lost.
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from mcap.opcode import Opcode
from mcap.records import Channel, Chunk, Message
from mcap.stream_reader import CRCValidationError, StreamReader, breakup_chunk
from mcap.writer import Writer
from zstandard import ZstdError

from rl_zoo.errors import DamagedFileError
from rl_zoo.robots.control.shared_memory import Record
from rl_zoo.robots.recording.session_schemas import (
    COMMAND,
    MODE,
    SCHEMA_NAMES,
    STATE,
    encode_messages,
    json_schema,
)

_CHUNK_SECONDS = 0.03
_MESSAGE_HEADER = 31  # bytes before the data of each message
_MODE_PERIOD = 1.0  # s between messages of a mode that does not change
_MODE_FIELDS = ["mode", "interruption", "ending", "epoch"]
_MAGIC_SIZE = 8
_RECORD_HEADER = 9


@dataclass(frozen=True)
class SessionMessage:
    """One message of a session."""

    topic: str
    time: float
    """Unix time, s."""
    data: dict[str, Any]


class McapSession:
    """Writes the ticks of one session.

    Args:
        path: Of the file, which must not exist.
        rate: Of the ticks, Hz.
        about: Kept as the file's metadata ``rl_zoo``.
    """

    def __init__(self, path: Path, rate: float, about: Mapping[str, str]) -> None:
        self._file = path.open("xb")
        self._rate = rate
        self._about = dict(about)
        # Ticks are stamped by the monotonic clock, which starts anywhere; files want dates.
        self._offset = time.time() - time.monotonic()
        self._writer: Writer | None = None
        self._channels: dict[str, int] = {}
        self._mode: Record | None = None
        self._mode_time = -np.inf

    def add(self, rows: Record) -> None:
        """Append ticks; what fills a chunk is in the file when this returns.

        Args:
            rows: Ticks in order (``tick_dtype``). Shape: (n,).
        """
        if len(rows) == 0:
            return
        stamps = ((rows["time"] + self._offset) * 1e9).astype(np.int64).tolist()
        states, commands = list(encode_messages(STATE, rows)), list(encode_messages(COMMAND, rows))
        writer = self._writer or self._start(len(states[0]) + len(commands[0]))
        for k, stamp in enumerate(stamps):
            tick = int(rows["tick"][k])
            self._write(writer, STATE, stamp, states[k], tick)
            self._write(writer, COMMAND, stamp, commands[k], tick)
            if self._is_mode_due(rows[k]):
                (mode,) = encode_messages(MODE, rows[k : k + 1])
                self._write(writer, MODE, stamp, mode, tick)
        self._file.flush()

    def finish(self) -> None:
        """Complete the file with its index."""
        writer: Any = self._writer or self._start(1)
        writer.finish()
        self._file.close()

    def _start(self, bytes_per_tick: int) -> Writer:
        per_second = self._rate * (bytes_per_tick + 2 * _MESSAGE_HEADER)
        self._writer = Writer(self._file, chunk_size=max(int(_CHUNK_SECONDS * per_second), 1))
        self._writer.start(profile="", library="rl_zoo")
        self._writer.add_metadata("rl_zoo", {**self._about, "monotonic": repr(self._offset)})
        for topic, name in SCHEMA_NAMES.items():
            schema = self._writer.register_schema(name, "jsonschema", json_schema(topic))
            self._channels[topic] = self._writer.register_channel(topic, "json", schema)
        return self._writer

    def _write(self, writer: Writer, topic: str, stamp: int, data: bytes, tick: int) -> None:
        writer.add_message(self._channels[topic], stamp, data, stamp, tick & 0xFFFFFFFF)

    def _is_mode_due(self, row: Record) -> bool:
        """Tell whether the mode has changed, or has not been written for a while."""
        mode, now = row[_MODE_FIELDS], float(row["time"])
        if mode == self._mode and now < self._mode_time + _MODE_PERIOD:
            return False
        self._mode, self._mode_time = mode.copy(), now
        return True


def read_session(path: Path) -> Iterator[SessionMessage]:
    """Yield the messages of a session in the order of the file, up to where it is torn.

    Args:
        path: Of a file that need not be complete: the recorder may have been killed.

    Raises:
        DamagedFileError: If it is no MCAP file at all.
    """
    topics: dict[int, str] = {}
    n_records = _count_whole_records(path)
    with path.open("rb") as file:
        records = itertools.islice(StreamReader(file, emit_chunks=True).records, n_records)
        for record in records:
            if not isinstance(record, Chunk):
                continue
            try:
                parts = breakup_chunk(record, validate_crc=True)
            except (CRCValidationError, ZstdError):
                return
            topics.update({part.id: part.topic for part in parts if isinstance(part, Channel)})
            for part in parts:
                if isinstance(part, Message):
                    data = json.loads(part.data)
                    yield SessionMessage(topics[part.channel_id], part.log_time / 1e9, data)


def _count_whole_records(path: Path) -> int:
    """Return how many records at the file's beginning are complete."""
    size, n_whole = path.stat().st_size, 0
    with path.open("rb") as file:
        if file.read(_MAGIC_SIZE)[1:5] != b"MCAP":
            raise DamagedFileError(f"{path}: no MCAP file")
        while len(header := file.read(_RECORD_HEADER)) == _RECORD_HEADER and header[0] != 0:
            end = file.seek(int.from_bytes(header[1:], "little"), 1)
            if end > size:
                break
            n_whole += 1
            if header[0] == Opcode.FOOTER:
                break
    return n_whole
