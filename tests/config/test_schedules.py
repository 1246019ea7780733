"""Schedules in their short and long form."""

import pytest

from rl_zoo.config.model import Schedule
from rl_zoo.config.schedules import parse_schedule, schedule_value
from rl_zoo.errors import ConfigError


@pytest.mark.parametrize(
    ("value", "schedule"),
    [
        ("lin_0.001", Schedule("linear", 0.001, 0.0)),
        ("lin_7.3e-4", Schedule("linear", 7.3e-4, 0.0)),
        ("lin_0.1_0.01", Schedule("linear", 0.1, 0.01)),
        ("exp_0.001", Schedule("exponential", 0.001, 0.00001)),
        ("exp_1e-3_1e-4", Schedule("exponential", 1e-3, 1e-4)),
        ("cos_0.2", Schedule("cosine", 0.2, 0.0)),
        ("constant_0.2", 0.2),
        ({"schedule": "linear", "start": 1}, Schedule("linear", 1.0, 0.0)),
        (
            {"schedule": "cosine", "start": 0.2, "end": 0.1, "end_fraction": 0.5},
            Schedule("cosine", 0.2, 0.1, 0.5),
        ),
        ({"schedule": "constant", "start": 0.3}, 0.3),
    ],
)
def test_forms(value, schedule):
    assert parse_schedule(value) == schedule
    if isinstance(schedule, Schedule):
        assert parse_schedule(schedule_value(schedule)) == schedule


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("lni_0.1", "unknown schedule 'lni_0.1'; did you mean 'lin_0.1'?"),
        ("linear_0.1", "did you mean 'lin_0.1'?"),
        ("constant", "neither a number nor a schedule"),
        ("0.001", "write it without quotes"),
        ("lin_abc", "must be lin_<start>"),
        ("lin_1_2_3", "must be lin_<start>"),
        ("exp_0", "positive"),
        ("lin_inf", "finite"),
        ({"schedule": "linaer", "start": 1}, "did you mean 'linear'?"),
        ({"start": 1}, "needs 'schedule'"),
        ({"schedule": "linear"}, "needs 'start'"),
        ({"schedule": "linear", "start": True}, "must be a number"),
        ({"schedule": "linear", "start": 1, "ende": 0}, "did you mean 'end'?"),
        ({"schedule": "linear", "start": 1, "end_fraction": 0}, "outside (0, 1]"),
    ],
)
def test_mistakes(value, words):
    with pytest.raises(ConfigError) as caught:
        parse_schedule(value)
    assert words in str(caught.value)
