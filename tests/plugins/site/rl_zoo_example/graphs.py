"""Parts of a third party's agents, and how they become nodes of a bundle's graph."""

import torch
from stable_baselines3.common.policies import BasePolicy
from stable_baselines3.common.vec_env import VecEnvWrapper

from rl_zoo.deploy.graph.actions import action_of_mean


class Sine(torch.nn.Module):
    """A periodic activation."""

    def __init__(self, rate=2.0):
        super().__init__()
        self.rate = rate

    def forward(self, value):
        return torch.sin(self.rate * value)


def add_sine(builder, module, value):
    return builder.node("Sin", builder.binary("Mul", value, module.rate))


class SumPolicy(BasePolicy):
    """Act by the sum of the observation."""

    def _predict(self, observation, deterministic=False):
        return observation.sum(dim=1, keepdim=True)


def add_sum_policy(builder, policy, observation):
    axes = builder.constant([1], "int64")
    total = builder.node("ReduceSum", observation["observation"], axes, shape=(1,), keepdims=1)
    return action_of_mean(builder, total, policy.action_space, squashed=False)


class HalvedVecEnv(VecEnvWrapper):
    """Observations of half the size."""

    def reset(self):
        return 0.5 * self.venv.reset()

    def step_wait(self):
        observations, *rest = self.venv.step_wait()
        return 0.5 * observations, *rest


class HalvedStage:
    def add_to(self, builder, observation):
        return {key: builder.binary("Mul", value, 0.5) for key, value in observation.items()}


def halved_stage_of(wrapper):
    return HalvedStage()
