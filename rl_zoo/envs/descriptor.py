"""Ask an environment which robot it is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rl_zoo.errors import ConfigError

if TYPE_CHECKING:
    from stable_baselines3.common.vec_env import VecEnv

ATTRIBUTE = "robot_descriptor"
"""Attribute of an environment: its robot as a mapping of names to plain values."""


def read_descriptor(env: VecEnv) -> dict[str, Any] | None:
    """Return the robot of the first environment as ``run.json`` holds it; None: it has none.

    Raises:
        ConfigError: If it says what JSON cannot hold.
    """
    return plain_descriptor(env.get_attr(ATTRIBUTE, 0)[0] if env.has_attr(ATTRIBUTE) else None)


def plain_descriptor(descriptor: Any) -> dict[str, Any] | None:
    """Return what an environment says its robot is, as ``run.json`` holds it.

    Raises:
        ConfigError: If it says what JSON cannot hold.
    """
    if descriptor is None:
        return None
    try:
        plain = json.loads(json.dumps(descriptor, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{ATTRIBUTE} of the environment: not plain data ({error})") from error
    if not isinstance(plain, dict):
        raise ConfigError(f"{ATTRIBUTE} of the environment: must be a mapping, not {plain!r}")
    return plain
