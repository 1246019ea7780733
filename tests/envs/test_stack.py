"""The stack of environments: what is inside what, and what each mode changes."""

import pytest
from stable_baselines3.common.vec_env import VecFrameStack, VecNormalize

from rl_zoo.agents.evaluation import evaluate
from rl_zoo.config.resolve import ConfigRequest, resolve
from rl_zoo.envs.stack import StackSettings, make_vec_env
from rl_zoo.errors import ConfigError
from tests.probe_envs import FallWrapper, SingleEnv

PACKAGES = ("tests.probe_envs",)


class Right:
    """A policy that always goes to the right."""

    def predict(self, observations, state=None, episode_start=None, deterministic=True):
        import numpy as np

        return np.ones((len(observations), 1), np.float32), None


def make(*params, env_id="Tiny-v0", algo="sac", env_kwargs=(), eval_env_kwargs=(), **settings):
    values = ("policy:MlpPolicy", "n_timesteps:10", *params)
    request = ConfigRequest(
        algo=algo,
        env_id=env_id,
        params=values,
        env_kwargs=env_kwargs,
        eval_env_kwargs=eval_env_kwargs,
    )
    return make_vec_env(resolve(request), StackSettings(gym_packages=PACKAGES, **settings))


def layers(env):
    names = []
    while hasattr(env, "venv"):
        names.append(type(env).__name__)
        env = env.venv
    inner = env.envs[0]
    names.append(type(env).__name__)
    while hasattr(inner, "env"):
        names.append(type(inner).__name__)
        inner = inner.env
    return [*names, type(inner).__name__]


def test_order_of_the_layers():
    wrappers = "env_wrapper:[tests.probe_envs.FallWrapper]"
    env = make("normalize:True", "frame_stack:2", wrappers, env_id="CartPole-v1", algo="ppo")
    assert layers(env) == [
        "VecFrameStack",
        "RawTerminalVecNormalize",
        "GuardedVecEnv",
        "DummyVecEnv",
        "RunMonitor",
        "EpisodeMetricsWrapper",
        "EpisodeControlWrapper",
        "FallWrapper",
        "TimeLimit",
        "OrderEnforcing",
        "PassiveEnvChecker",
        "CartPoleEnv",
    ]
    assert isinstance(env, VecFrameStack)


def test_falls_counted_are_falls_that_happened(tmp_path):
    """F73 of the zoo: a wrapper that ends episodes was invisible to monitor and evaluation."""
    FallWrapper.falls = 0
    file = tmp_path / "0.monitor.csv"
    wrapper = "env_wrapper:[tests.probe_envs.FallWrapper]"
    env = make(wrapper, seed=0, monitor_files=(file,))
    result = evaluate(Right(), env, 12)
    assert FallWrapper.falls > 0
    assert result.end_reasons["fall"] == FallWrapper.falls
    assert len(file.read_text().splitlines()) == 2 + 12
    assert result.lengths.max() < 17


def test_time_limit_wrapper_below_the_environments_own_ends_evaluation(tmp_path):
    """F74 of the zoo: the evaluation never came back."""
    wrapper = "env_wrapper:[{gymnasium.wrappers.TimeLimit: {max_episode_steps: 5}}]"
    env = make(wrapper, env_id="Pendulum-v1", seed=0, monitor_files=(tmp_path / "0.monitor.csv",))
    result = evaluate(Right(), env, 3, max_steps=100)
    assert result.lengths.tolist() == [5, 5, 5]
    assert result.end_reasons == {"time_limit": 3}
    assert len((tmp_path / "0.monitor.csv").read_text().splitlines()) == 2 + 3


def test_evaluation_freezes_statistics_and_keeps_raw_rewards():
    training, evaluation = make("normalize:True"), make("normalize:True", mode="evaluate")
    assert isinstance(training, VecNormalize)
    assert (training.training, training.norm_reward) == (True, True)
    assert (evaluation.training, evaluation.norm_reward) == (False, False)


def test_keywords_reach_training_and_evaluation():
    kwargs = {"env_kwargs": ("delay:0.25",), "eval_env_kwargs": ("delay:0.5",)}
    assert make(**kwargs).get_attr("delay") == [0.25]
    assert make(mode="evaluate", **kwargs).get_attr("delay") == [0.5]
    assert make(mode="evaluate", env_kwargs=("delay:0.25",)).get_attr("delay") == [0.25]


def test_environments_differ_but_repeat_with_the_seed():
    first, again = make(seed=3, n_envs=2).reset(), make(seed=3, n_envs=2).reset()
    assert (first == again).all()
    assert (first[0] != first[1]).any()
    assert (make(seed=4, n_envs=2).reset() != first).any()


def test_failure_of_the_constructor_is_one_sentence():
    SingleEnv.is_open = True
    try:
        with pytest.raises(ConfigError, match="Single-v0: cannot be made: already opened"):
            make(env_id="Single-v0")
    finally:
        SingleEnv.is_open = False


def test_monitor_needs_no_file():
    env = make(seed=0)
    assert evaluate(Right(), env, 1).lengths.size == 1
