"""What a replay ring's file looks like: header, rows, and the spaces that they come from.

Header: 8 bytes of magic, its own length and that of its text (two little-endian 8-byte words); at
byte 64 the number of rows ever committed, on a cache line of its own; from byte 128 the text, JSON.
Then ``capacity`` rows of ``row_dtype``.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from rl_zoo.errors import ConfigError, DamagedFileError
from rl_zoo.robots.control.shared_memory import aligned

if TYPE_CHECKING:
    from pathlib import Path

    from gymnasium.spaces import Box, Space

MAGIC = b"rlzring2"
COUNTER_OFFSET = 64
_TEXT_OFFSET = 128
_PAGE = 4096

TERMINATED, TRUNCATED, DISCARD, START = 1, 2, 4, 8
"""Flags of a row. START: its observation comes from a reset."""
MARGIN = 1024
"""Rows beyond the buffer's size: how far the writer may get ahead of a reader that is sampling."""


@dataclass(frozen=True)
class BoxSpec:
    """A ``gymnasium.spaces.Box`` as data."""

    shape: tuple[int, ...]
    dtype: str
    """For numpy, little-endian: ``<f4`` or ``<f8``."""
    low: tuple[float, ...]
    """One per entry, in C order."""
    high: tuple[float, ...]

    @classmethod
    def of(cls, space: Space[Any]) -> BoxSpec:
        """Describe ``space``.

        Raises:
            ConfigError: If it is not a Box of floating-point numbers.
        """
        from gymnasium.spaces import Box

        if not isinstance(space, Box) or space.dtype.kind != "f":
            raise ConfigError(
                f"{space}: the replay ring holds Box spaces of floating-point numbers only"
            )
        kind = np.dtype(space.dtype).newbyteorder("<").str
        low, high = (tuple(bound.ravel().tolist()) for bound in (space.low, space.high))
        return cls(tuple(space.shape), kind, low, high)

    def space(self) -> Box:
        """Return the space."""
        from gymnasium.spaces import Box

        kind: Any = np.dtype(self.dtype).type
        low, high = (
            np.array(bound, self.dtype).reshape(self.shape) for bound in (self.low, self.high)
        )
        return Box(low, high, self.shape, kind)


@dataclass(frozen=True)
class RingSpec:
    """What a ring holds; stored in its header."""

    observation: BoxSpec
    action: BoxSpec
    """Of the environment; rows hold actions scaled to [-1, 1], in float32."""
    buffer_size: int
    """Transitions to learn from; older ones are overwritten."""
    run: str = ""
    """Name of the run."""
    env_id: str = ""
    observation_names: tuple[str, ...] = ()
    action_names: tuple[str, ...] = ()

    @property
    def capacity(self) -> int:
        """Return how many rows the ring has."""
        return self.buffer_size + MARGIN


def row_dtype(spec: RingSpec) -> np.dtype[Any]:
    """Describe one transition.

    ``observation``, ``next_observation`` (the last one of an episode at its end) in the type of the
    space; ``action``, ``reward`` and the flags ``terminated``, ``truncated``, ``discard`` and
    ``start`` (0 or 1) in float32; ``sequence``, the row's number since the beginning of the run;
    ``checksum``, CRC-32 of everything before it. A row begins on a cache line.
    """
    n_observations = int(np.prod(spec.observation.shape, dtype=np.int64))
    n_actions = int(np.prod(spec.action.shape, dtype=np.int64))
    observation = np.dtype((spec.observation.dtype, spec.observation.shape))
    names = ["observation", "next_observation", "action", "reward"]
    formats: list[Any] = [observation, observation, ("<f4", (n_actions,)), "<f4"]
    width = np.dtype(spec.observation.dtype).itemsize * n_observations
    place = 2 * width + 4 * n_actions
    offsets = [0, width, 2 * width, place]
    for name in ("terminated", "truncated", "discard", "start"):
        place += 4
        names.append(name)
        formats.append("<f4")
        offsets.append(place)
    place = -(-(place + 4) // 8) * 8
    names += ["sequence", "checksum"]
    formats += ["<u8", "<u4"]
    offsets += [place, place + 8]
    return np.dtype(
        {
            "names": names,
            "formats": formats,
            "offsets": offsets,
            "itemsize": aligned(place + 12),
        }
    )


def check_same_rows(found: RingSpec, wanted: RingSpec, path: Path) -> None:
    """Refuse to go on with a ring whose rows are of another kind.

    Raises:
        ConfigError: One sentence per difference.
    """
    pairs = [
        ("observation", _words(found.observation), _words(wanted.observation)),
        ("action", *(f"{_words(box)} {_range(box)}" for box in (found.action, wanted.action))),
        ("buffer_size", str(found.buffer_size), str(wanted.buffer_size)),
    ]
    problems = [
        f"{path}: its {what} is {old}, now it would be {new}; start a new run, with -i for the "
        "weights"
        for what, old, new in pairs
        if old != new
    ]
    if problems:
        raise ConfigError(problems)


def _words(box: BoxSpec) -> str:
    return f"{list(box.shape)} of {np.dtype(box.dtype).name}"


def _range(box: BoxSpec) -> str:
    low, high = (", ".join(f"{number:g}" for number in bound) for bound in (box.low, box.high))
    return f"from ({low}) to ({high})"


def header_of(spec: RingSpec) -> bytes:
    """Return the header of an empty ring."""
    text = json.dumps(asdict(spec)).encode()
    length = -(-(_TEXT_OFFSET + len(text)) // _PAGE) * _PAGE
    lengths = np.array([length, len(text)], "<u8").tobytes()
    return ((MAGIC + lengths).ljust(_TEXT_OFFSET, b"\0") + text).ljust(length, b"\0")


def read_header(file: BinaryIO, path: Path) -> tuple[RingSpec, int]:
    """Return what a ring holds and where its rows begin.

    Raises:
        DamagedFileError: If the file is not a ring.
    """
    start = file.read(_TEXT_OFFSET)
    if len(start) < _TEXT_OFFSET or not start.startswith(MAGIC):
        raise DamagedFileError(f"{path}: not a replay ring of rl_zoo.")
    length, n_text = np.frombuffer(start, "<u8", 2, len(MAGIC)).tolist()
    try:
        told = json.loads(file.read(min(n_text, length)))
        for name in ("observation", "action"):
            told[name] = _box(told[name])
        for name in ("observation_names", "action_names"):
            told[name] = tuple(told[name])
        if not isinstance(told["buffer_size"], int) or told["buffer_size"] < 1:
            raise ValueError(told["buffer_size"])
        spec = RingSpec(**told)
        row_dtype(spec)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DamagedFileError(f"{path}: the header of this replay ring is damaged.") from error
    return spec, length


def _box(told: dict[str, Any]) -> BoxSpec:
    return BoxSpec(tuple(told["shape"]), told["dtype"], tuple(told["low"]), tuple(told["high"]))
