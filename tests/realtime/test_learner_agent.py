"""The learner's agent is that of every other run; trying an update out leaves no trace."""

import numpy as np
import pytest
import torch

from rl_zoo.agents.random_state import collect_random_state
from rl_zoo.realtime.learner_agent import build_learner_agent, rehearse_update
from rl_zoo.realtime.ring import Ring
from rl_zoo.realtime.spaces_env import SpacesVecEnv
from tests.realtime.learner_rig import ACTION, OBSERVATION, Rig, silent


@pytest.mark.parametrize(("algo", "backend"), [("droq", "native"), ("tqc", "sb3")])
def test_rehearsal_leaves_no_trace(tmp_path, algo, backend):
    agents = []
    for name in ("with", "without"):
        rig = Rig(tmp_path / name, algo, backend)
        rig.act(200)
        agent = build_learner_agent(rig.options, Ring(rig.folder.ring), backend)
        agent.set_logger(silent())
        if name == "with":
            before = str(collect_random_state(agent))
            rehearse_update(agent, rig.options, backend)
            assert str(collect_random_state(agent)) == before and agent._n_updates == 0
        agent.replay_buffer.advance()
        agent.train(gradient_steps=5, batch_size=16)
        agents.append(agent)
    left, right = (agent.policy.state_dict() for agent in agents)
    for name, value in left.items():
        assert torch.equal(value, right[name]), name


def test_agent_knows_the_size_of_its_memory_without_having_it(tmp_path):
    rig = Rig(tmp_path)
    agent = build_learner_agent(rig.options, Ring(rig.folder.ring), "sb3")
    assert agent.buffer_size == 5000 == agent.replay_buffer.buffer_size
    assert agent.replay_buffer.ring.path == rig.folder.ring


def test_environment_of_another_process_cannot_be_stepped():
    env = SpacesVecEnv(OBSERVATION, ACTION)
    for use in (env.reset, lambda: env.step(np.zeros((1, 2))), lambda: env.env_method("seed")):
        with pytest.raises(TypeError, match="actor's process"):
            use()
    assert env.get_attr("safe_action_space") == [ACTION] and env.env_is_wrapped(object) == [False]
    assert not env.has_attr("anything")
