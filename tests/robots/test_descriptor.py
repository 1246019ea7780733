"""The descriptor says what a robot is, whatever form the configuration had."""

import json

import pytest

from rl_zoo.envs.robot_env import RobotEnv
from rl_zoo.runs.robot_changes import robot_changes


def describe(**options):
    return RobotEnv(**options).robot_descriptor


def test_descriptor_of_bert():
    robot = describe()
    assert (robot["name"], robot["mass"], robot["elastic"]) == ("bert", 3.1, True)
    assert list(robot["joints"])[:3] == ["FR_hip", "FR_knee", "FL_hip"]
    assert robot["joints"]["FR_hip"]["spring_stiffness"] == 2.75
    assert robot["joints"]["FR_hip"]["motor_strength"] == 1.0
    assert (robot["driver"], robot["firmware"]) == (None, None)
    assert json.loads(json.dumps(robot)) == robot


def test_form_of_the_configuration_does_not_matter():
    legs = dict.fromkeys(("FR", "FL", "RR", "RL"), 0.5)
    assert describe(motor_strength=0.5) == describe(motor_strength=legs)
    assert describe(payload=0.0) == describe(payload={"mass": 0.0, "position": [0.1, 0.0, 0.0]})
    assert describe(terrain="rough") == describe(terrain={"kind": "rough"})


@pytest.mark.parametrize(
    ("options", "change", "values"),
    [
        ({"payload": {"mass": 1.0}}, "payload.mass", "0 -> 1"),
        ({"motor_strength": {"FR_knee": 0.5}}, "motor_strength of FR_knee", "1 -> 0.5"),
        (
            {"spring_stiffness": {"FR": 10.0}},
            "spring_stiffness of FR_hip, FR_knee",
            "2.75 -> 10",
        ),
        ({"terrain": "slope"}, "terrain.kind", "flat -> slope"),
        ({"latency": 20.0}, "latency", "0 -> 20"),
        ({"sensor_noise": {"orientation": 0.02}}, "sensor_noise.orientation", "0 -> 0.02"),
        ({"randomize": {"friction": [0.5, 1.0]}}, "randomize.friction", "absent -> [0.5, 1]"),
    ],
)
def test_every_option_shows(options, change, values):
    assert robot_changes(describe(), describe(**options))[change] == values
