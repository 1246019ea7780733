"""Schedules: their values, and that a saved model does not need rl_zoo for them."""

import subprocess
import sys

import cloudpickle
import pytest

from rl_zoo.agents.schedules import schedule_function
from rl_zoo.config.schedules import parse_schedule


def function_of(value):
    return schedule_function(parse_schedule(value))


def test_values_at_start_middle_and_end():
    linear = function_of("lin_0.2")
    cosine = function_of({"schedule": "cosine", "start": 0.2, "end": 0.1, "end_fraction": 0.5})
    exponential = function_of("exp_1")
    assert [linear(p) for p in (1, 0.5, 0)] == pytest.approx([0.2, 0.1, 0.0])
    assert [cosine(p) for p in (1, 0.75, 0.5, 0)] == pytest.approx([0.2, 0.15, 0.1, 0.1])
    assert [exponential(p) for p in (1, 0.5, 0)] == pytest.approx([1, 0.1, 0.01])


def test_pickled_schedule_works_where_rl_zoo_is_not(tmp_path):
    file = tmp_path / "schedule.pkl"
    file.write_bytes(cloudpickle.dumps(function_of("exp_1")))
    code = (
        "import sys, pickle; sys.modules['rl_zoo'] = None\n"
        f"print(round(pickle.load(open({str(file)!r}, 'rb'))(0.5), 6))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert answer.stdout.strip() == "0.1", answer.stderr
