"""How samples come: rate, gaps, losses."""

import pytest

from rl_zoo.robots.bert import BERT
from rl_zoo.robots.drivers.mock import MockDriver
from rl_zoo.robots.sampling import Sample, collect_samples, measure_cadence
from tests.robots.guarded_robots import make_state


def samples(times, sequences=None):
    counted = sequences or [None] * len(times)
    states = [make_state(BERT, time=t, sequence=s) for t, s in zip(times, counted, strict=True)]
    return [Sample(state.time, state) for state in states]


def test_every_sample_of_a_driver_is_collected_once():
    driver = MockDriver(BERT, state_rate=100.0)
    driver.connect()
    found = [sample.state for sample in collect_samples(driver, 1.0)]
    assert [state.sequence for state in found] == list(range(100)) or len(found) == 101
    assert len({state.time for state in found}) == len(found)


def test_a_callback_gets_the_samples_instead():
    driver = MockDriver(BERT, state_rate=100.0)
    driver.connect()
    found = []
    assert collect_samples(driver, 0.2, found.append) == []
    assert len(found) in (20, 21)


def test_it_ends_early_if_asked():
    driver = MockDriver(BERT)
    driver.connect()
    collect_samples(driver, 100.0, until=lambda: driver.clock.now() > 1.0)
    assert driver.clock.now() < 1.1


def test_rate_gaps_and_losses():
    times = [0.0, 0.01, 0.02, 0.06, 0.07]
    cadence = measure_cadence(samples(times, [7, 8, 9, 13, 14]), end=0.17)
    assert cadence.rate == pytest.approx(4 / 0.07)
    assert cadence.median_gap == pytest.approx(0.01)
    assert cadence.longest_gap == pytest.approx(0.1), "the silence at the end counts"
    assert cadence.n_lost == 3


def test_a_robot_may_count_milliseconds():
    assert measure_cadence(samples([0, 1, 2, 3], [10, 12, 14, 20])).n_lost == 2


def test_what_is_not_counted_is_unknown():
    assert measure_cadence(samples([0.0, 0.1, 0.2])).n_lost is None
    assert measure_cadence(samples([0.0])).rate == 0.0
