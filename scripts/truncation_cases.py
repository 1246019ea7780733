"""Learn values that are known in closed form: an episode's end as truncation and as termination.

The environment Ring (tests/probe_envs.py) shows a one-hot of t mod 4, pays 1 per step and ends
after 4 steps. With gamma = 0.98 each of its four states is worth 50 if the end is a truncation, and
3.8816, 2.9404, 1.98, 1 if it is a termination.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from stable_baselines3.common.base_class import BaseAlgorithm

GAMMA = 0.98
IF_TRUNCATED = 1 / (1 - GAMMA)
IF_TERMINATED = [3.8816, 2.9404, 1.98, 1.0]
WITHOUT_VALUES = frozenset({"ars", "openloop"})
"""Algorithms that learn no values: they search for parameters by episodes' returns."""
DISCRETE = frozenset({"dqn", "qrdqn"})


@dataclass(frozen=True)
class Case:
    """How one algorithm is made to learn the values of Ring quickly."""

    algo: str
    params: tuple[str, ...]
    steps: int
    tolerance: float
    """Largest error where the end is a truncation; twice that with interrupted steps."""


NETWORK = (f"gamma:{GAMMA}", "policy_kwargs.net_arch:[32]")
_ON_POLICY = (*NETWORK, "n_steps:32", "gae_lambda:1.0", "batch_size:32")
_OFF_POLICY = (
    *NETWORK,
    "batch_size:32",
    "learning_starts:50",
    "buffer_size:10000",
    "train_freq:1",
    "gradient_steps:1",
)
_DQN = (*_OFF_POLICY, "target_update_interval:5")
_TD3 = (*_OFF_POLICY, "tau:0.2")
_SAC = (*_TD3, "ent_coef:0")
_CROSSQ = (*_OFF_POLICY, "ent_coef:0")
_QUANTILES = "policy_kwargs.n_quantiles:10"
_RATE = "learning_rate:0.003"
_FALLING = "learning_rate:lin_0.003"
_LSTM = ("learning_rate:0.01", "n_epochs:5", "policy_kwargs.lstm_hidden_size:16")

CASES = {
    "a2c": Case("a2c", (*NETWORK, "learning_rate:lin_0.005"), 12000, 1.0),
    "crossq": Case("crossq", (*_CROSSQ, _FALLING), 4000, 3.0),
    "ddpg": Case("ddpg", (*_TD3, _FALLING), 3000, 1.0),
    "dqn": Case("dqn", (*_DQN, _FALLING), 4000, 1.0),
    "droq": Case("droq", (*_SAC, _FALLING, "gradient_steps:2", "policy_delay:2"), 4000, 1.0),
    "ppo": Case("ppo", (*_ON_POLICY, "learning_rate:0.02", "n_epochs:5"), 3000, 0.5),
    "ppo_lstm": Case("ppo_lstm", (*_ON_POLICY, *_LSTM), 4000, 1.0),
    "qrdqn": Case("qrdqn", (*_DQN, _FALLING, _QUANTILES), 4000, 1.0),
    "sac": Case("sac", (*_SAC, _FALLING), 4000, 0.5),
    "td3": Case("td3", (*_TD3, _FALLING), 3000, 1.0),
    "tqc": Case("tqc", (*_SAC, _FALLING, "top_quantiles_to_drop_per_net:1"), 4000, 1.0),
    "trpo": Case("trpo", (*_ON_POLICY, "learning_rate:0.02", "n_critic_updates:20"), 5000, 1.0),
    "dqn, 3 steps": Case("dqn", (*_DQN, _RATE, "n_steps:3"), 1500, 1.0),
    "qrdqn, 3 steps": Case("qrdqn", (*_DQN, _RATE, _QUANTILES, "n_steps:3"), 1500, 1.0),
    "sac, 3 steps": Case("sac", (*_SAC, _RATE, "n_steps:3"), 1500, 1.0),
    "td3, 3 steps": Case("td3", (*_TD3, _RATE, "n_steps:3"), 1500, 1.0),
}


def build(algo: str, env_id: str, params: tuple[str, ...], **env_kwargs: Any) -> BaseAlgorithm:
    """Build an agent as ``rl_zoo.train`` does."""
    import tests.probe_envs  # noqa: F401
    from rl_zoo.agents.build import BuildSettings, build_agent
    from rl_zoo.config.resolve import ConfigRequest, resolve
    from rl_zoo.envs.stack import StackSettings, make_vec_env

    if algo in DISCRETE:
        env_kwargs["discrete"] = True
    policy = "MlpLstmPolicy" if algo == "ppo_lstm" else "MlpPolicy"
    config = resolve(
        ConfigRequest(
            algo=algo,
            env_id=env_id,
            params=(*params, f"policy:{policy}", "n_timesteps:100"),
            env_kwargs=tuple(f"{key}:{value}" for key, value in env_kwargs.items()),
        )
    )
    env = make_vec_env(config, StackSettings(seed=0, n_envs=config.n_envs))
    return build_agent(config, env, BuildSettings(seed=0, device="cpu"))


def learned_values(agent: Any) -> np.ndarray:
    """Return the values of the four states, in the order in which an episode visits them."""
    states = torch.eye(4)
    agent.policy.set_training_mode(False)
    with torch.no_grad():
        if hasattr(agent, "_last_lstm_states"):
            start = tuple(torch.zeros(1, 1, agent.policy.lstm_critic.hidden_size) for _ in range(2))
            starts = torch.tensor([1.0, 0.0, 0.0, 0.0])
            values = agent.policy.predict_values(states, start, starts)
        elif hasattr(agent.policy, "predict_values"):
            values = agent.policy.predict_values(states)
        elif hasattr(agent, "quantile_net"):
            values = agent.quantile_net(states).mean(dim=1).max(dim=1).values
        elif hasattr(agent, "q_net"):
            values = agent.q_net(states).max(dim=1).values
        else:
            values = agent.critic(states, agent.actor(states))
            values = values[0] if isinstance(values, tuple) else values.mean(dim=(1, 2))
    return np.asarray(values.flatten())


def learn(name: str, **env_kwargs: Any) -> np.ndarray:
    """Train the case called ``name`` on Ring and return its four values."""
    case = CASES[name]
    agent = build(case.algo, "Ring-v0", case.params, **env_kwargs)
    agent.learn(case.steps)
    env = agent.get_env()
    assert env is not None
    env.close()
    return learned_values(agent)
