"""Published parameters arrive whole, whoever dies and whenever."""

import os
import signal
import subprocess
import sys
import time
from typing import Any

import numpy as np
import pytest

from rl_zoo.realtime.parameters import (
    ParameterReader,
    ParameterWriter,
    create_parameter_memory,
)

WRITER = """
import sys
import numpy as np
from rl_zoo.realtime.parameters import ParameterWriter
writer = ParameterWriter(int(sys.argv[1]))
version = writer.version
print(version, flush=True)
while True:
    version += 1
    arrays = {"weight": np.full((256, 64 + version % 3), version), "mean": np.float64(version)}
    writer.publish({"version": version}, arrays, version)
"""


def test_what_is_published_is_read_once() -> None:
    memory = create_parameter_memory()
    writer, reader = ParameterWriter(memory), ParameterReader(memory)
    assert reader.newest() is None
    assert writer.version == 0
    random = np.random.default_rng(0)
    arrays: dict[str, Any] = {
        "weight": random.random((7, 5), dtype=np.float32),
        "transposed": random.random((5, 3)).T,
        "mean": random.random(3),
        "count": np.int64(4),
        "mask": np.array([True, False, True]),
        "empty": np.zeros((0, 4), np.float32),
    }
    writer.publish({"activation": "relu", "sizes": [7, 5]}, arrays, 12)
    found = reader.newest()
    assert found is not None
    assert found.version == writer.version == 12
    assert found.description == {"activation": "relu", "sizes": [7, 5]}
    for name, array in arrays.items():
        assert found.arrays[name].dtype == array.dtype
        assert found.arrays[name].shape == array.shape
        assert np.array_equal(found.arrays[name], array)
    assert reader.newest() is None
    late = ParameterReader(memory).newest()
    assert late is not None
    assert late.version == 12


def test_the_newest_counts_and_older_copies_stay() -> None:
    memory = create_parameter_memory()
    writer, reader = ParameterWriter(memory), ParameterReader(memory)
    writer.publish({}, {"a": np.full(10, 1.0)}, 1)
    first = reader.newest()
    for version in range(2, 9):
        writer.publish({}, {"a": np.full(10 * version, version)}, version)  # outgrows its slot
    found = reader.newest()
    assert first is not None
    assert found is not None
    assert found.version == 8
    assert np.array_equal(found.arrays["a"], np.full(80, 8))
    assert np.array_equal(first.arrays["a"], np.full(10, 1.0))


@pytest.mark.parametrize("n_bytes", [0, 8, 100, 5000])
def test_a_writer_that_dies_in_the_middle_spoils_nothing(
    n_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = create_parameter_memory()
    writer, reader = ParameterWriter(memory), ParameterReader(memory)
    for version in (1, 2):
        writer.publish({}, {"a": np.full(1000, version)}, version)

    class Killed(Exception):
        pass

    def write_part(start: int, text: bytes, content: object) -> None:
        writer._bytes[start : start + n_bytes] = 255
        raise Killed

    monkeypatch.setattr(writer, "_write", write_part)
    with pytest.raises(Killed):
        writer.publish({}, {"a": np.full(1000, 3)}, 3)
    found = reader.newest()
    assert found is not None
    assert found.version == 2
    assert np.array_equal(found.arrays["a"], np.full(1000, 2))
    following = ParameterWriter(memory)
    assert following.version == 2
    following.publish({}, {"a": np.full(1000, 4)}, 4)
    found = reader.newest()
    assert found is not None
    assert found.version == 4
    assert np.array_equal(found.arrays["a"], np.full(1000, 4))


@pytest.mark.parametrize("n_kills", [3, pytest.param(20, marks=pytest.mark.slow)])
def test_a_reader_sees_no_torn_parameters_of_writers_that_are_killed(n_kills: int) -> None:
    memory = create_parameter_memory()
    reader = ParameterReader(memory)
    newest = n_read = 0
    random = np.random.default_rng(0)
    for _ in range(n_kills):
        command = [sys.executable, "-c", WRITER, str(memory)]
        writer = subprocess.Popen(command, stdout=subprocess.PIPE, pass_fds=[memory])
        assert writer.stdout is not None
        assert int(writer.stdout.readline()) >= newest  # it goes on where the last one was killed
        end = time.monotonic() + 0.1 + 0.05 * random.random()
        while time.monotonic() < end:
            found = reader.newest()
            if found is None:
                continue
            assert found.version > newest
            newest, n_read = found.version, n_read + 1
            assert found.description == {"version": newest}
            assert found.arrays["weight"].shape == (256, 64 + newest % 3)
            assert (found.arrays["weight"] == newest).all()
            assert found.arrays["mean"] == newest
        os.kill(writer.pid, signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
    assert n_read > 3 * n_kills
