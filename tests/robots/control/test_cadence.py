"""The report on the control loop's keeping of time, against plain arithmetic on all ticks."""

import json

import numpy as np
import pytest

from rl_zoo.robots.control.cadence import CADENCE_DTYPE, Cadence, read_report, skipped_deadlines

PERIOD = 0.002


def test_report_agrees_with_all_ticks():
    random = np.random.default_rng(1)
    lateness = random.lognormal(-9.0, 1.5, 5000)
    work = random.lognormal(-8.5, 0.3, 5000)
    begins = np.arange(5000) * PERIOD + lateness
    cadence = Cadence(500.0)
    for k in range(5000):
        cadence.add(begins[k], k * PERIOD, begins[k] + work[k], 0)
    report = cadence.report()
    for got, values, share in (
        (report.lateness_p50, lateness, 0.5),
        (report.lateness_p99, lateness, 0.99),
        (report.work_p50, work, 0.5),
        (report.work_p99, work, 0.99),
    ):
        assert got == pytest.approx(np.quantile(values, share), rel=0.03)
    assert report.lateness_max == pytest.approx(lateness.max(), rel=1e-6)
    assert report.work_max == pytest.approx(work.max(), rel=1e-6)
    assert report.longest_gap == pytest.approx(np.diff(begins).max(), rel=1e-6)
    assert report.achieved_rate == pytest.approx(4999 / (begins[-1] - begins[0]))


@pytest.mark.parametrize(
    ("now", "skipped"), [(10.0001, 0), (10.0019, 0), (10.0021, 1), (10.0061, 3), (9.9, 0)]
)
def test_deadlines_that_have_passed_are_skipped(now, skipped):
    assert skipped_deadlines(10.0, now, PERIOD) == skipped


def test_missed_deadlines_lower_the_rate():
    cadence = Cadence(100.0)
    deadline = 0.0
    for k in range(100):
        end = deadline + (0.025 if k % 10 == 9 else 0.001)
        skipped = skipped_deadlines(deadline, end, 0.01)
        cadence.add(deadline, deadline, end, skipped)
        deadline += (1 + skipped) * 0.01
    report = cadence.report()
    assert report.n_missed == 20
    assert report.longest_gap == pytest.approx(0.03)
    assert report.achieved_rate == pytest.approx(99 / (99 + 18) * 100.0)


def test_counters_can_be_read_from_shared_memory():
    raw = bytearray(CADENCE_DTYPE.itemsize)
    cadence = Cadence(50.0, np.frombuffer(raw, CADENCE_DTYPE, count=1))
    cadence.add(1.0, 0.99, 1.001, 2)
    report = read_report(np.frombuffer(bytes(raw), CADENCE_DTYPE, count=1))
    assert report == cadence.report()
    assert (report.rate, report.n_ticks, report.n_missed) == (50.0, 1, 2)


def test_report_as_text_and_as_a_record():
    cadence = Cadence(500.0)
    for k in range(501):
        cadence.add(k * PERIOD, k * PERIOD, k * PERIOD + 0.0002, 0)
    report = cadence.report()
    text = report.describe()
    assert "500.00 of 500 Hz" in text
    assert "0 deadlines missed" in text
    assert json.loads(json.dumps(report.to_dict()))["n_ticks"] == 501


def test_report_before_the_first_tick():
    assert Cadence(500.0).report().achieved_rate == 0.0
    assert "0 ticks" in Cadence(500.0).report().describe()
