"""What differs between two robots, one entry per difference."""

from rl_zoo.runs.robot_changes import robot_changes


def robot(**changes):
    joint = {"strength": 1.0, "limits": {"torque": 4.0}}
    return {
        "name": "walker",
        "payload": {"mass": 0.0, "position": None},
        "firmware": "1.2",
        "joints": {"hip": joint, "knee": joint},
        **changes,
    }


def test_same_robot():
    assert robot_changes(robot(), robot()) == {}


def test_each_value_has_an_entry():
    changed = robot(payload={"mass": 1.0, "position": [0.05, 0.0, 0.1]}, firmware="1.3")
    assert robot_changes(robot(), changed) == {
        "payload.mass": "0 -> 1",
        "payload.position": "none -> [0.05, 0, 0.1]",
        "firmware": "1.2 -> 1.3",
    }


def test_joints_that_changed_alike_share_an_entry():
    weak = {"strength": 0.5, "limits": {"torque": 4.0}}
    assert robot_changes(robot(), robot(joints={"hip": weak, "knee": weak})) == {
        "strength of hip, knee": "1 -> 0.5"
    }
    weaker = {"strength": 0.5, "limits": {"torque": 2.0}}
    assert robot_changes(robot(), robot(joints={"hip": weak, "knee": weaker})) == {
        "strength of hip, knee": "1 -> 0.5",
        "limits.torque of knee": "4 -> 2",
    }


def test_other_joints():
    one = robot(joints={"hip": robot()["joints"]["hip"]})
    assert robot_changes(robot(), one) == {"joints": "[hip, knee] -> [hip]"}


def test_robot_that_is_gone():
    assert robot_changes(robot(), {})["name"] == "walker -> absent"
