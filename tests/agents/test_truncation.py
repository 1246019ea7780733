"""Time limits are not failures: the value after the last step of a truncated episode counts.

The environment Ring shows a one-hot of t mod 4, pays 1 per step and ends after 4. With gamma = 0.98
every state is worth 50 if the end is a truncation, and 3.8816, 2.9404, 1.98, 1 if a termination.
"""

import gymnasium as gym
import numpy as np
import pytest
import torch

from rl_zoo.agents.build import BuildSettings, build_agent
from rl_zoo.config.resolve import ConfigRequest, resolve
from rl_zoo.envs.stack import StackSettings, make_vec_env

GAMMA = 0.98
IF_TERMINATED = [3.8816, 2.9404, 1.98, 1.0]
NETWORK = ["policy_kwargs.net_arch:[32]", f"gamma:{GAMMA}", "policy:MlpPolicy"]
OFF_POLICY = [*NETWORK, "learning_rate:0.001", "batch_size:64", "learning_starts:100"]
OFF_POLICY += ["buffer_size:10000"]
LEARNERS = {
    "ppo": ([*NETWORK, "n_steps:64", "learning_rate:0.01", "n_epochs:10", "gae_lambda:0.9"], 5000),
    "a2c": ([*NETWORK, "learning_rate:0.003"], 20000),
    "sac": ([*OFF_POLICY, "tau:0.1", "ent_coef:0"], 6000),
    "dqn": ([*OFF_POLICY, "train_freq:1", "target_update_interval:10"], 6000),
    "td3": ([*OFF_POLICY, "tau:0.1", "train_freq:1"], 6000),
}
DISCRETE = {"dqn"}


def build(algo, env_id, params, **env_kwargs):
    gym.spec("CartPole-v1")
    import tests.probe_envs  # noqa: F401

    if algo in DISCRETE:
        env_kwargs["discrete"] = True
    config = resolve(
        ConfigRequest(
            algo=algo,
            env_id=env_id,
            params=tuple([*params, "n_timesteps:100"]),
            env_kwargs=tuple(f"{key}:{value}" for key, value in env_kwargs.items()),
        )
    )
    env = make_vec_env(config, StackSettings(seed=0, n_envs=config.n_envs))
    return build_agent(config, env, BuildSettings(seed=0, device="cpu"))


@pytest.mark.parametrize("algo", ["sac", "dqn"])
@pytest.mark.parametrize("terminate", [False, True])
def test_what_the_replay_buffer_holds_at_the_end(algo, terminate):
    params = [*OFF_POLICY, "batch_size:4"]
    agent = build(algo, "Counting-v0", params, terminate=terminate)
    agent.learn(8)
    memory = agent.replay_buffer
    assert memory.dones[:8, 0].tolist() == [0, 0, 0, 1, 0, 0, 0, 1]
    assert memory.timeouts[3, 0] == (not terminate)
    sample = memory._get_samples(np.array([3]))
    assert sample.dones.item() == terminate
    assert sample.next_observations.item() == 4, "not the first observation of the next episode"


@pytest.mark.parametrize("terminate", [False, True])
def test_what_the_rollout_of_ppo_holds_at_the_end(terminate):
    agent = build(
        "ppo", "Counting-v0", [*NETWORK, "n_steps:8", "batch_size:8"], terminate=terminate
    )
    rewards, values = [], []
    update = agent.train

    def train():
        rewards.extend(agent.rollout_buffer.rewards.flatten())
        with torch.no_grad():
            values.append(agent.policy.predict_values(torch.tensor([[4.0]])).item())
        update()

    agent.train = train
    agent.learn(8)
    expected = 1 if terminate else 1 + GAMMA * values[0]
    np.testing.assert_allclose(rewards, [1, 1, 1, expected, 1, 1, 1, expected], rtol=1e-6)


def values_of(agent):
    states = torch.eye(4)
    with torch.no_grad():
        if hasattr(agent.policy, "predict_values"):
            return agent.policy.predict_values(states).flatten().numpy()
        if hasattr(agent, "q_net"):
            return agent.q_net(states).max(dim=1).values.numpy()
        actions = agent.actor(states)
        return agent.critic(states, actions)[0].flatten().numpy()


@pytest.mark.parametrize(
    "algo",
    ["ppo", *(pytest.param(name, marks=pytest.mark.slow) for name in LEARNERS if name != "ppo")],
)
def test_learned_values_are_the_exact_ones(algo):
    params, steps = LEARNERS[algo]
    truncated = build(algo, "Ring-v0", params)
    truncated.learn(steps)
    values = values_of(truncated)
    assert (values > 40).all(), values
    if algo in ("ppo", "sac"):
        np.testing.assert_allclose(values, 50, atol=0.7)
    terminated = build(algo, "Ring-v0", params, terminate=True)
    terminated.learn(steps)
    np.testing.assert_allclose(values_of(terminated), IF_TERMINATED, atol=0.15)
