"""Images of another size."""

from __future__ import annotations

import sys
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import spaces

from rl_zoo.errors import ConfigError, MissingDependencyError
from rl_zoo.wrappers.resize import YAMLCompatResizeObservation


class PictureEnv(gym.Env[Any, Any]):
    """A grey picture of 8 x 6 pixels."""

    observation_space = spaces.Box(0, 255, (8, 6, 3), np.uint8)
    action_space = spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return np.full((8, 6, 3), 77, dtype=np.uint8), {"options": options}


def test_shape_is_a_list_of_height_and_width():
    pytest.importorskip("cv2")
    env = YAMLCompatResizeObservation(PictureEnv(), shape=[4, 2])
    assert env.observation_space == spaces.Box(0, 255, (4, 2, 3), np.uint8)
    observation, info = env.reset(options={"a": 1})
    assert observation.shape == (4, 2, 3)
    assert np.all(observation == 77)
    assert info["options"] == {"a": 1}


def test_without_opencv_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(MissingDependencyError, match="pip install opencv-python-headless"):
        YAMLCompatResizeObservation(PictureEnv(), shape=[4, 2])


@pytest.mark.parametrize("shape", [[4, 2, 3], 4, "42", [0, 2], [4, 2.5]])
def test_a_shape_that_is_none_is_refused(shape):
    with pytest.raises(ConfigError, match="YAMLCompatResizeObservation"):
        YAMLCompatResizeObservation(PictureEnv(), shape=shape)


def test_an_environment_without_images_is_refused():
    with pytest.raises(ConfigError, match=r"YAMLCompatResizeObservation.*2D or 3D image"):
        YAMLCompatResizeObservation(gym.make("Pendulum-v1"), shape=[4, 2])
