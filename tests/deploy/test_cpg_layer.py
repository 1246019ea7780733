"""Oscillators in a bundle against those of training: equal bit by bit."""

from __future__ import annotations

import json

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import spaces

from rl_zoo.deploy.carried_wrappers import layer_of
from rl_zoo.deploy.layer import make_layer
from rl_zoo.envs.robot_env import RobotEnv
from rl_zoo.robots.bert import BERT
from rl_zoo.robots.go2 import GO2
from rl_zoo.wrappers.action_filter import ActionFilterWrapper
from rl_zoo.wrappers.action_smoothing import ActionSmoothingWrapper
from rl_zoo.wrappers.cpg_residual import CPGResidualWrapper
from rl_zoo.wrappers.history import HistoryWrapper
from tests.deploy.layer_stacks import (
    RecordingEnv,
    assert_layers_equal_wrappers,
    assert_same,
    layers_of,
    random_actions,
)

TWO = {
    "amplitudes": [0.5, 0.3],
    "phases": [0.4, 2.0],
    "offsets": [0.1, -0.2],
    "swing_frequency": 3.0,
    "stance_frequency": 2.0,
}
TROT = {"gait": "trot", "swing_frequency": 3.0, "stance_frequency": 2.0, "height": 0.15}
WALK = {
    "gait": [0.0, 0.5, 0.25, 0.75],
    "step_length": [0.04, 0.05, 0.06, 0.07],
    "x_shift": 0.01,
    "outward_shift": [0.0, 0.01, 0.0, 0.02],
    "amplitude_lifts": True,
    "initial_amplitude": 0.2,
    "coupling_strength": 4.0,
    "amplitude_model": "hopf",
    "convergence": 10.0,
}
MODULATION = {"amplitude": [0.5, 2.0], "frequency": [0.7, 1.5], "phase": 0.3}


class LeggedEnv(RecordingEnv):
    """A robot without physics whose action is an angle around its default pose."""

    def __init__(self, spec=BERT, **options):
        super().__init__(n_actions=spec.n_joints, **options)
        self.robot_spec = spec

    def positions_to_action(self, positions):
        return (positions - self.robot_spec.default_pose) / self.robot_spec.action_ranges


def joint_space(**settings):
    return CPGResidualWrapper(RecordingEnv(bound=0.6), prior=TWO, **settings)


@pytest.mark.parametrize("observe_phase", [True, False])
@pytest.mark.parametrize("mode", ["residual", "modulate", "both"])
def test_joint_space(mode, observe_phase):
    env = joint_space(mode=mode, observe_phase=observe_phase)
    assert_layers_equal_wrappers(env, random_actions(env, steps=40))


@pytest.mark.parametrize("per_leg", [True, False])
def test_joint_space_in_groups(per_leg):
    prior = {**TWO, "amplitudes": [0.3] * 8, "phases": list(range(8)), "offsets": [0.0] * 8}
    env = CPGResidualWrapper(
        LeggedEnv(dtype=np.float64),
        prior=prior,
        mode="both",
        residual_scale=[0.1 * k for k in range(8)],
        modulation={**MODULATION, "per_leg": per_leg},
    )
    assert_layers_equal_wrappers(env, random_actions(env, steps=40))


@pytest.mark.parametrize("prior", [TROT, WALK], ids=["trot", "walk"])
@pytest.mark.parametrize("mode", ["residual", "modulate", "both"])
@pytest.mark.parametrize("spec", [BERT, GO2], ids=lambda spec: spec.name)
def test_foot_space(spec, mode, prior):
    if spec is GO2:
        prior = {**prior, "height": 0.3}
    modulation = {**MODULATION, "per_leg": prior is WALK}
    if spec is GO2:
        modulation["heading_rate"] = 1.0
    env = CPGResidualWrapper(
        LeggedEnv(spec),
        prior=prior,
        space="foot",
        mode=mode,
        modulation=None if mode == "residual" else modulation,
    )
    assert_layers_equal_wrappers(env, random_actions(env, steps=25))


@pytest.mark.parametrize("space", ["joint", "foot"])
def test_random_start_of_the_cycle(space):
    """The layer is told what training drew."""
    inner = LeggedEnv() if space == "foot" else RecordingEnv()
    prior = TROT if space == "foot" else TWO
    env = CPGResidualWrapper(inner, prior=prior, space=space, random_initial_phase=True)
    cycles = [float(np.random.default_rng(seed).random()) for seed in range(3)]
    drawn = []
    for seed in range(3):
        env.reset(seed=seed)
        drawn.append(env.generator.phases)
    assert not np.array_equal(drawn[0], drawn[1])
    assert_layers_equal_wrappers(env, random_actions(env), cycles)


def test_a_fixed_start_does_not_listen_to_cycles():
    env = joint_space()
    assert_layers_equal_wrappers(env, random_actions(env), [0.3, 0.6, 0.9])


def test_the_ramp_of_training_is_over():
    env = joint_space(ramp_steps=1000)
    layers_of(env)
    env.finish_ramp()
    assert_layers_equal_wrappers(env, random_actions(env))


def test_a_layer_starts_anew_whatever_the_wrapper_did_before():
    env = joint_space(mode="both")
    env.reset(seed=0)
    for _ in range(7):
        env.step(env.action_space.sample())
    assert_layers_equal_wrappers(env, random_actions(env))


STACKS = {
    "filter outside": lambda env: ActionFilterWrapper(
        CPGResidualWrapper(env, prior=TROT, space="foot"), cutoff_frequency=6.0
    ),
    "filter inside": lambda env: CPGResidualWrapper(
        ActionFilterWrapper(env, cutoff_frequency=6.0), prior=TROT, space="foot"
    ),
    "all": lambda env: HistoryWrapper(
        ActionSmoothingWrapper(
            CPGResidualWrapper(
                HistoryWrapper(ActionFilterWrapper(env, "rate_limit", max_rate=9.0), 2),
                prior=TROT,
                space="foot",
                mode="both",
            ),
            0.3,
        ),
        3,
    ),
}


@pytest.mark.parametrize("name", STACKS)
def test_filters_start_from_the_held_action_or_from_the_prior(name):
    env = STACKS[name](LeggedEnv(holds=True))
    assert_layers_equal_wrappers(env, random_actions(env))


@pytest.mark.parametrize("mode", ["residual", "both"])
@pytest.mark.parametrize("space", ["joint", "foot"])
def test_an_action_that_is_not_finite_does_what_it_does_in_training(space, mode):
    prior = TROT if space == "foot" else TWO
    inner = LeggedEnv() if space == "foot" else RecordingEnv()
    env = CPGResidualWrapper(inner, prior=prior, space=space, mode=mode)
    actions = random_actions(env, episodes=2, steps=6)
    actions[0][2][0] = np.nan
    actions[0][4][1] = np.inf
    assert_layers_equal_wrappers(env, actions)


def test_on_a_simulated_robot():
    """The real environment of a robot, the wrapper's own units found out."""
    env = CPGResidualWrapper(RobotEnv("bert"), prior=TROT, space="foot", mode="both")
    stack = layers_of(env)
    assert layer_of(env)["joint_units"] == {
        "origin": BERT.default_pose.tolist(),
        "scale": BERT.action_ranges.tolist(),
    }
    seen, _ = env.reset(seed=1)
    n_inner = env.env.observation_space.shape[0]
    ours = stack.start(seen[:n_inner], None)
    rng = np.random.default_rng(0)
    for _ in range(50):
        assert_same(ours, seen)
        action = rng.uniform(-1.2, 1.2, env.action_space.shape).astype(np.float32)
        executed = stack.act(action)
        seen, *_, info = env.step(action)
        assert_same(executed, info["action_executed"].astype(np.float32))
        ours = stack.observe(seen[:n_inner])


@pytest.mark.parametrize("scale", ["default pose", "angles"])
def test_units_of_other_environments(scale):
    class OtherEnv(LeggedEnv):
        def positions_to_action(self, positions):
            return positions - (self.robot_spec.default_pose if scale == "default pose" else 0.0)

    env = CPGResidualWrapper(OtherEnv(bound=4.0), prior=TROT, space="foot")
    assert_layers_equal_wrappers(env, random_actions(env))


def test_an_environment_whose_actions_are_no_affine_angles_keeps_its_oscillators():
    class CurvedEnv(LeggedEnv):
        def positions_to_action(self, positions):
            return np.tanh(positions)

    env = CPGResidualWrapper(CurvedEnv(), prior=TROT, space="foot")
    assert layer_of(env) is None
    assert layer_of(joint_space()) is not None


def test_dict_observations_pass():
    space = spaces.Dict({"observation": spaces.Box(-1.0, 1.0, (2,), np.float32)})
    env = CPGResidualWrapper(RecordingEnv(observation_space=space), prior=TWO, observe_phase=False)
    assert_layers_equal_wrappers(env, random_actions(env))


@pytest.mark.parametrize("prior", [TWO, TROT], ids=["joint", "foot"])
def test_plain_data_are_read_as_written(prior):
    space = "joint" if prior is TWO else "foot"
    inner: gym.Env = RecordingEnv() if prior is TWO else LeggedEnv()
    env = CPGResidualWrapper(inner, prior=prior, space=space, mode="both")
    plain = json.loads(json.dumps(layer_of(env), allow_nan=False))
    assert make_layer(plain, "x.onnx").to_dict() == plain
    assert plain["kind"] == "cpg_residual"
    assert plain["modulation"]["amplitude"] == [0.5, 1.5]
