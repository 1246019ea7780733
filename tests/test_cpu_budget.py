"""The processor is divided before torch is imported."""

import os
import subprocess
import sys

import pytest

from rl_zoo.cpu_budget import (
    apply_cpu_budget,
    choose_num_threads,
    cpu_quota,
    divide_cores,
    n_usable_cores,
    read_cpu_budget,
    usable_cores,
)


def test_threads_of_the_user_win_over_those_of_the_work():
    assert choose_num_threads(3, {"OMP_NUM_THREADS": "2"}, useful=4) == 3
    assert choose_num_threads(-1, {"OMP_NUM_THREADS": "2"}, useful=4) == 2
    assert choose_num_threads(-1, {}, useful=1) == 1


def test_work_that_can_use_threads_gets_the_cores_there_are(monkeypatch):
    monkeypatch.setattr("rl_zoo.cpu_budget.usable_cores", lambda: (0, 1, 2, 5, 6, 7))
    monkeypatch.setattr("rl_zoo.cpu_budget.cpu_quota", lambda: None)
    assert choose_num_threads(-1, {}, useful=4) == 4
    monkeypatch.setattr("rl_zoo.cpu_budget.cpu_quota", lambda: 2.5)
    assert choose_num_threads(-1, {}, useful=4) == 2
    monkeypatch.setattr("rl_zoo.cpu_budget.cpu_quota", lambda: 0.5)
    assert choose_num_threads(-1, {}, useful=4) == 1


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="Linux")
def test_cores_are_those_of_the_affinity():
    core = max(os.sched_getaffinity(0))
    code = f"""
import os
os.sched_setaffinity(0, {{{core}}})
from rl_zoo.cpu_budget import n_usable_cores, usable_cores
print(usable_cores(), n_usable_cores())
"""
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert answer.stdout.split() == [f"({core},)", "1"]
    assert n_usable_cores() <= len(usable_cores())


@pytest.mark.parametrize(
    ("files", "quota"),
    [
        ({"cpu.max": "150000 100000\n"}, 1.5),
        ({"cpu.max": "max 100000\n"}, None),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, None),
        ({"cpu/cpu.cfs_quota_us": "300000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 3.0),
        ({}, None),
    ],
)
def test_quota_of_the_control_group(files, quota, tmp_path):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert cpu_quota(tmp_path) == quota


def test_variables_are_set_where_libraries_read_them():
    variables = {}
    assert apply_cpu_budget(-1, variables) == 1
    assert {variables[name] for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")} == {"1"}
    assert variables["OMP_WAIT_POLICY"] == "passive"
    budget = read_cpu_budget(1, {**variables, "OPENBLAS_CORETYPE": "Haswell", "HOME": "/root"})
    assert budget.variables["OPENBLAS_CORETYPE"] == "Haswell"
    assert "HOME" not in budget.variables
    assert "1 thread on" in budget.describe() and "passive waiting" in budget.describe()
    assert budget.to_record(fast_matmul=True)["threads"] == 1


def test_choice_of_the_user_is_not_overwritten():
    variables = {"OMP_WAIT_POLICY": "active", "OMP_NUM_THREADS": "2", "XLA_FLAGS": "--x"}
    assert apply_cpu_budget(-1, variables) == 2
    assert variables["OMP_WAIT_POLICY"] == "active"
    assert variables["MKL_NUM_THREADS"] == "2"
    assert variables["XLA_FLAGS"] == "--x"


@pytest.mark.parametrize(
    ("asked", "cores", "divided"),
    [
        ((None, None), [0, 1], (1, 0)),
        ((0, None), [0, 1], (0, 1)),
        ((None, 1), [0, 1], (0, 1)),
        ((None, None), [0, 1, 2, 3], (3, None)),
        ((None, None), [2], (None, None)),
        ((1, 0), [0, 1, 2], (1, 0)),
    ],
)
def test_actor_and_learner_share_no_core_where_there_are_two(asked, cores, divided):
    assert divide_cores(*asked, cores) == divided
