"""Callbacks by name."""

from __future__ import annotations

import pytest

from rl_zoo.callbacks.registry import CALLBACKS
from rl_zoo.errors import ConfigError


@pytest.mark.parametrize("name", CALLBACKS.built_in_names())
def test_every_name_leads_to_a_callback(name):
    from stable_baselines3.common.callbacks import BaseCallback

    assert issubclass(CALLBACKS.load(name), BaseCallback)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("rl_zoo3.callbacks.RawStatisticsCallback", "RawStatisticsCallback"),
        ("stable_baselines3.common.callbacks.CheckpointCallback", "CheckpointCallback"),
    ],
)
def test_paths_of_the_zoo_lead_to_the_short_name(path, name):
    assert CALLBACKS.locate(path) == CALLBACKS.locate(name)


def test_a_mistyped_name_gets_the_nearest():
    with pytest.raises(ConfigError, match="did you mean 'CheckpointCallback'"):
        CALLBACKS.locate("CheckpointCalback")
