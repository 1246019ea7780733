"""Every option of a simulated robot has the effect that it claims."""

import dataclasses

import numpy as np
import pytest

from rl_zoo.errors import ConfigError
from rl_zoo.robots.bert import BERT
from rl_zoo.robots.driver import RobotCommand
from rl_zoo.robots.mujoco_robot import MujocoRobot
from rl_zoo.robots.simulation import (
    RANDOMIZABLE,
    SimulationOptions,
    randomized,
    read_ranges,
    read_simulation_options,
)

G = 9.81


def make(**given):
    robot = MujocoRobot(BERT, read_simulation_options(given, BERT))
    robot.reset(BERT.default_pose)
    return robot


def settled(hold, seconds=4.0, **given):
    robot = make(**given)
    return robot, hold(robot, BERT.default_pose, seconds)[-1]


def test_a_payload_weighs_on_the_feet_where_it_is(hold):
    _, bare = settled(hold, spring_stiffness=20.0)
    _, front = settled(
        hold, spring_stiffness=20.0, payload={"mass": 1.0, "position": [0.1, 0.0, 0.08]}
    )
    _, rear = settled(
        hold, spring_stiffness=20.0, payload={"mass": 1.0, "position": [-0.1, 0.0, 0.08]}
    )
    assert bare.foot_forces.sum() == pytest.approx(3.1 * G, rel=0.005)
    assert front.foot_forces.sum() == pytest.approx(4.1 * G, rel=0.005)
    gained = front.foot_forces - bare.foot_forces
    # Moments about the rear feet: they are 0.23 m behind the front ones, the load 0.215 m.
    assert gained[:2].sum() / gained.sum() == pytest.approx(0.215 / 0.23, abs=0.1)
    assert rear.foot_forces[2:].sum() - bare.foot_forces[2:].sum() > 0.8 * G


def test_a_payload_without_a_position_sits_on_the_trunk():
    assert read_simulation_options({"payload": 0.5}, BERT).payload.position == (0.0, 0.0, 0.08)


def test_a_changed_payload_equals_one_from_the_start(hold):
    changed = make()
    changed.apply(read_simulation_options({"payload": 1.0, "spring_stiffness": 20.0}, BERT))
    changed.reset(BERT.default_pose)
    state = hold(changed, BERT.default_pose, 4.0)[-1]
    _, from_start = settled(hold, payload=1.0, spring_stiffness=20.0)
    np.testing.assert_allclose(state.foot_forces, from_start.foot_forces, rtol=0.02)


@pytest.mark.parametrize("masses", [(1.0,), (0.3, 1.0), (0.0, 1.0), (1.0, 0.0)])
def test_the_payload_of_a_model_depends_on_its_mass_alone(masses):
    changed = make()
    for mass in masses:
        changed.apply(read_simulation_options({"payload": mass}, BERT))
    fresh = make(payload=masses[-1])
    payload = fresh.model.body("payload").id
    edge = 2.0 * fresh.model.geom("payload").size[0]
    if masses[-1] > 0.0:  # of a cube
        np.testing.assert_allclose(fresh.model.body_inertia[payload], masses[-1] * edge**2 / 6.0)
    for name in ("body_mass", "body_inertia", "body_subtreemass", "geom_size", "geom_rgba"):
        changed_values, values = getattr(changed.model, name), getattr(fresh.model, name)
        np.testing.assert_allclose(changed_values, values, rtol=1e-6, err_msg=name)


@pytest.mark.parametrize(("friction", "slides"), [(0.9, False), (0.25, False), (0.1, True)])
def test_friction_decides_whether_a_pushed_robot_slides(hold, friction, slides):
    robot = make(friction=friction)
    hold(robot, BERT.default_pose, 3.0)
    before = robot.ground_truth().position_in_world[1]
    robot.data.xfrc_applied[1, 1] = 0.15 * BERT.mass * G  # N, sideways: no joint yields that way
    hold(robot, BERT.default_pose, 0.5)
    moved = robot.ground_truth().position_in_world[1] - before
    # Sliding: a = (0.15 - 0.1) g for 0.5 s is 0.06 m.
    assert (moved > 0.03) == slides


@pytest.mark.parametrize("latency", [0, 2, 18, 20, 30, 54])
def test_latency_delays_the_effect_by_exactly_that_time(latency):
    prompt, late = make(), make(latency=latency)
    positions = {0: [], 1: []}
    for i, robot in enumerate((prompt, late)):
        step = robot._step

        def recording(model, data, n, robot=robot, i=i, step=step):
            for _ in range(n):
                step(model, data, 1)
                positions[i].append(data.act[0])

        robot._step = recording
        for k in range(8):
            offset = 0.1 if k >= 2 else 0.0
            robot.write(RobotCommand(BERT.default_pose + offset))
            robot.advance()
    delay = round(latency / 2)  # physics steps of 2 ms
    early, delayed = np.array(positions[0]), np.array(positions[1])
    np.testing.assert_array_equal(early[:20], BERT.default_pose[0])  # 2 periods of 10 steps
    assert early[20] > BERT.default_pose[0] + 0.005
    np.testing.assert_allclose(delayed[delay:], early[: len(early) - delay], atol=1e-12)
    np.testing.assert_allclose(delayed[: 20 + delay], BERT.default_pose[0], atol=1e-12)


def test_nothing_on_its_way_survives_a_reset_or_a_stop(hold):
    robot = make(latency=100)
    robot.write(RobotCommand(BERT.default_pose + 0.2))
    robot.reset(BERT.default_pose)
    for _ in range(10):
        robot.advance()
    np.testing.assert_allclose(robot.data.ctrl, BERT.default_pose)
    robot.write(RobotCommand(BERT.default_pose + 0.2))
    robot.stop()
    held = robot.data.ctrl.copy()
    for _ in range(10):
        robot.advance()
    np.testing.assert_array_equal(robot.data.ctrl, held)


def test_motor_strength_limits_torque_and_speed(hold):
    weak = make(motor_strength={"FR": 0.25, "RL_knee": 0.5}, spring_stiffness=100.0)
    expected = np.full(8, 4.0)
    expected[:2], expected[7] = 1.0, 2.0
    np.testing.assert_allclose(weak.model.actuator_forcerange[:, 1], expected)
    weak.write(RobotCommand(BERT.default_pose + 1.0))
    moved = weak.target - BERT.default_pose
    np.testing.assert_allclose(moved[[0, 2, 7]], [0.06, 0.24, 0.12])  # 12 rad/s for 20 ms, times
    generator = np.random.default_rng(0)
    largest = np.zeros(8)
    for _ in range(100):
        weak.write(RobotCommand(generator.uniform(BERT.lower_limits, BERT.upper_limits)))
        weak.advance()
        largest = np.maximum(largest, np.abs(weak.read().joint_torques))
    assert np.all(largest <= expected + 1e-9)
    np.testing.assert_allclose(largest[:2], 1.0)


def test_battery_sag_takes_torque_by_load():
    robot = make(battery_sag=0.4, spring_stiffness=1000.0)
    lost = []
    generator = np.random.default_rng(0)
    for _ in range(20):
        load = np.abs(robot.read().joint_torques).sum() / 32.0
        robot.write(RobotCommand(generator.uniform(BERT.lower_limits, BERT.upper_limits)))
        robot.advance()
        limit = robot.model.actuator_forcerange[0, 1]
        assert limit == pytest.approx(4.0 * (1.0 - 0.4 * load))
        lost.append(4.0 - limit)
    assert max(lost) > 0.5
    robot.reset(BERT.default_pose)
    assert robot.model.actuator_forcerange[0, 1] == 4.0


def test_spring_stiffness_of_one_leg(hold):
    robot, state = settled(hold, spring_stiffness={"FR": 27.5})
    np.testing.assert_allclose(robot.model.actuator_gainprm[:, 0], [27.5] * 2 + [2.75] * 6)
    deflections = np.abs(state.spring_deflections)
    assert np.all(deflections[:2] < 0.4 * deflections[2:4])
    stiffness = np.array([27.5] * 2 + [2.75] * 6)
    np.testing.assert_allclose(state.spring_deflections * stiffness, state.joint_torques, atol=3e-3)


def test_spring_damping_ends_swinging_sooner():
    def swing(damping):
        robot = make(spring_damping=damping)
        robot.data.qpos[2] += 0.5  # in the air, the legs swing freely
        robot.data.qvel[6] = 3.0
        for _ in range(10):
            robot.advance()
        return np.max(np.abs(robot.read().joint_velocities))

    assert swing(0.2) < 0.3 * swing(0.005)


@pytest.mark.parametrize("angle", [-0.15, 0.15])
def test_on_a_slope_the_feet_stand_on_the_ground(hold, angle):
    robot = make(terrain={"kind": "slope", "angle": angle}, spring_stiffness=20.0)
    clearances = robot.foot_clearances()
    assert np.all(np.abs(clearances) < 0.003)
    state = hold(robot, BERT.default_pose, 3.0)[-1]
    assert np.all(np.abs(robot.foot_clearances()) < 0.002)
    assert np.all(state.foot_forces > 1.0)
    normal = BERT.mass * G * np.cos(angle)
    assert state.foot_forces.sum() == pytest.approx(normal, rel=0.02)
    w, _, y, _ = state.orientation
    assert 2 * np.arctan2(y, w) == pytest.approx(-angle, abs=0.05)
    x = robot.ground_truth().position_in_world[0]
    assert robot.ground_truth().height == pytest.approx(
        robot.data.qpos[2] - x * np.tan(angle), abs=1e-9
    )


def test_rough_ground_carries_the_feet_and_is_reproducible(hold):
    given = {"terrain": {"kind": "rough", "height": 0.03, "seed": 3}}
    robot, state = settled(hold, **given)
    assert np.all(np.abs(robot.foot_clearances()) < 0.002)  # flat at the start
    assert state.foot_forces.sum() == pytest.approx(BERT.mass * G, rel=0.02)
    robot.data.qpos[:2] = 6.0, 1.0
    robot.data.qpos[2] += 0.04
    hold(robot, BERT.default_pose, 3.0)
    clearances = robot.foot_clearances()  # above the ground's lowest points
    assert np.all(clearances > -0.002)
    assert np.all(clearances < 0.031)
    assert np.ptp(clearances) > 0.001
    again, _ = settled(hold, 0.02, **given)
    np.testing.assert_array_equal(again.model.hfield_data, robot.model.hfield_data)
    other, _ = settled(hold, 0.02, terrain={"kind": "rough", "height": 0.03, "seed": 4})
    assert not np.array_equal(other.model.hfield_data, robot.model.hfield_data)


def test_whoever_leaves_rough_ground_lands_beside_it(hold):
    robot = make(terrain="rough", friction=0.5)
    np.testing.assert_array_equal(robot.model.geom_friction[robot._ground, 0], 0.5)
    robot.data.qpos[1] = 4.5
    state = hold(robot, BERT.default_pose, 2.0)[-1]
    assert state.foot_forces.sum() == pytest.approx(BERT.mass * G, rel=0.05)
    assert -0.03 < robot.foot_clearances().min() < 0.0


@pytest.mark.parametrize("order", [1, -1])
def test_what_is_said_of_a_joint_goes_before_what_is_said_of_its_leg(order):
    given = dict([("FR", 1.0), ("FR_knee", 0.5)][::order])
    options = read_simulation_options({"motor_strength": given, "spring_damping": given}, BERT)
    for name in ("motor_strength", "spring_damping"):
        values = options.per_joint(name, BERT, np.full(8, 7.0))
        np.testing.assert_array_equal(values, [1.0, 0.5, *[7.0] * 6])


def test_spring_damping_of_one_leg():
    robot = make(spring_damping={"RL": 0.2})
    np.testing.assert_allclose(robot.model.actuator_biasprm[:, 2], [-0.05] * 6 + [-0.2] * 2)


def test_the_stiffest_joints_that_are_allowed_do_not_vibrate(hold):
    _, state = settled(hold, spring_stiffness=1000.0)
    assert np.max(np.abs(state.joint_velocities)) < 0.01


def test_rigid_robot_sags_by_its_gain_and_a_weak_one_more(hold):
    rigid = dataclasses.replace(BERT, motor_lag=None)
    torques, sags = [], []
    for strength in (1.0, 0.5):
        options = SimulationOptions(spring_stiffness=10.0, motor_strength=strength)
        robot = MujocoRobot(rigid, options)
        robot.reset(BERT.default_pose)
        state = hold(robot, BERT.default_pose, 4.0)[-1]
        np.testing.assert_array_equal(state.motor_positions, state.joint_positions)
        torques.append(state.joint_torques)
        sags.append(BERT.default_pose - state.joint_positions)
    np.testing.assert_allclose(torques[0], 10.0 * sags[0], atol=0.01)
    np.testing.assert_allclose(torques[1], 5.0 * sags[1], atol=0.01)


def test_randomized_draws_stay_within_their_ranges_and_repeat():
    given = {
        "friction": [0.4, 1.2],
        "latency": [0, 30],
        "motor_strength": [0.8, 1.0],
        "battery_sag": [0.0, 0.2],
        "spring_stiffness": [2.0, 4.0],
        "spring_damping": [0.02, 0.1],
        "payload_mass": [0.0, 1.0],
    }
    assert set(given) == set(RANDOMIZABLE)
    ranges = read_ranges(given, BERT)
    base = read_simulation_options({"payload": {"mass": 0.1, "position": [0.1, 0, 0]}}, BERT)
    generator = np.random.default_rng(1)
    drawn = [randomized(base, ranges, generator) for _ in range(200)]
    for name, (low, high) in given.items():
        values = np.array([_value(options, name) for options in drawn])
        assert np.all((values >= low) & (values <= high))
        assert values.min() < low + 0.05 * (high - low)
        assert values.max() > high - 0.05 * (high - low)
    assert all(options.payload.position == (0.1, 0, 0) for options in drawn)
    assert randomized(base, ranges, np.random.default_rng(1)) == drawn[0]
    assert drawn[0] != drawn[1]


def _value(options, name):
    return options.payload.mass if name == "payload_mass" else getattr(options, name)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"payload": {"mas": 1.0}}, "payload.mas: unknown; did you mean 'mass'?"),
        ({"payload": -1.0}, "payload.mass: must be a number of kg in [0, 31], not -1.0"),
        ({"payload": {"position": [0, 1]}}, "payload.position: must be [x, y, z] in m"),
        ({"payload": "heavy"}, "payload: must be a mapping of mass, position, not 'heavy'"),
        ({"terrain": "ruogh"}, "terrain: no terrain 'ruogh'; did you mean 'rough'?"),
        (
            {"terrain": {"kind": "slope", "angel": 1}},
            "terrain.angel: unknown; did you mean 'angle'",
        ),
        ({"terrain": {"kind": "slope", "angle": 2}}, "terrain.angle: must be a number of rad in"),
        ({"terrain": {"kind": "rough", "seed": 1.5}}, "terrain.seed: must be a whole number"),
        (
            {"spring_stiffness": 1e4},
            "spring_stiffness: must be a number of N m/rad in [0.01, 1000]",
        ),
        ({"friction": 0.0}, "friction: must be a number in [0.01, 10], not 0.0"),
        ({"friction": True}, "friction: must be a number in [0.01, 10], not True"),
        ({"latency": "20ms"}, "latency: must be a number of ms in [0, 1000], not '20ms'"),
        ({"motor_strength": float("nan")}, "motor_strength: must be a number in [0, 10]"),
        (
            {"motor_strength": {"FR_hop": 0.5}},
            "motor_strength.FR_hop: unknown; did you mean 'FR_hip'?",
        ),
        ({"spring_stiffness": 0.0}, "spring_stiffness: must be a number of N m/rad"),
        ({"spring_stiffness": {"FR": -1}}, "spring_stiffness.FR: must be a number of N m/rad"),
        ({"battery_sag": 1.5}, "battery_sag: must be a number in [0, 1], not 1.5"),
        ({"sensor_noise": {"gyro": 1.0}}, "sensor_noise.gyro: no such sensor"),
        (
            {"sensor_bias": {"joint_positon": 1.0}},
            "sensor_bias.joint_positon: no such sensor; did you mean 'joint_position'?",
        ),
        ({"sensor_noise": -1}, "sensor_noise: must be a number from 0 up, not -1"),
        ({"sensor_noise": {"orientation": "a"}}, "sensor_noise.orientation: must be a number"),
    ],
)
def test_an_option_without_meaning_is_named(given, message):
    with pytest.raises(ConfigError) as caught:
        read_simulation_options(given, BERT)
    (problem,) = caught.value.problems
    assert message in problem


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"frictoin": [0.5, 1]},
            "randomize.frictoin: cannot be randomized; did you mean 'friction",
        ),
        ({"friction": 1.0}, "randomize.friction: must be [lowest, highest], not 1.0"),
        ({"friction": [1.0, 0.5]}, "randomize.friction: 1.0 is above 0.5"),
        ({"friction": [0.0, 0.5]}, "randomize.friction: must be a number in [0.01, 10], not 0.0"),
        ({"payload_mass": [0, 99]}, "randomize.payload_mass: must be a number of kg in [0, 31]"),
        (
            {"motor_strength": [{"FR": 0.5}, 1.0]},
            "randomize.motor_strength: must be [lowest, highest], not [{'FR': 0.5}, 1.0]",
        ),
        ({3: [0, 1]}, "randomize.3: cannot be randomized"),
        ([1, 2], "randomize: must map names to [lowest, highest], not [1, 2]"),
    ],
)
def test_a_range_without_meaning_is_named(given, message):
    with pytest.raises(ConfigError) as caught:
        read_ranges(given, BERT)
    (problem,) = caught.value.problems
    assert message in problem


def test_all_problems_are_reported_at_once():
    with pytest.raises(ConfigError) as caught:
        read_simulation_options({"friction": 0, "latency": -1, "terrain": "x"}, BERT)
    assert len(caught.value.problems) == 3
