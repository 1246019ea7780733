"""Numbers as a report shows them."""

import numpy as np
import pytest

from rl_zoo.plots.report.number_text import (
    count_text,
    duration_text,
    mean_text,
    percent_text,
    rounded,
    share_text,
    time_text,
)

SPACE = "\u202f"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (1.0, "1"),
        (12345.678, f"12{SPACE}346"),
        (123.456, "123.5"),
        (-0.0123456, "-0.01235"),
        (100.0, "100"),
        (2.5e-7, "2.50e-07"),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
    ],
)
def test_four_significant_digits(value, text):
    assert rounded(value) == text


def test_the_deviation_decides_about_the_decimals():
    assert mean_text(np.array([1.0, 2.0, 3.0])) == "2.00 ± 0.82"
    assert mean_text(np.array([400.0, 440.0])) == "420.0 ± 20.0"
    assert mean_text(np.array([-1640.0, -1800.0])) == f"-1{SPACE}720 ± 80"
    assert mean_text(np.array([500.0, 500.0])) == "500 ± 0"
    assert mean_text(np.array([3.25])) == "3.25", "one episode has no deviation"


def test_counts_shares_and_times():
    assert count_text(1_234_567) == f"1{SPACE}234{SPACE}567"
    assert percent_text(0.12345) == f"12.3{SPACE}%"
    assert share_text(1, 0) == "–"
    assert [duration_text(s) for s in (12.34, 245.0, 7980.0, 59.99)] == [
        "12.3 s",
        "4 min 05 s",
        "2 h 13 min",
        "60.0 s",
    ]
    assert time_text("2026-11-22T11:43:59+00:00") == "2026-11-22 11:43:59 UTC"
    assert time_text("yesterday") == "yesterday"


def test_huge_numbers_have_an_exponent():
    assert rounded(1e300) == "1.00e+300"
    assert rounded(-2.5e9) == "-2.50e+09"
    assert rounded(123456789.0) == f"123{SPACE}456{SPACE}789"
    assert mean_text(np.array([1e12, 3e12])) == "2.00e+12 ± 1.00e+12"
