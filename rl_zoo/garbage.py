"""Keep Python's garbage collector from looking through libraries that stay until the end.

PyTorch is a million objects. While they are made the collector visits them again and again, and
once more when the interpreter ends: together that takes as long as half of the import itself.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def importing_libraries() -> Iterator[None]:
    """Import what stays: the collector rests meanwhile, and leaves it alone from then on."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()
    atexit.unregister(gc.freeze)
    atexit.register(gc.freeze)  # what is left then goes with the process
