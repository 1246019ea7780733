"""The ring of ticks: order, overwriting, and readers that are overtaken."""

import multiprocessing
import os

import numpy as np
import pytest

from rl_zoo.robots.control.shared_memory import create_memory, map_memory
from rl_zoo.robots.control.tick_ring import RING_SECONDS, TickRing

DTYPE = np.dtype([("number", "i8"), ("values", "f8", (20,))])
RATE = 10.0


@pytest.fixture
def memory():
    """Memory of a small ring."""
    descriptor = create_memory("test", TickRing.size_of(DTYPE, RATE))
    yield map_memory(descriptor)
    os.close(descriptor)


def append(ring, numbers):
    for number in numbers:
        row = np.zeros(1, DTYPE)
        row["number"], row["values"] = number, number
        ring.append(row)


def test_keeps_the_last_seconds(memory):
    ring = TickRing(memory, DTYPE)
    append(ring, range(1000))
    rows, following = TickRing(memory, DTYPE).read()
    assert following == 1000
    assert rows["number"].tolist() == list(range(1000 - len(rows), 1000))
    assert len(rows) >= RING_SECONDS * RATE


def test_reading_goes_on_where_it_ended(memory):
    ring, reader = TickRing(memory, DTYPE), TickRing(memory, DTYPE)
    append(ring, range(5))
    _, following = reader.read()
    append(ring, range(5, 8))
    rows, following = reader.read(following)
    assert rows["number"].tolist() == [5, 6, 7]
    assert len(reader.read(following)[0]) == 0


def test_record_that_is_not_there_yet_comes_with_the_next_reading(memory):
    ring, reader = TickRing(memory, DTYPE), TickRing(memory, DTYPE)
    append(ring, range(3))
    count = np.frombuffer(memory, np.uint64, count=1)
    count[0] = 5  # The counter was seen before the records (stores in another order).
    rows, following = reader.read()
    assert (rows["number"].tolist(), following) == ([0, 1, 2], 3)
    count[0] = 3
    append(ring, range(3, 5))
    assert reader.read(following)[0]["number"].tolist() == [3, 4]


def _append_on(descriptor, n_ticks):
    append(TickRing(map_memory(descriptor), DTYPE), range(n_ticks))


def test_records_are_whole_while_another_process_writes():
    descriptor = create_memory("test", TickRing.size_of(DTYPE, RATE))
    reader = TickRing(map_memory(descriptor), DTYPE)
    process = multiprocessing.get_context("fork").Process(
        target=_append_on, args=(descriptor, 20_000)
    )
    process.start()
    seen, following = [], 0
    is_over = False
    while not is_over:
        is_over = not process.is_alive()
        rows, following = reader.read(following)
        assert (rows["values"] == rows["number"][:, None]).all()
        seen += rows["number"].tolist()
    os.close(descriptor)
    assert process.exitcode == 0
    assert seen == sorted(set(seen))
    assert seen[-1] == 19_999
