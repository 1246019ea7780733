"""Values in shared memory: whole, newest, and recognised when they are torn."""

import multiprocessing
import os

import numpy as np
import pytest

from rl_zoo.robots.control.shared_memory import SharedRecord, create_memory, map_memory

DTYPE = np.dtype([("number", "i8"), ("values", "f8", (50,))])


@pytest.fixture
def memory():
    """Memory for one record."""
    descriptor = create_memory("test", SharedRecord.size_of(DTYPE))
    yield map_memory(descriptor)
    os.close(descriptor)


def row(number):
    value = np.zeros(1, DTYPE)
    value["number"], value["values"] = number, number
    return value


def test_reader_sees_the_newest_value(memory):
    writer, reader = SharedRecord(memory, 0, DTYPE), SharedRecord(memory, 0, DTYPE)
    assert reader.read() is None
    for number in range(1, 10):
        writer.write(row(number))
        assert reader.read()["number"] == number
        assert (reader.read()["values"] == number).all()


def test_torn_value_is_not_read(memory):
    writer = SharedRecord(memory, 0, DTYPE)
    writer.write(row(7))
    place = memory.find(np.float64(7.0).tobytes())
    memory[place] ^= 1
    assert SharedRecord(memory, 0, DTYPE).read() is None
    writer.write(row(8))
    assert SharedRecord(memory, 0, DTYPE).read()["number"] == 8


def test_value_of_an_earlier_round_is_not_taken_for_the_newest(memory):
    writer, reader = SharedRecord(memory, 0, DTYPE), SharedRecord(memory, 0, DTYPE)
    for number in range(1, 6):
        writer.write(row(number))
    before = reader.read()
    # The counter has come, the value not yet (stores in another order).
    np.frombuffer(memory, np.uint64, count=1)[0] += 1
    assert reader.read()["number"] == before["number"] == 5


def test_reading_gets_a_copy(memory):
    writer, reader = SharedRecord(memory, 0, DTYPE), SharedRecord(memory, 0, DTYPE)
    writer.write(row(1))
    first = reader.read()
    for number in range(2, 12):
        writer.write(row(number))
    assert first["number"] == 1


def _write_on(descriptor, n_writes):
    writer = SharedRecord(map_memory(descriptor), 0, DTYPE)
    for number in range(1, n_writes):
        writer.write(row(number))


def test_values_are_whole_while_another_process_writes():
    descriptor = create_memory("test", SharedRecord.size_of(DTYPE))
    reader = SharedRecord(map_memory(descriptor), 0, DTYPE)
    process = multiprocessing.get_context("fork").Process(
        target=_write_on, args=(descriptor, 20_000)
    )
    process.start()
    numbers = []
    while process.is_alive():
        value = reader.read()
        if value is not None:
            assert (value["values"] == value["number"]).all()
            numbers.append(int(value["number"]))
    process.join()
    os.close(descriptor)
    assert process.exitcode == 0
    assert numbers == sorted(numbers)
    assert reader.read()["number"] == 19_999
