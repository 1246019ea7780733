"""The baseline that stands still."""

import numpy as np

from rl_zoo.tasks.standing import StandingPolicy


def test_standing_is_the_zero_action_per_environment():
    policy = StandingPolicy(8)
    one, state = policy.predict(np.ones(39))
    many, _ = policy.predict(np.ones((3, 39)))
    assert one.shape == (8,)
    assert many.shape == (3, 8)
    assert many.dtype == np.float32
    assert not one.any()
    assert not many.any()
    assert state is None
