"""Resize images, with a shape that YAML can express."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium as gym
from gymnasium.error import DependencyNotInstalled
from gymnasium.wrappers import ResizeObservation

from rl_zoo.errors import ConfigError, MissingDependencyError


class YAMLCompatResizeObservation(ResizeObservation[Any, Any, Any]):
    """Gymnasium's ``ResizeObservation`` with the shape as a list.

    Args:
        env: Environment with uint8 images of shape ``(height, width[, channels])``.
        shape: ``[height, width]`` in pixels.

    Raises:
        ConfigError: If the shape or the environment's observation does not fit.
        MissingDependencyError: If OpenCV is not installed.
    """

    def __init__(self, env: gym.Env[Any, Any], shape: Sequence[int]) -> None:
        if not isinstance(shape, (list, tuple)) or len(shape) != 2:
            raise ConfigError(
                f"YAMLCompatResizeObservation.shape: {shape!r} is not [height, width] in pixels"
            )
        try:
            super().__init__(env, (shape[0], shape[1]))
        except DependencyNotInstalled as error:
            raise MissingDependencyError(
                "YAMLCompatResizeObservation needs the package 'cv2', which is not installed: "
                "pip install opencv-python-headless"
            ) from error
        except (TypeError, ValueError) as error:
            raise ConfigError(f"YAMLCompatResizeObservation: {error}") from error
