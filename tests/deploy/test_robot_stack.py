"""Layers around a simulated robot, its safety limits among them, against the wrappers."""

from __future__ import annotations

import copy

import gymnasium as gym
import numpy as np
import pytest
from sb3_contrib.common.wrappers import TimeFeatureWrapper

from rl_zoo.envs.robot_env import RobotEnv
from rl_zoo.wrappers.action_filter import ActionFilterWrapper
from rl_zoo.wrappers.action_meaning import held_action
from rl_zoo.wrappers.action_smoothing import ActionSmoothingWrapper
from rl_zoo.wrappers.cpg_residual import CPGResidualWrapper
from rl_zoo.wrappers.history import HistoryWrapper
from rl_zoo.wrappers.safety import SafetyWrapper
from tests.deploy.layer_stacks import assert_same, layers_of

TROT = {"gait": "trot", "swing_frequency": 4.6, "stance_frequency": 3.8, "height": 0.15}


class Tap(gym.Wrapper):
    """What passes the boundary between robot and layers."""

    def reset(self, *, seed=None, options=None):
        observation, info = self.env.reset(seed=seed, options=options)
        self.observation = observation.copy()
        self.cycles = copy.deepcopy(self.np_random).random()  # what an oscillator will draw next
        return observation, info

    def step(self, action):
        self.action = np.array(action)
        observation, *rest = self.env.step(action)
        self.observation = observation.copy()
        return observation, *rest


STACKS = {
    "safety": SafetyWrapper,
    "zoo's Bert-CPG-v0": lambda env: CPGResidualWrapper(
        SafetyWrapper(env, reactions={"command_velocity": "report"}),
        prior=TROT,
        space="foot",
        residual_scale={"x": 0.02, "z": 0.01},
        random_initial_phase=True,
    ),
    "filters and safety": lambda env: HistoryWrapper(
        ActionSmoothingWrapper(ActionFilterWrapper(SafetyWrapper(env)), 0.3), 3
    ),
    "everything": lambda env: TimeFeatureWrapper(
        HistoryWrapper(
            CPGResidualWrapper(
                ActionFilterWrapper(SafetyWrapper(HistoryWrapper(env, 2)), "one_euro"),
                prior=TROT,
                space="foot",
                mode="both",
            ),
            2,
        ),
        max_steps=50,
    ),
}


@pytest.mark.parametrize("name", STACKS)
def test_robot(name):
    tap = Tap(RobotEnv("bert"))
    env = STACKS[name](tap)
    stack = layers_of(env, until=tap)
    rng = np.random.default_rng(4)
    robot = tap.unwrapped
    for seed in range(3):
        seen, _ = env.reset(seed=seed)
        ours = stack.start(tap.observation, held_action(tap), tap.cycles)
        for _ in range(60):
            assert_same(ours, seen)
            action = rng.uniform(-1.0, 1.0, env.action_space.shape).astype(np.float32)
            stack.reading.state = robot.robot_state
            stack.reading.held_action = held_action(tap)
            executed = stack.act(action)
            seen, _, terminated, truncated, _ = env.step(action)
            assert_same(executed, tap.action)
            if terminated or truncated:
                break
            ours = stack.observe(tap.observation)
