"""Tiny environments of which every number is known (``--gym-packages tests.probe_envs``)."""

import time
from pathlib import Path
from typing import ClassVar

import gymnasium as gym
import numpy as np
from gymnasium import spaces


class TinyEnv(gym.Env):
    """A random walk: random starts, noise, falls at |x| > 1 and a time limit of 17 steps."""

    def __init__(self, discrete=False, dictionary=False, delay=0.0):
        box = spaces.Box(-10.0, 10.0, (2,), np.float32)
        self.dictionary = dictionary
        self.observation_space = spaces.Dict(state=box, more=box) if dictionary else box
        self.discrete = discrete
        self.action_space = (
            spaces.Discrete(3) if discrete else spaces.Box(-1.0, 1.0, (1,), np.float32)
        )
        self.delay = delay

    def observe(self):
        state = np.array([self.x, self.time / 17], np.float32)
        return {"state": state, "more": 2 * state} if self.dictionary else state

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.x, self.time = self.np_random.uniform(-0.5, 0.5), 0
        return self.observe(), {}

    def step(self, action):
        if self.delay:
            time.sleep(self.delay)
        push = int(action) - 1 if self.discrete else float(np.asarray(action).item())
        self.x += 0.2 * push + 0.05 * self.np_random.normal()
        self.time += 1
        return self.observe(), 1.0 - abs(self.x), abs(self.x) > 1, self.time == 17, {}


class CountingEnv(gym.Env):
    """Observation [t], reward 1, an end after ``length`` steps; remembers its actions."""

    def __init__(self, length=4, terminate=False, discrete=False):
        self.observation_space = spaces.Box(-1e6, 1e6, (1,), np.float32)
        self.action_space = (
            spaces.Discrete(2) if discrete else spaces.Box(-1.0, 1.0, (1,), np.float32)
        )
        self.length, self.terminate = length, terminate
        self.time = 0
        self.actions = []

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.time = 0
        return np.zeros(1, np.float32), {}

    def step(self, action):
        self.actions.append(np.asarray(action).copy())
        self.time += 1
        over = self.time >= self.length
        return np.array([self.time], np.float32), 1.0, over and self.terminate, over, {}


class RingEnv(CountingEnv):
    """The same, seen as a one-hot of t mod 4: the value of every state is known in closed form.

    A fraction ``gaps`` of the steps is interrupted: what they show and pay is nonsense.
    """

    def __init__(self, terminate=False, discrete=False, gaps=0.0):
        super().__init__(4, terminate, discrete)
        self.observation_space = spaces.Box(0.0, 100.0 if gaps else 1.0, (4,), np.float32)
        self.gaps = gaps

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return np.eye(4, dtype=np.float32)[0], {}

    def step(self, action):
        _, reward, terminated, truncated, info = super().step(action)
        if self.gaps and self.np_random.random() < self.gaps:
            return np.full(4, 100, np.float32), -1000.0, False, False, {"discard": True}
        return np.eye(4, dtype=np.float32)[self.time % 4], reward, terminated, truncated, info


class GoalEnv(gym.Env):
    """Reach a number between -1 and 1; for HER."""

    def __init__(self):
        box = spaces.Box(-5.0, 5.0, (1,), np.float32)
        self.observation_space = spaces.Dict(observation=box, achieved_goal=box, desired_goal=box)
        self.action_space = spaces.Box(-1.0, 1.0, (1,), np.float32)

    def observe(self):
        state = np.array([self.x], np.float32)
        return {
            "observation": state,
            "achieved_goal": state.copy(),
            "desired_goal": self.goal.copy(),
        }

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.goal = self.np_random.uniform(-1, 1, 1).astype(np.float32)
        self.x, self.time = 0.0, 0
        return self.observe(), {}

    def step(self, action):
        self.x += 0.3 * float(np.asarray(action).item())
        self.time += 1
        observation = self.observe()
        reward = self.compute_reward(observation["achieved_goal"], self.goal, {})
        return observation, float(reward), False, self.time == 9, {"is_success": reward > -0.1}

    def compute_reward(self, achieved_goal, desired_goal, info):
        return -np.abs(achieved_goal - desired_goal).sum(axis=-1)


class FaultyEnv(TinyEnv):
    """Goes wrong in its ``at``-th step (or reset) as long as the file ``while_exists`` exists."""

    def __init__(self, fault="", at=60, while_exists=None, discrete=False):
        super().__init__(discrete)
        self.fault, self.at, self.steps, self.resets = fault, at, 0, 0
        self.while_exists = while_exists

    def is_broken(self, fault, count):
        broken = self.while_exists is None or Path(self.while_exists).exists()
        return broken and self.fault == fault and count >= self.at

    def reset(self, *, seed=None, options=None):
        self.resets += 1
        if self.is_broken("raise_in_reset", self.resets):
            raise OSError("the motors do not answer")
        observation, info = super().reset(seed=seed)
        if self.is_broken("nan_in_reset", self.resets):
            observation[1] = np.nan
        return observation, info

    def step(self, action):
        self.steps += 1
        if self.is_broken("raise_in_step", self.steps):
            raise RuntimeError("motor driver lost")
        observation, reward, terminated, truncated, info = super().step(action)
        if self.is_broken("nan_observation", self.steps):
            observation[1] = np.nan
        if self.is_broken("inf_observation", self.steps):
            observation[0] = np.inf
        if self.is_broken("nan_reward", self.steps):
            reward = float("nan")
        return observation, reward, terminated, truncated, info


class SingleEnv(TinyEnv):
    """A device that can be opened once at a time."""

    metadata: ClassVar = {"render_modes": [], "single_instance": True}
    is_open = False

    def __init__(self):
        if SingleEnv.is_open:
            raise RuntimeError("already opened by instance 1")
        super().__init__()
        SingleEnv.is_open = True

    def close(self):
        SingleEnv.is_open = False


class BodyEnv(TinyEnv):
    """A random walk of a robot that may carry a load, which pulls it down."""

    def __init__(self, load=0.0):
        super().__init__()
        self.load = load

    @property
    def robot_descriptor(self):
        joint = {"motor_strength": 1.0}
        return {
            "name": "walker",
            "control_frequency": 10.0,
            "payload": {"mass": self.load},
            "joints": {"left": joint, "right": joint},
        }

    def step(self, action):
        self.x -= 0.1 * self.load
        return super().step(action)


class RiskyEnv(TinyEnv):
    """Whatever the agent does: more ``risk`` pays more, costs effort and above 0.5 ends in a fall.

    The return is 17 (1 + risk), the effort 17 risk², a step lasts 0.1 s.
    """

    dt = 0.1

    def __init__(self, risk=0.5):
        super().__init__()
        self.risk = risk

    def step(self, action):
        observation, _, _, over, info = super().step(action)
        info = {**info, "reward/effort": self.risk**2, "safety/torque": max(self.risk - 0.75, 0.0)}
        fell = over and self.risk > 0.5
        if fell:
            info["termination_reason"] = "fall"
        return observation, 1.0 + self.risk, fell, over and not fell, info


class FallWrapper(gym.Wrapper):
    """Terminate when the walk has gone further than ``limit``; count the falls."""

    falls = 0

    def __init__(self, env, limit=0.4):
        super().__init__(env)
        self.limit = limit

    def step(self, action):
        observation, reward, terminated, truncated, info = self.env.step(action)
        if abs(self.unwrapped.x) > self.limit:
            FallWrapper.falls += 1
            terminated = True
            info["termination_reason"] = "fall"
        return observation, reward, terminated, truncated, info


for name, entry_point, kwargs in (
    ("Tiny-v0", TinyEnv, {}),
    ("TinyDiscrete-v0", TinyEnv, {"discrete": True}),
    ("TinyDict-v0", TinyEnv, {"dictionary": True}),
    ("Goal-v0", GoalEnv, {}),
    ("Counting-v0", CountingEnv, {}),
    ("Ring-v0", RingEnv, {}),
    ("GappyRing-v0", RingEnv, {"gaps": 0.3}),
    ("Faulty-v0", FaultyEnv, {}),
    ("Single-v0", SingleEnv, {}),
    ("Body-v0", BodyEnv, {}),
    ("Risky-v0", RiskyEnv, {}),
):
    gym.register(name, entry_point=f"{__name__}:{entry_point.__name__}", kwargs=kwargs)
