"""Filters against scipy, closed forms and the reference implementation's published output."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import signal

from rl_zoo.errors import ConfigError
from rl_zoo.motion.filters import (
    FILTERS,
    ButterworthFilter,
    ExponentialFilter,
    OneEuroFilter,
    RateLimit,
    RunningFilter,
    make_filter,
)

DT = 0.02
PARAMETERS = {
    "butterworth": {"cutoff_frequency": 5.0},
    "exponential": {"cutoff_frequency": 5.0},
    "one_euro": {"min_cutoff": 2.0, "beta": 0.3},
    "rate_limit": {"max_rate": 3.0},
}
EACH = pytest.mark.parametrize("name", FILTERS)


def make(name, dt=DT):
    return RunningFilter(make_filter(name, dt, PARAMETERS[name]))


def outputs(running, start, values):
    running.start(start)
    return np.array([running.step(value) for value in values])


@pytest.mark.parametrize(("frequency", "rate"), [(5.0, 50.0), (0.1, 50.0), (24.9, 50.0), (5, 25)])
def test_butterworth_is_scipys(frequency, rate):
    b, a = signal.butter(2, frequency, fs=rate)
    chosen = ButterworthFilter(1.0 / rate, frequency)
    b0, b1, a1, a2 = chosen.coefficients
    np.testing.assert_allclose([b0, b1, b0, 1.0, a1, a2], [*b, *a], rtol=1e-9, atol=1e-12)
    values = np.random.default_rng(0).normal(size=(300, 3))
    start = np.array([0.3, -2.0, 0.0])
    rest = np.outer(signal.lfilter_zi(b, a), start)
    expected, _ = signal.lfilter(b, a, values, axis=0, zi=rest)
    np.testing.assert_allclose(outputs(RunningFilter(chosen), start, values), expected, atol=1e-9)


def test_butterworth_has_half_the_power_at_its_cutoff_frequency():
    times = np.arange(0, 10, 0.001)
    wave = np.sin(2 * np.pi * 5.0 * times)[:, np.newaxis]
    filtered = outputs(RunningFilter(ButterworthFilter(0.001, 5.0)), [0.0], wave)[5000:]
    assert filtered.max() == pytest.approx(np.sqrt(0.5), rel=1e-3)


def test_exponential_answers_a_step_as_the_differential_equation():
    times = DT * np.arange(1, 30)
    step = outputs(RunningFilter(ExponentialFilter(DT, 2.0)), [1.0], np.full((29, 1), 3.0))
    np.testing.assert_allclose(step[:, 0], 3.0 - 2.0 * np.exp(-2 * np.pi * 2.0 * times), rtol=1e-12)


def test_one_euro_gives_the_authors_numbers():
    """First rows of groundTruth.csv of github.com/casiez/OneEuroFilter (120 Hz, 1, 0.1, 1)."""
    noisy = [-0.0385099, -0.0280664, 0.048622, 0.111498, 0.053026, 0.120548, 0.00972308, 0.074193]
    filtered = [-0.0379872, -0.0334427, -0.0252696, -0.0207099, -0.0119912, -0.0106507, -0.00526521]
    running = RunningFilter(OneEuroFilter(1 / 120, min_cutoff=1.0, beta=0.1))
    found = outputs(running, noisy[:1], np.array(noisy[1:])[:, np.newaxis])
    np.testing.assert_allclose(found[:, 0], filtered, atol=2e-7)


def test_one_euro_without_beta_is_a_first_order_low_pass():
    values = np.random.default_rng(1).normal(size=(50, 2))
    share = 1 / (1 + 1 / (2 * np.pi * 2.0 * DT))
    expected, _ = signal.lfilter([share], [1, share - 1], values, axis=0, zi=np.zeros((1, 2)))
    found = outputs(RunningFilter(OneEuroFilter(DT, 2.0, beta=0.0)), [0.0, 0.0], values)
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_rate_limit_reaches_the_value_exactly_and_no_faster():
    running = RunningFilter(RateLimit(0.1, [1.0, 2.0]))
    found = outputs(running, [0.0, 0.0], [[0.25, -0.3]] * 4)
    np.testing.assert_allclose(found[:2], [[0.1, -0.2], [0.2, -0.3]], atol=1e-15)
    assert found[3].tolist() == [0.25, -0.3]


@EACH
@given(
    start=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=4), dt=st.sampled_from([0.001, 0.02])
)
def test_a_held_command_stays_exactly_where_it_is(name, start, dt):
    running = make(name, dt)
    running.start(start)
    for _ in range(20):
        assert running.step(start).tolist() == start


@EACH
def test_a_new_command_is_reached_in_the_end(name):
    found = outputs(make(name), [0.5, -1.0], [[-0.5, 1.0]] * 400)
    np.testing.assert_allclose(found[-1], [-0.5, 1.0], atol=1e-9)
    assert np.abs(found[0] - [0.5, -1.0]).max() < 1.5, "the first step is not the whole way"


@EACH
def test_without_a_start_the_first_value_is_the_start(name):
    running = make(name)
    assert not running.is_started
    assert running.step([0.7, -3.0]).tolist() == [0.7, -3.0]
    assert running.is_started


@EACH
def test_stored_as_json_it_continues_bit_by_bit(name):
    values = np.random.default_rng(2).normal(size=(30, 2))
    running = make(name)
    outputs(running, [0.1, 0.2], values[:15])
    stored = RunningFilter.from_dict(json.loads(json.dumps(running.to_dict())))
    assert stored.parameters == running.parameters
    for value in values[15:]:
        assert stored.step(value).tolist() == running.step(value).tolist()
    fresh = make(name)
    assert not RunningFilter.from_dict(json.loads(json.dumps(fresh.to_dict()))).is_started


@EACH
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_not_finite_passes_and_is_forgotten(name, bad):
    """The safety layer behind the filter must see it; the filter must not be poisoned by it."""
    running, undisturbed = make(name), make(name)
    for filter_ in (running, undisturbed):
        filter_.start([0.0, 0.0])
        filter_.step([1.0, 1.0])
    before = running.memory.copy()
    passed = running.step([bad, 5.0])
    np.testing.assert_array_equal(passed, [bad, before[0, 1]])
    assert running.step([0.5, 0.5]).tolist() == undisturbed.step([0.5, 0.5]).tolist()


@EACH
def test_inputs_are_copied(name):
    running = make(name)
    value = np.array([1.0, 2.0])
    running.start(value)
    output = running.step(value)
    output += 1.0
    value += 1.0
    assert running.step([1.0, 2.0]).tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("name", "parameters", "text"),
    [
        ("buterworth", {}, "filter: 'buterworth' is unknown; did you mean 'butterworth'"),
        ("butterworth", {"cutoff": 3.0}, "cutoff: no parameter of 'butterworth'; valid: cutoff_f"),
        ("butterworth", {"cutoff_frequency": 25.0}, "25.0 Hz is not below 25 Hz, half the 50"),
        ("butterworth", {"cutoff_frequency": 0}, "cutoff_frequency: 0 is not a positive number"),
        ("exponential", {"cutoff_frequency": "5"}, "cutoff_frequency: '5' is not a positive"),
        ("exponential", {"cutoff_frequency": True}, "cutoff_frequency: True is not a positive"),
        ("one_euro", {"beta": -1.0}, "beta: -1.0 is not a number from 0 up"),
        ("one_euro", {"min_cutoff": float("nan")}, "min_cutoff: nan is not a positive number"),
        ("rate_limit", {}, "max_rate: missing"),
        ("rate_limit", {"max_rate": []}, r"max_rate: \(\) is not a positive number"),
        ("rate_limit", {"max_rate": [1.0, 0.0]}, "max_rate: 0.0 is not a positive number"),
        ("rate_limit", {"max_rate": None}, "max_rate: None is not a positive number"),
    ],
)
def test_a_parameter_without_meaning_is_named(name, parameters, text):
    with pytest.raises(ConfigError, match=text):
        make_filter(name, DT, parameters)


def test_rates_must_be_as_many_as_components():
    with pytest.raises(ConfigError, match=r"max_rate: 2 numbers for values of shape \(3,\)"):
        RunningFilter(RateLimit(DT, [1.0, 2.0])).start([0.0, 0.0, 0.0])
