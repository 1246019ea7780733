"""Each robot's spec against its model, and that it stands."""

import dataclasses

import numpy as np
import pytest

from rl_zoo.errors import ConfigError, MissingDependencyError
from rl_zoo.motion.kinematics import foot_position, joint_angles
from rl_zoo.robots.assembly import model_path
from rl_zoo.robots.bert import BERT
from rl_zoo.robots.mujoco_robot import MujocoRobot
from rl_zoo.robots.postures import folded_pose
from rl_zoo.robots.spec import ModelFile

UNMODELLED = {"go2": 0.002}  # m: its feet are that far behind the axis of the shank


def in_trunk(robot, point):
    body = robot.data.body(robot.spec.model.trunk)
    return body.xmat.reshape(3, 3).T @ (point - body.xpos)


def test_feet_are_where_the_leg_geometry_says(spec):
    robot = MujocoRobot(spec)
    generator = np.random.default_rng(0)
    tolerance = 1e-9 + UNMODELLED.get(spec.name, 0.0)
    for _ in range(20):
        pose = generator.uniform(spec.lower_limits, spec.upper_limits)
        robot.reset(pose)
        for leg in spec.legs:
            angles = pose[list(spec.leg_indices(leg))]
            foot = in_trunk(robot, robot.data.geom(leg.foot).xpos)
            np.testing.assert_allclose(foot_position(leg, angles), foot, rtol=0, atol=tolerance)


def test_inverse_kinematics_gives_the_default_pose_back(spec):
    for leg in spec.legs:
        angles = spec.default_pose[list(spec.leg_indices(leg))]
        found = joint_angles(leg, foot_position(leg, angles))
        np.testing.assert_allclose(found, angles, atol=1e-9)


def test_sizes_are_those_of_the_model(spec):
    robot = MujocoRobot(spec)
    model = robot.model
    assert model.body_subtreemass[0] == pytest.approx(spec.mass, abs=0.01)
    assert model.opt.timestep == pytest.approx(1.0 / spec.physics_frequency)
    assert [leg.name for leg in spec.legs] == ["FR", "FL", "RR", "RL"]
    for leg in spec.legs:
        assert model.geom(leg.foot).size[0] == pytest.approx(leg.foot_radius)
        first = model.joint(leg.joints[0])
        body = model.body(model.jnt_bodyid[first.id])
        np.testing.assert_allclose(body.pos, leg.hip_position, atol=1e-9)
        x, y, _ = leg.hip_position
        assert (x > 0) == leg.name.startswith("F")
        assert (y > 0) == leg.name.endswith("L")
    robot.reset(spec.default_pose)
    assert robot.ground_truth().height == pytest.approx(spec.standing_height, abs=0.004)


def test_commands_and_actions_fit_the_joints(spec):
    model = MujocoRobot(spec).model
    assert tuple(model.actuator(i).name for i in range(model.nu)) == spec.joint_names
    for i, joint in enumerate(spec.joints):
        assert model.actuator_forcerange[i].tolist() == [-joint.max_torque, joint.max_torque]
        assert model.actuator_ctrlrange[i].tolist() == [joint.lower_limit, joint.upper_limit]
        in_model = model.joint(joint.name)
        if model.jnt_limited[in_model.id]:
            assert in_model.range[0] <= joint.lower_limit + 1e-3
            assert in_model.range[1] >= joint.upper_limit - 1e-3
    # A joint may not reach the whole range of actions (Go: calf), but half of it.
    assert np.all(spec.default_pose - 0.5 * spec.action_ranges >= spec.lower_limits)
    assert np.all(spec.default_pose + 0.5 * spec.action_ranges <= spec.upper_limits)


def test_stands_still_in_its_default_pose_for_ten_seconds(spec, hold):
    robot = MujocoRobot(spec)
    robot.reset(spec.default_pose)
    hold(robot, spec.default_pose, 5.0)
    heights, speeds, clearances = [], [], []
    for _ in range(25):
        hold(robot, spec.default_pose, 0.2)
        heights.append(robot.ground_truth().height)
        speeds.append(np.max(np.abs(robot.data.qvel)))
        clearances.append(robot.foot_clearances())
    assert max(speeds) < 0.01
    assert np.ptp(heights) < 0.001
    assert heights[-1] > 0.9 * spec.standing_height
    assert np.all(np.abs(clearances) < 0.0015)
    forces = robot.read().foot_forces
    assert forces.sum() == pytest.approx(9.81 * robot.model.body_subtreemass[0], rel=0.01)
    assert np.all(forces > 0.1 * forces.sum())
    assert robot.data.ncon == 4
    w, x, y, _ = robot.read().orientation
    assert 2.0 * np.hypot(x, y) < 0.06  # rad of tilt
    assert w > 0.99


def test_contact_forces_are_in_the_order_of_the_legs(spec, hold):
    robot = MujocoRobot(spec)
    places = np.array([leg.hip_position for leg in spec.legs])
    robot.reset(spec.default_pose)
    hold(robot, spec.default_pose, 2.0)
    before = robot.read().foot_forces
    robot.data.xfrc_applied[1, 3] = 0.1 * spec.mass * 9.81 * places[1, 1]  # N m, to the right
    hold(robot, spec.default_pose, 1.0)
    change = robot.read().foot_forces - before
    assert np.all(change[places[:, 1] < 0] > 0)
    assert np.all(change[places[:, 1] > 0] < 0)


def test_lying_is_low_and_quiet(spec):
    robot = MujocoRobot(spec)
    robot.reset(folded_pose(spec))
    robot.lie_down(2.0)
    assert robot.ground_truth().height < 0.45 * spec.standing_height
    assert np.max(np.abs(robot.data.qvel)) < 0.1
    assert np.all(robot.foot_clearances() > -0.002)
    assert robot.read().orientation[0] > 0.98
    assert robot.read().time == 0.0


def test_a_model_of_a_missing_package_names_what_installs_it():
    model = ModelFile("a/b.xml", distribution="no-such-robots", install='pip install "x[y]"')
    spec = dataclasses.replace(BERT, name="toy", model=model)
    with pytest.raises(MissingDependencyError) as caught:
        MujocoRobot(spec)
    text = str(caught.value)
    assert "robot 'toy'" in text
    assert "package 'no-such-robots', which is not installed: pip install \"x[y]\"" in text


def test_a_missing_file_is_named(tmp_path):
    spec = dataclasses.replace(BERT, model=ModelFile(str(tmp_path / "none.xml")))
    with pytest.raises(ConfigError, match=r"robot 'bert': no model file .*none.xml"):
        model_path(spec)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<mujoco><worldbody/></mujoco>", "none.xml.*'trunk'"),
        ("<mujoco", "none.xml"),
    ],
)
def test_a_model_that_does_not_fit_is_one_clear_error(tmp_path, text, words):
    path = tmp_path / "none.xml"
    path.write_text(text)
    spec = dataclasses.replace(BERT, model=ModelFile(str(path)))
    with pytest.raises(ConfigError, match=f"robot 'bert': .*{words}"):
        MujocoRobot(spec)


def test_a_joint_that_the_model_lacks_is_named():
    joints = (dataclasses.replace(BERT.joints[0], name="FR_hop"), *BERT.joints[1:])
    legs = (dataclasses.replace(BERT.legs[0], joints=("FR_hop", "FR_knee")), *BERT.legs[1:])
    with pytest.raises(ConfigError, match="FR_hop"):
        MujocoRobot(dataclasses.replace(BERT, joints=joints, legs=legs))
