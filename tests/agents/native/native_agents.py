"""Agents with a filled replay buffer, for the tests of the native learner."""

import gymnasium as gym
import numpy as np
import torch
from stable_baselines3.common.logger import configure
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

N_OBSERVATIONS, N_ACTIONS = 7, 3


class Still(gym.Env):
    """Never asked for anything: the buffer is filled by hand."""

    action_space = gym.spaces.Box(-1, 1, (N_ACTIONS,), np.float32)

    def __init__(self, dtype=np.float32):
        self.observation_space = gym.spaces.Box(-5, 5, (N_OBSERVATIONS,), dtype)


def make_agent(
    algorithm, *, policy="MlpPolicy", n_envs=1, normalize=False, dtype=np.float32, **kwargs
):
    """Return an agent whose buffer holds 300 steps with terminations and timeouts."""
    env = DummyVecEnv([lambda: Still(dtype)] * n_envs)
    if normalize:
        env = VecNormalize(env)
        env.obs_rms.update(np.random.default_rng(5).normal(1, 3, (50, N_OBSERVATIONS)))
        env.ret_rms.update(np.random.default_rng(6).normal(0, 4, 50))
    kwargs = {"buffer_size": 400 * n_envs, "seed": 0, "device": "cpu", **kwargs}
    policy_kwargs = {"net_arch": [32, 24], **kwargs.pop("policy_kwargs", {})}
    agent = algorithm(policy, env, policy_kwargs=policy_kwargs, **kwargs)
    agent.set_logger(configure(None, []))
    random = np.random.default_rng(0)
    for _ in range(300):
        observations = random.normal(size=(2, n_envs, N_OBSERVATIONS)).astype(dtype)
        actions = random.uniform(-1, 1, (n_envs, N_ACTIONS)).astype(np.float32)
        dones = random.random(n_envs) < 0.1
        timeouts = dones & (random.random(n_envs) < 0.5)
        infos = [{"TimeLimit.truncated": bool(timeout)} for timeout in timeouts]
        rewards = random.normal(size=n_envs)
        agent.replay_buffer.add(*observations, actions, rewards, dones, infos)
    return agent


def seed_all():
    """Start both random streams that SB3's updates draw from."""
    np.random.seed(1)
    torch.manual_seed(1)


def state_of(agent):
    """Return every tensor that updates change."""
    tensors = {name: value.clone() for name, value in agent.policy.state_dict().items()}
    for name in ("actor", "critic"):
        optimizer = getattr(agent, name).optimizer
        for index, state in optimizer.state_dict()["state"].items():
            found = {f"{name}.{index}.{key}": value.clone() for key, value in state.items()}
            tensors |= found
    if getattr(agent, "log_ent_coef", None) is not None:
        tensors["log_ent_coef"] = agent.log_ent_coef.detach().clone()
    return tensors


def largest_difference(one, other, part=""):
    """Return the largest difference of entries whose names begin with ``part``, and its name."""
    assert one.keys() == other.keys()
    names = [name for name in one if name.startswith(part)]
    return max((float((one[name] - other[name]).abs().max()), name) for name in names)
