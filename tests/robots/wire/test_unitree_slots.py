"""Which motor slot a joint has."""

import pytest

from rl_zoo.errors import ConfigError
from rl_zoo.robots.bert import BERT
from rl_zoo.robots.catalog import ROBOTS
from rl_zoo.robots.wire.unitree_slots import motor_slots


@pytest.mark.parametrize("robot", ["go1", "go2", "mini_cheetah"])
def test_unitrees_joints_have_unitrees_order(robot):
    spec = ROBOTS.load(robot)
    slots = dict(zip(spec.joint_names, motor_slots(spec), strict=True))
    assert slots["FR_hip_joint"] == 0
    assert slots["FL_thigh_joint"] == 4
    assert slots["RR_calf_joint"] == 8
    assert slots["RL_calf_joint"] == 11


def test_other_robots_count():
    assert motor_slots(BERT) == tuple(range(8))


@pytest.mark.parametrize(
    ("slots", "problem"),
    [
        ([0, 1, 2], "slots: 3 for the 8 joints of 'bert'; one per joint, in the order FR_hip"),
        ([0, 1, 2, 3, 4, 5, 6, 20], "slots: 20 is no motor slot; they are 0 to 19"),
        ([0, 1, 2, 3, 4, 5, 6, "7"], "slots: '7' is no motor slot"),
        ([0, 1, 2, 3, 4, 5, 6, 6], "names a motor twice"),
    ],
)
def test_slots_that_have_no_meaning(slots, problem):
    with pytest.raises(ConfigError, match=problem):
        motor_slots(BERT, slots)
