"""Map a file into memory further than it reaches: it may grow without being mapped again.

Python's ``mmap`` refuses that; the system does not. What lies beyond the end of the file must not
be touched until the file has grown (the process would be killed by SIGBUS).
"""

from __future__ import annotations

import ctypes
import mmap
import os
import weakref
from typing import Any

import numpy as np
from numpy.typing import NDArray

_FAILED = ctypes.c_void_p(-1).value


def map_file(descriptor: int, size: int, *, writable: bool = False) -> NDArray[np.uint8]:
    """Return the first ``size`` bytes of a file, shared with all who map it.

    The mapping lives as long as the array or a view of it.

    Args:
        descriptor: Of the file; may be closed afterwards.
        size: In bytes, at least 1.
        writable: Whether the array may be written to; the descriptor must allow it.

    Raises:
        OSError: If the system refuses.
    """
    library = ctypes.CDLL(None, use_errno=True)
    library.mmap.restype = ctypes.c_void_p
    whole, size_of = ctypes.c_int, ctypes.c_size_t
    library.mmap.argtypes = (ctypes.c_void_p, size_of, whole, whole, whole, ctypes.c_long)
    library.munmap.argtypes = (ctypes.c_void_p, size_of)
    protection = mmap.PROT_READ | (mmap.PROT_WRITE if writable else 0)
    address = library.mmap(None, size, protection, mmap.MAP_SHARED, descriptor, 0)
    if address == _FAILED:
        number = ctypes.get_errno()
        raise OSError(number, f"cannot map {size} bytes: {os.strerror(number)}")
    memory: Any = (ctypes.c_ubyte * size).from_address(address)
    # An array keeps `memory` alive through its buffer, and so the mapping.
    weakref.finalize(memory, library.munmap, address, size).atexit = False
    content: NDArray[np.uint8] = np.frombuffer(memory, np.uint8)
    content.flags.writeable = writable
    return content
