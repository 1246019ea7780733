"""Which environment runs which episode, and which result counts."""

import numpy as np
import pytest
from gymnasium import spaces

from rl_zoo.agents.open_loop_episodes import EpisodeQueue, PatternEpisode
from rl_zoo.motion.oscillator import JointPattern, advance_phase

BOX = spaces.Box(-1.0, 1.0, (1,), np.float32)


def pattern(offset=0.0, amplitude=0.0):
    return JointPattern((amplitude,), (0.3,), (offset,), 2.0, 1.0)


def episodes(n):
    return [PatternEpisode(index, 0, pattern(0.1 * index)) for index in range(n)]


def end(queue, *returns, **info):
    """Let one step pass after which the environments with a return are done."""
    infos = [{**info, **({} if value is None else {"episode": {"r": value}})} for value in returns]
    dones = np.array([value is not None for value in returns])
    return [(task.candidate, value) for task, value in queue.finish(dones, infos)]


def test_next_episode_goes_to_the_environment_that_is_free():
    queue = EpisodeQueue(episodes(4), 2, BOX, 0.1)
    assert queue.actions() == pytest.approx(np.array([[0.0], [0.1]]))
    assert end(queue, None, 7.0) == [(1, 7.0)]
    assert queue.actions() == pytest.approx(np.array([[0.0], [0.2]]))
    assert end(queue, 5.0, 6.0) == [(0, 5.0), (2, 6.0)]
    assert queue.actions()[0] == pytest.approx([0.3])
    assert end(queue, None, 99.0) == []  # it had no work
    assert queue.is_busy
    assert end(queue, 8.0, None) == [(3, 8.0)]
    assert not queue.is_busy


def test_fewer_episodes_than_environments():
    queue = EpisodeQueue(episodes(1), 3, BOX, 0.1)
    assert end(queue, None, 1.0, 2.0) == []
    assert end(queue, 3.0, None, None) == [(0, 3.0)]
    assert not queue.is_busy


def test_an_episode_that_was_cut_is_run_again():
    queue = EpisodeQueue(episodes(2), 1, BOX, 0.1)
    assert list(queue.finish(np.array([True]), [{"cut": 1}])) == []  # Monitor reports no return
    assert queue.actions() == pytest.approx(np.array([[0.0]]))
    assert end(queue, 4.0) == [(0, 4.0)]
    assert end(queue, 5.0) == [(1, 5.0)]


def test_an_episode_with_a_discarded_step_is_run_again():
    queue = EpisodeQueue(episodes(1), 1, BOX, 0.1)
    assert end(queue, None, discard=True) == []
    assert end(queue, 4.0) == []
    assert queue.is_busy
    assert end(queue, 6.0) == [(0, 6.0)]


def test_start_anywhere_in_the_cycle_and_again_with_the_next_episode():
    chosen = pattern(amplitude=0.9)
    queue = EpisodeQueue([PatternEpisode(0, n, chosen, 0.7) for n in (0, 1)], 1, BOX, 0.05)
    first = [queue.actions().item() for _ in range(3)]
    end(queue, 1.0)
    assert [queue.actions().item() for _ in range(3)] == first
    start = float(advance_phase(0.3, 2.0, 1.0, 0.7 * chosen.period))
    phases = [float(advance_phase(start, 2.0, 1.0, 0.05 * step)) for step in range(3)]
    assert first == pytest.approx(0.9 * np.sin(phases), abs=1e-6)
