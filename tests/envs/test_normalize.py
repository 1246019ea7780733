"""The raw terminal observation survives normalisation and clipping."""

import pickle

import numpy as np
import pytest
from stable_baselines3 import SAC
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

from rl_zoo.agents.normalizer_file import load_normalizer
from rl_zoo.envs.guarded import GuardedVecEnv
from rl_zoo.envs.normalize import RawTerminalVecNormalize
from rl_zoo.errors import DamagedFileError
from rl_zoo.wrappers.episode_control import EpisodeControlWrapper
from rl_zoo.wrappers.monitor import RunMonitor
from tests.probe_envs import CountingEnv, TinyEnv


class JumpEnv(CountingEnv):
    """Its last observation is far away from all others."""

    def step(self, action):
        observation, *rest = super().step(action)
        return observation * 0 + (5000 if self.time == self.length else 0.1 * self.time), *rest


def stack(make=JumpEnv, kind=RawTerminalVecNormalize, n_envs=1, **kwargs):
    functions = [lambda: RunMonitor(EpisodeControlWrapper(make()))] * n_envs
    return kind(GuardedVecEnv(DummyVecEnv(functions)), **kwargs)


def train(env):
    keywords = {"learning_starts": 100, "buffer_size": 100, "seed": 0, "device": "cpu"}
    agent = SAC("MlpPolicy", env, policy_kwargs={"net_arch": [4]}, **keywords)
    agent.learn(8)
    return agent.replay_buffer


@pytest.mark.parametrize("n_envs", [1, 2])
def test_stored_terminal_observation_is_the_raw_one(n_envs):
    env = stack(lambda: JumpEnv(length=4), n_envs=n_envs, clip_obs=1.0)
    memory = train(env)
    assert memory.next_observations[3].flatten().tolist() == [5000] * n_envs
    assert memory.next_observations[:3, 0, 0] == pytest.approx([0.1, 0.2, 0.3])


def test_sb3_stores_it_clipped():
    """The mistake that ours avoids; if SB3 corrects it, our class can go."""
    memory = train(stack(kind=VecNormalize, clip_obs=1.0))
    assert memory.next_observations[3, 0, 0] < 4900


def test_dict_observations():
    env = stack(lambda: TinyEnv(dictionary=True), clip_obs=0.01)
    env.reset()
    for _ in range(40):
        _, _, dones, infos = env.step(np.ones((1, 1)))
        if dones[0]:
            break
    raw = env.unnormalize_obs(infos[0]["terminal_observation"])
    expected = infos[0]["terminal_observation_raw"]
    assert raw.keys() == expected.keys()
    assert all(np.array_equal(raw[key], expected[key]) for key in raw)


def test_policy_sees_what_it_was_trained_on():
    env = stack(clip_obs=1.0)
    env.reset()
    for _ in range(4):
        _, _, _, infos = env.step(np.ones((1, 1)))
    assert abs(infos[0]["terminal_observation"].item()) <= 1


def test_saved_statistics_are_plain_sb3(tmp_path):
    env = stack()
    env.reset()
    env.step(np.ones((1, 1)))
    env.save(str(tmp_path / "statistics.pkl"))
    content = (tmp_path / "statistics.pkl").read_bytes()
    assert b"rl_zoo" not in content
    assert type(pickle.loads(content)) is VecNormalize
    loaded = VecNormalize.load(str(tmp_path / "statistics.pkl"), DummyVecEnv([CountingEnv]))
    np.testing.assert_array_equal(loaded.obs_rms.mean, env.obs_rms.mean)
    assert env.venv is not None, "saving does not take the environment apart"


def test_statistics_of_rewards_only_can_be_saved_and_adopted(tmp_path):
    env = stack(norm_obs=False)
    env.ret_rms.mean = np.array(7.0)
    env.save(str(tmp_path / "vecnormalize.pkl"))
    other = stack(norm_obs=False)
    other.adopt(load_normalizer(tmp_path / "vecnormalize.pkl"))
    assert other.ret_rms.mean == 7.0


def test_statistics_without_those_of_observations_are_refused_where_they_are_needed(tmp_path):
    stack(norm_obs=False).save(str(tmp_path / "vecnormalize.pkl"))
    with pytest.raises(DamagedFileError, match="hold none of observations"):
        stack().adopt(load_normalizer(tmp_path / "vecnormalize.pkl"))
