"""DroQ against a second implementation: networks, losses, update rhythm; and from the command."""

import copy
import math

import gymnasium as gym
import numpy as np
import pytest
import torch
from stable_baselines3.common.logger import configure
from stable_baselines3.common.save_util import load_from_zip_file
from stable_baselines3.common.type_aliases import ReplayBufferSamples
from torch import nn

import tests.probe_envs  # noqa: F401
from rl_zoo.agents.droq import DroQ
from rl_zoo.agents.weights import has_finite_weights
from tests.agents.droq_reference import Reference

GAMMA, TAU, RATE, DELAY, ENTROPY = 0.9, 0.05, 1e-3, 3, 0.3
N_ROWS = 16
BOTH = pytest.mark.parametrize("fast", [True, False], ids=["numpy", "torch"])


class Batches:
    """Stands for a replay buffer: the same random minibatches whenever it is made."""

    def __init__(self, discounted=False):
        self.generator = torch.Generator().manual_seed(3)
        self.discounted = discounted

    def sample(self, batch_size, env=None):
        def draw(n_columns):
            return torch.rand(batch_size, n_columns, generator=self.generator) * 2 - 1

        dones = (draw(1) > 0.6).float()
        discounts = GAMMA ** (2 + draw(1).sign()) if self.discounted else None
        return ReplayBufferSamples(draw(2), draw(1), draw(2), dones, 5 * draw(1), discounts)


def make(env="Tiny-v0", policy="MlpPolicy", **changes):
    network = {"net_arch": [8, 8], "dropout_rate": 0.3, **changes.pop("policy_kwargs", {})}
    keywords = {
        "learning_rate": RATE,
        "buffer_size": 1000,
        "learning_starts": 20,
        "batch_size": N_ROWS,
        "gamma": GAMMA,
        "tau": TAU,
        "gradient_steps": 2,
        "policy_delay": DELAY,
        "ent_coef": f"auto_{ENTROPY}",
        "seed": 1,
        "device": "cpu",
    }
    env = gym.make(env) if isinstance(env, str) else env
    fast = changes.pop("fast", True)
    agent = DroQ(policy, env, policy_kwargs=network, **{**keywords, **changes})
    agent.fast_updates = fast
    agent.set_logger(configure(None, []))
    return agent


def fed(agent, **kind):
    agent.replay_buffer = Batches(**kind)
    return agent


def copies(module):
    return [value.detach().clone() for value in module.parameters()]


def same(module, before):
    return all(torch.equal(a, b) for a, b in zip(module.parameters(), before, strict=True))


# Networks


@pytest.mark.parametrize(
    ("kwargs", "hidden"),
    [
        ({}, [nn.Linear, nn.Dropout, nn.LayerNorm, nn.ReLU]),
        ({"dropout_rate": 0}, [nn.Linear, nn.LayerNorm, nn.ReLU]),
        ({"layer_norm": False, "activation_fn": nn.Tanh}, [nn.Linear, nn.Dropout, nn.Tanh]),
    ],
)
def test_layers_of_a_critic(kwargs, hidden):
    net_arch = {"pi": [5], "qf": [8, 6]}
    policy = make(policy_kwargs={**kwargs, "net_arch": net_arch, "n_critics": 3}).policy
    for critic in (policy.critic, policy.critic_target):
        assert [name for name, _ in critic.named_children()][-3:] == ["qf0", "qf1", "qf2"]
        assert list(critic.q_networks) == [critic.qf0, critic.qf1, critic.qf2]
        for network in critic.q_networks:
            assert [type(layer) for layer in network] == [*hidden, *hidden, nn.Linear]
            sizes = [layer.weight.shape for layer in network if isinstance(layer, nn.Linear)]
            assert sizes == [(8, 3), (6, 8), (1, 6)]
    assert not [layer for layer in policy.actor.modules() if isinstance(layer, nn.LayerNorm)]
    optimized = [
        value for group in policy.critic.optimizer.param_groups for value in group["params"]
    ]
    assert {map_id(value) for value in optimized} == {map_id(v) for v in policy.critic.parameters()}


def map_id(value):
    return value.data_ptr()


def test_critics_start_different_and_targets_start_equal():
    critic, target = make().critic, make().critic_target
    assert not torch.equal(critic.qf0[0].weight, critic.qf1[0].weight)
    for one, other in zip(critic.parameters(), target.parameters(), strict=True):
        assert torch.equal(one, other)


def test_values_are_those_computed_by_hand():
    agent = make(policy_kwargs={"layer_norm": True})
    for layer in agent.critic.modules():
        if isinstance(layer, nn.LayerNorm):  # at first weight 1 and bias 0
            nn.init.normal_(layer.weight)
            nn.init.normal_(layer.bias)
    agent.policy.set_training_mode(False)
    rng = np.random.default_rng(0)
    observations, actions = rng.normal(size=(7, 2)), rng.uniform(-1, 1, (7, 1))
    given = [torch.tensor(array, dtype=torch.float32) for array in (observations, actions)]
    for network, found in zip(agent.critic.q_networks, agent.critic(*given), strict=True):
        hidden = np.hstack([observations, actions])
        for linear, norm in ((network[0], network[2]), (network[4], network[6])):
            hidden = hidden @ linear.weight.detach().numpy().T + linear.bias.detach().numpy()
            deviation = np.sqrt(hidden.var(axis=1, keepdims=True) + 1e-5)
            hidden = (hidden - hidden.mean(axis=1, keepdims=True)) / deviation
            hidden = hidden * norm.weight.detach().numpy() + norm.bias.detach().numpy()
            hidden = np.maximum(hidden, 0)
        expected = hidden @ network[8].weight.detach().numpy().T + network[8].bias.item()
        np.testing.assert_allclose(found.detach().numpy(), expected, rtol=1e-4, atol=1e-5)


# Updates


@BOTH
def test_the_critics_learn_every_time_and_the_actor_every_third(fast):
    agent = fed(make(fast=fast))
    actor, critic, coefficient = (
        copies(agent.actor),
        copies(agent.critic),
        agent.log_ent_coef.item(),
    )
    agent.train(2, N_ROWS)
    assert agent._n_updates == 2
    assert same(agent.actor, actor)
    assert agent.log_ent_coef.item() == coefficient == pytest.approx(math.log(ENTROPY))
    assert not same(agent.critic, critic)
    agent.train(1, N_ROWS)
    assert not same(agent.actor, actor)
    assert agent.log_ent_coef.item() != coefficient
    agent.train(7, N_ROWS)
    steps = [
        {int(state["step"]) for state in optimizer.state.values()}
        for optimizer in (
            agent.critic.optimizer,
            agent.actor.optimizer,
            agent.ent_coef_optimizer,
        )
    ]
    assert agent._n_updates == 10
    assert steps == [{10}, {3}, {3}]


@pytest.mark.parametrize(("gradient_steps", "n_updates"), [(5, 50), (-1, 10)])
def test_updates_per_step(gradient_steps, n_updates):
    agent = make(gradient_steps=gradient_steps).learn(30)
    assert agent._n_updates == n_updates, "10 steps after the first 20"


@BOTH
@pytest.mark.parametrize(
    ("dropout", "discounted", "n_critics"), [(0, False, 2), (0.3, False, 2), (0.1, True, 3)]
)
def test_fifty_updates_agree_with_a_second_implementation(dropout, discounted, n_critics, fast):
    difference = after_fifty_updates(fast, dropout, discounted, n_critics)
    assert difference < 1e-5


@BOTH
def test_the_comparison_would_notice_another_loss_of_the_actor(fast):
    """SAC's actor climbs the smallest of the critics."""
    assert after_fifty_updates(fast, reduce=smallest) > 1e-3


def mean(values):
    return values.mean(dim=1, keepdim=True)


def smallest(values):
    return values.amin(dim=1, keepdim=True)


def after_fifty_updates(fast, dropout=0, discounted=False, n_critics=2, reduce=mean):
    """Return the largest difference of a weight (of actor, critics or targets) and of alpha."""
    kwargs = {"dropout_rate": dropout, "n_critics": n_critics}
    agent = fed(make(policy_kwargs=kwargs, fast=fast), discounted=discounted)
    reference = Reference(
        agent.policy.state_dict(),
        dropout,
        n_critics=n_critics,
        gamma=GAMMA,
        tau=TAU,
        rate=RATE,
        delay=DELAY,
        entropy=ENTROPY,
        target=-1.0,
        reduce=reduce,
    )
    torch.manual_seed(5)
    agent.train(20, N_ROWS)
    agent.train(30, N_ROWS)
    torch.manual_seed(5)
    batches = Batches(discounted)
    for _ in range(50):
        reference.update(batches.sample(N_ROWS))
    differences = [
        (value - reference.weights[name]).abs().max().item()
        for name, value in agent.policy.state_dict().items()
    ]
    return max(*differences, (agent.log_ent_coef - reference.log_entropy).abs().item())


@BOTH
def test_a_fixed_entropy_coefficient_stays(fast):
    agent = fed(make(ent_coef=0.2, fast=fast))
    agent.train(6, N_ROWS)
    assert agent.ent_coef_tensor.item() == pytest.approx(0.2)
    assert agent.ent_coef_optimizer is None


def test_dropout_acts_in_all_critics_while_learning_and_in_nothing_else():
    agent = fed(make(policy_kwargs={"dropout_rate": 0.5}, fast=False))
    seen = []

    def watch(layer, inputs, output):
        seen.append(bool(((output == 0) & (inputs[0] != 0)).any()))

    dropouts = {
        name: [layer for layer in critic.modules() if isinstance(layer, nn.Dropout)]
        for name, critic in (("critic", agent.critic), ("target", agent.critic_target))
    }
    for layers in dropouts.values():
        assert len(layers) == 4
        for layer in layers:
            layer.register_forward_hook(watch)
    agent.train(1, N_ROWS)
    assert seen == [True] * 8, "two critics and their targets, two layers each"
    agent.predict(np.zeros(2, np.float32))
    seen.clear()
    given = torch.zeros(4, 2), torch.zeros(4, 1)
    first, second = (agent.critic(*given)[0] for _ in range(2))
    assert torch.equal(first, second)
    assert seen == [False] * 8
    agent.train(1, N_ROWS)
    assert seen[8:] == [True] * 8, "learning goes on after acting"


@BOTH
def test_targets_follow_the_critics_slowly(fast):
    agent = fed(make(fast=fast))
    before = copies(agent.critic_target)
    agent.train(1, N_ROWS)
    critic, target = copies(agent.critic), copies(agent.critic_target)
    for old, value, new in zip(before, critic, target, strict=True):
        torch.testing.assert_close(new, (1 - TAU) * old + TAU * value)


# Uses


@BOTH
def test_a_saved_agent_is_the_same_agent(fast, tmp_path):
    agent = make(policy_delay=2, policy_kwargs={"dropout_rate": 0.2}, fast=fast).learn(40)
    agent.save(tmp_path / "agent.zip")
    agent.policy.save(tmp_path / "policy.zip")
    loaded = DroQ.load(tmp_path / "agent.zip", device="cpu")
    assert loaded.policy_delay == 2
    assert (loaded.policy.dropout_rate, loaded.policy.layer_norm) == (0.2, True)
    observations = np.random.default_rng(0).normal(size=(5, 2)).astype(np.float32)
    expected = agent.predict(observations, deterministic=True)[0]
    assert np.array_equal(loaded.predict(observations, deterministic=True)[0], expected)
    alone = type(agent.policy).load(tmp_path / "policy.zip", device="cpu")
    assert alone.dropout_rate == 0.2
    assert np.array_equal(alone.predict(observations, deterministic=True)[0], expected)
    loaded.set_logger(configure(None, []))
    for one in (fed(agent), fed(loaded)):
        torch.manual_seed(0)
        one.train(4, N_ROWS)
    assert same(loaded.policy, copies(agent.policy))
    assert loaded._n_updates == agent._n_updates == 44


@pytest.mark.parametrize("shared", [False, True])
def test_dictionaries_are_observed(shared):
    kwargs = {"share_features_extractor": shared}
    agent = make("TinyDict-v0", "MultiInputPolicy", policy_kwargs=kwargs)
    before = copies(agent.critic)
    agent.learn(40)
    assert agent.critic.qf0[0].in_features == 5, "four numbers of two parts, and the action"
    assert not same(agent.critic, before)
    assert has_finite_weights(agent)


class ShownEnv(gym.Env):
    """Random observations of any space."""

    def __init__(self, space):
        self.action_space = gym.spaces.Box(-1, 1, (1,), np.float32)
        self.observation_space = copy.deepcopy(space)
        self.observation_space.seed(0)

    def reset(self, *, seed=None, options=None):
        return self.observation_space.sample(), {}

    def step(self, action):
        return self.observation_space.sample(), float(action[0]), False, False, {}


SPACES = {
    "double": gym.spaces.Box(-1, 1, (3,), np.float64),
    "integers": gym.spaces.Box(0, 9, (3,), np.int64),
    "matrix": gym.spaces.Box(-1, 1, (2, 3), np.float32),
    "image": gym.spaces.Box(0, 255, (3, 4, 4), np.uint8),
    "one of four": gym.spaces.Discrete(4),
    "two choices": gym.spaces.MultiDiscrete([3, 2]),
    "switches": gym.spaces.MultiBinary(3),
}


@pytest.mark.parametrize("name", SPACES)
def test_every_observation_means_the_same_to_both_implementations(name):
    agents = [make(ShownEnv(SPACES[name]), fast=fast) for fast in (False, True)]
    for agent in agents:
        torch.manual_seed(2)
        np.random.seed(2)
        agent.learn(40)
    for one, other in zip(*(copies(agent.policy) for agent in agents), strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)


@BOTH
def test_returns_of_several_steps(fast):
    agent = make(n_steps=3, fast=fast).learn(40)
    batch = agent.replay_buffer.sample(N_ROWS)
    assert batch.discounts.min().item() == pytest.approx(GAMMA**3)
    assert has_finite_weights(agent)


@pytest.mark.parametrize("n_envs", [1, 2])
def test_state_dependent_exploration(n_envs, train_run):
    params = ["use_sde:True", "sde_sample_freq:4", "use_sde_at_warmup:True", "train_freq:8"]
    run = train_run("droq", "Tiny-v0", "-n", 96, params=[*params, f"n_envs:{n_envs}"])
    _, parameters, _ = load_from_zip_file(run.final_model, device="cpu")
    log_std = parameters["policy"]["actor.log_std"]
    assert log_std.shape == (8, 1)
    assert torch.isfinite(log_std).all()
    assert not torch.equal(log_std, torch.full_like(log_std, -3.0)), "it is learned"


@pytest.mark.parametrize(
    ("param", "sentence"),
    [
        ("policy_delay:0", "policy_delay: must be at least 1, not 0"),
        ("policy_delay:1.5", "policy_delay: must be a whole number, not 1.5"),
        ("policy_kwargs.dropout_rate:1", "policy_kwargs.dropout_rate: must be in [0, 0.99], not 1"),
        ("policy_kwargs.dropout_rate:-0.1", "policy_kwargs.dropout_rate: must be in [0, 0.99]"),
        (
            "policy_kwargs.layer_norm:maybe",
            "policy_kwargs.layer_norm: must be true or false, not 'maybe'",
        ),
        ("policy_kwargs.drop_rate:0.1", "did you mean 'dropout_rate'?"),
        ("target_update_interval:2", "droq has no hyperparameter 'target_update_interval'"),
        ("policy:CnnPolicy", "droq has no policy 'CnnPolicy'; did you mean 'MlpPolicy'?"),
    ],
)
def test_a_bad_value_gets_one_sentence(param, sentence, train, arguments, tmp_path):
    code, out, err = train(*arguments("droq", params=[param]))
    assert code == 2
    (line,) = [line for line in (out + err).splitlines() if line.strip()]
    assert sentence in line
    assert not (tmp_path / "logs").exists()


def test_bad_values_are_refused_in_python_too():
    with pytest.raises(ValueError, match="policy_delay must be at least 1, not 0"):
        make(policy_delay=0)
    for rate in (1.0, -0.1):
        with pytest.raises(ValueError, match=rf"dropout_rate must be in \[0, 1\), not {rate}"):
            make(policy_kwargs={"dropout_rate": rate})
