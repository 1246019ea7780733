"""Write pictures of every installed robot standing and trotting to a folder."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import gymnasium
import matplotlib.image
import numpy as np

from rl_zoo.console import result
from rl_zoo.envs.ids import OUR_ENVIRONMENTS, register_environments
from rl_zoo.errors import MissingDependencyError
from rl_zoo.motion.kinematics import foot_position, joint_angles

STANDING_STEPS = 150
TROT_STEPS = (100, 104, 108, 112)
"""Steps of the walk that are drawn: about one cycle."""


def main() -> None:
    """Draw what is installed; say what is not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where the PNG files go")
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    register_environments()
    drawn: set[str] = set()
    for env_id, arguments in OUR_ENVIRONMENTS.items():
        robot = arguments["kwargs"]["robot"]
        if robot in drawn:
            continue
        drawn.add(robot)
        try:
            draw(env_id, folder)
        except MissingDependencyError as error:
            result(f"{env_id}: {error}")


def draw(env_id: str, folder: Path) -> None:
    """Draw one robot standing and trotting; bert also with other options."""
    save(folder / f"{env_id}.png", stand(env_id))
    for i, picture in enumerate(walk(env_id)):
        save(folder / f"{env_id}_trot_{i}.png", picture)
    if env_id != "Bert-v0":
        return
    payload = {"mass": 1.0, "position": [0.05, 0.0, 0.08]}
    variants: dict[str, dict[str, Any]] = {
        "payload": {"payload": payload},
        "rough": {"terrain": "rough"},
        "slope": {"terrain": {"kind": "slope", "angle": 0.2}},
        "lying": {"task": "stand_up"},
    }
    for name, options in variants.items():
        n_steps = 0 if name == "lying" else STANDING_STEPS
        save(folder / f"{env_id}_{name}.png", stand(env_id, n_steps, **options))


def stand(env_id: str, n_steps: int = STANDING_STEPS, **options: Any) -> np.ndarray:
    """Return a picture of the robot after it has stood for ``n_steps``."""
    env = gymnasium.make(env_id, render_mode="rgb_array", **options)
    env.reset(seed=0)
    for _ in range(n_steps):
        env.step(np.zeros(env.action_space.shape, np.float32))
    picture = np.asarray(env.render())
    env.close()
    return picture


def walk(env_id: str) -> list[np.ndarray]:
    """Return pictures of a trot: of sines for bert, of feet on half ellipses for the others."""
    env = gymnasium.make(env_id, render_mode="rgb_array")
    env.reset(seed=0)
    robot: Any = env.unwrapped
    trot = trot_of_sines if robot.robot_spec.name == "bert" else trot_of_feet
    pictures = []
    for step in range(TROT_STEPS[-1] + 1):
        env.step(trot(robot, step * robot.dt).astype(np.float32))
        if step in TROT_STEPS:
            pictures.append(np.asarray(env.render()))
    env.close()
    return pictures


def trot_of_sines(robot: Any, time: float) -> np.ndarray:
    """Return the action at ``time`` (s) of a trot that was searched for on bert."""
    phase = 2.0 * np.pi * 3.5 * time + np.array([0.0, np.pi, np.pi, 0.0])
    action = np.zeros(8)
    action[0::2] = 0.27 + 0.27 * np.cos(phase)
    action[1::2] = 0.19 - 0.39 * np.sin(phase - 0.71)
    return action


def trot_of_feet(robot: Any, time: float) -> np.ndarray:
    """Return the action at ``time`` (s) that lifts diagonal feet forward in turn."""
    spec = robot.robot_spec
    positions = spec.default_pose.copy()
    size = min(1.0, time) * spec.standing_height
    for leg, offset in zip(spec.legs, (0.0, np.pi, np.pi, 0.0), strict=True):
        phase = 2.0 * np.pi * 2.5 * time + offset
        places = list(spec.leg_indices(leg))
        rest = foot_position(leg, spec.default_pose[places])
        lift = 0.25 * size * max(0.0, float(np.sin(phase)))
        moved = rest + np.array([-0.5 * size * np.cos(phase), 0.0, lift])
        positions[places] = joint_angles(leg, moved)
    return np.asarray(robot.positions_to_action(positions))


def save(path: Path, picture: np.ndarray) -> None:
    """Write a PNG file."""
    matplotlib.image.imsave(path, picture)
    result(str(path))


if __name__ == "__main__":
    main()
