"""Each layer against the wrapper it stands for: observations and actions are equal bit by bit."""

from __future__ import annotations

import json

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import spaces
from sb3_contrib.common.wrappers import TimeFeatureWrapper

from rl_zoo.deploy.carried_wrappers import layer_of
from rl_zoo.deploy.layer import make_layer
from rl_zoo.deploy.runtime import Policy
from rl_zoo.errors import DamagedFileError
from rl_zoo.wrappers.action_filter import ActionFilterWrapper, LowPassFilterWrapper
from rl_zoo.wrappers.action_smoothing import ActionSmoothingWrapper
from rl_zoo.wrappers.history import HistoryWrapper
from rl_zoo.wrappers.history_obs_dict import HistoryWrapperObsDict
from rl_zoo.wrappers.mask_velocity import MaskVelocityWrapper
from tests.deploy.layer_stacks import (
    LayerStack,
    RecordingEnv,
    assert_layers_equal_wrappers,
    layers_of,
    random_actions,
)

GOAL = spaces.Dict(
    {
        "observation": spaces.Box(-2.0, 2.0, (3,), np.float32),
        "desired_goal": spaces.Box(-1.0, 1.0, (2,), np.float64),
    }
)
MIXED = spaces.Dict(
    {
        "picture": spaces.Box(0, 255, (2, 3), np.uint8),
        "gear": spaces.Discrete(4, start=2),
        "buttons": spaces.MultiBinary(3),
        "dials": spaces.MultiDiscrete([2, 3]),
        "speed": spaces.Box(-1.0, 1.0, (2,), np.float32),
    }
)
FILTERS = [
    {"filter": "butterworth", "cutoff_frequency": 8.0},
    {"filter": "exponential", "cutoff_frequency": 3.0},
    {"filter": "one_euro", "min_cutoff": 2.0, "beta": 0.5},
    {"filter": "rate_limit", "max_rate": [4.0, 9.0]},
]


@pytest.mark.parametrize("horizon", [1, 2, 5])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_history(horizon, dtype):
    env = HistoryWrapper(RecordingEnv(dtype=dtype), horizon=horizon)
    assert_layers_equal_wrappers(env, random_actions(env))


def test_history_of_whole_numbers_keeps_the_fraction_of_the_actions():
    counts = spaces.Box(0, 9, (3,), np.int64)
    env = HistoryWrapper(RecordingEnv(observation_space=counts), horizon=3)
    assert_layers_equal_wrappers(env, random_actions(env))


def test_history_of_a_dict():
    env = HistoryWrapperObsDict(RecordingEnv(observation_space=GOAL), horizon=3)
    assert_layers_equal_wrappers(env, random_actions(env))


@pytest.mark.parametrize("holds", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("parameters", FILTERS, ids=lambda item: item["filter"])
def test_action_filter(parameters, dtype, holds):
    env = ActionFilterWrapper(RecordingEnv(dtype=dtype, holds=holds), **parameters)
    assert_layers_equal_wrappers(env, random_actions(env))


def test_low_pass_filter_overshoots_into_the_bounds():
    env = LowPassFilterWrapper(RecordingEnv(bound=0.7, holds=True), freq=6.0)
    steps = [[np.full(2, sign, np.float32)] * 8 for sign in (0.7, -0.7)]
    assert_layers_equal_wrappers(env, [steps[0] + steps[1] + steps[0]])
    assert np.abs(env.unwrapped.actions).max() == np.float32(0.7)


def test_action_filter_without_bounds():
    env = ActionFilterWrapper(RecordingEnv(bound=np.inf))
    plain = layer_of(env)
    assert plain["action_low"] == ["-inf", "-inf"]
    actions = [[np.array([100.0 * step, -3e7], np.float32) for step in range(6)]] * 2
    assert_layers_equal_wrappers(env, actions)


@pytest.mark.parametrize("holds", [False, True])
@pytest.mark.parametrize("coefficient", [0.0, 0.3, 0.9])
def test_action_smoothing(coefficient, holds):
    env = ActionSmoothingWrapper(RecordingEnv(holds=holds), smoothing_coef=coefficient)
    assert_layers_equal_wrappers(env, random_actions(env))


@pytest.mark.parametrize("wrapper", [ActionFilterWrapper, ActionSmoothingWrapper])
def test_a_held_action_of_another_shape_is_not_taken(wrapper):
    inner = RecordingEnv(holds=True)
    stack = layers_of(wrapper(inner))
    action = np.array([0.5, -0.5], np.float32)
    stack.start(inner.reset()[0], np.zeros(3))
    np.testing.assert_array_equal(stack.act(action), action)  # as without a held action


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize(
    "wrap",
    [
        *(lambda env, item=item: ActionFilterWrapper(env, **item) for item in FILTERS),
        lambda env: ActionSmoothingWrapper(env, 0.4),
        lambda env: gym.wrappers.RescaleAction(env, -2.0, 3.0),
        lambda env: HistoryWrapper(env, 2),
    ],
)
def test_actions_that_are_not_finite_pass_as_they_do_in_training(wrap, bad):
    env = wrap(RecordingEnv(holds=True))
    good, mixed = np.array([0.4, -0.2], np.float32), np.array([bad, 0.3], np.float32)
    assert_layers_equal_wrappers(env, [[mixed, good], [good, mixed, good, mixed, mixed, good]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rescaled_action(dtype):
    inner = RecordingEnv(dtype=dtype, bound=0.37)
    low = np.array([-0.1, 0.0], dtype)
    env = gym.wrappers.RescaleAction(inner, low, np.array([0.3, 7.0], dtype))
    assert_layers_equal_wrappers(env, random_actions(env, scale=5.0))


def test_masked_velocity():
    env = MaskVelocityWrapper(gym.make("Pendulum-v1").unwrapped)
    stack = layers_of(env)
    first, _ = env.reset(seed=0)
    raw = env.unwrapped._get_obs()
    np.testing.assert_array_equal(stack.start(raw, None), first)
    seen, *_ = env.step(np.ones(1, np.float32))
    ours = stack.observe(env.unwrapped._get_obs())
    np.testing.assert_array_equal(ours, seen)
    assert ours.dtype == seen.dtype
    assert ours[2] == 0.0


@pytest.mark.parametrize("test_mode", [False, True])
@pytest.mark.parametrize("space", [None, GOAL], ids=["vector", "dict"])
def test_time_feature(space, test_mode):
    inner = RecordingEnv(observation_space=None if space is None else spaces.Dict(space.spaces))
    env = TimeFeatureWrapper(inner, max_steps=7, test_mode=test_mode)
    assert_layers_equal_wrappers(env, random_actions(env))


@pytest.mark.parametrize(
    "space",
    [
        MIXED,
        GOAL,
        spaces.Box(0, 255, (2, 3), np.uint8),
        spaces.Discrete(5),
        spaces.MultiDiscrete([[2, 3], [4, 5]], start=[[1, 0], [0, 2]]),
    ],
    ids=["mixed", "goal", "picture", "discrete", "multi-discrete"],
)
def test_flattened_observation(space):
    env = gym.wrappers.FlattenObservation(RecordingEnv(observation_space=space))
    assert_layers_equal_wrappers(env, random_actions(env))


STACKS = {
    "history of filtered actions": lambda env: HistoryWrapper(
        ActionFilterWrapper(env, "exponential"), 3
    ),
    "history inside of the filter": lambda env: ActionFilterWrapper(HistoryWrapper(env, 3)),
    "two filters": lambda env: ActionSmoothingWrapper(
        ActionFilterWrapper(env, "rate_limit", max_rate=5.0), 0.5
    ),
    "no held action beyond another scale": lambda env: ActionSmoothingWrapper(
        gym.wrappers.RescaleAction(ActionFilterWrapper(env), -3.0, 1.0), 0.5
    ),
    "everything": lambda env: HistoryWrapper(
        TimeFeatureWrapper(
            gym.wrappers.RescaleAction(
                HistoryWrapper(LowPassFilterWrapper(ActionSmoothingWrapper(env, 0.2)), 2),
                -np.ones(2, np.float32),
                2 * np.ones(2, np.float32),
            ),
            max_steps=9,
        ),
        2,
    ),
    "flat dict": lambda env: HistoryWrapper(gym.wrappers.FlattenObservation(env), 2),
}


@pytest.mark.parametrize("name", STACKS)
def test_nested_layers(name):
    space = GOAL if name == "flat dict" else None
    env = STACKS[name](RecordingEnv(holds=True, observation_space=space))
    assert_layers_equal_wrappers(env, random_actions(env))


def test_dict_history_with_a_time_feature_inside():
    inner = RecordingEnv(observation_space=spaces.Dict(GOAL.spaces))
    env = HistoryWrapperObsDict(TimeFeatureWrapper(inner, max_steps=5), horizon=2)
    assert_layers_equal_wrappers(env, random_actions(env))


@pytest.mark.parametrize("name", STACKS)
def test_plain_data_are_read_as_written(name):
    space = GOAL if name == "flat dict" else None
    for layer in layers_of(STACKS[name](RecordingEnv(observation_space=space))).layers:
        plain = json.loads(json.dumps(layer.to_dict(), allow_nan=False))
        assert make_layer(plain, "x.onnx").to_dict() == layer.to_dict()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"parameters": {"filter": "butterwort", "dt": 0.02}}, "did you mean 'butterworth'"),
        ({"parameters": {"filter": "butterworth", "dt": 1.0}}, "cutoff_frequency"),
        ({"parameters": [1, 2]}, "its layer 'action_filter' is damaged"),
        ({"action_low": "low"}, "its layer 'action_filter' is damaged"),
        ({"action_dtype": "float31"}, "float31"),
        ({"kind": "action_filtre"}, "which this rl_zoo does not know"),
    ],
)
def test_a_damaged_layer_is_refused_by_name(change, message):
    plain = {**layer_of(ActionFilterWrapper(RecordingEnv())), **change}
    with pytest.raises(DamagedFileError, match=message) as caught:
        make_layer(plain, "x.onnx")
    assert str(caught.value).startswith("x.onnx: ")


def test_the_layer_of_a_history_keeps_its_own_copy_of_the_action():
    """The network writes every action to the same place."""
    stack = LayerStack(layers_of(HistoryWrapper(RecordingEnv(), 1)).layers)
    stack.start(np.zeros(3, np.float32), None)
    place = np.array([0.25, 0.5], np.float32)
    stack.act(place)
    place[:] = 9.0
    np.testing.assert_array_equal(stack.observe(np.ones(3, np.float32)), [1, 1, 1, 0.25, 0.5])


def test_the_runtime_drives_layers_as_gymnasium_drives_wrappers(make_bundle):
    """Several episodes, held actions included, with a graph between observation and action."""
    env = ActionSmoothingWrapper(
        gym.wrappers.RescaleAction(
            ActionSmoothingWrapper(ActionFilterWrapper(RecordingEnv(holds=True)), 0.4),
            np.float32(-2.0),
            np.float32(2.0),
        ),
        0.2,
    )
    inner = env.unwrapped
    plain = tuple(layer.to_dict() for layer in layers_of(env).layers)
    policy = Policy(make_bundle(layers=plain))
    for seed in range(3):
        seen, _ = env.reset(seed=seed)
        policy.reset()
        held = inner.held[-1]
        for _ in range(10):
            executed = policy.step(inner.observations[-1], held_action=held)
            held = None
            seen, *_ = env.step(np.array(policy.network.output[0]))
            np.testing.assert_array_equal(executed, inner.actions[-1])
            assert executed.dtype == inner.actions[-1].dtype
            np.testing.assert_array_equal(seen, inner.observations[-1])
