"""A robot that exists in this package only; importing it registers its environment."""

from __future__ import annotations

import gymnasium

gymnasium.register(
    id="MyQuadruped-Real-v0",
    entry_point="rl_zoo.envs.real_robot_env:RealRobotEnv",
    max_episode_steps=500,
    disable_env_checker=True,
    kwargs={"robot": "my_quadruped", "driver": "my_bus"},
)
