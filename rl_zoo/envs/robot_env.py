"""A robot and a task as a Gymnasium environment; the robot may be simulated or real."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, SupportsFloat

import gymnasium
import numpy as np
from numpy.typing import NDArray

from rl_zoo.errors import ConfigError
from rl_zoo.robots.catalog import ROBOTS
from rl_zoo.robots.driver import RobotCommand, RobotState
from rl_zoo.robots.mujoco_robot import MujocoRobot
from rl_zoo.robots.spec import FloatArray, RobotSpec
from rl_zoo.tasks import walk

Observation = NDArray[np.float32]

_RESET_POSE_NOISE = 0.05  # rad, on every joint at the start of an episode


class RobotEnv(gymnasium.Env[Observation, NDArray[np.float32]]):
    """A simulated robot that learns to walk.

    An action in [-1, 1] per joint moves the motor's target around the default pose and holds for a
    control period. An episode ends by a fall (termination); a time limit is a matter of the
    registration (truncation).

    ``info`` of a step: ``forward_speed`` (m/s along +x of the world, the direction to walk in),
    ``x_position`` (m), ``reward/<term>`` for each term, ``termination_reason`` after a fall.

    Args:
        robot: Short name of the robot, or ``package.module:SPEC`` of a third party's.
        render_mode: ``"rgb_array"`` or None.
        target_speed: Forward speed that earns the full reward, m/s.
        reward_weights: Weights by name of the reward term, instead of the task's own.
        spring_stiffness: N m/rad, instead of the robot's own.
        spring_damping: N m s/rad, instead of the robot's own.

    Raises:
        ConfigError: If an argument has no meaning.
        MissingDependencyError: If MuJoCo is not installed.
    """

    metadata: dict[str, Any] = {  # noqa: RUF012 - Gymnasium declares it as an instance variable
        "render_modes": ["rgb_array"],
        "render_fps": 50,
        "single_instance": False,
    }

    def __init__(
        self,
        robot: str = "bert",
        render_mode: str | None = None,
        *,
        target_speed: float = 0.5,
        reward_weights: Mapping[str, float] | None = None,
        spring_stiffness: float | None = None,
        spring_damping: float | None = None,
    ) -> None:
        if render_mode not in (None, *self.metadata["render_modes"]):
            raise ConfigError(f"render_mode '{render_mode}' is unknown; valid: rgb_array")
        self.render_mode = render_mode
        self.task = walk.make_walk_task(target_speed, reward_weights)
        self.spec_of_robot: RobotSpec = ROBOTS.load(robot)
        self.robot = MujocoRobot(
            self.spec_of_robot, spring_stiffness=spring_stiffness, spring_damping=spring_damping
        )
        n_joints = self.spec_of_robot.n_joints
        self._pose = self.spec_of_robot.default_pose
        self._action_ranges = self.spec_of_robot.action_ranges
        self._previous_action = np.zeros(n_joints)
        size = walk.observation_size(self.spec_of_robot)
        self.action_space = gymnasium.spaces.Box(-1.0, 1.0, (n_joints,), np.float32)
        self.observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (size,), np.float32)

    @property
    def dt(self) -> float:
        """Return the control period in s."""
        return 1.0 / self.spec_of_robot.control_frequency

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Start an episode near the default pose; only the random generator has a memory."""
        super().reset(seed=seed)
        noise = self.np_random.uniform(-_RESET_POSE_NOISE, _RESET_POSE_NOISE, self._pose.shape)
        self.robot.reset(self._pose + noise)
        self._previous_action = np.zeros_like(self._pose)
        return self._observe(self.robot.read()), {}

    def step(
        self, action: NDArray[np.float32]
    ) -> tuple[Observation, SupportsFloat, bool, bool, dict[str, Any]]:
        """Command the motors, let one control period pass, and judge what came of it."""
        clipped = np.clip(np.asarray(action, dtype=np.float64), -1.0, 1.0)
        self.robot.write(RobotCommand(self._pose + self._action_ranges * clipped))
        self.robot.advance()
        state, truth = self.robot.read(), self.robot.ground_truth()
        x_position, _, height = truth.position_in_world.tolist()
        terms = walk.reward_terms(self.task, state, truth, clipped, self._previous_action)
        reason = walk.termination_reason(self.task, state, height)
        terms["fall"] = 0.0 if reason is None else -self.task.weights.fall
        self._previous_action = clipped
        info: dict[str, Any] = {f"reward/{name}": value for name, value in terms.items()}
        info["forward_speed"] = float(truth.velocity_in_world[0])
        info["x_position"] = x_position
        if reason is not None:
            info["termination_reason"] = reason
        return self._observe(state), sum(terms.values()), reason is not None, False, info

    def render(self) -> NDArray[np.uint8] | None:
        """Return a picture, the camera following the robot; None without a render mode.

        Raises:
            RenderingUnavailableError: If no off-screen OpenGL works on this machine.
        """
        return self.robot.render() if self.render_mode == "rgb_array" else None

    def close(self) -> None:
        """Release the robot."""
        self.robot.close()

    def _observe(self, state: RobotState) -> Observation:
        previous: FloatArray = self._previous_action
        return walk.observe(self.spec_of_robot, self._pose, state, previous).astype(np.float32)
