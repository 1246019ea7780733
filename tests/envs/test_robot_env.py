"""Bert-v0 as a Gymnasium environment."""

import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from rl_zoo.envs.ids import register_environments
from rl_zoo.envs.robot_env import RobotEnv
from rl_zoo.errors import ConfigError
from rl_zoo.tasks.standing import StandingPolicy


def make_env(**options):
    register_environments()
    return gymnasium.make("Bert-v0", **options)


def roll_out(env, actions, seed=None):
    observation, _ = env.reset(seed=seed)
    trace = [observation]
    for action in actions:
        observation, reward, terminated, truncated, _ = env.step(action)
        trace.append(np.append(observation, reward))
        if terminated or truncated:
            break
    return np.concatenate(trace)


def random_actions(n, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (n, 8)).astype(np.float32)


def test_gymnasium_accepts_it():
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*infinity.*")
        check_env(make_env().unwrapped)


def test_same_seed_and_actions_give_the_same_trajectory():
    actions = random_actions(120)
    first = roll_out(make_env(), actions, seed=7)
    env = make_env()
    roll_out(env, random_actions(50, seed=3), seed=1)
    np.testing.assert_array_equal(roll_out(env, actions, seed=7), first)
    assert not np.array_equal(roll_out(env, actions, seed=8)[:39], first[:39])


def test_the_random_generator_is_all_that_survives_a_reset():
    actions = random_actions(80)
    env = make_env()
    env.reset(seed=5)
    roll_out(env, random_actions(30, seed=1))
    saved = env.unwrapped.np_random.bit_generator.state
    expected = roll_out(env, actions)
    other = make_env()
    roll_out(other, random_actions(60, seed=2), seed=9)
    other.unwrapped.np_random.bit_generator.state = saved
    np.testing.assert_array_equal(roll_out(other, actions), expected)


def test_time_limit_truncates_and_standing_is_no_fall():
    env, policy = make_env(), StandingPolicy(8)
    observation, _ = env.reset(seed=0)
    for _step in range(500):
        action, _ = policy.predict(observation)
        observation, _, terminated, truncated, info = env.step(action)
        assert not terminated
        if truncated:
            break
    assert truncated
    assert _step == 499
    assert "termination_reason" not in info
    assert abs(info["x_position"]) < 0.1
    assert abs(info["forward_speed"]) < 0.01


def test_a_fall_terminates_with_its_reason_and_its_penalty():
    env = make_env()
    env.reset(seed=0)
    env.unwrapped.robot.data.qpos[3:7] = [0.0, 1.0, 0.0, 0.0]  # on its back
    _, reward, terminated, truncated, info = env.step(np.zeros(8))
    assert terminated
    assert not truncated
    assert info["termination_reason"] == "fall"
    assert info["reward/fall"] == -env.unwrapped.task.weights.fall
    assert reward < -1.0


def test_reward_is_the_sum_of_its_named_terms():
    env = make_env()
    env.reset(seed=0)
    for action in random_actions(60):
        _, reward, terminated, _, info = env.step(action)
        terms = {key: value for key, value in info.items() if key.startswith("reward/")}
        assert {"reward/forward", "reward/effort", "reward/fall"} <= set(terms)
        assert reward == pytest.approx(sum(terms.values()), abs=1e-12)
        if terminated:
            break


def test_observations_are_of_order_one():
    env = make_env()
    seen = [env.reset(seed=0)[0]]
    for action in random_actions(300):
        observation, _, terminated, _, _ = env.step(action)
        seen.append(observation)
        if terminated:
            seen.append(env.reset()[0])
    seen = np.array(seen)
    assert seen.dtype == np.float32
    assert np.all(np.isfinite(seen))
    assert np.all(np.percentile(np.abs(seen), 95, axis=0) < 5.0)
    assert np.max(seen.std(axis=0)) < 2.5


def test_actions_outside_the_box_are_clipped():
    inside, outside = make_env(), make_env()
    actions = random_actions(30)
    np.testing.assert_array_equal(
        roll_out(inside, np.sign(actions), seed=0), roll_out(outside, 50 * np.sign(actions), seed=0)
    )


def test_stiffness_and_target_speed_are_options():
    soft, stiff = make_env(), make_env(spring_stiffness=10.0, target_speed=0.3)
    assert stiff.unwrapped.task.target_speed == 0.3
    actions = random_actions(20)
    a, b = roll_out(soft, actions, seed=0), roll_out(stiff, actions, seed=0)
    assert not np.array_equal(a, b)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"robot": "berd"}, "unknown robot 'berd'; did you mean 'bert'?"),
        ({"render_mode": "human"}, "render_mode 'human'"),
        ({"reward_weights": {"efort": 1.0}}, "did you mean 'effort'?"),
    ],
)
def test_mistyped_options_are_named(options, message):
    with pytest.raises(ConfigError) as caught:
        RobotEnv(**options)
    assert message in str(caught.value)


def test_without_render_mode_there_is_no_picture():
    env = RobotEnv()
    env.reset(seed=0)
    assert env.render() is None
    env.close()
    env.close()


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_simple_trot_walks_forward(seed):
    env = make_env()
    env.reset(seed=seed)
    action = np.zeros(8)
    phase_of_leg = np.array([0.0, np.pi, np.pi, 0.0])
    for step in range(250):
        phase = 2 * np.pi * 3.5 * step * env.unwrapped.dt + phase_of_leg
        action[0::2] = 0.27 + 0.27 * np.cos(phase)
        action[1::2] = 0.19 - 0.39 * np.sin(phase - 0.71)
        _, _, terminated, _, info = env.step(action)
        assert not terminated
    assert info["x_position"] / 5.0 > 0.3
