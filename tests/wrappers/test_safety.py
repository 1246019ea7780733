"""What reaches the environment through SafetyWrapper, and what the agent is told about it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
import yaml
from gymnasium import spaces
from hypothesis import given, settings

from rl_zoo.envs.robot_env import RobotEnv
from rl_zoo.errors import ConfigError, RobotFault
from rl_zoo.robots.bert import BERT
from rl_zoo.robots.guard_limits import LIMITS
from rl_zoo.wrappers.action_filter import ActionFilterWrapper, LowPassFilterWrapper
from rl_zoo.wrappers.action_smoothing import ActionSmoothingWrapper
from rl_zoo.wrappers.safety import SafetyWrapper
from rl_zoo.wrappers.truncation import TruncationWrapper
from tests.robots.guarded_robots import make_state, vectors, violations


class FakeRobotEnv(gym.Env):
    """bert without physics: it stands still unless a test says otherwise; remembers its actions."""

    dt = 0.02
    robot_spec = BERT

    def __init__(self):
        self.action_space = spaces.Box(-1.0, 1.0, (8,), np.float32)
        self.observation_space = spaces.Box(-1.0, 1.0, (1,), np.float32)
        self.robot_state = make_state(BERT)
        self.current_action = np.zeros(8)
        self.next_state = None
        self.first_action = np.zeros(8)
        self.actions = []

    def action_to_positions(self, action):
        return BERT.default_pose + BERT.action_ranges * np.asarray(action, dtype=np.float64)

    def positions_to_action(self, positions):
        return (positions - BERT.default_pose) / BERT.action_ranges

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.robot_state = make_state(BERT)
        self.current_action = self.first_action
        return np.zeros(1, np.float32), {}

    def step(self, action):
        self.actions.append(action)
        self.current_action = action.astype(np.float64)
        if self.next_state is not None:
            self.robot_state = self.next_state
        return np.zeros(1, np.float32), 1.0, False, False, {}


@pytest.fixture
def robot():
    return FakeRobotEnv()


def act(value):
    return np.full(8, value, np.float32)


def test_an_admissible_action_is_the_very_same(robot):
    env = SafetyWrapper(robot)
    env.reset(seed=0)
    action = np.linspace(-0.2, 0.2, 8).astype(np.float32)
    _, reward, terminated, truncated, info = env.step(action)
    assert robot.actions[0] is action
    assert info["action_executed"] is action
    assert (reward, terminated, truncated) == (1.0, False, False)
    assert (info["intervention"], info["cost"], info["episode_interventions"]) == (False, 0.0, 0)
    assert all(
        info[key] == 0.0 for key in info if key.startswith("safety/") and "margin" not in key
    )
    assert 0.0 < info["safety/margin"] < 1.0


def test_the_correction_is_reported_and_can_be_penalised(robot):
    env = SafetyWrapper(robot, penalty=2.0)
    env.reset(seed=0)
    proposed = act(0.0)
    proposed[1] = 1.0  # 0.6 rad in one step; 12 rad/s allow 0.24
    _, reward, _, _, info = env.step(proposed)
    assert robot.actions[0][1] == pytest.approx(0.4, abs=1e-5)
    assert info["safety/command_velocity"] == pytest.approx(0.36)
    assert (info["intervention"], info["cost"]) == (True, 1.0)
    assert info["action_proposed"] is proposed
    assert info["action_executed"] is robot.actions[0]
    assert reward == pytest.approx(1.0 - 2.0 * 0.6 / 8, abs=1e-5)
    assert info["episode_max_correction"] == pytest.approx(0.6 / 8, abs=1e-5)


def test_the_next_step_starts_from_what_was_executed(robot):
    env = SafetyWrapper(robot)
    env.reset(seed=0)
    executed = [env.step(act(1.0))[4]["action_executed"][1] for _ in range(4)]
    assert executed == pytest.approx([0.4, 0.8, 1.0, 1.0], abs=1e-5)


def test_a_robot_slower_than_its_commands_is_not_rushed(robot):
    env = SafetyWrapper(robot)
    env.reset(seed=0)
    env.step(act(0.3))
    robot.current_action = act(0.1).astype(np.float64)  # it got no further
    assert env.step(act(0.9))[4]["action_executed"][1] == pytest.approx(0.1 + 0.4, abs=1e-5)


def test_an_episode_starts_from_the_command_the_robot_holds(robot):
    robot.first_action = act(0.5).astype(np.float64)
    env = SafetyWrapper(robot)
    env.reset(seed=0)
    assert env.step(act(0.5))[4]["intervention"] is False
    env.step(act(-1.0))
    env.reset()
    assert env.step(act(0.5))[4]["intervention"] is False


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_the_environment_never_sees_what_is_not_a_number(robot, bad):
    env = SafetyWrapper(robot, penalty=1.0)
    env.reset(seed=0)
    env.step(act(0.1))
    action = act(0.3)
    action[3] = bad
    _, reward, _, _, info = env.step(action)
    np.testing.assert_array_equal(robot.actions[-1], act(0.1))  # held
    assert info["safety/finite"] == 1.0
    assert np.isfinite(reward)
    assert reward < 1.0
    assert np.isnan(info["action_proposed"][3]) or np.isinf(info["action_proposed"][3])


def test_an_action_of_another_shape_is_an_error(robot):
    env = SafetyWrapper(robot)
    env.reset(seed=0)
    with pytest.raises(RobotFault, match=r"shape \(7,\), not \(8,\)"):
        env.step(np.zeros(7, np.float32))


def is_outside(env, robot, held):
    positions = robot.action_to_positions(robot.actions[-1])
    limits = env.get_wrapper_attr("guarded_actions").limits
    return violations(limits, BERT, robot.robot_state, held, positions)


@settings(max_examples=100, deadline=None)
@given(vectors(8), vectors(8))
def test_float32_rounding_leads_nowhere_outside(first, second):
    robot = FakeRobotEnv()
    env = SafetyWrapper(robot)
    env.reset(seed=0)
    with np.errstate(over="ignore"):
        for action in (first.astype(np.float32), second.astype(np.float32)):
            held = robot.action_to_positions(robot.actions[-1] if robot.actions else np.zeros(8))
            env.step(action)
            assert is_outside(env, robot, held) == {}
            assert env.action_space.contains(robot.actions[-1])


def count_outside(n_steps, **limits):
    """Simulated bert under random and adversarial actions; count what happens."""
    inner = RobotEnv("bert")
    executed = []
    step = inner.step

    def remember(action):
        executed.append(action)
        return step(action)

    inner.step = remember
    reactions = {"tilt": "report", "height": "report"}  # go on after falls
    env = SafetyWrapper(inner, limits, reactions=reactions)
    rng = np.random.default_rng(5)
    env.reset(seed=0)
    counts = {"outside": 0, "conflicts": 0, "changed": 0, "reported": 0, "cost": 0.0}
    for index in range(n_steps):
        action = rng.normal(0.0, (0.05, 0.4, 3.0, 1e6)[index % 4], 8).astype(np.float32)
        if index % 9 == 0:
            action[rng.integers(8)] = (np.nan, np.inf, -np.inf)[index % 3]
        held, state = inner.robot.target.copy(), inner.robot_state
        _, _, terminated, truncated, info = env.step(action)
        sent = inner.action_to_positions(executed[-1])
        found = violations(env.guarded_actions.limits, BERT, state, held, sent)
        counts["outside"] += not found.keys() <= set(info["safety_conflicts"])
        counts["conflicts"] += bool(info["safety_conflicts"])
        counts["changed"] += executed[-1].tobytes() != action.tobytes()
        counts["reported"] += info["intervention"]
        counts["cost"] += info["cost"] != sum(
            value > 0.0 for key, value in info.items() if key in COUNTED
        )
        if terminated or truncated:
            env.reset()
    return counts


COUNTED = {f"safety/{name}" for name in (*LIMITS, "action_space")}


def test_no_action_outside_limits_reaches_the_simulated_robot():
    counts = count_outside(1500)
    assert counts["outside"] == counts["conflicts"] == counts["cost"] == 0
    assert counts["changed"] == counts["reported"] > 700


@pytest.mark.slow
@pytest.mark.parametrize("limits", [{}, {"max_torque": 1.5}], ids=["default", "weak motors"])
def test_no_action_of_100_000_outside_limits_reaches_the_simulated_robot(limits):
    """A joint that is pushed further than the weak motors reach is the only conflict."""
    counts = count_outside(50_000, **limits)
    assert counts["outside"] == counts["cost"] == 0
    assert counts["conflicts"] < (20 if limits else 1)
    assert counts["changed"] == counts["reported"]


def test_a_fall_ends_the_episode_in_the_step_in_which_it_is_seen(robot):
    env = SafetyWrapper(robot)
    env.reset(seed=0)
    robot.next_state = make_state(BERT, orientation=(np.cos(0.7), np.sin(0.7), 0.0, 0.0))
    _, _, terminated, truncated, info = env.step(act(0.1))
    assert (terminated, truncated) == (True, False)
    assert (info["termination_reason"], info["safety_stop"]) == ("fall", "tilt")
    assert info["safety/tilt"] == pytest.approx(0.2)
    assert info["safety_counts"]["tilt"] == 1
    assert info["cost"] == 1.0


def test_a_fall_in_the_last_step_of_a_time_limit_is_a_fall(robot):
    env = SafetyWrapper(gym.wrappers.TimeLimit(robot, 1))
    env.reset(seed=0)
    robot.next_state = make_state(BERT, orientation=(np.cos(0.7), np.sin(0.7), 0.0, 0.0))
    _, _, terminated, truncated, info = env.step(act(0.1))
    assert (terminated, truncated, info["termination_reason"]) == (True, False, "fall")
    env = SafetyWrapper(gym.wrappers.TimeLimit(robot, 1), reactions={"tilt": "truncate"})
    env.reset(seed=0)
    _, _, terminated, truncated, info = env.step(act(0.1))
    assert (terminated, truncated, "safety_stop" in info) == (False, True, False)


def test_nothing_is_concluded_from_a_state_after_a_gap(robot):
    robot.robot_state = dataclasses.replace(make_state(BERT), time=0.0)
    robot.reset = lambda **_: (np.zeros(1, np.float32), {})
    env = SafetyWrapper(TruncationWrapper(robot, limits={"max_gap": 0.1}))
    env.reset()
    fallen = make_state(BERT, orientation=(np.cos(0.7), np.sin(0.7), 0.0, 0.0))
    robot.next_state = dataclasses.replace(fallen, time=5.0)
    _, _, terminated, truncated, info = env.step(act(0.0))
    assert (terminated, truncated) == (False, True)
    assert (info["truncation_reason"], info["discard"]) == ("interrupted", True)


def test_the_distance_to_each_limit_is_told(robot):
    env = SafetyWrapper(robot)
    env.reset(seed=0)
    info = env.step(act(0.1))[4]
    margins = info["safety_margins"]
    assert {"tilt", "joint_range", "torque", "command_velocity", "foot_box"} <= margins.keys()
    assert info["safety/margin"] == min(margins.values())
    # Upright; a hip of 0.05 rad of the 0.24 that its motor moves in a control period.
    assert margins["tilt"] == pytest.approx(1.0)
    assert margins["command_velocity"] == pytest.approx(1.0 - 0.06 / 0.24)


def test_reactions_are_configurable(robot):
    robot.next_state = make_state(BERT, orientation=(np.cos(0.7), np.sin(0.7), 0.0, 0.0))
    env = SafetyWrapper(robot, reactions={"tilt": "report"}, cost_weights={"tilt": 0.5})
    env.reset(seed=0)
    _, _, terminated, truncated, info = env.step(act(0.1))
    assert (terminated, truncated, info["cost"]) == (False, False, 0.5)
    robot.next_state = None
    env = SafetyWrapper(robot, reactions={"command_velocity": "truncate"})
    env.reset(seed=0)
    env.step(act(0.2))
    _, _, terminated, truncated, info = env.step(act(-0.9))
    np.testing.assert_array_equal(robot.actions[-1], act(0.2))
    assert (terminated, truncated) == (False, True)
    assert (info["truncation_reason"], info["safety_stop"]) == ("safety_stop", "command_velocity")


def test_the_truncation_wrapper_understands_the_reasons(robot):
    hot = make_state(BERT, temperatures=np.full(8, 90.0))
    env = TruncationWrapper(SafetyWrapper(robot))
    env.reset(seed=0)
    robot.next_state = hot
    _, _, terminated, truncated, info = env.step(act(0.0))
    assert (terminated, truncated, info["truncation_reason"]) == (False, True, "safety_stop")


def test_totals_of_an_episode_start_anew(robot):
    env = SafetyWrapper(robot)
    env.reset(seed=0)
    for value in (1.0, 1.0, 1.0):
        info = env.step(act(value))[4]
    assert (info["episode_cost"], info["episode_interventions"]) == (2.0, 2)
    env.reset()
    info = env.step(act(0.0))[4]
    assert (info["episode_cost"], info["episode_interventions"]) == (0.0, 0)


def test_a_filter_outside_sees_the_proposed_action_as_the_agents(robot):
    env = ActionSmoothingWrapper(SafetyWrapper(robot), smoothing_coef=0.5)
    env.reset(seed=0)
    info = env.step(act(0.9))[4]
    np.testing.assert_array_equal(info["action_proposed"], act(0.9))
    assert info["action_executed"] is robot.actions[-1]


class PushEnv(gym.Env):
    """No robot: remembers its actions."""

    def __init__(self, low=-1.0, high=1.0):
        self.action_space = spaces.Box(low, high, (2,), np.float32)
        self.observation_space = spaces.Box(-1.0, 1.0, (1,), np.float32)
        self.actions = []

    def reset(self, *, seed=None, options=None):
        return np.zeros(1, np.float32), {}

    def step(self, action):
        self.actions.append(action)
        return np.zeros(1, np.float32), 0.0, False, False, {}


def test_without_a_robot_range_change_and_numbers_are_limited():
    inner = PushEnv()
    env = SafetyWrapper(inner, {"max_action_change": [0.3, 0.5]})
    env.reset()
    sent = []
    for action in ([0.9, 7.0], [-1.0, -1.0], [np.nan, 0.0], [0.5, 0.5]):
        info = env.step(np.array(action, np.float32))[4]
        sent.append(inner.actions[-1].tolist())
    assert sent[0] == pytest.approx([0.9, 1.0])
    assert sent[1] == pytest.approx([0.6, 0.5])
    assert sent[2] == sent[1]
    assert info["intervention"] is False
    assert inner.actions[-1].dtype == np.float32


@settings(max_examples=100, deadline=None)
@given(vectors(2), vectors(2))
def test_without_a_robot_any_action_comes_out_inside(first, second):
    inner = PushEnv(-0.3, 0.7)
    env = SafetyWrapper(inner, {"max_action_change": 0.1})
    env.reset()
    with np.errstate(over="ignore"):
        env.step(first.astype(np.float32))
        env.step(second.astype(np.float32))
    before, after = (action.astype(np.float64) for action in inner.actions)
    assert env.action_space.contains(inner.actions[0])
    assert env.action_space.contains(inner.actions[1])
    assert (np.abs(after - before) <= 0.1).all()


@pytest.mark.parametrize(
    ("kwargs", "text"),
    [
        ({"penalty": -1}, "SafetyWrapper.penalty: -1 is not a number from 0 up"),
        ({"store_action": "both"}, "store_action: 'both' is unknown; valid: proposed, executed"),
        ({"limits": 3}, "SafetyWrapper.limits: 3 is not a mapping"),
        ({"limits": {1: 2}}, "SafetyWrapper.limits: 1 is not a name"),
        ({"limits": {"reactions": {}}}, "limits.reactions: belongs beside limits"),
        ({"reactions": ["finite"]}, r"SafetyWrapper.reactions: \['finite'\] is not a mapping"),
        ({"limits": {"max_torque": 1.0}}, "not a limit of an environment without a robot"),
        ({"limits": {"max_action_change": 0.0}}, "max_action_change: 0.0 is not positive"),
        ({"reactions": {"finite": "report"}}, "SafetyWrapper.reactions.finite: 'report' is not"),
        ({"cost_weights": {"finit": 1.0}}, "did you mean 'finite'"),
    ],
)
def test_an_argument_without_meaning_is_named(kwargs, text):
    with pytest.raises(ConfigError, match=text):
        SafetyWrapper(PushEnv(), **kwargs)


def test_the_example_of_the_documentation_is_valid(robot):
    page = (Path(__file__).parents[2] / "docs" / "safety.md").read_text()
    entry = yaml.safe_load(page.split("```yaml")[1].split("```")[0])["Bert-v0"]
    env = SafetyWrapper(robot, **entry["env_wrapper"][0]["SafetyWrapper"])
    env.reset(seed=0)
    info = env.step(act(0.6))[4]
    assert (info["intervention"], info["cost"]) == (False, 0.0)
    assert info["safety/command_velocity"] > 0.0
    assert set(entry["monitor_kwargs"]["info_keywords"]) <= info.keys()


def test_mistakes_in_limits_of_a_robot_are_named(robot):
    with pytest.raises(ConfigError, match=r"SafetyWrapper.limits.max_torqe: unknown limit"):
        SafetyWrapper(robot, {"max_torqe": 1.0})
    with pytest.raises(ConfigError, match="needs a Box action space"):
        SafetyWrapper(gym.make("CartPole-v1"))


@pytest.mark.parametrize(
    "inner", [ActionFilterWrapper, LowPassFilterWrapper, ActionSmoothingWrapper]
)
def test_no_filter_may_sit_between_guard_and_robot(robot, inner):
    with pytest.raises(ConfigError, match=f"{inner.__name__} .* name SafetyWrapper before it"):
        SafetyWrapper(inner(robot))


def test_a_wrapper_that_changes_the_meaning_of_actions_belongs_outside(robot):
    inside = gym.wrappers.RescaleAction(robot, -2.0, 2.0)
    with pytest.raises(ConfigError, match="name SafetyWrapper before RescaleAction"):
        SafetyWrapper(inside)
