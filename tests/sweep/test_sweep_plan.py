"""What a sweep consists of, and how it may grow."""

from pathlib import Path

import numpy as np
import pytest

from rl_zoo.errors import ConfigError, DamagedFileError, NothingFoundError
from rl_zoo.sweep.folder import create_sweep, find_sweep, free_name, list_sweeps, read_plan
from rl_zoo.sweep.locks import FileLock, is_locked
from rl_zoo.sweep.plan import SweepPlan, default_name
from rl_zoo.sweep.table import interquartile_mean

PLAN = SweepPlan("walk", ("sac", "tqc"), ("A-v0", "ns/B-v0"), (0, 3), ("-n", "100"))


def test_every_pair_gets_a_first_seed_before_a_second():
    rows = PLAN.rows()
    assert len(rows) == 8
    assert [row.seed for row in rows] == [0] * 4 + [3] * 4
    assert len({row.key for row in rows}) == 8
    assert rows[2].key == "sac_ns-B-v0_seed0"


def test_flags_of_train_follow_those_of_the_row():
    argv = PLAN.argv(PLAN.rows()[-1], Path("logs"))
    expected = "--algo tqc --env ns/B-v0 --seed 3 -f logs -n 100"
    assert argv == expected.split()


def test_a_sweep_grows_and_keeps_its_rows():
    wanted = SweepPlan("walk", ("ppo", "sac", "tqc"), PLAN.envs, (0, 3, 4), PLAN.flags)
    grown = PLAN.grown_to(wanted)
    assert grown.algos == ("sac", "tqc", "ppo")
    assert len(grown.rows()) == 18
    assert {row.key for row in PLAN.rows()} < {row.key for row in grown.rows()}


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"algos": ("sac",)}, "--algo: .* also has tqc"),
        ({"seeds": (0, 1)}, "--seeds: .* also has 3"),
    ],
)
def test_a_sweep_does_not_shrink(change, text):
    smaller = SweepPlan(**{**vars(PLAN), **change})
    with pytest.raises(ConfigError, match=text):
        PLAN.grown_to(smaller)


def test_a_plan_is_read_as_it_was_written(tmp_path):
    folder, plan = create_sweep(tmp_path, PLAN)
    assert read_plan(folder) == plan
    assert plan.id
    assert find_sweep(tmp_path, "walk") == folder
    assert list_sweeps(tmp_path) == [folder]


def test_a_damaged_plan_is_no_traceback(tmp_path):
    folder, _ = create_sweep(tmp_path, PLAN)
    folder.plan_file.write_text('{"algos": ["sac"], "seeds": ["x"]}')
    with pytest.raises(DamagedFileError, match=r"sweep\.json: not the plan of a sweep"):
        read_plan(folder)


def test_an_unknown_name_is_answered_with_the_nearest(tmp_path):
    create_sweep(tmp_path, PLAN)
    with pytest.raises(NothingFoundError, match="did you mean 'walk'"):
        find_sweep(tmp_path, "wlak")


def test_names_without_a_name_are_numbered(tmp_path):
    stem = default_name(("sac", "tqc"), ("ns/B-v0",))
    assert stem == "sac-tqc_ns-B-v0"
    assert default_name(("a", "b", "c", "d"), ("E-v0",)) == "4-algos_E-v0"
    (tmp_path / "sweeps" / f"{stem}_1").mkdir(parents=True)
    assert free_name(tmp_path, stem) == f"{stem}_2"


def test_a_lock_has_one_holder(tmp_path):
    first, second = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    assert first.acquire()
    assert is_locked(tmp_path / "lock")
    assert not second.acquire(patience=0.05)
    first.release()
    assert second.acquire()
    second.release()
    assert not is_locked(tmp_path / "lock")
    assert not is_locked(tmp_path / "none")


def test_interquartile_mean():
    assert interquartile_mean(np.arange(10) / 10) == pytest.approx(0.45)
    assert interquartile_mean(np.array([0.0, 1.0, 2.0, 100.0])) == pytest.approx(1.5)
    assert interquartile_mean(np.array([3.0])) == 3.0
