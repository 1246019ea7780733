"""Image modules and features extractors in a graph, against PyTorch and SB3."""

import numpy as np
import pytest
import torch
from gymnasium import spaces
from sb3_contrib import QRDQN, TQC
from stable_baselines3 import A2C, DQN, PPO, SAC, TD3
from stable_baselines3.common.vec_env import VecTransposeImage
from torch import nn

from rl_zoo.deploy.graph.builder import GraphBuilder
from rl_zoo.deploy.graph.modules import add_module
from rl_zoo.deploy.network import Network, open_session
from rl_zoo.errors import ConfigError
from tests.deploy.graph_play import built_of, normalized, play, shake, vec_env

BOX = spaces.Box(np.float32([-2.0, -2.0]), np.float32([1.0, 3.0]))
IMAGE = spaces.Box(0, 255, (3, 36, 38), np.uint8)
LAST = spaces.Box(0, 255, (36, 38, 3), np.uint8)
PARTS = spaces.Dict(
    camera=IMAGE,
    joints=spaces.Box(-3.0, 5.0, (4,), np.float32),
    mode=spaces.Discrete(3),
    switches=spaces.MultiBinary(4),
    gears=spaces.MultiDiscrete([2, 5]),
)
OFF_POLICY = {"buffer_size": 50, "learning_starts": 1}


def graph_of(module, value):
    """Return what the graph of ``module`` makes of ``value``."""
    builder = GraphBuilder()
    builder.set_output(add_module(builder, module, builder.input("image", value.shape, "float32")))
    built = builder.build()
    network = Network(open_session(built.model.SerializeToString(), "graph"), built.layout, "graph")
    return network.run({"image": value})


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel:UserWarning")
@pytest.mark.parametrize(
    "module",
    [
        nn.Conv2d(3, 4, 3),
        nn.Conv2d(3, 4, (3, 5), stride=(2, 1), padding=(1, 2), bias=False),
        nn.Conv2d(3, 6, 3, dilation=(1, 2), groups=3),
        nn.Conv2d(3, 4, 4, padding="same"),
        nn.Conv2d(3, 4, 4, padding="valid"),
        nn.MaxPool2d(2),
        nn.MaxPool2d((3, 2), stride=(1, 2), padding=1),
        nn.MaxPool2d(3, dilation=2),
        nn.Sequential(nn.Conv2d(3, 4, 3), nn.ELU(), nn.MaxPool2d(2), nn.Flatten(), nn.Tanh()),
        nn.Sequential(nn.Conv2d(3, 8, 5), nn.PReLU(8)),  # as many columns as channels
    ],
    ids=lambda module: str(module).split("\n")[0],
)
def test_image_modules_compute_what_pytorch_computes(module):
    image = np.random.default_rng(0).normal(size=(3, 11, 12)).astype(np.float32)
    shake(module)
    with torch.no_grad():
        expected = module(torch.as_tensor(image)[None])[0].numpy()
    np.testing.assert_allclose(graph_of(module, image), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("module", "shape", "sentence"),
    [
        (
            nn.Conv2d(3, 4, 3, padding=1, padding_mode="reflect"),
            (3, 9, 9),
            "padding_mode 'reflect'",
        ),
        (nn.MaxPool2d(2, ceil_mode=True), (3, 9, 9), "ceil_mode"),
        (nn.Conv2d(3, 4, 3), (9,), r"not for \(9,\)"),
    ],
)
def test_what_has_no_graph_is_named(module, shape, sentence):
    with pytest.raises(ConfigError, match=sentence):
        graph_of(module, np.zeros(shape, np.float32))


@pytest.mark.parametrize(
    ("algorithm", "kwargs", "action_space"),
    [
        (PPO, {"n_steps": 8, "batch_size": 8}, BOX),
        (A2C, {"n_steps": 8}, spaces.MultiDiscrete([3, 2])),
        (SAC, OFF_POLICY, BOX),
        (TD3, OFF_POLICY, BOX),
        (TQC, OFF_POLICY, BOX),
        (DQN, OFF_POLICY, spaces.Discrete(4)),
        (QRDQN, OFF_POLICY, spaces.Discrete(4)),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
@pytest.mark.parametrize("policy", ["CnnPolicy", "MultiInputPolicy"])
def test_policies_for_images_and_dicts_act_as_their_graph(policy, algorithm, kwargs, action_space):
    is_dict = policy == "MultiInputPolicy"
    size = {"cnn_output_dim": 8} if is_dict else {"features_dim": 8}
    agent = algorithm(
        policy,
        vec_env(PARTS if is_dict else IMAGE, action_space),
        seed=0,
        device="cpu",
        policy_kwargs={"features_extractor_kwargs": size, "net_arch": [16]},
        **kwargs,
    )
    shake(agent.policy)
    comparison = play(agent, 25)
    assert comparison.error < 5e-6
    assert len(np.unique(comparison.found, axis=0)) > 1


def test_separate_features_extractors_use_the_actors():
    agent = PPO(
        "CnnPolicy",
        vec_env(IMAGE, BOX),
        n_steps=8,
        batch_size=8,
        device="cpu",
        policy_kwargs={
            "share_features_extractor": False,
            "features_extractor_kwargs": {"features_dim": 8},
        },
    )
    shake(agent.policy)
    assert play(agent, 15).error < 5e-6


def test_normalised_images_are_not_divided_again():
    env = vec_env(LAST, BOX, VecTransposeImage, normalized)
    kwargs = {"normalized_image": True, "features_dim": 8}
    agent = PPO(
        "CnnPolicy",
        env,
        n_steps=8,
        batch_size=8,
        device="cpu",
        policy_kwargs={"normalize_images": False, "features_extractor_kwargs": kwargs},
    )
    shake(agent.policy)
    built = built_of(agent)
    assert built.layout.inputs[0].shape == LAST.shape
    assert play(agent, 15, built).error < 5e-6


def test_images_that_the_policy_does_not_divide_stay_as_they_are():
    kwargs = {"normalize_images": False, "net_arch": [8]}
    env = vec_env(spaces.Box(0, 255, (3, 36, 36), np.uint8), BOX)
    agent = PPO("MlpPolicy", env, policy_kwargs=kwargs, device="cpu", seed=0)
    with torch.no_grad():  # small enough for actions inside of their bounds
        agent.policy.action_net.weight.mul_(0.1)
    assert play(agent, n_steps=20).error < 1e-4
