"""Bert-v0 as a Gymnasium environment."""

import dataclasses
import warnings
from importlib import metadata

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from rl_zoo.config.resolve import ConfigRequest, resolve
from rl_zoo.envs.ids import OUR_ENVIRONMENTS, register_environments
from rl_zoo.envs.robot_env import RobotEnv
from rl_zoo.envs.single_env import check_stack
from rl_zoo.errors import ConfigError
from rl_zoo.robots.catalog import ROBOTS
from rl_zoo.tasks.catalog import TASKS
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
    assert not np.array_equal(roll_out(env, actions, seed=8)[:43], first[:43])


DRAWN = {
    "task": "omnidirectional",
    "sensor_noise": 1,
    "sensor_bias": 1,
    "latency": 10,
    "battery_sag": 0.5,
    "randomize": {"friction": [0.5, 1.0], "payload_mass": [0, 1], "latency": [0, 40]},
}


@pytest.mark.parametrize("options", [{}, DRAWN, {**DRAWN, "task": "stand_up"}])
def test_the_random_generator_is_all_that_survives_a_reset(options):
    actions = random_actions(80)
    env = make_env(**options)
    env.reset(seed=5)
    roll_out(env, random_actions(30, seed=1))
    saved = env.unwrapped.np_random.bit_generator.state
    expected = roll_out(env, actions)
    other = make_env(**options)
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
    assert info["reward/fall"] == -env.unwrapped.task.weights["fall"]
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


RANGES = {"friction": [0.5, 1.0], "payload_mass": [0.0, 0.5], "latency": [0, 20]}


def test_every_episode_draws_anew_and_says_what():
    env = make_env(randomize=RANGES)
    drawn = [env.reset(seed=3)[1]["randomized"], *(env.reset()[1]["randomized"] for _ in range(20))]
    for name, (low, high) in RANGES.items():
        values = [episode[name] for episode in drawn]
        assert len(set(values)) == len(values)
        assert low <= min(values)
        assert max(values) <= high
    model = env.unwrapped.robot.model
    assert model.geom_friction[model.geom("floor").id, 0] == drawn[-1]["friction"]
    assert model.body("payload").mass[0] == drawn[-1]["payload_mass"]
    assert env.reset(seed=3)[1]["randomized"] == drawn[0]
    assert "randomized" not in make_env().reset(seed=3)[1]


def test_randomized_episodes_repeat_with_their_seed():
    actions = random_actions(60)
    options = {"randomize": RANGES, "sensor_noise": 1.0, "sensor_bias": 1.0}
    env = make_env(**options)
    first = roll_out(env, actions, seed=7)
    roll_out(env, actions)
    np.testing.assert_array_equal(roll_out(env, actions, seed=7), first)
    np.testing.assert_array_equal(roll_out(make_env(**options), actions, seed=7), first)


def test_sensor_noise_reaches_the_observation_but_not_the_truth():
    exact, noisy = make_env(), make_env(sensor_noise={"joint_position": 0.05})
    a, b = exact.reset(seed=0)[0], noisy.reset(seed=0)[0]
    parts = list(exact.unwrapped.observation_parts)
    assert parts[:4] == ["gravity", "heading", "gyroscope", "joint_positions"]
    assert np.array_equal(a[:7], b[:7])
    assert 0.01 < np.std(b[7:15] - a[7:15]) < 0.15
    for env in (exact, noisy):
        info = env.step(np.zeros(8))[-1]
        assert info["x_position"] == pytest.approx(0.0, abs=0.01)


def test_the_reward_uses_the_estimate_unless_the_truth_is_asked_for():
    """The estimator is told nonsense: only the rewards that trust it follow."""
    rewards = {}
    for choice in ("estimated", True):
        env = make_env(reward_velocity=choice)
        env.reset(seed=0)
        update = env.unwrapped._estimator.update

        def lie(state, update=update):
            estimate = update(state)
            return type(estimate)(np.array([0.5, 0, 0]), estimate.height, estimate.n_standing)

        env.unwrapped._estimator.update = lie
        info = env.step(np.zeros(8))[-1]
        rewards[choice] = info["reward/forward"]
        assert info["velocity_error"] == pytest.approx(0.5, abs=0.1)
    assert rewards["estimated"] == pytest.approx(1.0)
    assert rewards[True] < 0.2


@pytest.mark.parametrize("choice", ["estimated", "true", True])
def test_velocity_is_observed_only_if_asked_for(choice):
    plain, told = make_env(), make_env(observe_velocity=choice)
    assert told.observation_space.shape[0] == plain.observation_space.shape[0] + 3
    told.reset(seed=0)
    for action in random_actions(20):
        observation, *_, info = told.step(action)
    # True or estimated, in the heading's frame: near the true forward speed.
    assert observation[-3] == pytest.approx(info["forward_speed"], abs=0.15)
    if choice != "estimated":
        assert observation[-3] == pytest.approx(info["forward_speed"], abs=0.02)
    assert "velocity" not in plain.unwrapped.observation_parts


def test_contacts_can_be_left_out():
    env = make_env(observe_contacts=False)
    assert env.observation_space.shape == (39,)
    assert "contacts" not in env.unwrapped.observation_parts


def test_commands_are_observed_and_change_every_five_seconds():
    env = make_env(task="omnidirectional")
    observation, _ = env.reset(seed=0)
    commands = [observation[-3:]]
    for _ in range(499):
        observation, *_ = env.step(np.zeros(8))
        commands.append(observation[-3:])
    changes = [i for i in range(1, 500) if not np.array_equal(commands[i], commands[i - 1])]
    assert changes == [250]
    again, _ = env.reset(seed=0)
    np.testing.assert_array_equal(again[-3:], commands[0])


def test_stand_up_starts_on_the_belly_and_never_falls():
    env = make_env(task="stand_up")
    robot = env.unwrapped.robot
    starts = []
    for seed in range(5):
        env.reset(seed=seed)
        assert robot.ground_truth().height < 0.3 * env.unwrapped.robot_spec.standing_height
        assert np.max(np.abs(robot.data.qvel)) < 0.05
        assert np.all(robot.foot_clearances() > -0.002)
        starts.append(robot.read().joint_positions)
    assert np.std(starts, axis=0).max() > 0.01
    robot.data.qpos[3:7] = [0.0, 1.0, 0.0, 0.0]  # on its back
    for action in random_actions(100):
        _, _, terminated, _, info = env.step(action)
        assert not terminated
        assert info["reward/fall"] == 0.0


def test_a_robot_can_stand_up():
    env = make_env(task="stand_up")
    env.reset(seed=0)
    crouched = np.tile([1.0, -1.0], 4)
    for step in range(300):
        action = crouched * max(0.0, 1.0 - max(0, step - 25) / 100)
        *_, info = env.step(action)
    robot = env.unwrapped.robot
    assert robot.ground_truth().height > 0.8 * env.unwrapped.robot_spec.standing_height
    assert info["reward/upright"] > 0.48


def test_turn_measures_speed_along_the_robots_own_heading():
    env = make_env(task="turn")
    env.reset(seed=0)
    data = env.unwrapped.robot.data
    data.qpos[3:7] = [np.cos(np.pi / 4), 0, 0, np.sin(np.pi / 4)]  # facing +y
    data.qvel[:3] = [0.0, 0.4, 0.0]
    info = env.step(np.zeros(8))[-1]
    assert info["forward_speed"] > 0.2
    assert "heading" not in env.unwrapped.observation_parts


def test_true_speed_is_true_whatever_the_compass_says():
    exact, biased = (
        make_env(task="turn", sensor_bias={"orientation": size}, reset_noise=0.0)
        for size in (0.0, 0.5)
    )
    speeds = []
    for env in (exact, biased):
        env.reset(seed=0)
        env.unwrapped.robot.data.qvel[:2] = 0.3, 0.2
        speeds.append(env.step(np.zeros(8))[-1]["forward_speed"])
    assert speeds[0] == pytest.approx(speeds[1], abs=1e-9)


def test_an_episode_starts_within_the_limits_of_the_joints():
    env = make_env(reset_noise=1.0).unwrapped
    spec = env.robot_spec
    for seed in range(10):
        env.reset(seed=seed)
        assert np.all(env.robot.target >= spec.lower_limits)
        assert np.all(env.robot.target <= spec.upper_limits)


def test_unset_options_keep_their_defaults():
    names = ("task", "reset_noise", "observe_contacts", "reward_velocity", "randomize", "payload")
    assert roll_out(make_env(**dict.fromkeys(names)), random_actions(20), seed=1) == pytest.approx(
        roll_out(make_env(), random_actions(20), seed=1), abs=0.0
    )


def test_pictures_come_at_the_rate_of_the_commands(monkeypatch):
    slow = dataclasses.replace(ROBOTS.load("bert"), control_frequency=25.0)
    monkeypatch.setattr("rl_zoo.robots.bert.slow", slow, raising=False)
    env = RobotEnv(robot="rl_zoo.robots.bert:slow")
    assert env.metadata["render_fps"] == 25
    assert RobotEnv.metadata["render_fps"] == 50


def test_action_and_positions_are_inverse():
    env = make_env().unwrapped
    action = np.linspace(-1, 1, 8)
    positions = env.action_to_positions(action)
    np.testing.assert_allclose(
        positions, env.robot_spec.default_pose + action * env.robot_spec.action_ranges
    )
    np.testing.assert_allclose(env.positions_to_action(positions), action)
    assert env.dt == 0.02


def test_current_action_is_what_the_robot_holds():
    env = make_env(reset_noise=0.0)
    env.reset(seed=0)
    wrapped = env.get_wrapper_attr
    np.testing.assert_allclose(wrapped("current_action"), 0.0, atol=1e-12)
    env.step(np.full(8, 0.3))
    np.testing.assert_allclose(wrapped("current_action"), 0.3, atol=1e-6)
    env.step(np.full(8, -1.0))  # further than the motors move in 20 ms
    held = wrapped("current_action")
    assert np.all((held > -1.0) & (held < 0.3))
    np.testing.assert_allclose(
        wrapped("action_to_positions")(held), env.unwrapped.robot.target, atol=1e-12
    )


@pytest.mark.parametrize(
    ("options", "messages"),
    [
        ({"robot": "berd"}, ["robot: unknown robot 'berd'; did you mean 'bert'?"]),
        ({"robot": 3}, ["robot: must be a name, not 3"]),
        ({"task": "wakl"}, ["task: unknown task 'wakl'; did you mean 'walk'?"]),
        ({"task": ["walk"]}, ["task: must be a name, not ['walk']"]),
        (
            {"robot": "rl_zoo.robots.bert:SPRING_STIFFNESS"},
            ["robot: 'rl_zoo.robots.bert:SPRING_STIFFNESS' is no rl_zoo.robots.spec.RobotSpec"],
        ),
        (
            {"motor_strength": {"FR": 0.5}, "randomize": {"motor_strength": [0.5, 1]}},
            ["randomize.motor_strength: would replace the motor_strength given by leg"],
        ),
        ({"render_mode": "human"}, ["render_mode: 'human' is unknown; valid: rgb_array"]),
        ({"reward_weights": {"efort": 1.0}}, ["did you mean 'effort'?"]),
        ({"fricton": 1.0}, ["fricton: unknown keyword; did you mean 'friction'?"]),
        ({"observe_contacts": 1}, ["observe_contacts: must be true or false, not 1"]),
        ({"observe_velocity": "truth"}, ["observe_velocity: 'truth' is none of none, estimated"]),
        ({"reward_velocity": "none"}, ["reward_velocity: 'none' is none of estimated, true"]),
        ({"reset_noise": -1}, ["reset_noise: must be a number of rad in [0, 1], not -1"]),
        (
            {"task": "wakl", "friction": -1, "payload": {"mas": 1}, "render_mod": "x"},
            ["render_mod: unknown", "task: unknown task", "friction: must", "payload.mas: unknown"],
        ),
    ],
)
def test_mistyped_options_are_named_all_at_once(options, messages):
    with pytest.raises(ConfigError) as caught:
        RobotEnv(**options)
    problems = sorted(caught.value.problems)
    assert len(problems) == len(messages)
    for message in messages:
        assert any(message in problem for problem in problems)
    with_robot = {"robot": "bert", **options}
    assert sorted(RobotEnv.keyword_problems(with_robot)) == problems


def test_the_stack_reports_options_with_their_place_before_it_opens_anything(monkeypatch):
    def fail(*_):
        raise AssertionError("opened")

    monkeypatch.setattr("rl_zoo.envs.robot_env.MujocoRobot", fail)
    request = ConfigRequest(
        algo="ppo",
        env_id="Bert-v0",
        params=("policy:MlpPolicy", "n_timesteps:10"),
        env_kwargs=("task:wakl", "payload:{'mas':1.0}"),
    )
    with pytest.raises(ConfigError) as caught:
        check_stack(resolve(request))
    assert sorted(caught.value.problems) == [
        "Bert-v0.env_kwargs.payload.mas: unknown; did you mean 'mass'?",
        "Bert-v0.env_kwargs.task: unknown task 'wakl'; did you mean 'walk'?",
    ]


def test_every_robot_and_task_makes_an_environment():
    for env_id, arguments in OUR_ENVIRONMENTS.items():
        if "driver" in arguments["kwargs"]:  # a robot behind a bus: test_real_robot_env
            continue
        distribution = ROBOTS.load(arguments["kwargs"]["robot"]).model.distribution
        if distribution is not None and not _is_installed(distribution):
            continue
        for task in TASKS.built_in_names():
            env = gymnasium.make(env_id, task=task)
            assert env.reset(seed=0)[0].shape == env.observation_space.shape
            n = env.action_space.shape[0]
            for _ in range(3):
                observation, reward, *_ = env.step(np.zeros(n))
            assert np.all(np.isfinite(observation))
            assert np.isfinite(reward)
            env.close()


def _is_installed(distribution):
    try:
        metadata.distribution(distribution)
    except metadata.PackageNotFoundError:
        return False
    return True


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


def test_the_spec_that_the_guard_sees_has_the_springs_of_the_options():
    env = make_env(spring_stiffness={"FR": 10.0}, spring_damping=0.1).unwrapped
    assert env.robot_spec.kp.tolist() == [10.0, 10.0, *[2.75] * 6]
    assert env.robot_spec.kd.tolist() == [0.1] * 8
    env.reset(seed=0)
    state = env.robot_state
    expected = env.robot_spec.kp * state.spring_deflections
    expected -= env.robot_spec.kd * state.joint_velocities
    np.testing.assert_allclose(state.joint_torques, expected, atol=1e-9)
