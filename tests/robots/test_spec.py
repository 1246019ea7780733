"""A robot whose parts contradict each other is refused when it is described."""

import dataclasses

import pytest

from rl_zoo.errors import ConfigError
from rl_zoo.robots.bert import BERT


def with_joint(**changes):
    return (dataclasses.replace(BERT.joints[0], **changes), *BERT.joints[1:])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"physics_frequency": 480.0}, "physics_frequency: 480.0 is no multiple of control_fre"),
        ({"physics_frequency": 20.0}, "physics_frequency: 20.0 is no multiple of control_freq"),
        ({"joints": BERT.joints[1:]}, "legs: no joint 'FR_hip' in joints"),
        ({"joints": (*BERT.joints, BERT.joints[0])}, "joints: two have the same name"),
        ({"joints": with_joint(default_position=2.0)}, "'FR_hip': 2.0 is not within its limits"),
        ({"joints": with_joint(action_range=0.0)}, "'FR_hip': action_range: 0.0 is not positive"),
        ({"joints": with_joint(max_torque=-4.0)}, "'FR_hip': max_torque: -4.0 is not positive"),
    ],
)
def test_a_contradiction_is_named(changes, message):
    with pytest.raises(ConfigError, match=f"robot 'bert': .*{message}"):
        dataclasses.replace(BERT, **changes)
