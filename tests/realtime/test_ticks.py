"""Deadlines, on a clock that the test moves."""

from __future__ import annotations

import pytest

from rl_zoo.realtime import ticks as module
from rl_zoo.realtime.ticks import Ticks
from rl_zoo.robots.control.cadence import Cadence


class _Clock:
    """Time that passes only when something is done."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> _Clock:
    made = _Clock()
    monkeypatch.setattr(module, "time", made)
    return made


def _live(ticks: Ticks, clock: _Clock, steps: list[tuple[float, float]]) -> list[float]:
    """Live an episode; return when its ticks began, s after the first.

    Args:
        ticks: Of the episode.
        clock: Of the ticks.
        steps: For every tick, how long the policy and then the environment take, s.
    """
    ticks.start()
    begin, begins = clock.now, []
    for policy, environment in steps:
        begins.append(round(clock.now - begin, 9))
        clock.now += policy
        ticks.ready()
        clock.now += environment
        ticks.wait()
    return begins


def test_ticks_begin_at_their_deadlines_however_long_the_work_takes(clock: _Clock) -> None:
    cadence = Cadence(50.0)
    begins = _live(Ticks(0.02, cadence), clock, [(0.001, 0.0), (0.003, 0.01), (0.0, 0.019)] * 10)
    assert begins == pytest.approx([0.02 * number for number in range(30)])
    report = cadence.report()
    assert (report.n_ticks, report.n_missed) == (30, 0)
    assert report.achieved_rate == pytest.approx(50.0)
    assert report.work_max == pytest.approx(0.003)


@pytest.mark.parametrize("late", [(0.07, 0.0), (0.0, 0.07)], ids=["policy", "environment"])
def test_missed_deadlines_are_counted_and_not_made_up_for(
    clock: _Clock, late: tuple[float, float]
) -> None:
    """A tick of 3.5 periods: those at 1 and 2 never begin, that at 3 is late, then all is well."""
    cadence = Cadence(50.0)
    steps = [late, (0.001, 0.0), (0.001, 0.0), (0.001, 0.0)]
    assert _live(Ticks(0.02, cadence), clock, steps) == pytest.approx([0.0, 0.07, 0.08, 0.1])
    report = cadence.report()
    assert (report.n_ticks, report.n_missed) == (4, 2)
    assert report.lateness_max == pytest.approx(0.01)


def test_a_tick_that_is_late_by_less_than_a_period_misses_nothing(clock: _Clock) -> None:
    cadence = Cadence(50.0)
    steps = [(0.0, 0.025), (0.001, 0.0), (0.001, 0.0)]
    assert _live(Ticks(0.02, cadence), clock, steps) == pytest.approx([0.0, 0.025, 0.04])
    assert cadence.report().n_missed == 0


def test_the_time_of_a_reset_is_nobodys_deadline(clock: _Clock) -> None:
    cadence = Cadence(50.0)
    ticks = Ticks(0.02, cadence)
    _live(
        ticks, clock, [(0.0, 0.07)]
    )  # its last wait sees missed ticks, of an episode that is over
    clock.now += 3.0
    _live(ticks, clock, [(0.001, 0.0)] * 3)
    assert cadence.report().n_missed == 0 and cadence.report().lateness_max == 0.0


def test_an_environment_that_keeps_time_is_not_waited_for(clock: _Clock) -> None:
    cadence = Cadence(50.0)
    begins = _live(Ticks(None, cadence), clock, [(0.001, 0.3)] * 3)
    assert begins == pytest.approx([0.0, 0.301, 0.602])
    assert (cadence.report().n_missed, cadence.report().lateness_max) == (0, 0.0)


def test_time_between_episodes_is_no_gap(clock: _Clock) -> None:
    cadence = Cadence(50.0)
    ticks = Ticks(0.02, cadence)
    for _ in range(3):
        _live(ticks, clock, [(0.001, 0.0)] * 10)
        clock.now += 7.0  # a reset
    report = cadence.report()
    assert (report.n_ticks, report.n_missed) == (30, 0)
    assert report.achieved_rate == pytest.approx(50.0)
    assert report.longest_gap == pytest.approx(0.02)


def test_environment_that_keeps_the_time_says_what_was_late(clock: _Clock) -> None:
    cadence = Cadence(50.0)
    ticks = Ticks(None, cadence)
    ticks.start()
    for was_late in (False, True, False):
        ticks.ready()
        clock.now += 0.02
        ticks.wait(was_late=was_late)
    ticks.ready()
    assert (cadence.report().n_ticks, cadence.report().n_missed) == (4, 1)
