"""The native learner reads the records of a ring in place, as it reads SB3's own buffer."""

import numpy as np
import pytest
import torch
from stable_baselines3 import SAC

from rl_zoo.agents.native.backend import enable_native
from rl_zoo.errors import NonFiniteError
from tests.agents.native.native_agents import largest_difference, make_agent, seed_all, state_of

N_ROWS = 300


class Records:
    """Transitions as fields of records, sampled as SB3 samples its buffer of 300 steps."""

    def __init__(self, plain):
        def field(name):
            return (name, np.float32, getattr(plain, name).shape[2:])

        names = ["observations", "actions", "rewards", "dones", "next_observations"]
        rows = np.zeros(N_ROWS, dtype=[("head", np.uint32), *map(field, names)])[:, None]
        for name in names:
            rows[name] = getattr(plain, name)[:N_ROWS]
            setattr(self, name, rows[name])
        self.dones[:] *= 1 - plain.timeouts[:N_ROWS]
        self.timeouts = np.broadcast_to(np.float32(0.0), self.dones.shape)

    def choose_rows(self, batch_size):
        return np.random.randint(0, N_ROWS, size=batch_size)


@pytest.mark.parametrize("normalize", [False, True])
def test_records_give_the_weights_of_a_plain_buffer(normalize):
    states = []
    for in_records in (False, True):
        agent = make_agent(SAC, batch_size=64, normalize=normalize)
        assert enable_native(agent) is None
        if in_records:
            agent.replay_buffer = Records(agent.replay_buffer)
        seed_all()
        for n in (20, 1, 4):
            agent.train(n, 64)
        states.append(state_of(agent))
    assert largest_difference(*states)[0] == 0.0


def test_another_buffer_is_read_from_its_own_memory():
    agent, other = (make_agent(SAC, batch_size=64) for _ in range(2))
    for one in (agent, other):
        assert enable_native(one) is None
        seed_all()
        one.train(1, 64)
    other.replay_buffer = make_agent(SAC, batch_size=64).replay_buffer
    other.replay_buffer.rewards += 1
    agent.replay_buffer.rewards += 1  # in place
    for one in (agent, other):
        seed_all()
        one.train(1, 64)
    assert largest_difference(state_of(agent), state_of(other))[0] == 0.0


def test_weights_that_are_not_finite_are_reported():
    agent = make_agent(SAC, batch_size=64)
    assert enable_native(agent) is None
    with torch.no_grad():
        agent.critic.qf0[0].weight[0, 0] = float("nan")
    with pytest.raises(NonFiniteError, match="SAC: the loss is not finite after 1 updates"):
        agent.train(1, 64)
