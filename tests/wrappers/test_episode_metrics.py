"""What an episode is measured by, in environments whose every number is known."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import spaces

from rl_zoo.motion.smoothness import continuity_cost
from rl_zoo.robots.bert import BERT
from rl_zoo.robots.driver import RobotState
from rl_zoo.robots.velocity_estimator import GRAVITY
from rl_zoo.wrappers.action_filter import ActionFilterWrapper
from rl_zoo.wrappers.episode_control import EpisodeControlWrapper
from rl_zoo.wrappers.episode_metrics import EpisodeMetricsWrapper, mean_metrics


class MovingRobot(gym.Env[Any, Any]):
    """Each step lasts 0.1 s; all motors move by 0.05 rad against 2 N m; 0.5 m/s forward."""

    dt = 0.1
    robot_spec = BERT

    def __init__(self, length: int = 10, end: str = "fall") -> None:
        self.observation_space = spaces.Box(-1.0, 1.0, (1,), np.float32)
        self.action_space = spaces.Box(-1.0, 1.0, (BERT.n_joints,), np.float32)
        self.length, self.end = length, end
        self.info: list[dict[str, Any]] = [{}] * length

    def _read(self) -> None:
        motors = np.full(BERT.n_joints, 0.05 * self.steps)
        self.robot_state = RobotState(
            time=7.0 + self.dt * self.steps,
            joint_positions=motors,
            joint_velocities=motors,
            joint_torques=np.full(BERT.n_joints, 2.0),
            motor_positions=motors,
            orientation=(1.0, 0.0, 0.0, 0.0),
            angular_velocity_in_body=np.zeros(3),
            foot_forces=np.full(4, 30.0 * (self.steps % 2)),
        )

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        super().reset(seed=seed)
        self.steps = 0
        self._read()
        return np.zeros(1, np.float32), {}

    def step(self, action: Any) -> Any:
        self.steps += 1
        self._read()
        info = {"forward_speed": 0.5, **self.info[self.steps - 1]}
        over = self.steps == self.length
        if over:
            info["termination_reason"] = self.end
        return np.zeros(1, np.float32), 1.0, over, False, info


def run_episode(env, actions):
    env.reset(seed=0)
    for index, action in enumerate(actions):
        info = env.step(np.asarray(action, dtype=np.float32))[4]
        assert ("episode_metrics" in info) == (index == len(actions) - 1)
    return info["episode_metrics"]


def test_an_episode_of_a_robot():
    env = EpisodeMetricsWrapper(EpisodeControlWrapper(MovingRobot()))
    actions = np.random.default_rng(0).uniform(-1, 1, (10, 8))
    found = run_episode(env, actions)
    energy = 8 * 2.0 * 0.05 * 10
    assert found == pytest.approx(
        {
            "motion/continuity_cost": continuity_cost(actions, [-1] * 8, [1] * 8),
            "motion/energy": energy,
            "motion/power": energy / 1.0,
            "motion/forward_speed": 0.5,
            "motion/cost_of_transport": energy / (BERT.mass * GRAVITY * 0.5),
            "motion/mean_torque": 2.0,
            "motion/peak_torque": 2.0,
            "motion/direction_changes": 0.0,
            "motion/touch_downs": 5 * 4 / 1.0,
            "motion/peak_foot_force": 30.0,
            "motion/falls": 1.0,
        },
        rel=1e-4,
    )


def test_every_episode_starts_anew():
    env = EpisodeMetricsWrapper(MovingRobot())
    actions = np.random.default_rng(0).uniform(-1, 1, (10, 8))
    assert run_episode(env, actions) == run_episode(env, actions)


def test_an_end_that_is_no_fall():
    env = EpisodeMetricsWrapper(MovingRobot(end="success"))
    assert run_episode(env, np.zeros((10, 8)))["motion/falls"] == 0.0


def test_a_load_is_carried_too():
    robot = MovingRobot()
    robot.total_mass = BERT.mass + 1.0
    found = run_episode(EpisodeMetricsWrapper(robot), np.zeros((10, 8)))
    expected = found["motion/energy"] / ((BERT.mass + 1.0) * GRAVITY * 0.5)
    assert found["motion/cost_of_transport"] == pytest.approx(expected)


def test_rewards_costs_and_interventions():
    robot = MovingRobot(length=4)
    robot.info = [
        {"reward/forward": 1.0, "safety/torque": 0.5, "cost": 2.0, "intervention": True},
        {"reward/forward": 0.25, "velocity_error": np.array([0.3, -0.4])},
        {"reward/forward": 0.5, "intervention": False, "velocity_error": -0.1, "cost": 0},
        {"reward/fall": -3.0, "cost": 1.0, "x_position": 7.0, "note": "text"},
    ]
    found = run_episode(EpisodeMetricsWrapper(robot), np.zeros((4, 8)))
    others = {key: value for key, value in found.items() if not key.startswith("motion/")}
    assert others == pytest.approx(
        {
            "reward/forward": 1.75,
            "reward/fall": -3.0,
            "safety/torque": 0.125,
            "safety/cost": 3.0,
            "safety/intervention_rate": 0.25,
        }
    )
    assert found["motion/velocity_error"] == pytest.approx((0.5 + 0.1) / 2)


def test_what_is_no_number_is_no_metric():
    robot = MovingRobot(length=2)
    robot.info = [{"reward/legs": np.zeros(4), "cost": "high", 3: 1.0, "reward/x": 1}] * 2
    found = run_episode(EpisodeMetricsWrapper(robot), np.zeros((2, 8)))
    others = {key: value for key, value in found.items() if not key.startswith("motion/")}
    assert others == {"reward/x": 2.0}


def test_agent_and_motors_are_told_apart():
    """Bang-bang actions cost 100; what a rate limit of 2 per 0.1 s leaves of them costs 1."""
    env = ActionFilterWrapper(MovingRobot(), "rate_limit", max_rate=2.0)
    actions = np.where(np.arange(10)[:, np.newaxis] % 2, 1.0, -1.0) * np.ones(8)
    found = run_episode(EpisodeMetricsWrapper(env), actions)
    assert found["motion/continuity_cost"] == pytest.approx(100.0)
    assert found["motion/continuity_cost_executed"] == pytest.approx(1.0)


def test_a_constant_action_costs_nothing():
    found = run_episode(EpisodeMetricsWrapper(MovingRobot()), np.full((10, 8), 0.3))
    assert found["motion/continuity_cost"] == 0.0


def test_nothing_is_measured_across_a_discarded_transition():
    robot = MovingRobot()
    robot.info = [{}] * 4 + [{"discard": True}] + [{}] * 5
    actions = np.array([[-1.0] * 8] * 4 + [[1.0] * 8] * 6)
    found = run_episode(EpisodeMetricsWrapper(robot), actions)
    assert found["motion/continuity_cost"] == 0.0
    assert found["motion/energy"] == pytest.approx(8 * 2.0 * 0.05 * 9)


def test_an_episode_cut_from_outside_is_marked():
    env = EpisodeMetricsWrapper(EpisodeControlWrapper(MovingRobot()))
    env.reset()
    env.step(np.zeros(8, np.float32))
    env.get_wrapper_attr("request_truncation")("SIGTERM")
    info = env.step(np.zeros(8, np.float32))[4]
    assert info["cut"] == 1
    assert info["episode_metrics"]["motion/power"] > 0


@pytest.mark.parametrize(
    "space",
    [spaces.Discrete(3), spaces.Box(-np.inf, np.inf, (2,)), spaces.MultiBinary(2)],
    ids=str,
)
def test_without_bounds_there_is_no_continuity_cost(space):
    robot = MovingRobot(length=2)
    robot.action_space = space
    env = EpisodeMetricsWrapper(robot)
    env.reset()
    env.step(space.sample())
    assert "motion/continuity_cost" not in env.step(space.sample())[4]["episode_metrics"]


def test_an_environment_without_robot_has_no_other_numbers(scripted_env):
    scripted_env.length = 2
    found = run_episode(EpisodeMetricsWrapper(scripted_env), [[1.0], [-1.0]])
    assert found == {"motion/continuity_cost": pytest.approx(100.0)}


def test_a_single_step_has_nothing_to_compare():
    scripted = MovingRobot(length=1)
    found = run_episode(EpisodeMetricsWrapper(scripted), np.zeros((1, 8)))
    assert "motion/continuity_cost" not in found
    assert "motion/cost_of_transport" not in found


def test_means_are_over_the_episodes_that_have_the_number():
    episodes = [{"a": 1.0, "b": 2.0}, {"a": 3.0}]
    assert mean_metrics(episodes) == {"a": 2.0, "b": 2.0}
    assert mean_metrics([]) == {}


def test_observations_and_rewards_pass_unchanged(scripted_env):
    env = EpisodeMetricsWrapper(scripted_env)
    assert env.reset(seed=3, options={"a": 1})[1] == {"from": "reset"}
    assert scripted_env.reset_arguments == [(3, {"a": 1})]
    observation, reward, terminated, truncated, _ = env.step(np.array([0.5], np.float32))
    assert (observation.tolist(), reward, terminated, truncated) == ([1, 10], 1.0, False, False)
    assert scripted_env.actions == [[0.5]]
