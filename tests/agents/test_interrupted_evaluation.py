"""An evaluation on a robot that is interrupted again and again ends."""

import gymnasium as gym
import numpy as np
import pytest
from stable_baselines3.common.vec_env import DummyVecEnv

from rl_zoo.agents.evaluation import MOST_CUT, EvaluationInterrupted, evaluate
from rl_zoo.wrappers.episode_control import DISCARD, EpisodeControlWrapper
from rl_zoo.wrappers.monitor import RunMonitor


class Interrupted(gym.Wrapper):
    """Interrupts every episode but each ``whole``-th at its third step."""

    def __init__(self, env, whole):
        super().__init__(env)
        self.whole, self.episode, self.steps = whole, 0, 0

    def reset(self, **kwargs):
        self.episode, self.steps = self.episode + 1, 0
        return self.env.reset(**kwargs)

    def step(self, action):
        *result, info = self.env.step(action)
        self.steps += 1
        info[DISCARD] = self.steps == 3 and (self.whole == 0 or self.episode % self.whole != 0)
        return (*result, info)


class Still:
    def predict(self, observation, state=None, episode_start=None, deterministic=True):
        return np.zeros((len(observation), 1), dtype=np.float32), None


def make_env(whole):
    env = Interrupted(gym.make("Pendulum-v1"), whole)
    return DummyVecEnv([lambda: RunMonitor(EpisodeControlWrapper(env))])


def test_gives_up_with_the_numbers():
    with pytest.raises(EvaluationInterrupted, match=f"{2 * MOST_CUT + 1} episodes .* only 0 of 2"):
        evaluate(Still(), make_env(whole=0), 2)


def test_interruptions_alone_do_not_count():
    evaluation = evaluate(Still(), make_env(whole=4), 3)
    assert evaluation.lengths.tolist() == [200, 200, 200]
