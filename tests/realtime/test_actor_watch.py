"""When an actor that gives no sign of life is told of, and when it is ended."""

import numpy as np
import pytest

from rl_zoo.realtime.actor_watch import ActorWatch
from rl_zoo.realtime.board import Board, Phase


@pytest.fixture
def part():
    return Board().actor


def first_alarms(watch, part, seconds, period=0.05):
    """Look at a silent actor; return after how long the user is told, and the actor ended."""
    told, n_before = None, len(watch.silences)
    for silent in np.arange(0.0, seconds, period):
        ended = watch.look(part, 7, 100.0 + silent)
        if told is None and len(watch.silences) > n_before:
            told = silent
        if ended is not None:
            return told, silent, ended
    return told, None, None


@pytest.mark.parametrize(
    ("phase", "alarm", "end"),
    [
        (Phase.RUNNING, 2.0, 30.0),
        (Phase.WARM_UP, 2.0, 30.0),
        (Phase.HOLDING, 10.0, 60.0),
        (Phase.STARTING, 60.0, 600.0),
        (Phase.RESETTING, 60.0, 1800.0),
    ],
)
def test_silence_is_told_then_ended_later_where_waiting_is_usual(part, phase, alarm, end):
    part["heartbeat"], part["phase"] = 99.0, phase
    told, ended, reason = first_alarms(ActorWatch(50.0), part, 2000.0)
    assert told == pytest.approx(alarm, abs=0.06) and ended == pytest.approx(end, abs=0.11)
    assert "the actor hung" in reason and "no sign of life for" in reason


def test_actor_that_beats_is_left_alone(part, capfd):
    watch = ActorWatch(10.0)
    part["phase"] = Phase.RUNNING
    for now in np.arange(100.0, 400.0, 1.5):
        part["heartbeat"] = now
        assert watch.look(part, 1, now) is None
    assert watch.silences == [] and capfd.readouterr().err == ""


def test_slow_control_is_no_silence(part):
    part["heartbeat"], part["phase"] = 99.0, Phase.RUNNING
    told, ended, _ = first_alarms(ActorWatch(0.5), part, 200.0)
    assert told == pytest.approx(40.0, abs=0.06) and ended == pytest.approx(120.0, abs=0.11)


def test_slow_environment_is_told_of_once(part, capfd):
    watch, now = ActorWatch(), 100.0
    part["phase"] = Phase.RUNNING
    for step in range(20):
        part["heartbeat"] = now
        for _ in range(60):  # 3 s
            assert watch.look(part, step, now) is None
            now += 0.05
    assert len(watch.silences) == 1 and watch.silences[0]["step"] == 0
    assert watch.silences[0]["seconds"] == pytest.approx(3.0, abs=0.1)
    told = capfd.readouterr()
    assert (told.out + told.err).count("without a sign of life") == 1


def test_time_in_which_nobody_looked_does_not_count(part):
    """Ctrl-Z and ``fg``: the supervisor looks first, and the actor's heartbeat is old."""
    watch = ActorWatch(50.0)
    part["heartbeat"], part["phase"] = 100.0, Phase.RUNNING
    assert watch.look(part, 1, 100.0) is None
    assert watch.look(part, 1, 5000.0) is None and watch.silences == []
