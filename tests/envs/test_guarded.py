"""The gate between agent and environments."""

import numpy as np
import pytest
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

from rl_zoo.envs.guarded import GuardedVecEnv, find_guard
from rl_zoo.errors import NonFiniteError, RobotFault, TrainingInterrupted
from rl_zoo.wrappers.episode_control import EpisodeControlWrapper
from rl_zoo.wrappers.monitor import RunMonitor
from tests.probe_envs import CountingEnv, FaultyEnv, GoalEnv

GO = np.zeros((1, 1), np.float32)


def guard(make, n_envs=1):
    return GuardedVecEnv(DummyVecEnv([lambda: RunMonitor(EpisodeControlWrapper(make()))] * n_envs))


def test_stop_ends_the_episode_first_and_lets_its_transition_pass():
    env = guard(lambda: CountingEnv(length=10))
    env.reset()
    env.step(GO)
    env.stop_when(lambda: "SIGTERM")
    observations, _, dones, infos = env.step(GO)
    assert dones.tolist() == [True]
    assert infos[0]["truncation_reason"] == "SIGTERM"
    assert infos[0]["TimeLimit.truncated"]
    assert infos[0]["terminal_observation"].tolist() == [2]
    assert observations.tolist() == [[0]]
    with pytest.raises(TrainingInterrupted, match="SIGTERM"):
        env.step(GO)
    assert env.steps == 2


def test_stop_between_episodes_takes_no_further_step():
    env = guard(CountingEnv)
    env.reset()
    env.stop_when(lambda: "operator")
    with pytest.raises(TrainingInterrupted):
        env.step(GO)
    assert env.steps == 0


def test_stop_waits_for_every_environment():
    env = guard(lambda: CountingEnv(length=3), n_envs=2)
    env.reset()
    env.step(np.zeros((2, 1)))
    env.stop_when(lambda: "operator")
    assert env.step(np.zeros((2, 1)))[2].all()
    with pytest.raises(TrainingInterrupted):
        env.step(np.zeros((2, 1)))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_action_that_is_not_finite_never_reaches_the_environment(bad):
    env = guard(CountingEnv)
    env.reset()
    with pytest.raises(NonFiniteError, match=r"action is -?(nan|inf) at index \[0, 0\]"):
        env.step(np.full((1, 1), bad, np.float32))
    assert env.get_attr("actions") == [[]]


def test_part_of_a_dict_observation_is_named():
    class Broken(GoalEnv):
        def observe(self):
            observation = super().observe()
            if self.time == 2:
                observation = {**observation, "observation": np.array([np.nan], np.float32)}
            return observation

    env = guard(Broken)
    env.reset()
    env.step(GO)
    with pytest.raises(NonFiniteError, match=r"observation\['observation'\] is nan .* in step 2"):
        env.step(GO)


def test_last_observation_of_an_episode_is_checked():
    class Broken(CountingEnv):
        def step(self, action):
            observation, *rest = super().step(action)
            return observation * (np.nan if self.time == 4 else 1), *rest

    env = guard(Broken)
    env.reset()
    for _ in range(3):
        env.step(GO)
    with pytest.raises(NonFiniteError, match="in step 4"):
        env.step(GO)


def test_statistics_stay_clean():
    env = VecNormalize(guard(lambda: FaultyEnv("nan_observation", at=5)))
    env.reset()
    with pytest.raises(NonFiniteError):
        for _ in range(10):
            env.step(GO)
    assert np.isfinite(env.obs_rms.mean).all()
    assert env.obs_rms.count == pytest.approx(5, abs=0.01), "one reset and four steps"


def test_exception_is_told_with_its_step():
    env = guard(lambda: FaultyEnv("raise_in_step", at=3))
    env.reset()
    env.step(GO)
    env.step(GO)
    with pytest.raises(RobotFault, match="failed at step 3: RuntimeError: motor driver lost"):
        env.step(GO)


def test_guard_is_found_inside_a_stack():
    inner = guard(CountingEnv)
    assert find_guard(VecNormalize(inner)) is inner
    with pytest.raises(ValueError, match="no GuardedVecEnv"):
        find_guard(DummyVecEnv([CountingEnv]))
