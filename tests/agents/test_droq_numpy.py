"""DroQ's updates in numpy against its updates in PyTorch: same minibatch, same noise."""

import gymnasium as gym
import numpy as np
import pytest
import torch

from rl_zoo.agents.droq import DroQ

N_UPDATES = 50


class Noise(gym.Env):
    """Observations and rewards without meaning."""

    observation_space = gym.spaces.Box(-1, 1, (7,), np.float32)
    action_space = gym.spaces.Box(-1, 1, (3,), np.float32)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return self.observe(), {}

    def step(self, action):
        terminated = bool(self.np_random.random() < 0.1)
        return self.observe(), float(self.np_random.normal()), terminated, False, {}

    def observe(self):
        return self.np_random.uniform(-1, 1, 7).astype(np.float32)


def make_agent(fast, **kwargs):
    policy_kwargs = {"net_arch": [16, 16], **kwargs.pop("policy_kwargs", {})}
    settings = {"learning_rate": 1e-3, "learning_starts": 150, "batch_size": 32, "seed": 0}
    settings |= {"ent_coef": "auto_0.1", "gradient_steps": 1, "policy_delay": 2}
    agent = DroQ("MlpPolicy", Noise(), policy_kwargs=policy_kwargs, device="cpu",
                 **{**settings, **kwargs})  # fmt: skip
    agent.fast_updates = fast
    agent.learn(150)
    return agent


def state_of(agent):
    tensors = dict(agent.policy.state_dict())
    for name in ("actor", "critic"):
        optimizer = getattr(agent, name).optimizer
        for index, state in optimizer.state_dict()["state"].items():
            tensors |= {f"{name}.{index}.{key}": value for key, value in state.items()}
    if agent.log_ent_coef is not None:
        tensors["log_ent_coef"] = agent.log_ent_coef.detach()
    return tensors


@pytest.mark.parametrize(
    "kwargs",
    [
        {},
        {"policy_kwargs": {"dropout_rate": 0.1}},
        {"policy_kwargs": {"dropout_rate": 0.0, "layer_norm": False}},
        {"policy_kwargs": {"net_arch": {"pi": [8], "qf": [16, 8, 8]}, "n_critics": 3}},
        {"ent_coef": 0.05, "gamma": 0.9, "tau": 0.3},
        {"n_steps": 3, "target_entropy": -1.0},
        {"policy_kwargs": {"log_std_init": 3.0}},
    ],
)
def test_same_weights_and_moments_as_in_pytorch(kwargs):
    agents = [make_agent(fast, **kwargs) for fast in (False, True)]
    for agent in agents:
        torch.manual_seed(1)
        np.random.seed(1)
        for _ in range(N_UPDATES):
            agent.train(1, 32)
    assert agents[0]._numpy_updates is None
    assert agents[1]._numpy_updates is not None
    expected, actual = map(state_of, agents)
    assert expected.keys() == actual.keys()
    for name, tensor in expected.items():
        torch.testing.assert_close(actual[name], tensor, atol=1e-5, rtol=1e-4, msg=name)
    assert not torch.equal(expected["actor.mu.weight"], make_agent(False).actor.mu.weight)


def test_loaded_weights_are_updated_in_place_of_the_old_ones(tmp_path):
    agent = make_agent(True)
    agent.train(4, 32)
    agent.save(tmp_path / "agent.zip")
    torch.manual_seed(3)
    np.random.seed(3)
    agent.train(6, 32)
    after = {name: tensor.clone() for name, tensor in state_of(agent).items()}
    agent.set_parameters(str(tmp_path / "agent.zip"))
    with torch.no_grad():
        agent.log_ent_coef.copy_(DroQ.load(tmp_path / "agent.zip").log_ent_coef)
    agent._n_updates -= 6
    torch.manual_seed(3)
    np.random.seed(3)
    agent.train(6, 32)
    for name, tensor in state_of(agent).items():
        torch.testing.assert_close(tensor, after[name], atol=1e-6, rtol=1e-5, msg=name)
    loaded = DroQ.load(tmp_path / "agent.zip")
    observation = np.zeros(7, dtype=np.float32)
    assert loaded.predict(observation, deterministic=True)[0].shape == (3,)


def test_what_numpy_does_not_cover_is_left_to_pytorch():
    for kwargs in (
        {"use_sde": True},
        {"policy_kwargs": {"activation_fn": torch.nn.Tanh}},
        {"policy_kwargs": {"optimizer_kwargs": {"weight_decay": 0.1}}},
    ):
        agent = make_agent(True, **kwargs)
        agent.train(2, 32)
        assert agent._numpy_updates is None
