"""The ring keeps every acknowledged transition, whatever kills its writer."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from rl_zoo.realtime.ring import Ring, create_ring

WRITER = """
import os, sys
from pathlib import Path
import numpy as np
from rl_zoo.realtime.ring import Ring
ring = Ring(Path(sys.argv[1]), writable=True)
while True:
    n = ring.committed
    x = np.random.default_rng(n).random(24, dtype=np.float32)
    ring.append(x[:9], x[9:14], float(x[14]), x[15:24], n % 8)
    os.write(1, b"%d\\n" % n)
"""


def expect_row(ring: Ring, sequence: int) -> None:
    x = np.random.default_rng(sequence).random(24, dtype=np.float32)
    row = ring.rows[sequence % ring.capacity]
    assert np.array_equal(row["observation"], x[:9])
    assert np.array_equal(row["action"], x[9:14])
    assert row["reward"] == x[14]
    assert np.array_equal(row["next_observation"], x[15:24])
    assert row["flags"] == sequence % 8


def test_twenty_kills_lose_no_acknowledged_row(tmp_path: Path) -> None:
    path = tmp_path / "replay.ring"
    create_ring(path, 2_000_000, 9, 5)
    random = np.random.default_rng(0)
    known = 0
    for _ in range(20):
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
    ring.check()
    for sequence in range(known):
        expect_row(ring, sequence)


def test_disk_holds_only_what_was_stored(tmp_path: Path) -> None:
    ring = create_ring(tmp_path / "replay.ring", 1_000_000, 48, 12)
    ring.append(np.ones(48), np.ones(12), 1.0, np.ones(48), 0)
    assert ring.path.stat().st_blocks * 512 < 64 * 1024
