"""Policies of SBX in a graph, against SBX's own predict; skipped where SBX is not installed."""

import copy
import types

import numpy as np
import pytest
from gymnasium import spaces
from stable_baselines3.common.vec_env import VecTransposeImage

from rl_zoo.deploy.graph.builder import GraphBuilder
from rl_zoo.deploy.graph.flax_networks import add_flax_network
from rl_zoo.errors import ConfigError
from tests.deploy.graph_play import normalized, play, vec_env

BOX = spaces.Box(np.float32([-2.0, -2.0]), np.float32([1.0, 3.0]))
VECTOR = spaces.Box(-3.0, 5.0, (4,), np.float32)
IMAGE = spaces.Box(0, 255, (36, 38, 3), np.uint8)
PARTS = spaces.Dict(joints=VECTOR, body=spaces.Box(-1.0, 1.0, (2,), np.float64))
SMALL = {"net_arch": [16, 16]}
OFF_POLICY = {"buffer_size": 50, "learning_starts": 1}
ON_POLICY = {"n_steps": 8, "batch_size": 8}


def randomized(state):
    """Return the training state with other parameters and running statistics."""
    import jax

    generator = np.random.default_rng(0)

    def moved(array):
        return array + (0.1 * generator.normal(size=np.shape(array))).astype(np.float32)

    state = state.replace(params=jax.tree_util.tree_map(moved, state.params))
    if hasattr(state, "batch_stats"):  # variances stay positive
        larger = jax.tree_util.tree_map(
            lambda array: array + abs(moved(0.0 * array)), state.batch_stats
        )
        state = state.replace(batch_stats=larger)
    return state


def agent_of(name, policy, env, **kwargs):
    sbx = pytest.importorskip("sbx")
    agent = getattr(sbx, name)(policy, env, seed=0, **copy.deepcopy(kwargs))
    state = "qf_state" if name == "DQN" else "actor_state"
    setattr(agent.policy, state, randomized(getattr(agent.policy, state)))
    return agent


@pytest.mark.parametrize(
    ("name", "policy", "policy_kwargs"),
    [
        ("SAC", "MlpPolicy", SMALL),
        ("SAC", "MlpPolicy", {**SMALL, "dropout_rate": 0.01, "layer_norm": True}),  # DroQ
        ("SAC", "SimbaPolicy", {"net_arch": {"pi": [16], "qf": [16, 16]}}),
        ("TQC", "SimbaPolicy", SMALL),
        ("TD3", "MlpPolicy", SMALL),
        ("DDPG", "MlpPolicy", SMALL),
        ("CrossQ", "MlpPolicy", {"net_arch": {"pi": [16, 16], "qf": [32]}}),
        ("CrossQ", "SimbaPolicy", {"net_arch": {"pi": [16], "qf": [32]}}),
    ],
    ids=["SAC", "DroQ", "SimBa", "TQC SimBa", "TD3", "DDPG", "CrossQ", "CrossQ SimBa"],
)
def test_off_policy_agents_act_as_their_graph(name, policy, policy_kwargs):
    env = vec_env(VECTOR, BOX, normalized)
    comparison = play(agent_of(name, policy, env, policy_kwargs=policy_kwargs, **OFF_POLICY))
    assert comparison.error < 2e-6
    assert len(np.unique(comparison.found, axis=0)) > 1


@pytest.mark.parametrize(
    "action_space",
    [BOX, spaces.Discrete(3), spaces.MultiDiscrete([3, 2]), spaces.MultiBinary(3)],
    ids=lambda space: type(space).__name__,
)
def test_ppo_with_every_kind_of_action(action_space):
    comparison = play(agent_of("PPO", "MlpPolicy", vec_env(VECTOR, action_space), **ON_POLICY))
    assert comparison.error < 2e-6


def test_dqn():
    env = vec_env(VECTOR, spaces.Discrete(4))
    assert play(agent_of("DQN", "MlpPolicy", env, policy_kwargs=SMALL, **OFF_POLICY)).error == 0


@pytest.mark.parametrize("name", ["PPO", "DQN"])
def test_images(name):
    space = spaces.Discrete(4) if name == "DQN" else BOX
    env = vec_env(IMAGE, space, VecTransposeImage)
    kwargs = OFF_POLICY if name == "DQN" else ON_POLICY
    agent = agent_of(name, "CnnPolicy", env, **kwargs)
    assert play(agent, 15).error < 5e-6


def test_dicts_are_joined():
    env = vec_env(PARTS, BOX)
    agent = agent_of("SAC", "MultiInputPolicy", env, policy_kwargs=SMALL, **OFF_POLICY)
    assert play(agent).error < 2e-6


@pytest.mark.parametrize("name", ["tanh", "gelu", "elu", "silu", "leaky_relu"])
def test_activation_functions(name):
    pytest.importorskip("sbx")
    import flax.linen

    function = getattr(flax.linen, name)
    env = vec_env(VECTOR, BOX)
    kwargs = {**SMALL, "activation_fn": function}
    assert play(agent_of("TD3", "MlpPolicy", env, policy_kwargs=kwargs, **OFF_POLICY)).error < 2e-6


def test_an_unknown_activation_function_is_named():
    env = vec_env(VECTOR, BOX)
    kwargs = {**SMALL, "activation_fn": lambda x: 2 * x}
    agent = agent_of("TD3", "MlpPolicy", env, policy_kwargs=kwargs, **OFF_POLICY)
    with pytest.raises(ConfigError, match=r"<lambda> of an SBX policy is none of these"):
        play(agent)


def test_an_unknown_network_is_named():
    network = types.SimpleNamespace(net_arch=[4])
    builder = GraphBuilder()
    with pytest.raises(ConfigError, match=r"types.SimpleNamespace: to export it, add an entry"):
        add_flax_network(builder, network, {"params": {}}, builder.input("x", (3,), "float32"))
