"""The wrapper that puts a policy on top of oscillators: exact prior, bounds, phases, state."""

from __future__ import annotations

import json
import re
import warnings
from pathlib import Path
from types import SimpleNamespace

import gymnasium as gym
import numpy as np
import pytest
import yaml
from gymnasium import spaces
from gymnasium.utils.env_checker import check_env

from rl_zoo.config.resolve import ConfigRequest, resolve
from rl_zoo.envs.robot_env import RobotEnv
from rl_zoo.envs.stack import StackSettings, make_vec_env
from rl_zoo.errors import ConfigError
from rl_zoo.motion.gaits import gait_phases
from rl_zoo.motion.kinematics import LegGeometry, foot_position, joint_angles
from rl_zoo.motion.oscillator import JointPattern, advance_phase, pattern_positions
from rl_zoo.registry import check_keywords
from rl_zoo.robots.bert import BERT
from rl_zoo.wrappers.cpg_residual import CPGResidualWrapper
from rl_zoo.wrappers.episode_control import EpisodeControlWrapper
from rl_zoo.wrappers.joint_pd import JointPDWrapper

SWIMMER = {
    "amplitudes": [1.0, 1.0],
    "phases": [0.0, 2 * np.pi * 0.95],
    "offsets": [0.0, 0.0],
    "swing_frequency": 0.62,
    "stance_frequency": 0.62,
}
TWO = {
    "amplitudes": [0.5, 0.3],
    "phases": [0.4, 2.0],
    "offsets": [0.1, -0.2],
    "swing_frequency": 3.0,
    "stance_frequency": 2.0,
}
ONE = TWO | {"amplitudes": [1.0], "phases": [0.0], "offsets": [0.0]}
EIGHT = {
    "amplitudes": [0.1] * 8,
    "phases": [0.0] * 8,
    "offsets": [0.0] * 8,
    "swing_frequency": 1.0,
    "stance_frequency": 1.0,
}
TROT = {
    "gait": "trot",
    "swing_frequency": 3.0,
    "stance_frequency": 2.0,
    "step_length": 0.05,
    "clearance": 0.02,
    "penetration": 0.005,
}
SPATIAL = SimpleNamespace(
    name="spatial",
    legs=tuple(
        LegGeometry(name, f"{name}_foot", (f"{name}_a", f"{name}_h", f"{name}_k"), (x, y, 0.0),
                    0.2, 0.2, 0.02, abduction_offset=np.sign(y) * 0.08)
        for name, x, y in (("FR", 0.2, -0.05), ("FL", 0.2, 0.05), ("RR", -0.2, -0.05),
                           ("RL", -0.2, 0.05))
    ),
    default_pose=np.array([0.0, 0.8, -1.6] * 4),
    leg_indices=lambda leg: tuple(
        3 * ("FR", "FL", "RR", "RL").index(leg.name) + k for k in range(3)
    ),
    joint_names=tuple(f"{leg}_{joint}" for leg in ("FR", "FL", "RR", "RL") for joint in "ahk"),
)  # fmt: skip


class Recorder(gym.Env):
    """Remember every action; the observation is the number of the step."""

    def __init__(self, n_actions=2, bound=1.0, dtype=np.float64):
        self.action_space = spaces.Box(-bound, bound, (n_actions,), dtype)
        self.observation_space = spaces.Box(-np.inf, np.inf, (1,), np.float32)
        self.dt = 0.02

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.actions = []
        return np.zeros(1, np.float32), {}

    def step(self, action):
        self.actions.append(action)
        return np.full(1, len(self.actions), np.float32), 0.0, False, False, {}


class Robot(Recorder):
    """A quadruped without physics; its action is the angle minus the default pose, in rad."""

    def __init__(self, spec=BERT, bound=10.0):
        super().__init__(len(spec.default_pose), bound)
        self.robot_spec = spec

    def positions_to_action(self, positions):
        return positions - self.robot_spec.default_pose

    def feet(self, action):
        spec = self.robot_spec
        positions = action + spec.default_pose
        return np.array(
            [foot_position(leg, positions[list(spec.leg_indices(leg))]) for leg in spec.legs]
        )


def play(env, actions, seed=0):
    env.reset(seed=seed)
    results = [env.step(action) for action in actions]
    return np.array(env.unwrapped.actions), results


def zeros(env, steps):
    return [np.zeros(env.action_space.shape, np.float32)] * steps


def pattern_actions(pattern, steps, dt=0.02):
    pattern = JointPattern.from_dict(pattern)
    phases, actions = pattern.initial_phases, []
    for _ in range(steps):
        actions.append(pattern_positions(pattern, phases))
        phases = advance_phase(phases, pattern.swing_frequency, pattern.stance_frequency, dt)
    return np.array(actions)


def swimmer_episode(env, action_of_step, seed):
    observation, _ = env.reset(seed=seed)
    trajectory, total = [observation[:8]], 0.0
    for k in range(1000):
        observation, reward, _, _, _ = env.step(action_of_step(k))
        trajectory.append(observation[:8])
        total += reward
    return total, np.array(trajectory)


@pytest.mark.parametrize("mode", ["residual", "modulate", "both"])
def test_zero_action_is_the_prior_bit_by_bit_on_swimmer(mode):
    pure = JointPDWrapper(gym.make("Swimmer-v5"), kp=10.0, kd=0.5)
    commands = pattern_actions(SWIMMER, 1000, dt=pure.unwrapped.dt).astype(np.float32)
    expected, expected_path = swimmer_episode(pure, lambda k: commands[k], seed=0)
    env = CPGResidualWrapper(pure, prior=SWIMMER, mode=mode)
    none = np.zeros(env.action_space.shape, np.float32)
    total, path = swimmer_episode(env, lambda _: none, seed=0)
    assert total == expected
    np.testing.assert_array_equal(path, expected_path)
    assert total == pytest.approx(346.2, abs=0.5)  # published script, seed 0


def test_published_return_on_swimmer():
    env = JointPDWrapper(gym.make("Swimmer-v5"), kp=10.0, kd=0.5)
    env = CPGResidualWrapper(env, prior=SWIMMER)
    none = np.zeros(2, np.float32)
    returns = [swimmer_episode(env, lambda _: none, seed)[0] for seed in range(5)]
    assert np.mean(returns) == pytest.approx(351.4, abs=3.0)


def test_residual_is_scaled_added_and_clipped():
    env = CPGResidualWrapper(Recorder(bound=0.7), prior=TWO, residual_scale=[0.1, 0.6])
    actions, results = play(env, [np.array([1.0, -1.0])] * 30)
    wanted = pattern_actions(TWO, 30) + np.array([0.1, -0.6])
    np.testing.assert_allclose(actions, np.clip(wanted, -0.7, 0.7), atol=1e-15)
    clipped = (np.abs(wanted) > 0.7).any(axis=1)
    assert [result[4]["cpg/clipped"] for result in results] == clipped.tolist()
    assert clipped.any() and not clipped.all()


def test_actions_beyond_one_count_as_one():
    env = CPGResidualWrapper(Recorder(), prior=TWO)
    first, _ = play(env, [np.array([5.0, -9.0])] * 5)
    second, _ = play(env, [np.array([1.0, -1.0])] * 5)
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_info_reports_action_and_phase(dtype):
    env = CPGResidualWrapper(Recorder(dtype=dtype), prior=TWO)
    actions, results = play(env, [np.array([0.3, 0.1], np.float32)] * 3)
    info = results[-1][4]
    np.testing.assert_array_equal(info["action_proposed"], np.array([0.3, 0.1], np.float32))
    np.testing.assert_array_equal(info["action_executed"], actions[-1])
    assert info["action_executed"].dtype == dtype
    np.testing.assert_allclose(info["cpg/phase"], advance_phase(TWO["phases"], 3.0, 2.0, 0.06))


def test_observation_shows_the_phase_of_the_next_command():
    env = CPGResidualWrapper(Recorder(), prior=TWO)
    observation, _ = env.reset(seed=0)
    assert observation.dtype == np.float32
    assert env.observation_space.shape == (3,)
    for step in range(20):
        # Joint 0 oscillates by 0.5 around 0.1: its next command follows from the sine observed.
        sine = observation[1]
        assert np.hypot(sine, observation[2]) == pytest.approx(1.0, abs=1e-6)
        observation, *_ = env.step(np.zeros(2))
        assert env.unwrapped.actions[-1][0] == pytest.approx(0.5 * sine + 0.1, abs=1e-6)
        assert observation[0] == step + 1
        assert env.observation_space.contains(observation)


def test_observation_can_stay_as_it_is():
    inner = Recorder()
    env = CPGResidualWrapper(inner, prior=TWO, observe_phase=False)
    assert env.observation_space == inner.observation_space
    assert env.reset()[0].shape == (1,)


@pytest.mark.parametrize(
    ("kwargs", "size"),
    [
        ({"mode": "residual"}, 2),
        ({"mode": "modulate", "modulation": {"phase": 1.0}}, 2),
        ({"mode": "modulate", "modulation": {"amplitude": [0.5, 2.0]}}, 4),
        ({"mode": "modulate", "modulation": {"frequency": [0.5, 2.0], "per_leg": True}}, 8),
        ({"mode": "both", "modulation": {"amplitude": [0.5, 2.0], "per_leg": True}}, 10),
    ],
)
@pytest.mark.parametrize("space", ["joint", "foot"])
def test_size_of_the_observed_state(kwargs, size, space):
    env = CPGResidualWrapper(
        Robot(), prior=EIGHT if space == "joint" else TROT, space=space, **kwargs
    )
    assert env.observation_space.shape == (1 + size,)
    observation, _ = env.reset(seed=0)
    assert env.observation_space.contains(observation)
    for _ in range(5):
        observation, *_ = env.step(env.action_space.sample())
        assert env.observation_space.contains(observation)


def test_modulation_means_what_its_ranges_say():
    ranges = {"amplitude": [0.5, 2.0], "frequency": [0.8, 1.5], "phase": 0.3}
    env = CPGResidualWrapper(Recorder(bound=5.0), prior=TWO, mode="modulate", modulation=ranges)
    assert env.action_space.shape == (3,)
    _, results = play(env, [np.array([1.0, 1.0, 1.0])] * 100)
    phase, amplitude = results[-2][4]["cpg/phase"], env.generator.amplitudes[0]
    np.testing.assert_allclose(phase, advance_phase(TWO["phases"], 4.5, 3.0, 99 * 0.02), atol=1e-9)
    assert amplitude == pytest.approx(2.0, abs=1e-6)
    expected = np.array([0.5, 0.3]) * 2.0 * np.sin(phase + 0.3) + [0.1, -0.2]
    np.testing.assert_allclose(env.unwrapped.actions[-1], expected, atol=1e-6)
    _, results = play(env, [np.array([-1.0, -0.5, 0.0])] * 100)
    assert env.generator.amplitudes[0] == pytest.approx(0.5, abs=1e-6)
    expected = advance_phase(TWO["phases"], 2.7, 1.8, 2.0)
    np.testing.assert_allclose(results[-1][4]["cpg/phase"], expected, atol=1e-9)


def test_each_leg_may_be_modulated_alone():
    ranges = {"amplitude": [0.0, 2.0], "per_leg": True}
    env = CPGResidualWrapper(Robot(), prior=TROT, space="foot", mode="modulate", modulation=ranges)
    _, results = play(env, [np.array([-1.0, 0.0, 0.0, 1.0])] * 100)
    targets = np.array([result[4]["cpg/foot_target"] for result in results[50:]])
    np.testing.assert_allclose(np.ptp(targets[:, :, 0], axis=0), [0, 0.05, 0.05, 0.1], atol=2e-3)


@pytest.mark.parametrize("spec", [BERT, SPATIAL], ids=lambda spec: spec.name)
def test_foot_stays_in_the_ellipse_and_the_residual_bound(spec):
    env = CPGResidualWrapper(
        Robot(spec), prior=TROT, space="foot", residual_scale=0.01, random_initial_phase=True
    )
    n_axes = 2 if spec is BERT else 3
    assert env.action_space.shape == (4 * n_axes,)
    centres = env.unwrapped.feet(np.zeros(len(spec.default_pose)))
    rng = np.random.default_rng(0)
    reached, wanted = [], []
    for episode in range(20):
        env.reset(seed=episode)
        for _ in range(500):  # 10 000 steps in all
            action = rng.choice([-1.0, -0.3, 0.3, 1.0], 4 * n_axes)
            info = env.step(action)[4]
            reached.append(env.unwrapped.feet(info["action_executed"]))
            wanted.append(info["cpg/foot_target"])
    np.testing.assert_allclose(reached, wanted, atol=1e-9)  # finite angles that lead there
    offsets = np.array(reached) - centres
    lowest, highest = offsets.min(axis=(0, 1)), offsets.max(axis=(0, 1))
    sideways = 0.0 if n_axes == 2 else 0.01
    bound = np.array([0.025 + 0.01, sideways, 0.02 + 0.01])
    assert (highest <= bound + 1e-9).all()
    assert (lowest >= np.array([-bound[0], -sideways, -0.005 - 0.01]) - 1e-9).all()
    np.testing.assert_allclose(highest, bound, atol=1e-3)  # reached, not only kept


def test_a_foot_out_of_reach_gives_finite_angles():
    env = CPGResidualWrapper(
        Robot(), prior={**TROT, "height": 0.155}, space="foot", residual_scale=0.5
    )
    actions, _ = play(env, [np.array([1.0, -1.0] * 4), np.array([-1.0, 1.0] * 4)] * 20)
    assert np.isfinite(actions).all()


def test_trot_keeps_diagonal_legs_together_and_half_a_period_apart():
    env = CPGResidualWrapper(Robot(), prior=TROT, space="foot")
    period = 0.5 / 3.0 + 0.5 / 2.0
    _, results = play(env, zeros(env, 200))
    for result in results:
        phases = result[4]["cpg/phase"]
        assert phases[0] == phases[3] and phases[1] == phases[2]
        later = advance_phase(phases[0], 3.0, 2.0, period / 2)
        assert abs(np.sin(later - phases[1])) < np.radians(1.0)


def test_coupling_brings_modulated_legs_back():
    prior = {**TROT, "coupling_strength": 5.0}
    ranges = {"frequency": [0.5, 2.0], "per_leg": True}
    env = CPGResidualWrapper(Robot(), prior=prior, space="foot", mode="modulate", modulation=ranges)
    pushed = [np.array([1.0, -1.0, 0.5, 0.0])] * 20
    _, results = play(env, pushed + zeros(env, 200))
    phases = results[-1][4]["cpg/phase"]
    assert abs(phases[0] - phases[3]) < 1e-3
    disturbed = results[19][4]["cpg/phase"]
    assert abs(disturbed[0] - disturbed[3]) > 0.1


def test_headings_turn_the_step():
    ranges = {"heading_rate": 1.0}
    env = CPGResidualWrapper(
        Robot(SPATIAL), prior=TROT, space="foot", mode="modulate", modulation=ranges
    )
    play(env, [np.array([1.0])] * 50)
    np.testing.assert_allclose(env.generator.headings, 1.0)  # 1 rad/s for 1 s
    observation = env.step(np.array([0.0]))[0]
    np.testing.assert_allclose(observation[-2:], [np.sin(1.0), np.cos(1.0)], rtol=1e-6)


def test_start_of_an_episode_is_random_only_when_asked():
    fixed = CPGResidualWrapper(Recorder(), prior=TWO)
    np.testing.assert_array_equal(fixed.reset(seed=0)[0], fixed.reset(seed=1)[0])
    varied = CPGResidualWrapper(Recorder(), prior=TWO, random_initial_phase=True)
    phases = [varied.reset(seed=seed)[1]["cpg/phase"] for seed in (0, 1, 0)]
    np.testing.assert_array_equal(phases[0], phases[2])
    assert abs(phases[0][0] - phases[1][0]) > 1e-3
    # A moment of the same cycle: the joints keep their distance in time.
    start = JointPattern.from_dict(TWO).initial_phases
    for phase in phases:
        times = np.linspace(0.0, 0.5 / 3.0 + 0.5 / 2.0, 40_001)
        path = np.array([advance_phase(start, 3.0, 2.0, time) for time in times[::40]])
        assert np.abs(np.exp(1j * path) - np.exp(1j * phase)).max(axis=1).min() < 0.02


def test_ramp_grows_over_episodes_and_is_finished_for_evaluation():
    env = CPGResidualWrapper(Recorder(), prior=TWO, residual_scale=0.2, ramp_steps=10)
    prior = pattern_actions(TWO, 8)
    first, _ = play(env, [np.ones(2)] * 8)
    np.testing.assert_allclose(
        first - prior, 0.2 * np.arange(8)[:, None] / 10 * np.ones(2), atol=1e-12
    )
    second, _ = play(env, [np.ones(2)] * 8)
    factors = np.minimum(np.arange(8, 16) / 10, 1.0)
    np.testing.assert_allclose(second - prior, 0.2 * factors[:, None] * np.ones(2), atol=1e-12)
    evaluation = CPGResidualWrapper(Recorder(), prior=TWO, residual_scale=0.2, ramp_steps=10)
    evaluation.finish_ramp()
    third, _ = play(evaluation, [np.ones(2)] * 8)
    np.testing.assert_allclose(third - prior, 0.2, atol=1e-12)


def test_ramp_of_a_resumed_run_continues():
    env = CPGResidualWrapper(Recorder(), prior=TWO, residual_scale=0.2, ramp_steps=10)
    env.continue_ramp(5)
    assert env.ramp == 0.5
    actions, _ = play(env, [np.ones(2)] * 8)
    factors = np.minimum(np.arange(5, 13) / 10, 1.0)
    expected = pattern_actions(TWO, 8) + 0.2 * factors[:, None] * np.ones(2)
    np.testing.assert_allclose(actions, expected, atol=1e-12)


def test_checkpoint_continues_the_ramp_and_the_random_starts():
    def make():
        env = CPGResidualWrapper(Recorder(), prior=TWO, ramp_steps=50, random_initial_phase=True)
        return EpisodeControlWrapper(env)

    first, second = make(), make()
    play(first, [np.ones(2)] * 20, seed=5)
    second.reset(seed=9)
    state = json.loads(json.dumps(first.checkpoint_state()))
    second.restore_checkpoint_state(state, repeat_reset=False)
    for env in (first, second):
        env.reset()
        for _ in range(5):
            env.step(np.ones(2))
    np.testing.assert_array_equal(first.unwrapped.actions, second.unwrapped.actions)
    assert second.get_wrapper_attr("ramp") == pytest.approx(0.5)


def test_current_action_is_the_one_of_the_policy():
    """An outer filter starts from it: zeros, the prior itself, not a joint angle of the inside."""
    env = CPGResidualWrapper(Recorder(), prior=TWO)
    env.reset(seed=0)
    np.testing.assert_array_equal(env.current_action, np.zeros(2))
    env.step(np.array([0.5, -0.5]))
    np.testing.assert_array_equal(env.current_action, [0.5, -0.5])
    env.reset()
    np.testing.assert_array_equal(env.current_action, np.zeros(2))


def test_prior_from_a_run_folder(tmp_path):
    (tmp_path / "open_loop.json").write_text(json.dumps(TWO))
    from_run = CPGResidualWrapper(Recorder(), prior=str(tmp_path))
    inline = CPGResidualWrapper(Recorder(), prior=TWO)
    for path in (tmp_path, tmp_path / "open_loop.json"):
        from_run = CPGResidualWrapper(Recorder(), prior=str(path))
        assert from_run.generator.pattern == inline.generator.pattern


@pytest.mark.parametrize("space", ["joint", "foot"])
def test_deployment_state_is_plain_and_complete(space):
    prior = EIGHT if space == "joint" else TROT
    env = CPGResidualWrapper(Robot(), prior=prior, space=space, mode="both")
    play(env, zeros(env, 3))
    state = json.loads(json.dumps(env.deployment_state()))
    assert state["dt"] == 0.02
    assert len(state["residual_scale"]) == len(state["residual_names"]) == 8
    np.testing.assert_allclose(state["state"]["phases"], env.generator.phases)
    if space == "foot":
        np.testing.assert_allclose(
            2 * np.pi * np.array(state["parameters"]["gait"]["gait"]), gait_phases("trot")
        )
        assert state["residual_names"][:2] == ["FR.x", "FR.z"]


def test_scale_by_axis():
    env = CPGResidualWrapper(
        Robot(SPATIAL), prior=TROT, space="foot", residual_scale={"x": 0.02, "z": 0.01}
    )
    np.testing.assert_array_equal(env.deployment_state()["residual_scale"], [0.02, 0.0, 0.01] * 4)


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"prior": None}, "prior: missing"),
        ({"prior": 3}, "prior: 3 is neither"),
        ({"prior": "logs/none_1"}, r"prior: logs/none_1 cannot be read \(No such file"),
        ({"prior": TWO | {"phase": 0}}, "prior.phase: unknown key; did you mean 'phases'"),
        ({"prior": EIGHT}, "prior: the pattern has 8 joints, the action of this environment 2"),
        ({"mode": "residul"}, "mode: 'residul' is unknown; did you mean 'residual'"),
        ({"space": "foot"}, "space: foot needs a robot with legs"),
        ({"residual_scale": [1, 2, 3]}, "residual_scale: 3 values for 2"),
        ({"residual_scale": -0.1}, "residual_scale: -0.1 is not made of finite numbers of at"),
        ({"residual_scale": [0.1, True]}, "residual_scale: .* is not made of finite numbers"),
        ({"observe_phase": "no"}, "observe_phase: 'no' is neither true nor false"),
        ({"random_initial_phase": 1}, "random_initial_phase: 1 is neither true nor false"),
        (
            {"mode": "both", "modulation": {"phase": 0.1, "per_leg": "no"}},
            "modulation.per_leg: 'no' is neither",
        ),
        ({"ramp_steps": -1}, "ramp_steps: -1 is not a whole number"),
        ({"residual_scal": 1}, "residual_scal: unknown key; did you mean 'residual_scale'"),
        ({"modulation": {}}, "modulation: has no meaning with mode: residual"),
        ({"mode": "both", "modulation": {}}, "modulation: gives no range"),
        ({"mode": "both", "modulation": {"amplitud": [0, 1]}}, "did you mean 'amplitude'"),
        ({"mode": "both", "modulation": {"frequency": [1.2, 1.5]}}, "low <= 1 <= high"),
        ({"mode": "both", "modulation": {"phase": -1.0}}, "phase: -1.0 is not a positive"),
        ({"mode": "both", "modulation": {"heading_rate": 1.0}}, "no meaning with space: joint"),
        ({"mode": "modulate", "residual_scale": 0.1}, "no meaning with mode: modulate"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(kwargs, message):
    with pytest.raises(ConfigError, match=message):
        CPGResidualWrapper(Recorder(), **{"prior": TWO, **kwargs})


def test_an_unset_keyword_keeps_its_default():
    unset = dict.fromkeys(("space", "mode", "ramp_steps", "observe_phase", "residual_scale"))
    env = CPGResidualWrapper(Recorder(), prior=TWO, **unset)
    assert env.settings == CPGResidualWrapper(Recorder(), prior=TWO).settings


def test_mistakes_are_found_before_an_environment_exists():
    def problems(**kwargs):
        return check_keywords(CPGResidualWrapper, kwargs, "X-v0.env_wrapper.CPG", positional=1)

    assert problems(prior=TWO, mode="both", residual_scale=0.1) == []
    assert problems() == ["X-v0.env_wrapper.CPG.prior: missing"]
    (problem,) = problems(prior=TWO, residual_scal=1)
    assert problem.endswith("CPG.residual_scal: unknown key; did you mean 'residual_scale'?")
    (problem,) = problems(prior=TROT | {"clearence": 0.1}, space="foot")
    assert problem.endswith("CPG.prior.clearence: unknown key; did you mean 'clearance'?")
    (problem,) = problems(prior=TWO | {"swing_frequency": -1})
    assert problem.endswith("CPG.prior.swing_frequency: -1.0 is not a positive number of Hz")
    (problem,) = problems(prior="logs/none_1")
    assert problem.startswith("X-v0.env_wrapper.CPG.prior: logs/none_1 cannot be read")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"gait": "trott"}, "did you mean 'trot'"),
        ({"clearence": 1.0}, "prior.clearence: unknown key; did you mean 'clearance'"),
        ({"clearance": -1.0}, "prior.clearance: .* is negative"),
        ({"x_shift": [0.0, 1.0]}, "prior.x_shift: .* one per leg"),
        ({"swing_frequency": 0.0}, "prior.swing_frequency: 0.0 is not a positive"),
        ({"coupling_angle": "tim"}, "prior.coupling_angle: 'tim' is unknown"),
        ({"convergence": -1.0}, "prior.convergence: -1.0"),
        ({"coupling_strength": "x"}, "prior.coupling_strength: 'x' is not a number of at least 0"),
        ({"stance_frequency": float("inf")}, "prior.stance_frequency: inf is not a positive"),
        ({"height": [0.1]}, r"prior.height: \[0.1\] is not a positive"),
        ({"step_length": float("nan")}, "prior.step_length: nan is neither"),
    ],
)
def test_a_gait_that_does_not_fit_is_refused_by_name(change, message):
    with pytest.raises(ConfigError, match=message):
        CPGResidualWrapper(Robot(), prior=TROT | change, space="foot")


def test_legs_without_abduction_cannot_turn():
    kwargs = {"space": "foot", "mode": "modulate", "modulation": {"heading_rate": 1.0}}
    with pytest.raises(ConfigError, match="legs of bert have no abduction"):
        CPGResidualWrapper(Robot(), prior=TROT, **kwargs)


def test_environments_that_do_not_fit_are_refused():
    with pytest.raises(ConfigError, match="needs a Box action space"):
        CPGResidualWrapper(gym.make("CartPole-v1"), prior=TWO)
    with pytest.raises(ConfigError, match=r"dt: this environment does not say"):
        inner = Recorder(1)
        del inner.dt
        CPGResidualWrapper(inner, prior=ONE)
    inner.observation_space = spaces.Dict({"x": inner.observation_space})
    with pytest.raises(ConfigError, match="set observe_phase: false"):
        CPGResidualWrapper(inner, prior=ONE, dt=0.05)
    CPGResidualWrapper(inner, prior=ONE, dt=0.05, observe_phase=False)


def test_gymnasium_checker_accepts_it():
    env = CPGResidualWrapper(gym.make("Pendulum-v1").unwrapped, prior=ONE)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", category=UserWarning)
        warnings.filterwarnings("ignore", message=".*different from the unwrapped version.*")
        check_env(env, skip_render_check=True)


def test_the_spec_rebuilds_the_wrapper_and_seeds_and_options_pass():
    env = CPGResidualWrapper(gym.make("Pendulum-v1"), prior=ONE, mode="both", ramp_steps=7)
    rebuilt = gym.make(env.spec)
    assert rebuilt.get_wrapper_attr("settings") == env.settings
    rebuilt.reset(seed=3, options={"x_init": 0.0, "y_init": 0.0})
    assert rebuilt.unwrapped.state == pytest.approx([0.0, 0.0])
    assert rebuilt.reset(seed=3)[0] == pytest.approx(env.reset(seed=3)[0])


def test_only_training_ramps():
    """As a configuration makes the two stacks."""
    wrapper = {"CPGResidualWrapper": {"prior": ONE, "residual_scale": 0.5, "ramp_steps": 100}}
    params = ("policy:MlpPolicy", "n_timesteps:10", f"env_wrapper:[{wrapper}]")
    config = resolve(ConfigRequest(algo="sac", env_id="Pendulum-v1", params=params))
    ramps = {}
    for mode in ("train", "evaluate"):
        env = make_vec_env(config, StackSettings(mode=mode))
        (ramps[mode],) = env.get_attr("ramp")
        env.close()
    assert ramps == {"train": 0.0, "evaluate": 1.0}


def test_examples_of_the_documentation_are_valid():
    page = (Path(__file__).parents[2] / "docs" / "cpg.md").read_text(encoding="utf-8")
    priors = []
    for block in re.findall(r"```yaml\n(.*?)```", page, flags=re.DOTALL):
        for entry in yaml.safe_load(block).values():
            (kwargs,) = [
                w["CPGResidualWrapper"] for w in entry["env_wrapper"] if "CPGResidualWrapper" in w
            ]
            priors.append(kwargs["prior"])
            if isinstance(kwargs["prior"], str):
                kwargs = kwargs | {"prior": EIGHT}
            inner = Recorder() if len(kwargs["prior"].get("amplitudes", [])) == 2 else Robot()
            CPGResidualWrapper(inner, **kwargs)
    assert len(priors) == 3


def test_zero_action_is_the_gait_itself_on_a_robot():
    """Against feet and joints computed here, for a gait whose swing is faster than its stance."""
    robot = RobotEnv("bert")
    legs, pose = BERT.legs, BERT.default_pose
    joints = [list(BERT.leg_indices(leg)) for leg in legs]
    swing, stance, step = 3.0, 2.0, 0.02
    period = 0.5 / swing + 0.5 / stance
    phases = advance_phase(np.zeros(4), swing, stance, 0.0)
    phases[1] = phases[2] = advance_phase(0.0, swing, stance, period / 2)
    actions = []
    for _ in range(100):
        positions = np.zeros(8)
        for leg, indices, phase in zip(legs, joints, phases, strict=True):
            foot = foot_position(leg, pose[indices])
            height = 0.02 if np.sin(phase) > 0.0 else 0.005
            foot += [-0.025 * np.cos(phase), 0.0, height * np.sin(phase)]
            positions[indices] = joint_angles(leg, foot)
        actions.append(robot.positions_to_action(positions).clip(-1.0, 1.0).astype(np.float32))
        phases = advance_phase(phases, swing, stance, step)

    def run(env, commands):
        env.reset(seed=4)
        results = [env.step(command) for command in commands]
        return np.array([r[0][: robot.observation_space.shape[0]] for r in results]), results

    expected, pure = run(robot, actions)
    env = CPGResidualWrapper(RobotEnv("bert"), prior=TROT, space="foot")
    reached, wrapped = run(env, zeros(env, 100))
    sent = [result[4]["action_executed"] for result in wrapped]
    np.testing.assert_allclose(sent, actions, atol=1e-6)
    np.testing.assert_allclose(reached, expected, atol=1e-3)
    assert sum(r[1] for r in wrapped) == pytest.approx(sum(r[1] for r in pure), abs=1e-3)
