"""Tests play all parts of a run in one process: what its end would close is closed here."""

from __future__ import annotations

import contextlib
import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

_LEFT = ("pipe:", "/memfd:rl_zoo", "anon_inode:[pidfd]")


@pytest.fixture(autouse=True)
def _descriptors_are_closed() -> Iterator[None]:
    before = _descriptors()
    yield
    if len(_descriptors()) > len(before) + 3:
        gc.collect()  # objects close their own
        for number, target in _descriptors().items():
            if before.get(number) != target and target.startswith(_LEFT):
                os.close(number)


def _descriptors() -> dict[int, str]:
    found = {}
    for entry in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):  # that of the listing itself
            found[int(entry.name)] = str(entry.readlink())
    return found
