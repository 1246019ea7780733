"""After a power failure the ring is whole again, with as few transitions lost as possible."""

from pathlib import Path

import numpy as np
import pytest

from rl_zoo.errors import DamagedFileError, UsageError
from rl_zoo.realtime.ring import Ring, RingWriter, create_ring
from rl_zoo.realtime.ring_layout import COUNTER_OFFSET, MARGIN, BoxSpec, RingSpec
from rl_zoo.realtime.ring_repair import Repair, damaged_rows, repair_ring

HEADER = 4096


def stored(path: Path, n: int, buffer_size: int = 10_000) -> RingWriter:
    box = BoxSpec((4,), "<f4", (-1.0,) * 4, (1.0,) * 4)
    create_ring(path, RingSpec(box, box, buffer_size))
    ring = RingWriter(path)
    for number in range(n):
        ring.append(np.full(4, number), np.full(4, number), number, np.full(4, number + 1), 0)
    return ring


def spoil(ring: RingWriter, *numbers: int) -> None:
    """Write into rows what never was there, as a page of another time would."""
    for number in numbers:
        ring.rows["reward"][number % ring.capacity] += 0.5


def test_a_whole_ring_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "replay.ring"
    stored(path, 300).close()
    before = path.read_bytes()
    repair = repair_ring(path)
    assert repair == Repair(300)
    assert repair.text() == "replay ring: 300 transitions, all whole"
    assert path.read_bytes() == before


def test_torn_newest_rows_are_cut_and_written_again(tmp_path: Path) -> None:
    ring = stored(tmp_path / "replay.ring", 300)
    spoil(ring, 298, 299)
    assert damaged_rows(ring) == [298, 299]
    ring.close()
    assert repair_ring(ring.path) == Repair(298, n_cut=2)
    again = RingWriter(ring.path)
    assert again.append(np.zeros(4), np.zeros(4), 7.0, np.zeros(4), 0) == 298
    assert damaged_rows(again) == []


def test_a_torn_row_among_whole_ones_becomes_a_hole(tmp_path: Path) -> None:
    ring = stored(tmp_path / "replay.ring", 300)
    spoil(ring, 120)
    ring.close()
    repair = repair_ring(ring.path)
    assert repair == Repair(300, n_holes=1)
    assert repair.text().endswith("after a power failure: 1 damaged ones taken out")
    rows = Ring(ring.path).rows
    assert rows["discard"][119:122].tolist() == [0.0, 1.0, 0.0]
    assert rows["reward"][120] == 0.0
    assert damaged_rows(Ring(ring.path)) == []


def test_rows_behind_an_old_counter_count_again(tmp_path: Path) -> None:
    ring = stored(tmp_path / "replay.ring", 300)
    ring.set_committed(250)
    ring.close()
    assert repair_ring(ring.path) == Repair(300, n_found=50)
    assert Ring(ring.path).committed == 300


def test_rows_that_the_file_never_got_are_forgotten(tmp_path: Path) -> None:
    ring = stored(tmp_path / "replay.ring", 3000)
    ring.close()
    with ring.path.open("r+b") as file:
        file.truncate(HEADER + 2000 * ring.dtype.itemsize + 5)
    assert repair_ring(ring.path) == Repair(2000, n_cut=1000)
    assert Ring(ring.path).rows["reward"][1999] == 1999.0


def test_a_ring_that_went_round_is_repaired_too(tmp_path: Path) -> None:
    n = 100 + MARGIN + 50
    ring = stored(tmp_path / "replay.ring", n, buffer_size=100)
    spoil(ring, n - 1, n - 30)
    ring.close()
    assert repair_ring(ring.path) == Repair(n - 1, n_cut=1, n_holes=1)
    assert damaged_rows(Ring(ring.path)) == []


def test_more_damage_than_a_power_failure_explains_is_refused(tmp_path: Path) -> None:
    ring = stored(tmp_path / "replay.ring", 300)
    spoil(ring, *range(100, 200))
    ring.close()
    before = ring.path.read_bytes()
    with pytest.raises(DamagedFileError, match="100 of 300 transitions are damaged; restore"):
        repair_ring(ring.path)
    assert ring.path.read_bytes() == before


def test_a_short_file_of_a_full_ring_is_refused(tmp_path: Path) -> None:
    ring = stored(tmp_path / "replay.ring", 2000, buffer_size=100)
    ring.close()
    with ring.path.open("r+b") as file:
        file.truncate(HEADER + 500 * ring.dtype.itemsize)
    with pytest.raises(DamagedFileError, match="500 transitions instead of 1124; was the file co"):
        repair_ring(ring.path)


def test_a_ring_in_use_is_left_alone(tmp_path: Path) -> None:
    ring = stored(tmp_path / "replay.ring", 10)
    with pytest.raises(UsageError, match="another process stores transitions"):
        repair_ring(ring.path)
    with ring.path.open("rb") as file:
        file.seek(COUNTER_OFFSET)
        assert int.from_bytes(file.read(8), "little") == 10
