"""Which package registers the well-known environments that Gymnasium itself does not have."""

from __future__ import annotations

import importlib.util
import re

KNOWN_PACKAGES = (
    (r"MiniGrid-.*|BabyAI-.*", "minigrid", "minigrid"),
    (r"Panda.*", "panda_gym", "panda-gym"),
    (r".*BulletEnv-v\d+|Minitaur.*", "pybullet_envs_gymnasium", "pybullet_envs_gymnasium"),
    (r"Fetch.*|Hand.*|AntMaze.*|PointMaze.*", "gymnasium_robotics", "gymnasium-robotics"),
    (r"ALE/.*|.*NoFrameskip-v\d+", "ale_py", "gymnasium[atari]"),
    (r"(parking|highway|merge|roundabout|intersection|racetrack)-.*", "highway_env", "highway-env"),
    (r"donkey-.*", "gym_donkeycar", "gym_donkeycar"),
    (r"RocketLander-.*", "rocket_lander_gym", "rocket_lander_gym"),
)
"""Pattern of the environment ids, module that registers them, what pip installs."""


def package_of(env_id: str) -> tuple[str, str] | None:
    """Return module and pip name of the package that registers ``env_id``; None if not known."""
    for pattern, module, distribution in KNOWN_PACKAGES:
        if re.fullmatch(pattern, env_id):
            return module, distribution
    return None


def is_installed(module: str) -> bool:
    """Say whether ``module`` can be imported."""
    return importlib.util.find_spec(module) is not None
