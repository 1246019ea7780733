"""A part of an old replay buffer: the newest transitions, with nothing of them wrong."""

import numpy as np
import pytest

from rl_zoo.agents.buffers import cut_last_trajectory, keep_newest
from tests.agents.test_buffers import add, make, rows_of


def shown(memory):
    """Return observations and next observations of every stored step, oldest first."""
    sample = memory._get_samples(np.arange(memory.size()))
    return [
        rows_of(part).numpy().ravel().astype(int).tolist()
        for part in (sample.observations, sample.next_observations)
    ]


@pytest.mark.parametrize("kind", ["plain", "dict", "memory-efficient"])
@pytest.mark.parametrize("n_steps", [7, 27])
def test_newest_are_kept(kind, n_steps):
    memory = make(kind, 20)
    add(memory, 1, range(n_steps))
    cut_last_trajectory(memory)
    keep_newest(memory, 4)
    last = 100 + n_steps
    assert memory.size() == 4
    assert shown(memory) == [[last - 4, last - 3, last - 2, last - 1], [*range(last - 3, last + 1)]]
    add(memory, 7, range(2))
    assert memory.size() == 6
    assert shown(memory)[0][-3:] == [last - 1, 700, 701]


def test_rounded_up_to_steps_of_all_environments():
    memory = make("plain", 40, n_envs=2)
    add(memory, 1, range(9))
    keep_newest(memory, 3)
    assert memory.size() * memory.n_envs == 4


def test_more_than_there_is_keeps_all():
    memory = make("plain")
    add(memory, 1, range(5))
    keep_newest(memory, 100)
    assert memory.size() == 5


def test_returns_of_several_steps_do_not_reach_the_new_ones():
    memory = make("n-step", 10)
    add(memory, 1, range(16))
    cut_last_trajectory(memory)
    keep_newest(memory, 3)
    add(memory, 7, range(3))
    rewards = memory._get_samples(np.arange(3)).rewards.numpy().ravel().tolist()
    assert rewards == [3.0, 2.0, 1.0], "sums of 1 that end with the old trajectory"


@pytest.mark.parametrize("size", [60, 25])
def test_hindsight_keeps_whole_episodes(size):
    """Asked for 8 transitions, the last 6 and the whole of the episode before are kept."""
    memory = make("her", size)
    for episode in range(1, 6):
        add(memory, episode, range(6), done_at=5)
    keep_newest(memory, 8)
    assert memory.size() == 12
    add(memory, 7, range(5), done_at=4)
    np.random.seed(0)
    seen = set()
    for _ in range(50):
        sample = memory.sample(16)
        episodes = sample.observations["observation"].numpy() // 100
        goals = sample.observations["desired_goal"].numpy()
        ends = {4: 406, 5: 506, 7: 705}
        for episode, goal in zip(episodes.ravel(), goals.ravel(), strict=True):
            assert 100 * episode <= goal <= ends[episode]
        seen |= set(episodes.ravel().astype(int).tolist())
    assert seen == {4, 5, 7}
