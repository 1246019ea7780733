"""The checksum of Unitree's low-level messages.

CRC-32 with polynomial 04C11DB7, start value FFFFFFFF, not reflected, nothing added at the end, over
the little-endian 32-bit words of the C structure, most significant bit first; the last word is the
checksum itself. ``zlib.crc32`` computes the same with every bit order reversed: reverse the bytes
of each word and the bits of each byte before, and all bits of the result after.
"""

from __future__ import annotations

import zlib

import numpy as np

_REVERSED_BITS = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))
_SIZE = 4


def checksum(structure: bytes | bytearray) -> int:
    """Return the checksum of a C structure, whose last word is left out.

    Args:
        structure: A multiple of four bytes.
    """
    words = np.frombuffer(structure, "<u4", count=len(structure) // _SIZE - 1)
    reflected = words.byteswap().tobytes().translate(_REVERSED_BITS)
    remainder = zlib.crc32(reflected) ^ 0xFFFFFFFF
    return int.from_bytes(remainder.to_bytes(_SIZE, "big").translate(_REVERSED_BITS), "little")


def stored_checksum(structure: bytes | bytearray) -> int:
    """Return the checksum that a C structure carries in its last word."""
    return int.from_bytes(structure[-_SIZE:], "little")


def store_checksum(structure: bytearray) -> None:
    """Write the checksum into the last word of a C structure."""
    structure[-_SIZE:] = checksum(structure).to_bytes(_SIZE, "little")
