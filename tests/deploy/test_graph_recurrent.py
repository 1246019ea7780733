"""Recurrent policies in a graph: the memory is a state of it. Against sb3_contrib over episodes."""

from functools import partial

import numpy as np
import pytest
import torch
from gymnasium import spaces
from sb3_contrib import RecurrentPPO
from stable_baselines3.common.vec_env import VecFrameStack, VecTransposeImage

from rl_zoo.deploy.graph.builder import GraphBuilder
from rl_zoo.deploy.graph.lstm import add_lstm
from rl_zoo.deploy.network import Network, open_session
from rl_zoo.errors import ConfigError
from tests.deploy.graph_play import EPISODE, built_of, normalized, play, shake, vec_env

BOX = spaces.Box(np.float32([-2.0, -2.0]), np.float32([1.0, 3.0]))
VECTOR = spaces.Box(-3.0, 5.0, (4,), np.float32)
IMAGE = spaces.Box(0, 255, (36, 38, 3), np.uint8)
PARTS = spaces.Dict(camera=IMAGE, joints=VECTOR, mode=spaces.Discrete(3))
SEPARATE = {"enable_critic_lstm": True}
SHARED = {"shared_lstm": True, "enable_critic_lstm": False}
NONE = {"enable_critic_lstm": False}


def agent_of(env, policy="MlpLstmPolicy", **policy_kwargs):
    policy_kwargs = {"lstm_hidden_size": 12, "net_arch": [8], **policy_kwargs}
    agent = RecurrentPPO(
        policy, env, n_steps=8, batch_size=8, seed=0, device="cpu", policy_kwargs=policy_kwargs
    )
    shake(agent.policy)
    return agent


@pytest.mark.parametrize("critic", [SEPARATE, SHARED, NONE], ids=["separate", "shared", "none"])
@pytest.mark.parametrize("n_layers", [1, 3])
def test_memory_is_that_of_the_agent_over_episodes(critic, n_layers):
    agent = agent_of(vec_env(VECTOR, BOX, normalized), n_lstm_layers=n_layers, **critic)
    built = built_of(agent)
    assert [state.shape for state in built.layout.states] == [(12,)] * (2 * n_layers)
    comparison = play(agent, 5 * EPISODE, built)
    assert comparison.error < 2e-6


@pytest.mark.parametrize(
    "action_space",
    [
        spaces.Discrete(3),
        spaces.MultiDiscrete([3, 2]),
        spaces.MultiBinary(3),
        spaces.Box(-1.0, 1.0, (2, 2), np.float32),
    ],
    ids=lambda space: type(space).__name__,
)
def test_every_kind_of_action(action_space):
    agent = agent_of(vec_env(VECTOR, action_space))
    shake(agent.policy, 0.5)
    comparison = play(agent)
    assert comparison.error < 5e-6
    assert len(np.unique(comparison.found.reshape(len(comparison.found), -1), axis=0)) > 1


@pytest.mark.parametrize("squash_output", [False, True])
def test_state_dependent_exploration(squash_output):
    env = vec_env(VECTOR, BOX)
    agent = RecurrentPPO(
        "MlpLstmPolicy",
        env,
        n_steps=8,
        batch_size=8,
        use_sde=True,
        device="cpu",
        policy_kwargs={"lstm_hidden_size": 12, "squash_output": squash_output},
    )
    shake(agent.policy)
    assert play(agent).error < 2e-6


def test_images_with_memory_and_frames():
    env = vec_env(IMAGE, BOX, partial(VecFrameStack, n_stack=2), VecTransposeImage)
    agent = agent_of(env, "CnnLstmPolicy", features_extractor_kwargs={"features_dim": 8})
    built = built_of(agent)
    assert {state.input for state in built.layout.states} == {
        "frames_observation",
        "lstm_hidden_0",
        "lstm_cell_0",
    }
    assert play(agent, 3 * EPISODE, built).error < 5e-6


def test_dicts_with_memory():
    env = vec_env(PARTS, BOX, partial(normalized, norm_obs_keys=["joints"]), VecTransposeImage)
    agent = agent_of(env, "MultiInputLstmPolicy", features_extractor_kwargs={"cnn_output_dim": 8})
    assert play(agent, 3 * EPISODE).error < 5e-6


def test_without_a_reset_the_memory_goes_on():
    agent = agent_of(vec_env(VECTOR, BOX))
    built = built_of(agent)
    network = Network(open_session(built.model.SerializeToString(), "graph"), built.layout, "graph")
    observation = np.ones(4, np.float32)
    network.reset()
    first = network.run(observation).copy()
    second = network.run(observation).copy()
    assert not np.allclose(first, second, atol=1e-5)
    network.reset()
    np.testing.assert_array_equal(network.run(observation), first)


@pytest.mark.parametrize("bias", [True, False])
def test_an_lstm_computes_what_pytorch_computes(bias):
    torch.manual_seed(1)
    lstm = torch.nn.LSTM(3, 5, num_layers=2, bias=bias)
    builder = GraphBuilder()
    builder.set_output(add_lstm(builder, "m", lstm, builder.input("x", (3,), "float32")))
    built = builder.build()
    network = Network(open_session(built.model.SerializeToString(), "graph"), built.layout, "graph")
    inputs = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    with torch.no_grad():
        outputs, (hidden, cell) = lstm(torch.as_tensor(inputs)[:, None])
    found = [network.run({"x": row}).copy() for row in inputs]
    np.testing.assert_allclose(found, outputs[:, 0].numpy(), rtol=0, atol=1e-6)
    expected = [part[layer].numpy() for layer in range(2) for part in (hidden, cell)]
    for state, wanted in zip(network.states(), expected, strict=True):
        np.testing.assert_allclose(state, wanted, rtol=0, atol=2e-6)


@pytest.mark.parametrize("option", [{"bidirectional": True}, {"proj_size": 2}])
def test_an_lstm_of_another_kind_is_refused(option):
    lstm = torch.nn.LSTM(3, 5, **option)
    builder = GraphBuilder()
    with pytest.raises(ConfigError, match=r"lstm_kwargs: .* cannot be exported"):
        add_lstm(builder, "m", lstm, builder.input("x", (3,), "float32"))


def test_rows_of_a_batch_do_not_mix():
    stack = partial(VecFrameStack, n_stack=2)
    agent = agent_of(
        vec_env(PARTS.spaces["camera"], BOX, stack, VecTransposeImage), "CnnLstmPolicy"
    )
    built = built_of(agent)
    session = open_session(built.model.SerializeToString(), "graph")
    generator = np.random.default_rng(0)
    feed = {"in_observation": generator.integers(0, 256, (3, *IMAGE.shape)).astype(np.uint8)}
    for state in built.layout.states:
        values = generator.integers(0, 9, (3, *state.shape))
        feed[state.input] = values.astype(state.dtype)
    together = session.run(None, feed)
    for row in range(3):
        alone = session.run(None, {key: value[row : row + 1] for key, value in feed.items()})
        for found, expected in zip(alone, together, strict=True):
            np.testing.assert_allclose(found[0], expected[row], rtol=0, atol=1e-5)
