"""A robot and a task as a Gymnasium environment; the robot may be simulated or real."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, SupportsFloat

import gymnasium
import numpy as np
from numpy.typing import NDArray

from rl_zoo.envs.robot_options import (
    EXCHANGEABLE,
    NONE,
    TRUE,
    RobotEnvOptions,
    differing,
    read_options,
)
from rl_zoo.errors import ConfigError
from rl_zoo.motion.rotations import heading, in_heading_frame, tilt
from rl_zoo.robots.assembly import model_path
from rl_zoo.robots.descriptor import describe_robot
from rl_zoo.robots.driver import GroundTruth, RobotCommand, RobotState
from rl_zoo.robots.mujoco_robot import MujocoRobot
from rl_zoo.robots.postures import folded_pose
from rl_zoo.robots.simulation import randomized, with_gains
from rl_zoo.robots.spec import FloatArray
from rl_zoo.robots.velocity_estimator import CONTACT_FRACTION, GRAVITY, VelocityEstimator
from rl_zoo.tasks.observation import Observed, layout_of, observe
from rl_zoo.tasks.task import LYING, Step, termination_reason, weighted

Observation = NDArray[np.float32]

_SETTLING_TIME = 1.0  # s, to sink onto the belly


class RobotEnv(gymnasium.Env[Observation, NDArray[np.float32]]):
    """A simulated robot that learns a task.

    An action in [-1, 1] per joint moves the motor's target around the default pose and holds for a
    control period. An episode ends by a fall (termination); a time limit is a matter of the
    registration (truncation).

    ``info`` of a step: ``forward_speed`` (true, m/s along the wanted direction), ``x_position``
    (m), ``velocity_error`` (of the on-board estimate in the floor's plane, m/s),
    ``reward/<term>`` for each weighted term, ``termination_reason`` after a fall. ``info`` of a
    reset: ``randomized``, the values drawn for the episode.

    Args:
        robot: Short name of the robot, or ``package.module:SPEC`` of a third party's.
        render_mode: ``"rgb_array"`` or None.
        **options: See ``rl_zoo.envs.robot_options`` and docs/robots.md.

    Raises:
        ConfigError: If an option has no meaning.
        MissingDependencyError: If MuJoCo or the package with the robot's model is not installed.
    """

    metadata: dict[str, Any] = {  # noqa: RUF012 - Gymnasium declares it as an instance variable
        "render_modes": ["rgb_array"],
        "render_fps": 50,
        "single_instance": False,
    }
    exchangeable_options: tuple[str, ...] = EXCHANGEABLE
    """What ``change_options`` can change while the environment is open."""

    def __init__(self, robot: str = "bert", render_mode: str | None = None, **options: Any) -> None:
        self._given: dict[str, Any] = {"robot": robot, "render_mode": render_mode, **options}
        self._take(self._given)
        self.robot = MujocoRobot(self.options.spec, self.options.simulation)
        self.robot_state: RobotState = self.robot.read()

    def _prepare(self, options: RobotEnvOptions) -> None:
        """Set up everything that does not depend on whether the robot is simulated."""
        self.options = options
        self.render_mode = options.render_mode
        self.task = options.task
        spec = options.spec
        self.robot_spec = with_gains(spec, options.simulation)
        self.metadata = {**self.metadata, "render_fps": round(spec.control_frequency)}
        self._layout = layout_of(
            spec,
            self.task,
            contacts=options.observe_contacts,
            velocity=options.observe_velocity != NONE,
        )
        self._estimator = VelocityEstimator(spec)
        self._contact_force = CONTACT_FRACTION * spec.mass * GRAVITY / 4.0
        self._previous_action = np.zeros(spec.n_joints)
        self._command = np.zeros(3)
        self._command_steps = self.task.command_period * spec.control_frequency
        self._steps = 0
        self.action_space = gymnasium.spaces.Box(-1.0, 1.0, (spec.n_joints,), np.float32)
        shape = (self._layout.size,)
        self.observation_space = gymnasium.spaces.Box(-np.inf, np.inf, shape, np.float32)

    @staticmethod
    def keyword_problems(kwargs: Mapping[str, Any]) -> list[str]:
        """Return what is wrong with the keywords of this class, without opening anything.

        Raises:
            MissingDependencyError: If the package with the robot's model is not installed.
        """
        try:
            model_path(read_options(kwargs).spec)
        except ConfigError as error:
            return list(error.problems)
        return []

    def change_options(self, **options: Any) -> bool:
        """Take other options of task, observation and reward; a reset must follow.

        Args:
            **options: All keywords, as for the constructor.

        Returns:
            False, with nothing changed, if one of them is none of ``exchangeable_options``.

        Raises:
            ConfigError: If an option has no meaning.
        """
        given = {name: self._given[name] for name in ("robot", "render_mode")}
        given.update(options)
        if not differing(self._given, given) <= set(self.exchangeable_options):
            return False
        self._take(given)
        self._given = given
        return True

    def _take(self, given: Mapping[str, Any]) -> None:
        self._prepare(read_options(given))

    @property
    def dt(self) -> float:
        """Return the control period in s."""
        return 1.0 / self.robot_spec.control_frequency

    @property
    def robot_descriptor(self) -> dict[str, Any]:
        """Return the robot and its world as plain data, for the record of a run."""
        options = self.options
        return describe_robot(self.options.spec, options.simulation, options.randomize)

    @property
    def observation_parts(self) -> dict[str, int]:
        """Return the length of each part of the observation, in order."""
        return self._layout.parts

    @property
    def total_mass(self) -> float:
        """Return the mass of robot and payload in kg."""
        return self.robot_spec.mass + self.robot.options.payload.mass

    @property
    def current_action(self) -> FloatArray:
        """Return the action that equals the command the robot holds now."""
        return self.positions_to_action(self.robot.target)

    def action_to_positions(self, action: NDArray[Any]) -> FloatArray:
        """Return the motors' targets in rad that ``action`` commands. Shape: (n_joints,)."""
        spec = self.robot_spec
        return spec.default_pose + spec.action_ranges * np.asarray(action, dtype=np.float64)

    def positions_to_action(self, positions: FloatArray) -> FloatArray:
        """Return the action that commands ``positions`` (rad), not clipped to [-1, 1]."""
        return (positions - self.robot_spec.default_pose) / self.robot_spec.action_ranges

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Start an episode; only the random generator has a memory."""
        super().reset(seed=seed)
        info: dict[str, Any] = {}
        if self.options.randomize:
            drawn = randomized(self.options.simulation, self.options.randomize, self.np_random)
            self.robot.apply(drawn)
            info["randomized"] = {
                name: drawn.payload.mass if name == "payload_mass" else getattr(drawn, name)
                for name in self.options.randomize
            }
        self._put_on_ground()
        return self._begin_episode(self.robot.read()), info

    def step(
        self, action: NDArray[np.float32]
    ) -> tuple[Observation, SupportsFloat, bool, bool, dict[str, Any]]:
        """Command the motors, let one control period pass, and judge what came of it."""
        clipped = np.clip(np.asarray(action, dtype=np.float64), -1.0, 1.0)
        self.robot.write(RobotCommand(self.action_to_positions(clipped)))
        self.robot.advance()
        self.robot_state = self.robot.read()
        return self._judge(clipped, self.robot.ground_truth())

    def render(self) -> NDArray[np.uint8] | None:
        """Return a picture, the camera following the robot; None without a render mode.

        Raises:
            RenderingUnavailableError: If no off-screen OpenGL works on this machine.
        """
        return self.robot.render() if self.render_mode == "rgb_array" else None

    def close(self) -> None:
        """Release the robot."""
        self.robot.close()

    def _put_on_ground(self) -> None:
        spec, generator = self.robot_spec, self.np_random
        if self.task.start != LYING:
            noise = self.options.reset_noise
            pose = spec.default_pose + generator.uniform(-noise, noise, spec.n_joints)
            self.robot.reset(
                np.clip(pose, spec.lower_limits, spec.upper_limits), generator=generator
            )
            return
        share = generator.uniform(0.7, 1.0, spec.n_joints)
        pose = spec.default_pose + share * (folded_pose(spec) - spec.default_pose)
        self.robot.reset(pose, generator=generator)
        self.robot.lie_down(_SETTLING_TIME)

    def _begin_episode(self, state: RobotState) -> Observation:
        """Forget the last episode and return the first observation of the next one."""
        self._estimator.reset()
        self._previous_action = self.current_action.clip(-1.0, 1.0)
        self._command = self.task.sample_command(self.np_random)
        self._steps = 0
        self.robot_state = state
        return self._observe(np.zeros(3))

    def _judge(
        self, action: FloatArray, truth: GroundTruth | None, *, has_fallen: bool = False
    ) -> tuple[Observation, SupportsFloat, bool, bool, dict[str, Any]]:
        """Return what a step came to.

        Args:
            action: What was commanded, in [-1, 1]. Shape: (n_joints,).
            truth: What a simulation knows; None: a robot.
            has_fallen: Whether somebody else saw a fall.
        """
        state = self.robot_state
        estimate = self._estimator.update(state)
        velocity = self._choose(self.options.reward_velocity, truth, estimate.velocity_in_world)
        step = Step(
            self.robot_spec,
            state,
            velocity,
            estimate.height,
            action,
            self._previous_action,
            self._command,
        )
        terms = dict(self.task.reward_terms(step))
        reason = termination_reason(
            self.task, tilt(state.orientation), estimate.height, self.robot_spec
        )
        if has_fallen:
            reason = "fall"
        terms["fall"] = 0.0 if reason is None else -1.0
        rewards = weighted(self.task, terms)
        self._previous_action = action
        self._steps += 1
        if self._steps % self._command_steps == 0:
            self._command = self.task.sample_command(self.np_random)
        info = self._info(rewards, truth, estimate.velocity_in_world)
        if reason is not None:
            info["termination_reason"] = reason
        seen = self._choose(self.options.observe_velocity, truth, estimate.velocity_in_world)
        return self._observe(seen), sum(rewards.values()), reason is not None, False, info

    def _choose(self, which: str, truth: GroundTruth | None, estimated: FloatArray) -> FloatArray:
        return truth.velocity_in_world if which == TRUE and truth is not None else estimated

    def _info(
        self, rewards: dict[str, float], truth: GroundTruth | None, estimated: FloatArray
    ) -> dict[str, Any]:
        info: dict[str, Any] = {f"reward/{name}": value for name, value in rewards.items()}
        if truth is None:
            yaw = 0.0 if self.task.observes_heading else heading(self.robot_state.orientation)
            info["forward_speed"] = in_heading_frame(
                (float(estimated[0]), float(estimated[1])), yaw
            )[0]
            return info
        true_velocity = truth.velocity_in_world
        direction = 0.0 if self.task.observes_heading else truth.heading
        info["forward_speed"] = in_heading_frame(
            (float(true_velocity[0]), float(true_velocity[1])), direction
        )[0]
        info["x_position"] = float(truth.position_in_world[0])
        error = estimated[:2] - true_velocity[:2]
        info["velocity_error"] = float(np.hypot(error[0], error[1]))
        return info

    def _observe(self, velocity: FloatArray) -> Observation:
        forward, left = in_heading_frame(
            (float(velocity[0]), float(velocity[1])), heading(self.robot_state.orientation)
        )
        seen = Observed(
            self.robot_state,
            self._previous_action,
            self._command,
            np.array([forward, left, float(velocity[2])]),
        )
        return observe(self._layout, seen, self._contact_force).astype(np.float32)
