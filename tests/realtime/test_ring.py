"""The ring keeps every acknowledged transition, whatever kills its writer, and grows with them."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gymnasium.spaces import Box, Discrete

from rl_zoo.errors import ConfigError, DamagedFileError, RobotFault, UsageError
from rl_zoo.realtime.ring import RESERVED_ROWS, Ring, RingWriter, create_ring
from rl_zoo.realtime.ring_layout import (
    MARGIN,
    START,
    TERMINATED,
    BoxSpec,
    RingSpec,
    check_same_rows,
    row_dtype,
)

WRITER = """
import os, sys
from pathlib import Path
import numpy as np
from rl_zoo.realtime.ring import RingWriter
ring = RingWriter(Path(sys.argv[1]))
while True:
    n = ring.committed
    x = np.random.default_rng(n).random(24, dtype=np.float32)
    ring.append(x[:9], x[9:14], float(x[14]), x[15:24], n % 16)
    os.write(1, b"%d\\n" % n)
"""
FLAGS = ("terminated", "truncated", "discard", "start")


def spec_of(
    n_observations: int = 9, n_actions: int = 5, buffer_size: int = 100_000, kind: Any = np.float32
) -> RingSpec:
    return RingSpec(
        BoxSpec.of(Box(-np.inf, 3.0, (n_observations,), kind)),
        BoxSpec.of(Box(-2.0, 2.0, (n_actions,), np.float32)),
        buffer_size,
        run="Env-v0_1",
    )


def make(path: Path, **changes: Any) -> RingWriter:
    create_ring(path, spec_of(**changes))
    return RingWriter(path)


def append_counted(ring: RingWriter, n: int) -> None:
    """Append rows that hold their own number."""
    size, actions = ring.dtype["observation"].shape[0], ring.dtype["action"].shape[0]
    for number in range(ring.committed, ring.committed + n):
        now, following = np.full(size, number), np.full(size, number + 0.5)
        ring.append(now, np.full(actions, number), float(number), following, 0)


def expect_row(ring: Ring, sequence: int) -> None:
    x = np.random.default_rng(sequence).random(24, dtype=np.float32)
    row = ring.rows[sequence % ring.capacity]
    assert np.array_equal(row["observation"], x[:9])
    assert np.array_equal(row["action"], x[9:14])
    assert row["reward"] == x[14]
    assert np.array_equal(row["next_observation"], x[15:24])
    assert [row[name] for name in FLAGS] == [sequence >> bit & 1 for bit in range(4)]


@pytest.mark.parametrize("n_kills", [5, pytest.param(20, marks=pytest.mark.slow)])
def test_kills_lose_no_acknowledged_row(tmp_path: Path, n_kills: int) -> None:
    path = tmp_path / "replay.ring"
    create_ring(path, spec_of(buffer_size=2_000_000))
    random = np.random.default_rng(0)
    known = 0
    for _ in range(n_kills):
        with (tmp_path / "log").open("wb") as log:
            writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=log)
            while (tmp_path / "log").stat().st_size == 0:
                time.sleep(0.005)
            time.sleep(random.random() * 0.03)
            os.kill(writer.pid, signal.SIGKILL)
            writer.wait()
        lines = (tmp_path / "log").read_text().split()
        ring = Ring(path)
        assert int(lines[0]) == known
        assert ring.committed - int(lines[-1]) in (1, 2)
        known = ring.committed
    for sequence in range(known):
        assert ring.is_whole(sequence)
        expect_row(ring, sequence)


def test_file_grows_with_what_is_stored(tmp_path: Path) -> None:
    ring = make(tmp_path / "replay.ring", n_observations=48, buffer_size=1_000_000)
    append_counted(ring, 1)
    assert ring.path.stat().st_size <= 300 * 1024
    append_counted(ring, 5000)
    stored = 5001 * ring.dtype.itemsize
    assert stored <= ring.path.stat().st_size <= stored + 300 * 1024
    reader = Ring(ring.path)
    append_counted(ring, 5000)  # further than the file reached when it was mapped
    assert reader.rows["reward"][10_000] == 10_000.0


def test_a_full_ring_overwrites_the_oldest(tmp_path: Path) -> None:
    ring = make(tmp_path / "replay.ring", buffer_size=100)
    capacity = 100 + MARGIN
    append_counted(ring, 3 * capacity + 7)
    assert ring.committed == 3 * capacity + 7
    numbers = np.arange(ring.oldest, ring.committed)
    assert len(numbers) == capacity - 1
    assert np.array_equal(ring.read(ring.oldest, ring.committed)["sequence"], numbers)
    assert np.array_equal(ring.read(ring.oldest, ring.committed)["reward"], numbers)
    assert ring.path.stat().st_size == 4096 + capacity * ring.dtype.itemsize


def test_observations_keep_the_bits_of_their_space(tmp_path: Path) -> None:
    ring = make(tmp_path / "replay.ring", kind=np.float64)
    observation = np.full(9, 0.1)
    ring.append(observation, np.zeros(5), 0.1, observation + 1e-15, START | TERMINATED)
    row = Ring(ring.path).rows[0]
    assert row["observation"].dtype == np.float64
    assert np.array_equal(row["next_observation"], observation + 1e-15)
    assert row["reward"] == np.float32(0.1)
    assert [row[name] for name in FLAGS] == [1.0, 0.0, 0.0, 1.0]


def test_the_header_tells_the_spaces(tmp_path: Path) -> None:
    names = tuple(f"joint_{n} position, rad" for n in range(300))  # more than a page of text
    observation = Box(np.float32(-0.1), np.inf, (3, 100), np.float32)
    action = Box(np.array([-1.0, -2.0]), np.array([1.0, 0.3]), dtype=np.float64)
    spec = RingSpec(BoxSpec.of(observation), BoxSpec.of(action), 50, observation_names=names)
    create_ring(tmp_path / "replay.ring", spec)
    found = Ring(tmp_path / "replay.ring").spec
    assert found == spec
    assert found.observation.space() == observation
    assert found.action.space() == action


def test_another_kind_of_rows_is_refused() -> None:
    path, spec = Path("replay.ring"), spec_of()
    check_same_rows(spec, replace(spec, run="Env-v0_2"), path)
    with pytest.raises(ConfigError) as caught:
        check_same_rows(spec, spec_of(n_actions=2, kind=np.float64, buffer_size=7), path)
    assert caught.value.problems[0] == (
        "replay.ring: its observation is [9] of float32, now it would be [9] of float64; start a "
        "new run, with -i for the weights"
    )
    assert "action is [5] of float32 from (-2, -2, -2, -2, -2) to" in caught.value.problems[1]
    assert "buffer_size is 100000, now it would be 7" in caught.value.problems[2]
    stronger = replace(spec.action, high=(2.0, 2.0, 2.0, 2.0, 2.5))
    with pytest.raises(ConfigError, match=r"to \(2, 2, 2, 2, 2\), now .* to \(2, 2, 2, 2, 2.5\)"):
        check_same_rows(spec, replace(spec, action=stronger), path)


def test_rows_have_one_aligned_stride() -> None:
    for n_observations in (1, 3, 17, 48):
        for kind in (np.float32, np.float64):
            dtype = row_dtype(spec_of(n_observations, kind=kind))
            assert dtype.fields is not None
            assert dtype.itemsize % 64 == 0
            assert all(field[1] % field[0].alignment == 0 for field in dtype.fields.values())
            assert dtype.fields["checksum"][1] + 4 <= dtype.itemsize


def test_a_second_writer_is_refused(tmp_path: Path) -> None:
    first = make(tmp_path / "replay.ring")
    with pytest.raises(UsageError, match=r"replay\.ring: another process stores transitions"):
        RingWriter(first.path)
    first.close()
    RingWriter(first.path).close()


def test_a_full_disk_leaves_room_to_end_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = make(tmp_path / "replay.ring")
    assert ring.reserve()

    def refuse(*_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    while ring.reserve():
        append_counted(ring, 1)
    assert ring.room == RESERVED_ROWS - 1
    append_counted(ring, ring.room)
    with pytest.raises(RobotFault, match=r"No space left on device, transition \d+ cannot be sto"):
        append_counted(ring, 1)
    monkeypatch.undo()
    n_stored = ring.committed
    append_counted(ring, 1)
    assert ring.committed == n_stored + 1
    assert all(ring.is_whole(number) for number in range(ring.committed))


def test_a_file_size_limit_does_not_kill_the_process(tmp_path: Path) -> None:
    create_ring(tmp_path / "replay.ring", spec_of())
    code = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from rl_zoo.realtime.ring import RingWriter\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))\n"
        "ring = RingWriter(Path(sys.argv[1]))\n"
        "try:\n"
        "    while True: ring.append([0.0] * 9, [0.0] * 5, 0.0, [0.0] * 9, 0)\n"
        "except Exception as error: print(type(error).__name__, ring.committed)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "replay.ring")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("RobotFault")
    assert Ring(tmp_path / "replay.ring").committed == int(done.stdout.split()[1]) > 0


def test_bad_files_are_told_in_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "replay.ring"
    path.write_text(json.dumps({"no": "ring"}) * 50)
    with pytest.raises(DamagedFileError, match=r"replay\.ring: not a replay ring of rl_zoo"):
        Ring(path)
    path.unlink()
    ring = make(path)
    append_counted(ring, 4000)
    ring.close()
    os.truncate(path, 200_000)
    with pytest.raises(DamagedFileError, match="transitions instead of 4000; was the file copied"):
        Ring(path)
    content = path.read_bytes()
    path.write_bytes(content.replace(b'"shape"', b'"shapo"'))
    with pytest.raises(DamagedFileError, match="header of this replay ring is damaged"):
        Ring(path)


def test_bad_requests_are_told_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"Discrete\(3\): the replay ring holds Box spaces"):
        BoxSpec.of(Discrete(3))
    with pytest.raises(ConfigError, match="buffer_size: must be at least 1, not 0"):
        create_ring(tmp_path / "replay.ring", spec_of(buffer_size=0))
    create_ring(tmp_path / "replay.ring", spec_of())
    with pytest.raises(ConfigError, match="exists already"):
        create_ring(tmp_path / "replay.ring", spec_of())


class Killed(Exception):
    """The writer's end, at a chosen store."""


class KillingColumn:
    def __setitem__(self, slot: int, value: object) -> None:
        raise Killed


class DyingCounter(KillingColumn):
    def __init__(self, value: int) -> None:
        self.value = value

    def __getitem__(self, index: int) -> int:
        return self.value


@pytest.mark.parametrize("n_before", [3, 100 + MARGIN + 3])
@pytest.mark.parametrize(
    "column",
    [f"_{name}s" for name in ("observation", "action", "reward", "end", "sequence", "checksum")]
    + ["_following", "_counter"],
)
def test_a_writer_killed_between_two_stores(tmp_path: Path, column: str, n_before: int) -> None:
    ring = make(tmp_path / "replay.ring", buffer_size=100)
    append_counted(ring, n_before)
    counter = ring._counter
    dying = DyingCounter(n_before) if column == "_counter" else KillingColumn()
    setattr(ring, column, dying)
    with pytest.raises(Killed):
        append_counted(ring, 1)
    ring._counter = counter
    ring.close()
    reader = Ring(ring.path)
    assert reader.committed == n_before
    assert all(reader.is_whole(number) for number in range(reader.oldest, n_before))
    following = RingWriter(ring.path)
    append_counted(following, 2)
    assert reader.committed == n_before + 2
    assert all(reader.is_whole(number) for number in range(reader.oldest, n_before + 2))
