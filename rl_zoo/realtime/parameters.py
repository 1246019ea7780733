"""The newest parameters of the policy, published by the learner and read by the actor, no locks.

Shared memory (``memfd``): 64 bytes whose first word counts the publications, one 64-byte record for
each of two slots (see ``_SLOT``), then the slots' contents. Publications alternate between the
slots and count only once they are complete, so the newest one always stays readable: a learner that
dies while it publishes spoils nothing, and one that takes its place goes on counting. A reader that
is overtaken notices by the record's number and the checksum of the content, and reads again.

Content of a slot: JSON (version, description, list of arrays), padded to 8 bytes, then the arrays.
"""

from __future__ import annotations

import json
import mmap
import os
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rl_zoo.robots.control.shared_memory import aligned, create_memory, map_memory

Array = NDArray[Any]

_N_SLOTS = 2
_ATTEMPTS = 20
_SLOT = np.dtype(
    {
        "names": ["number", "offset", "room", "length", "version", "checksum"],
        "formats": ["<u8", "<u8", "<u8", "<u8", "<i8", "<u8"],
        "itemsize": 64,
    }
)
_RECORDS = 64
_HEADER = aligned(_RECORDS + _N_SLOTS * _SLOT.itemsize)


@dataclass(frozen=True)
class Published:
    """Parameters, in memory of the reader's own."""

    version: int
    """As the writer said."""
    description: dict[str, Any]
    """What the arrays are for."""
    arrays: dict[str, Array]


def create_parameter_memory() -> int:
    """Create shared memory for parameters and return its descriptor; it grows as needed."""
    return create_memory("rl_zoo parameters", _HEADER)


class ParameterWriter:
    """The learner's side; one at a time.

    Args:
        descriptor: From ``create_parameter_memory``.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._map()

    @property
    def version(self) -> int:
        """Return the version that was published last, by whomever; 0 if none was."""
        count = int(self._count[0])
        return int(self._slots[count % _N_SLOTS]["version"]) if count else 0

    def publish(
        self, description: Mapping[str, Any], arrays: Mapping[str, Array], version: int
    ) -> None:
        """Make these parameters the newest.

        Args:
            description: JSON-able.
            arrays: Of numbers; copied.
            version: Told to readers; larger than those before.
        """
        listed, content = _laid_out(arrays)
        told = {"version": version, "description": description, "arrays": listed}
        text = json.dumps(told).encode()
        text = text.ljust(_padded(len(text)))
        length = 8 + len(text) + sum(_padded(array.nbytes) for array in content)
        number = int(self._count[0]) + 1
        self._slots[number % _N_SLOTS]["number"] = 0  # whoever still reads it notices
        if int(self._slots[number % _N_SLOTS]["room"]) < length:
            self._make_room(number % _N_SLOTS, length)
        slot: Any = self._slots[number % _N_SLOTS]
        start = int(slot["offset"])
        self._write(start, text, content)
        slot["length"], slot["version"] = length, version
        slot["checksum"] = zlib.crc32(self._bytes[start : start + length].data, number & 0xFFFFFFFF)
        slot["number"] = number
        self._count[0] = number

    def _write(self, start: int, text: bytes, content: list[Array]) -> None:
        self._bytes[start : start + 8] = np.array([len(text)], "<u8").view(np.uint8)
        place = start + 8
        self._bytes[place : place + len(text)] = np.frombuffer(text, np.uint8)
        place += len(text)
        for array in content:
            self._bytes[place : place + array.nbytes] = array.reshape(-1).view(np.uint8)
            place += _padded(array.nbytes)

    def _make_room(self, index: int, length: int) -> None:
        """Move a slot to the end of the memory, which grows."""
        offset, room = aligned(len(self._memory)), aligned(length)
        os.ftruncate(self._descriptor, offset + room)
        self._map()
        self._slots[index]["offset"], self._slots[index]["room"] = offset, room

    def _map(self) -> None:
        self._memory = map_memory(self._descriptor)
        self._bytes = np.frombuffer(self._memory, np.uint8)
        self._count, self._slots = _header(self._memory)


class ParameterReader:
    """The actor's side; any number of them.

    Args:
        descriptor: From ``create_parameter_memory``.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._memory = map_memory(descriptor)
        self._count, self._slots = _header(self._memory)
        self._seen = 0

    def newest(self) -> Published | None:
        """Return the newest parameters if they are newer than those this reader returned last.

        None also if the writer came round at each of several attempts: ask again later.
        """
        for _ in range(_ATTEMPTS):
            number = int(self._count[0])
            if number == self._seen:
                return None
            raw = self._copy(number)
            if raw is not None:
                self._seen = number
                return _decoded(raw)
        return None

    def _copy(self, number: int) -> Array | None:
        """Return the content of a publication; None if it was disturbed."""
        slot: Any = self._slots[number % _N_SLOTS].copy()
        start, length = int(slot["offset"]), int(slot["length"])
        if int(slot["number"]) != number or length > int(slot["room"]):
            return None
        if start + length > len(self._memory):
            self._memory = map_memory(self._descriptor)
            self._count, self._slots = _header(self._memory)
            if start + length > len(self._memory):
                return None
        # Words, not bytes, so that the arrays inside lie as their types want them.
        raw = np.empty(-(-length // 8), "<u8").view(np.uint8)[:length]
        raw[:] = np.frombuffer(self._memory, np.uint8, length, start)
        if zlib.crc32(raw.data, number & 0xFFFFFFFF) != int(slot["checksum"]):
            return None
        return raw


def _header(memory: mmap.mmap) -> tuple[Array, Array]:
    return (
        np.frombuffer(memory, "<u8", 1, 0),
        np.frombuffer(memory, _SLOT, _N_SLOTS, _RECORDS),
    )


def _laid_out(arrays: Mapping[str, Array]) -> tuple[list[Any], list[Array]]:
    """Return name, type and shape of each array, and the arrays in one piece each."""
    content = [np.ascontiguousarray(array) for array in arrays.values()]
    listed = [
        [name, array.dtype.str, np.shape(given)]
        for (name, given), array in zip(arrays.items(), content, strict=True)
    ]
    return listed, content


def _decoded(raw: Array) -> Published:
    n_text = int(raw[:8].view("<u8")[0])
    told = json.loads(raw[8 : 8 + n_text].tobytes())
    arrays = {}
    place = 8 + n_text
    for name, kind, shape in told["arrays"]:
        dtype = np.dtype(kind)
        size = dtype.itemsize * int(np.prod(shape, dtype=np.int64))
        arrays[name] = raw[place : place + size].view(dtype).reshape(shape)
        place += _padded(size)
    return Published(told["version"], told["description"], arrays)


def _padded(size: int) -> int:
    return -(-size // 8) * 8
