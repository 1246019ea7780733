"""The table of last evaluations."""

from __future__ import annotations

import numpy as np
import pytest

from rl_zoo.plots.results import AlignedSeries
from rl_zoo.plots.statistics import summarize_seeds
from rl_zoo.plots.tables import EMPTY_CELL, format_cell, format_number, format_steps, results_table


def series(values, *, env="Env-v0", algo="sac", label="", steps=None):
    steps = steps or [1000] * len(values)
    per_seed = np.array(values)[:, None]
    grid = np.array([float(max(steps))])
    statistics = summarize_seeds(per_seed)
    return AlignedSeries(env, algo, label, grid, per_seed, statistics, per_seed[:, 0], tuple(steps))


def test_cell_by_hand():
    # Sample standard deviation of 80, 90, 100 is 10; its standard error 10 / sqrt(3) = 5.77.
    assert format_cell(series([80.0, 90.0, 100.0])) == "90.0 ± 5.8 (n=3)"
    assert format_cell(series([80.0, 90.0, 130.0]), "median") == "90 [80, 130] (n=3)"


def test_error_has_the_decimals_of_its_value():
    # The standard error of two values is half their distance: 0.01, 0.002 and 0.00015.
    assert format_cell(series([0.53, 0.55])) == "0.540 ± 0.010 (n=2)"
    assert format_cell(series([0.538, 0.542])) == "0.540 ± 0.002 (n=2)"
    assert format_cell(series([0.53985, 0.54015])) == "0.540 ± 0.00015 (n=2)", "not 0.000"


def test_one_seed_claims_no_error():
    assert format_cell(series([123.4])) == "123.4 (n=1)"


def test_different_last_steps_are_said():
    text = format_cell(series([1.0, 1.0], steps=[8000, 20_000]))
    assert text == "1.000 ± 0 (n=2, at 8k–20k steps)"


@pytest.mark.parametrize(
    ("value", "error", "expected"),
    [
        (9534.6, 99.7, "9535"),
        (-150.83, 5.77, "-150.8"),
        (0.98765, 0.0123, "0.988"),
        (-0.0001, 1.0, "0.0"),
        (12345.6, float("nan"), "12346"),
        (0.5, float("nan"), "0.500"),
        (0.0, float("nan"), "0"),
        (0.00512, 0.00123, "0.0051"),
        (2.5e-6, 5e-7, "2.5e-06"),
        (0.0, 5e-7, "0"),
        (5e-7, 5e-7, "5e-07"),
        (0.5, 1e-5, "0.500"),
        (1.5e30, 2e29, "1.5e+30"),
    ],
)
def test_numbers_have_the_decimals_that_mean_something(value, error, expected):
    assert format_number(value, error) == expected


def test_steps_are_short():
    assert [format_steps(n) for n in (500, 8000, 1_500_000)] == ["500", "8k", "1.5M"]


def test_markdown_has_no_number_where_there_is_no_run():
    table = results_table([series([1.0], env="A-v0"), series([2.0], env="B-v0", algo="ppo")])
    lines = table.to_markdown().splitlines()
    assert [cell.strip() for cell in lines[0].strip("|").split("|")] == [
        "Environment",
        "SAC",
        "PPO",
    ]
    assert [cell.strip() for cell in lines[2].strip("|").split("|")][2] == EMPTY_CELL
    assert len({len(line) for line in lines}) == 1


def test_zoo_layout_has_labels_under_the_algorithms():
    table = results_table([series([1.0], label="a"), series([2.0], label="b")])
    zoo = table.to_zoo({})
    assert zoo["headers"] == ["Environments", "SAC", "SAC"]
    assert zoo["value_matrix"][0] == ["", "a", "b"]
    assert zoo["value_matrix"][1] == ["Env-v0", "1.000 (n=1)", "2.000 (n=1)"]
