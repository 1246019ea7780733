"""Frame stacks and transposed images in a graph, against SB3's VecEnv wrappers."""

from functools import partial

import numpy as np
import pytest
from gymnasium import spaces
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import VecFrameStack, VecTransposeImage

from rl_zoo.deploy.network import Network, open_session
from tests.deploy.graph_play import EPISODE, built_of, normalized, play, shake, vec_env

BOX = spaces.Box(-2.0, 2.0, (2,), np.float32)
VECTOR = spaces.Box(-3.0, 5.0, (4,), np.float32)
MATRIX = spaces.Box(-3.0, 5.0, (3, 2), np.float64)
IMAGE = spaces.Box(0, 255, (36, 40, 1), np.uint8)
IMAGE_ERROR = 5e-6
"""Convolutions add up hundreds of numbers in an order of their own."""


def agent_of(policy, env):
    kwargs = {"features_extractor_kwargs": {"features_dim": 8}} if policy == "CnnPolicy" else {}
    agent = PPO(policy, env, n_steps=8, batch_size=8, seed=0, device="cpu", policy_kwargs=kwargs)
    shake(agent.policy)
    return agent


@pytest.mark.parametrize("space", [VECTOR, MATRIX], ids=["vector", "matrix"])
@pytest.mark.parametrize(
    "layers",
    [
        [partial(VecFrameStack, n_stack=3)],
        [normalized, partial(VecFrameStack, n_stack=4)],
        [partial(VecFrameStack, n_stack=2), normalized],
        [partial(VecFrameStack, n_stack=2), normalized, partial(VecFrameStack, n_stack=3)],
        [partial(VecFrameStack, n_stack=1)],
        [partial(VecFrameStack, n_stack=3, channels_order="first")],
    ],
    ids=["raw", "normalised", "before", "twice", "one", "first axis"],
)
def test_stacked_vectors_give_the_agents_actions_over_episodes(space, layers):
    comparison = play(agent_of("MlpPolicy", vec_env(space, BOX, *layers)))
    assert len(comparison.found) > 3 * EPISODE
    assert comparison.error < 1e-6


def test_past_frames_matter_and_are_forgotten_when_an_episode_starts():
    agent = agent_of("MlpPolicy", vec_env(VECTOR, BOX, partial(VecFrameStack, n_stack=3)))
    built = built_of(agent)
    (state,) = built.layout.states
    assert state.shape == (2 * VECTOR.shape[0],)
    assert state.initial == ()
    network = Network(open_session(built.model.SerializeToString(), "graph"), built.layout, "graph")
    observation = VECTOR.sample()
    network.reset()
    first = network.run(observation).copy()
    assert not np.allclose(network.run(observation), first)
    network.reset()
    np.testing.assert_array_equal(network.run(observation), first)


@pytest.mark.parametrize(
    "layers",
    [
        [VecTransposeImage],
        [partial(VecFrameStack, n_stack=4), VecTransposeImage],
        [VecTransposeImage, partial(VecFrameStack, n_stack=4)],
    ],
    ids=["alone", "stacked", "stacked after"],
)
def test_images_are_transposed_and_stacked(layers):
    agent = agent_of("CnnPolicy", vec_env(IMAGE, BOX, *layers))
    built = built_of(agent)
    (observation,) = built.layout.inputs
    assert (observation.shape, observation.dtype) == (IMAGE.shape, "uint8")
    assert all(state.dtype == "uint8" for state in built.layout.states)
    assert play(agent, 30, built).error < IMAGE_ERROR


def test_images_can_be_left_as_they_are():
    first = spaces.Box(0, 255, (1, 36, 40), np.uint8)
    agent = agent_of("CnnPolicy", vec_env(first, BOX, partial(VecTransposeImage, skip=True)))
    assert play(agent, 20).error < IMAGE_ERROR


def test_every_part_of_a_dict_is_stacked_along_its_own_axis():
    space = spaces.Dict(camera=IMAGE, joints=VECTOR, map=MATRIX)
    stack = partial(
        VecFrameStack, n_stack=3, channels_order={"camera": None, "joints": None, "map": "first"}
    )
    layers = [partial(normalized, norm_obs_keys=["joints", "map"]), stack, VecTransposeImage]
    agent = PPO(
        "MultiInputPolicy",
        vec_env(space, BOX, *layers),
        n_steps=8,
        batch_size=8,
        seed=0,
        device="cpu",
        policy_kwargs={"features_extractor_kwargs": {"cnn_output_dim": 8}},
    )
    shake(agent.policy)
    built = built_of(agent)
    shapes = {state.input: state.shape for state in built.layout.states}
    assert shapes == {"frames_camera": (36, 40, 2), "frames_joints": (8,), "frames_map": (6, 2)}
    assert play(agent, 40, built).error < IMAGE_ERROR
