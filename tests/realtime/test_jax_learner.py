"""With ``--backend jax`` SBX learns from the ring, and the actor needs no JAX."""

import numpy as np
import pytest

pytest.importorskip("sbx")

from rl_zoo.agents.jax.state import collect_state
from rl_zoo.agents.random_state import collect_random_state
from rl_zoo.realtime.actor_policy import ActorPolicy
from rl_zoo.realtime.learner_agent import build_learner_agent, rehearse_update
from rl_zoo.realtime.ring import Ring
from tests.realtime.learner_rig import OBSERVATION, Rig, silent, work_off


@pytest.fixture
def traces():
    """Return a list that grows whenever JAX begins to compile a function of some length."""
    import jax

    found = []

    def listen(event, seconds, **more):
        if event == "/jax/core/compile/jaxpr_trace_duration" and seconds > 0.02:
            found.append(more.get("fun_name", event))

    jax.monitoring.register_event_duration_secs_listener(listen)
    yield found
    jax.monitoring.clear_event_listeners()


@pytest.mark.slow
def test_rehearsal_leaves_no_trace_and_nothing_to_compile(tmp_path, traces):
    rig = Rig(tmp_path, "sac", "jax", policy_delay=2, gradient_steps=6)
    rig.act(200)
    agent = build_learner_agent(rig.options, Ring(rig.folder.ring), "jax")
    agent.set_logger(silent())
    before, random_state = collect_state(agent), str(collect_random_state(agent))
    rehearse_update(agent, rig.options, "jax")
    assert agent._n_updates == 0
    assert str(collect_random_state(agent)) == random_state
    for name, values in collect_state(agent).items():
        np.testing.assert_array_equal(values, before[name], err_msg=name)
    assert traces
    traces.clear()
    agent.replay_buffer.advance()
    for n_updates in (2, 6, 8, 14, 30):
        agent.train(gradient_steps=n_updates, batch_size=agent.batch_size)
    assert not traces
    assert agent._n_updates == 60


@pytest.mark.slow
def test_learner_updates_publishes_and_is_replaced(tmp_path):
    rig = Rig(tmp_path, "tqc", "jax", policy="SimbaPolicy", policy_kwargs={"net_arch": [8]})
    learner = rig.learner()
    rig.act(100)
    work_off(learner)
    agent, part = learner.agent, rig.board.learner
    assert agent._n_updates == part["n_requested"] == 60

    learner.publish()
    actor = ActorPolicy(rig.published.newest(), np.random.default_rng(0))
    for _ in range(10):
        observation = rig.random.normal(3.0, 2.0, OBSERVATION.shape).astype(np.float32)
        normalized = agent.get_vec_normalize_env().normalize_obs(observation)
        expected = agent.policy.scale_action(agent.predict(normalized, deterministic=True)[0])
        found = actor.act(observation, deterministic=True)
        np.testing.assert_allclose(found, expected, rtol=0, atol=5e-6)

    learner.files.save_checkpoint()
    after = rig.learner(restored_step=100)
    expected = collect_state(agent)
    for name, values in collect_state(after.agent).items():
        np.testing.assert_array_equal(values, expected[name], err_msg=name)
    assert after.agent.own_random_state() == agent.own_random_state()
    rig.act(20)
    work_off(after)
    assert after.agent._n_updates == 80
