"""Messages that are late, lost, doubled or out of order."""

from itertools import pairwise

import numpy as np
import pytest

from rl_zoo.robots.simulated.channel import Channel, Disturbance


def passed(disturbance, n_messages=1000, period=0.002):
    """Send numbers through a disturbed channel; return [(time of arrival, number)]."""
    channel = Channel(np.random.default_rng(0))
    channel.disturb(0, disturbance)
    arrived = []
    for number in range(n_messages):
        channel.send(number, number * period)
        arrived += [(number * period, each) for each in channel.deliver(number * period + 1e-9)]
    return arrived


def test_without_disturbance_messages_pass_at_once():
    assert passed(Disturbance(), 10) == [(i * 0.002, i) for i in range(10)]


def test_delay_shifts_and_keeps_the_order():
    arrived = passed(Disturbance(delay=0.05))
    assert [number for _, number in arrived] == list(range(975))
    assert all(time == pytest.approx(number * 0.002 + 0.05) for time, number in arrived)


def test_jitter_keeps_the_order():
    arrived = passed(Disturbance(delay=0.01, jitter=0.02))
    numbers = [number for _, number in arrived]
    late = [time - 0.002 * number for time, number in arrived]
    assert numbers == sorted(numbers)
    assert min(late) >= 0.01 - 1e-9
    assert 0.025 < max(late) <= 0.032 + 1e-9


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_loss(share):
    assert len(passed(Disturbance(loss=share))) == pytest.approx(1000 * (1 - share), abs=50)


def test_duplicates():
    numbers = [number for _, number in passed(Disturbance(duplicate=0.5))]
    assert len(set(numbers)) == 1000
    assert len(numbers) == pytest.approx(1500, abs=60)


def test_reordered_messages_are_overtaken():
    numbers = [number for _, number in passed(Disturbance(reorder=0.3, hold=0.01))]
    overtaken = sum(later < earlier for earlier, later in pairwise(numbers))
    assert overtaken > 150
    assert len(set(numbers)) == len(numbers) >= 990


def test_what_is_on_its_way_arrives_after_the_end():
    channel = Channel(np.random.default_rng(0))
    channel.disturb(5, Disturbance(delay=0.1))
    channel.send("a", 0.0)
    channel.disturb(5, None)
    channel.send("b", 0.01)
    assert not channel.is_clear
    assert channel.deliver(0.05) == []
    assert channel.deliver(0.11) == ["a", "b"]
    assert channel.is_clear
