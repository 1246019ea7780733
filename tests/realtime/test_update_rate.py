"""The gradient steps that are due follow from SB3's own keywords; blocks of them stay short."""

import numpy as np
import pytest
from gymnasium.spaces import Box
from stable_baselines3 import SAC, TD3

from rl_zoo.realtime.ring_layout import BoxSpec, RingSpec, row_dtype
from rl_zoo.realtime.spaces_env import SpacesVecEnv
from rl_zoo.realtime.update_rate import BlockLength, UpdateRate

BOX = Box(-1.0, 1.0, (2,), np.float32)
ROWS = row_dtype(RingSpec(BoxSpec.of(BOX), BoxSpec.of(BOX), 10))


def rows(n, first=0, episode=10):
    """Return transitions of episodes of equal length."""
    made = np.zeros(n, ROWS)
    made["sequence"] = first + np.arange(n)
    made["truncated"] = made["sequence"] % episode == episode - 1
    return made


def agent(**keywords):
    keywords = {"learning_starts": 100, "buffer_size": 1, **keywords}
    return SAC("MlpPolicy", SpacesVecEnv(BOX, BOX), **keywords)


@pytest.mark.parametrize(
    ("keywords", "n_updates"),
    [
        ({}, 900),
        ({"gradient_steps": 20}, 18_000),
        ({"train_freq": 8, "gradient_steps": 2}, 225),
        ({"train_freq": 64, "gradient_steps": -1}, 900),
        ({"train_freq": (1, "episode"), "gradient_steps": -1}, 900),
        ({"train_freq": (2, "episode"), "gradient_steps": 5}, 225),
        ({"gradient_steps": 0}, 0),
    ],
)
def test_update_to_data_ratio_is_that_of_the_keywords(keywords, n_updates):
    rate = UpdateRate.of(agent(**keywords))
    for first in range(0, 1000, 50):
        rate.count(rows(50, first))
    assert rate.requested == n_updates


def test_nothing_is_due_before_learning_starts():
    rate = UpdateRate.of(agent())
    rate.count(rows(100))
    assert rate.requested == 0
    rate.count(rows(1, first=100))
    assert rate.requested == 1


def test_rate_goes_on_from_its_state():
    keywords = {"train_freq": (2, "episode"), "gradient_steps": 5}
    whole, first, second = (UpdateRate.of(agent(**keywords)) for _ in range(3))
    whole.count(rows(345))
    first.count(rows(155))
    second.restore(first.state())
    second.count(rows(190, first=155))
    assert second.requested == whole.requested > 0


def test_first_block_is_one_update_and_later_ones_are_short():
    length = BlockLength()
    assert length.choose(1000) == 1
    length.measured(1, 0.003)
    assert length.choose(1000) == 6 and length.choose(4.9) == 4 and length.choose(0.9) == 0


def test_slow_update_is_done_alone_and_fast_ones_are_joined_again_later():
    length = BlockLength()
    length.measured(1, 0.001)
    length.measured(10, 0.5)
    assert length.choose(1000) == 1
    for _ in range(60):
        length.measured(1, 0.001)
    assert length.choose(1000) > 10


def test_updates_that_count_within_a_call_are_not_torn_apart():
    length = BlockLength.of(agent(gradient_steps=4, target_update_interval=2))
    assert length.choose(3) == 0 and length.choose(1000) == 4
    length.measured(4, 0.004)
    assert length.choose(1000) == 20 and length.choose(11) == 8


def test_delayed_policy_is_counted_over_all_calls():
    plain = TD3("MlpPolicy", SpacesVecEnv(BOX, BOX), policy_delay=2, buffer_size=1)
    assert BlockLength.of(plain).unit == 1
