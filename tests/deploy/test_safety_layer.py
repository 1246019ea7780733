"""The safety layer of a bundle decides as the wrapper of training does, bit for bit."""

from __future__ import annotations

import json

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import spaces

from rl_zoo.deploy.carried_safety import safety_layer
from rl_zoo.deploy.layer import Reading, make_layer
from rl_zoo.deploy.layers.safety import BoxSafetyLayer, RobotSafetyLayer
from rl_zoo.envs.robot_env import RobotEnv
from rl_zoo.errors import DamagedFileError, RobotFault
from rl_zoo.motion.rotations import gravity_in_body, tilt
from rl_zoo.robots.bert import BERT
from rl_zoo.robots.guard_limits import SafetyLimits
from rl_zoo.robots.observed_state import ObservedPart, ObservedState, orientation_of
from rl_zoo.robots.safe_actions import ActionBox
from rl_zoo.wrappers.action_meaning import held_action
from rl_zoo.wrappers.safety import SafetyWrapper
from tests.robots.guarded_robots import make_state


class FakeRobotEnv(gym.Env):
    """bert pushed around at random; holds what it was told, or lags behind."""

    dt = 0.02
    robot_spec = BERT

    def __init__(self, box, seed=0):
        self.action_space = box
        self.observation_space = spaces.Box(-1.0, 1.0, (1,), np.float32)
        self.observation_parts = {"gravity": 3}
        self.robot_state, self.current_action = make_state(BERT), np.zeros(8)
        self._rng = np.random.default_rng(seed)
        self.actions = []

    def action_to_positions(self, action):
        return BERT.default_pose + BERT.action_ranges * np.asarray(action, dtype=np.float64)

    def positions_to_action(self, positions):
        return (positions - BERT.default_pose) / BERT.action_ranges

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.robot_state, self.current_action = make_state(BERT), np.zeros(8)
        return np.zeros(1, np.float32), {}

    def step(self, action):
        self.actions.append(np.array(action))
        rng = self._rng
        self.current_action = 0.9 * np.asarray(action, np.float64)
        spread = rng.choice([0.01, 0.2])
        q = self.action_to_positions(self.current_action) + rng.normal(0.0, spread, 8)
        angle = rng.normal(0.0, 0.4)
        self.robot_state = make_state(
            BERT,
            joint_positions=q,
            motor_positions=q + rng.normal(0.0, 0.05, 8),
            joint_velocities=rng.normal(0.0, 5.0, 8),
            orientation=(float(np.cos(angle)), float(np.sin(angle)), 0.0, 0.0),
        )
        return np.zeros(1, np.float32), 1.0, False, False, {}


class SlowEnv(gym.Env):
    """No robot; says what it holds at the start."""

    observation_space = spaces.Box(-1.0, 1.0, (1,), np.float32)

    def __init__(self, box, held):
        self.action_space = box
        self.current_action = held
        self.actions = []

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return np.zeros(1, np.float32), {}

    def step(self, action):
        self.actions.append(np.array(action))
        return np.zeros(1, np.float32), 0.0, False, False, {}


def wild_actions(rng, box, n):
    """Yield small steps, big ones, actions on the very ends, outside of them and broken ones."""
    action = np.zeros(box.shape)
    for index in range(n):
        action = 0.9 * action + rng.normal(0.0, (0.05, 0.05, 0.5)[index % 3], box.shape)
        middle = 0.5 * (box.low + box.high) if box.is_bounded() else 0.0
        wanted = (middle + action).astype(box.dtype)
        if index % 11 == 0:
            wanted = np.where(rng.random(box.shape) < 0.5, box.low, box.high).astype(box.dtype)
        if index % 13 == 0:
            wanted.flat[rng.integers(wanted.size)] = rng.choice([np.nan, np.inf, -np.inf, 1e3])
        yield wanted


def same(one, other):
    return np.array_equal(one, other, equal_nan=True) and np.asarray(one).dtype == other.dtype


def play_both(wrapper, env, n, *, give_held):
    """Drive wrapper and layer alike; compare everything they say. Returns (admitted, changed)."""
    layer = make_layer(json.loads(json.dumps(safety_layer(wrapper).to_dict())), "a test")
    rng = np.random.default_rng(1)
    quick = changed = 0
    for _ in range(3):
        observation, _ = wrapper.reset(seed=0)
        layer.start(observation, Reading(held_action=held_action(env)))
        assert layer.last is None
        for action in wild_actions(rng, env.action_space, n):
            state = getattr(env, "robot_state", None)
            held = env.current_action if give_held else None
            executed = layer.act(action, Reading(state, held))
            quick += layer._last is None
            changed += executed is not action
            _, _, _, _, info = wrapper.step(action)
            assert same(env.actions[-1], executed)
            assert same(info["safe_action"], layer.last.action)
            assert (layer.last.action is action) == (not info["intervention"])
            assert layer.last.margins == info["safety_margins"]
            assert layer.last.conflicts == info["safety_conflicts"]
            reached, stop = layer.judge(getattr(env, "robot_state", None))
            for name in layer.names:
                said = {**layer.last.excess, **reached}.get(name, 0.0)
                assert info[f"safety/{name}"] == said
            stop = layer.last.stop or stop
            assert info.get("safety_stop") == (stop and stop.limit)
    return quick, changed


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [1.0, 5.0])
@pytest.mark.parametrize(
    "limits", [{}, {"max_command_velocity": 15.0, "max_tracking_error": 1.5}], ids=str
)
def test_the_layer_of_a_robot_is_the_wrapper(dtype, size, limits):
    env = FakeRobotEnv(spaces.Box(-size, size, (8,), dtype))
    wrapper = SafetyWrapper(env, limits, reactions={"height": "truncate"}, penalty=0.5)
    quick, changed = play_both(wrapper, env, 150, give_held=True)
    assert changed > 20
    assert quick > 20


def test_a_robot_that_does_not_say_what_it_holds(monkeypatch):
    env = FakeRobotEnv(spaces.Box(-1.0, 1.0, (8,), np.float32))
    wrapper = SafetyWrapper(env, reactions={"tilt": "report", "height": "report"})
    wrapper.guarded_actions._says_what_it_holds = False
    quick, changed = play_both(wrapper, env, 150, give_held=False)
    assert changed > 20
    assert quick > 20


@pytest.mark.parametrize("held", [None, np.full((2, 2), 0.3)], ids=["unknown", "held"])
@pytest.mark.parametrize(
    "box",
    [
        spaces.Box(-1.0, 1.0, (2, 2), np.float32),
        spaces.Box(0.0, 2.0, (2, 2), np.float64),
        spaces.Box(-np.inf, np.inf, (2, 2), np.float32),
    ],
    ids=str,
)
@pytest.mark.parametrize("change", [None, 0.2, [[0.1, 0.2], [1.0, 2.0]]], ids=str)
def test_the_layer_of_an_action_space_is_the_wrapper(box, change, held):
    limits = {} if change is None else {"max_action_change": change}
    env = SlowEnv(box, held)
    if held is None:
        del env.current_action
    wrapper = SafetyWrapper(env, limits, reactions={"finite": "truncate"})
    quick, changed = play_both(wrapper, env, 100, give_held=False)
    assert changed > 10
    if box.is_bounded():
        assert quick > 10


def test_the_layer_of_the_simulated_robot_needs_only_its_observation():
    env = SafetyWrapper(RobotEnv("bert"), {"max_command_velocity": 3.0})
    layer = safety_layer(env)
    observation, _ = env.reset(seed=3)
    layer.start(observation, Reading())
    rng = np.random.default_rng(0)
    for _ in range(30):
        action = rng.uniform(-1.0, 1.0, 8).astype(np.float32)
        reading = Reading(None, env.unwrapped.current_action, observation)
        executed = layer.act(action, reading)
        observation, _, terminated, truncated, info = env.step(action)
        np.testing.assert_allclose(executed, info["safe_action"], atol=1e-5)
        if terminated or truncated:
            break


def test_an_observation_that_does_not_say_enough_is_a_fault_that_names_it():
    env = FakeRobotEnv(spaces.Box(-1.0, 1.0, (8,), np.float32))
    layer = safety_layer(SafetyWrapper(env))
    layer.start(np.zeros(3, np.float32), Reading())
    with pytest.raises(RobotFault, match="joint_positions and joint_velocities and spring"):
        layer.act(np.zeros(8, np.float32), Reading(observation=np.zeros(3, np.float32)))


def test_robots_whose_actions_mean_something_else_keep_their_wrapper():
    env = FakeRobotEnv(spaces.Box(-1.0, 1.0, (8,), np.float32))
    env.action_to_positions = lambda action: BERT.default_pose + 0.3 * np.tanh(action)
    assert safety_layer(SafetyWrapper(env)) is None


def test_the_limits_survive_json_to_the_last_bit():
    pose, ranges = BERT.default_pose, BERT.action_ranges
    box = ActionBox(np.full(8, -0.1, np.float32), np.array([0.3] * 7 + [np.inf], np.float32))
    limits = SafetyLimits.from_spec(BERT, control_period=1.0 / 30.0, max_torque=0.1)
    layer = RobotSafetyLayer(limits, box, (pose, ranges), None, 0.1)
    plain = json.loads(json.dumps(layer.to_dict(), allow_nan=False))
    again = RobotSafetyLayer.from_plain(plain)
    assert again.limits == limits
    assert again.penalty == 0.1
    assert same(again.low, box.low)
    assert same(again.high, box.high)
    assert again.to_dict() == layer.to_dict()


def test_a_damaged_layer_is_a_damaged_file():
    env = SlowEnv(spaces.Box(-1.0, 1.0, (2, 2), np.float32), np.zeros((2, 2)))
    plain = safety_layer(SafetyWrapper(env)).to_dict()
    assert isinstance(make_layer(plain, "x"), BoxSafetyLayer)
    for change in ({"of": "nothing"}, {"box": {}}, {"limits": {"reactions": 3}}):
        with pytest.raises(DamagedFileError, match="x: its layer 'safety' is damaged"):
            make_layer({**plain, **change}, "x")


def test_an_orientation_is_read_from_gravity():
    rng = np.random.default_rng(0)
    for vector in rng.normal(0.0, 1.0, (200, 3)):
        gravity = vector / np.linalg.norm(vector)
        orientation = orientation_of(*gravity.tolist())
        np.testing.assert_allclose(gravity_in_body(orientation), gravity, atol=1e-12)
        assert tilt(orientation) == pytest.approx(np.arccos(-gravity[2]), abs=1e-6)
    assert tilt(orientation_of(0.0, 0.0, 1.0)) == pytest.approx(np.pi)
    assert orientation_of(0.0, 0.0, 0.0) == (0.0, 0.0, 0.0, 0.0)
    assert orientation_of(np.nan, 0.0, -1.0) == (0.0, 0.0, 0.0, 0.0)


def test_an_observation_of_another_size_is_refused():
    parts = {"gravity": ObservedPart(0, 3)}
    parts |= {name: ObservedPart(3, 2) for name in ("joint_positions", "joint_velocities")}
    observed = ObservedState(5, parts, (0.1, 0.2))
    state = observed.read(np.array([0.0, 0.0, -1.0, 0.5, 0.6]))
    np.testing.assert_allclose(state.joint_positions, [0.6, 0.8])
    with pytest.raises(RobotFault, match=r"\(4,\), not \(5,\)"):
        observed.read(np.zeros(4))
