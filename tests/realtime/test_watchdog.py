"""When a learner is left alone, restarted, killed or given up."""

import numpy as np
import pytest

from rl_zoo.realtime.board import Board, Phase
from rl_zoo.realtime.watchdog import (
    MOST_FAILURES,
    SILENT,
    SILENT_IN_LONG_WORK,
    LearnerWatch,
    Verdict,
)

KILLED = -9


@pytest.fixture
def part():
    return Board().learner


def beating(part, when, phase=Phase.RUNNING):
    part["heartbeat"], part["phase"] = when, phase
    return part


def test_working_learner_is_left_alone(part):
    watch = LearnerWatch(timeout=60.0, started=100.0)
    for now in np.arange(100.5, 300.0, 10.0):
        assert watch.verdict(beating(part, now - 0.2), None, now) is Verdict.FINE
        assert not watch.should_hold(now)


def test_silence_means_it_hangs_but_later_while_it_starts_or_saves(part):
    watch = LearnerWatch(timeout=1e9, started=100.0)
    assert watch.verdict(part, None, 100.0 + SILENT + 1) is Verdict.FINE  # imports
    assert watch.verdict(part, None, 100.0 + SILENT_IN_LONG_WORK + 1) is Verdict.KILL
    beating(part, 200.0)
    assert watch.verdict(part, None, 200.0 + SILENT - 1) is Verdict.FINE
    assert watch.verdict(part, None, 200.0 + SILENT + 1) is Verdict.KILL
    beating(part, 200.0, Phase.SAVING)
    assert watch.verdict(part, None, 200.0 + SILENT + 1) is Verdict.FINE
    assert watch.verdict(part, None, 200.0 + SILENT_IN_LONG_WORK + 1) is Verdict.KILL


def test_killed_learner_is_replaced_at_once_however_often(part):
    watch, now = LearnerWatch(timeout=60.0, started=0.0), 0.0
    for count in range(3 * MOST_FAILURES):
        now += 5.0
        assert watch.verdict(beating(part, now), None, now) is Verdict.FINE
        assert watch.verdict(part, KILLED, now + 0.1) is Verdict.RESTART
        watch.restarted(now + 0.1)
        assert watch.n_restarts == count + 1
        assert not watch.should_hold(now + 30.0)


def test_killed_while_it_starts_is_no_failure_of_its_own_but_a_segfault_is(part):
    for code, expected in ((KILLED, Verdict.RESTART), (-11, Verdict.GIVE_UP)):
        watch, now = LearnerWatch(timeout=1e9, started=0.0), 0.0
        for _ in range(MOST_FAILURES):
            verdict = watch.verdict(part, code, now)
            now += 100.0
            verdict = watch.verdict(part, code, now)
            if verdict is Verdict.RESTART:
                watch.restarted(now)
        assert verdict is expected


def test_failures_of_its_own_wait_longer_and_longer_then_end_it(part):
    watch, now, waited = LearnerWatch(timeout=60.0, started=0.0), 0.0, []
    while watch.verdict(beating(part, now), 1, now) is not Verdict.GIVE_UP:
        since = now
        while watch.verdict(part, 1, now) is Verdict.WAIT:
            now += 0.5
        waited.append(now - since)
        watch.restarted(now)
        now += 1.0
        watch.verdict(beating(part, now), None, now)
    assert waited == [0.0, 1.0, 2.0, 4.0][: MOST_FAILURES - 1]


def test_a_new_checkpoint_forgives_failures(part):
    watch, now = LearnerWatch(timeout=60.0, started=0.0), 0.0
    for count in range(3 * MOST_FAILURES):
        now += 5.0
        part["checkpoint_step"] = 100 * (count + 1)
        watch.verdict(beating(part, now), None, now)
        assert watch.verdict(part, 1, now) is Verdict.RESTART
        watch.restarted(now)


def test_actor_holds_after_the_timeout_and_goes_on_when_the_next_one_works(part):
    watch = LearnerWatch(timeout=60.0, started=0.0)
    watch.verdict(beating(part, 10.0), None, 10.0)
    assert watch.verdict(part, KILLED, 10.1) is Verdict.RESTART
    watch.restarted(10.1)
    # The board still shows the heartbeat of the dead one: that is no sign of life.
    assert watch.verdict(part, None, 69.0) is Verdict.FINE and not watch.should_hold(69.0)
    assert watch.verdict(part, None, 71.0) is Verdict.FINE and watch.should_hold(71.0)
    watch.verdict(beating(part, 72.0, Phase.STARTING), None, 72.0)
    assert watch.should_hold(72.0)
    watch.verdict(beating(part, 73.0, Phase.WARM_UP), None, 73.0)
    assert not watch.should_hold(73.0)
