"""What every wrapper of ours keeps: Gymnasium's rules, seeds, options and the inner spaces."""

from __future__ import annotations

import copy
import warnings

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from rl_zoo.errors import ConfigError
from rl_zoo.wrappers.episode_control import EpisodeControlWrapper
from rl_zoo.wrappers.registry import WRAPPERS

CASES = [
    ("ActionFilterWrapper", {"filter": "butterworth", "cutoff_frequency": 3.0}),
    ("ActionFilterWrapper", {"filter": "rate_limit", "max_rate": [4.0]}),
    ("LowPassFilterWrapper", {"freq": 3.0, "df": 20.0}),
    ("HistoryWrapper", {"horizon": 3}),
    ("ActionNoiseWrapper", {"noise_std": 0.3}),
    ("ActionSmoothingWrapper", {"smoothing_coef": 0.7}),
    ("DelayedRewardWrapper", {"delay": 3}),
    ("FrameSkip", {"skip": 2}),
    ("MaskVelocityWrapper", {}),
    ("SafetyWrapper", {"limits": {"max_action_change": 0.5}}),
    ("TruncatedOnSuccessWrapper", {"reward_offset": 1.0}),
    ("TruncationWrapper", {"max_steps": 6}),
    ("TruncationWrapper", {"remaining_time": True, "max_steps": 6}),
]


@pytest.mark.parametrize(("name", "kwargs"), CASES)
def test_gymnasium_checker_accepts_it(name, kwargs):
    env = WRAPPERS.load(name)(gym.make("Pendulum-v1").unwrapped, **kwargs)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", category=UserWarning)
        warnings.filterwarnings("ignore", message=".*different from the unwrapped version.*")
        warnings.filterwarnings("ignore", message=".*range=.*")  # Pendulum's actions are [-2, 2]
        check_env(env, skip_render_check=True)


@pytest.mark.parametrize(("name", "kwargs"), CASES)
def test_reset_passes_seed_and_options(name, kwargs):
    env = WRAPPERS.load(name)(gym.make("Pendulum-v1"), **kwargs)
    env.reset(seed=3, options={"x_init": 0.0, "y_init": 0.0})
    assert env.unwrapped.state == pytest.approx([0.0, 0.0])
    assert env.reset(seed=3)[0] == pytest.approx(env.reset(seed=3)[0])
    assert env.reset(seed=3)[0] != pytest.approx(env.reset(seed=4)[0])


@pytest.mark.parametrize(("name", "kwargs"), CASES)
def test_same_seed_same_episodes_and_the_defaults_construct(name, kwargs):
    WRAPPERS.load(name)(gym.make("Pendulum-v1"))
    runs = []
    for _ in range(2):
        env = WRAPPERS.load(name)(gym.make("Pendulum-v1", max_episode_steps=10), **kwargs)
        env.action_space.seed(1)
        observations = [env.reset(seed=5)[0]]
        for _ in range(25):
            observation, _, terminated, truncated, _ = env.step(env.action_space.sample())
            observations.append(observation)
            if terminated or truncated:
                observations.append(env.reset()[0])
        runs.append(np.array(observations))
    np.testing.assert_array_equal(*runs)


@pytest.mark.parametrize(("name", "kwargs"), CASES)
def test_the_inner_environment_keeps_its_spaces(name, kwargs):
    inner = gym.make("Pendulum-v1")
    before = copy.deepcopy((inner.observation_space, inner.action_space))
    WRAPPERS.load(name)(inner, **kwargs)
    assert (inner.observation_space, inner.action_space) == before


@pytest.mark.parametrize(("name", "kwargs"), CASES)
def test_the_spec_rebuilds_the_wrapper(name, kwargs):
    env = WRAPPERS.load(name)(gym.make("Pendulum-v1"), **kwargs)
    rebuilt = gym.make(env.spec)
    assert type(rebuilt) is type(env)
    assert rebuilt.observation_space == env.observation_space


@pytest.mark.parametrize(("name", "kwargs"), CASES)
def test_a_checkpoint_in_mid_episode_repeats_that_episode(name, kwargs):
    """As a resumed run does: restore in a fresh stack, reset, replay the same actions."""

    def make():
        env = WRAPPERS.load(name)(gym.make("Pendulum-v1", max_episode_steps=8), **kwargs)
        return EpisodeControlWrapper(env)

    actions = np.random.default_rng(0).uniform(-2, 2, (7, 1)).astype(np.float32)
    first = make()
    first.reset(seed=1)
    for action in actions[:3]:
        first.step(action)
    expected = [first.reset()[0]] + [first.step(action)[0] for action in actions[:3]]
    state = first.checkpoint_state()
    second = make()
    second.reset(seed=99)
    second.step(actions[0])
    second.restore_checkpoint_state(state, repeat_reset=True)
    repeated = [second.reset()[0]] + [second.step(action)[0] for action in actions[:3]]
    np.testing.assert_array_equal(repeated, expected)


@pytest.mark.parametrize(
    ("name", "kwargs", "text"),
    [
        ("HistoryWrapper", {"horizon": 0}, "HistoryWrapper.horizon: 0 is not a whole number"),
        ("HistoryWrapper", {"horizon": 2.5}, "HistoryWrapper.horizon: 2.5"),
        ("FrameSkip", {"skip": 0}, "FrameSkip.skip"),
        ("DelayedRewardWrapper", {"delay": -1}, "DelayedRewardWrapper.delay"),
        ("TruncatedOnSuccessWrapper", {"n_successes": 0}, "TruncatedOnSuccessWrapper.n_successes"),
        ("ActionNoiseWrapper", {"noise_std": -0.1}, "ActionNoiseWrapper.noise_std"),
        ("ActionNoiseWrapper", {"noise_std": float("nan")}, "ActionNoiseWrapper.noise_std"),
        ("ActionSmoothingWrapper", {"smoothing_coef": 1.0}, "smoothing_coef: 1.0 is not in"),
        ("YAMLCompatResizeObservation", {"shape": [64]}, r"\[64\] is not \[height, width\]"),
    ],
)
def test_an_argument_without_meaning_is_named(name, kwargs, text):
    with pytest.raises(ConfigError, match=text):
        WRAPPERS.load(name)(gym.make("Pendulum-v1"), **kwargs)


@pytest.mark.parametrize("name", ["HistoryWrapper", "ActionNoiseWrapper", "ActionSmoothingWrapper"])
def test_discrete_actions_are_refused_where_they_make_no_sense(name):
    with pytest.raises(ConfigError, match=f"{name}: needs a Box action space.*Discrete"):
        WRAPPERS.load(name)(gym.make("CartPole-v1"))
