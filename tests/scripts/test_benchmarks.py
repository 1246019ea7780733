"""The benchmarks compare what they say, and have a place for their tables."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.realtime_run import Settings, _judge
from scripts.turns import Times, ratio, take_turns

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = sorted((ROOT / "scripts").glob("bench_*.py"))


def test_every_round_begins_with_another_one() -> None:
    called: list[str] = []
    turns = {name: (lambda name=name: called.append(name)) for name in "abc"}

    times = take_turns(turns, 4, 1)

    assert "".join(called) == "abcbcacababc"
    assert all(len(measured.cpu) == len(measured.wall) == 4 for measured in times.values())


def test_no_round_begins_late_but_three_are_done() -> None:
    times = take_turns({"a": lambda: None}, 10, 1, seconds=0.0)

    assert len(times["a"].cpu) == 3


def test_ratio_is_that_of_the_medians_of_processor_time() -> None:
    ours, theirs = Times([1.0, 2.0, 100.0], [5.0] * 3), Times([8.0, 8.0, 1.0], [1.0] * 3)

    assert ratio(theirs, ours) == 4.0
    assert theirs.describe(1e3) == "8000.00 (1000.00, 1000.00)"


def test_missed_deadlines_are_seen_in_the_times_of_the_actions() -> None:
    ticks = [0.02 * n for n in range(101)]  # random actions
    ticks += [2.02, 2.04, 2.10, 2.12, 2.121, 2.14]  # 2.06 and 2.08 are missing, 2.121 is hurried
    settings = Settings((), "sac", 50.0, 5, 1)
    seen = _judge(settings, ticks, {"cadence": {"n_missed": 0}})
    counted = _judge(settings, ticks, {"cadence": {"n_missed": 7}})

    assert (seen.n_missed, seen.n_long_pauses) == (2, 0)
    assert seen.longest_pause == pytest.approx(0.04)
    assert counted.n_missed == 7


@pytest.mark.parametrize(("pause", "n"), [((2.05, 2.09), 2), ((2.11, 2.125), 0)])
def test_a_core_that_stands_still_excuses_its_own_deadlines_only(
    pause: tuple[float, float], n: int
) -> None:
    ticks = [0.02 * n for n in range(101)] + [2.02, 2.04, 2.10, 2.12, 2.14]
    settings = Settings((), "sac", 50.0, 5, 1)
    seen = _judge(settings, ticks, {"cadence": {"n_missed": 0}}, [pause])
    assert (seen.n_missed, seen.n_stood_still) == (2, n)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_the_page_has_a_place_for_each_table(script: Path) -> None:
    page = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    for name in re.findall(r'conclude\("(\w+)"', script.read_text(encoding="utf-8")):
        assert name == script.stem
        assert f"<!-- {name} -->\n" in page
        assert f"<!-- end of {name} -->\n" in page


@pytest.mark.skipif(importlib.util.find_spec("sbx") is not None, reason="SBX is installed here")
def test_a_missing_peer_is_told_in_one_sentence() -> None:
    environment = {**os.environ, "RL_ZOO_PEERS": "/no/such/python"}
    command = [sys.executable, str(ROOT / "scripts" / "bench_learn.py")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    for word in ("/no/such/python", "scripts/peers.sh", "RL_ZOO_PEERS"):
        assert word in done.stderr
