"""A robot simulated by MuJoCo, motors behind springs included."""

from __future__ import annotations

import math
import os
from collections import deque
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rl_zoo.errors import MissingDependencyError
from rl_zoo.motion.rotations import heading, rotation_matrix
from rl_zoo.robots.assembly import build_model, set_payload
from rl_zoo.robots.driver import GroundTruth, RobotCommand, RobotState
from rl_zoo.robots.sensor_errors import SensorBias, disturb, draw_bias
from rl_zoo.robots.simulation import SimulationOptions
from rl_zoo.robots.spec import FloatArray, RobotSpec
from rl_zoo.robots.velocity_estimator import GRAVITY

if TYPE_CHECKING:
    from rl_zoo.robots.camera import Camera

_SINKING_STRENGTH = 0.05  # of the motors' torque
_FLOOR_CLEARANCE = 0.001  # m, between the lowest foot and the floor after a reset


def _import_mujoco(robot_name: str) -> Any:
    try:
        import mujoco
    except ModuleNotFoundError as error:
        raise MissingDependencyError(
            f"the simulated robot '{robot_name}' needs MuJoCo: pip install mujoco"
        ) from error
    # MuJoCo loads the backend named by MUJOCO_GL when it is imported; each fails in its own way.
    except Exception as error:
        backend = os.environ.get("MUJOCO_GL")
        raise MissingDependencyError(
            f"MuJoCo cannot be imported with MUJOCO_GL={backend} "
            f"({type(error).__name__}: {error}); unset MUJOCO_GL"
        ) from error
    return mujoco


class MujocoRobot:
    """One simulated robot in its world.

    Args:
        spec: The robot.
        options: How robot and world differ from the defaults.

    Raises:
        ConfigError: If the model file does not fit the spec.
        MissingDependencyError: If MuJoCo or the package with the model is not installed.
    """

    def __init__(self, spec: RobotSpec, options: SimulationOptions | None = None) -> None:
        mujoco = _import_mujoco(spec.name)
        self.spec = spec
        self.options = options or SimulationOptions()
        self._step = mujoco.mj_step
        self._reset_data = mujoco.mj_resetData
        self._kinematics = mujoco.mj_kinematics
        self._forward = mujoco.mj_forward
        self._set_constants = mujoco.mj_setConst
        self.model = build_model(mujoco, spec, self.options)
        self.data = mujoco.MjData(self.model)
        joints = [self.model.joint(name) for name in spec.joint_names]
        self._q = np.array([joint.qposadr[0] for joint in joints])
        self._dq = np.array([joint.dofadr[0] for joint in joints])
        self._trunk = int(self.model.body(spec.model.trunk).id)
        self._feet = np.array([self.model.geom(name).id for name in spec.feet])
        self._ground = np.flatnonzero(self.model.geom_bodyid == 0)
        collides = (self.model.geom_contype | self.model.geom_conaffinity) > 0
        collides[[*self._ground, *self._feet]] = False
        self._solid = np.flatnonzero(collides)
        self._foot_radii = np.array([leg.foot_radius for leg in spec.legs])
        self._substeps = round(spec.physics_frequency / spec.control_frequency)
        self._lower, self._upper = spec.lower_limits, spec.upper_limits
        self._max_torques = spec.max_torques
        self._pending: deque[list[Any]] = deque()  # [physics steps to wait, target] in order
        self._acceleration = np.array([0.0, 0.0, GRAVITY])
        self._last_target = spec.default_pose
        self._generator = np.random.default_rng(0)
        self._camera: Camera | None = None
        self.apply(self.options)
        self._bias = self._draw_bias()

    def apply(self, options: SimulationOptions) -> None:
        """Change everything about the simulation but its terrain and the payload's place."""
        self.options = options
        spec, model = self.spec, self.model
        strength = options.per_joint("motor_strength", spec, np.ones(spec.n_joints))
        stiffness = options.per_joint("spring_stiffness", spec, spec.kp)
        damping = options.per_joint("spring_damping", spec, spec.kd)
        if not spec.is_elastic:  # a weak rigid motor holds its target less firmly
            stiffness, damping = stiffness * strength, damping * strength
        model.actuator_gainprm[:, 0] = stiffness
        model.actuator_biasprm[:, 1] = -stiffness
        model.actuator_biasprm[:, 2] = -damping
        self._strength = strength
        self._set_motor_limits(1.0)
        model.geom_friction[self._ground, 0] = options.friction
        if set_payload(model, options.payload.mass):
            self._set_constants(model, self.data)
        self._latency_steps = round(1e-3 * options.latency * spec.physics_frequency)
        self._has_exact_sensors = options.sensor_noise.is_zero and options.sensor_bias.is_zero

    def read(self, time: float | None = None, **telemetry: Any) -> RobotState:
        """Return the readings now; arrays are copies, errors of the sensors included.

        Args:
            time: Stamp, s; None: simulated time since the reset.
            **telemetry: Other fields of the state.
        """
        data = self.data
        positions = data.qpos[self._q]
        w, x, y, z = data.qpos[3:7].tolist()
        state = RobotState(
            time=data.time if time is None else time,
            joint_positions=positions,
            joint_velocities=data.qvel[self._dq],
            joint_torques=data.actuator_force.copy(),
            motor_positions=data.act.copy() if self.spec.is_elastic else positions,
            orientation=(w, x, y, z),
            angular_velocity_in_body=data.qvel[3:6].copy(),
            acceleration_in_body=self._acceleration,
            foot_forces=data.sensordata.copy(),
            **telemetry,
        )
        if self._has_exact_sensors:
            return state
        return disturb(state, self._bias, self.options.sensor_noise, self._generator)

    def write(self, command: RobotCommand) -> None:
        """Set the motors' targets, within their position limits and their speed."""
        previous = self._last_target
        change = command.joint_positions - previous
        np.clip(change, -self._max_target_change, self._max_target_change, out=change)
        change += previous
        np.clip(change, self._lower, self._upper, out=change)
        self._last_target = change
        if self._latency_steps == 0:
            self.data.ctrl[:] = change
        else:
            self._pending.append([self._latency_steps, change])

    @property
    def target(self) -> FloatArray:
        """Return the motors' targets as last accepted, rad. Shape: (n_joints,)."""
        return self._last_target.copy()

    def advance(self) -> None:
        """Let one control period pass."""
        data = self.data
        velocity = data.qvel[:3].copy()
        self.sag()
        remaining = self._substeps
        while self._pending and self._pending[0][0] <= remaining:
            wait, target = self._pending.popleft()
            if wait > 0:
                self._step(self.model, data, wait)
                self._age_pending(wait)
                remaining -= wait
            data.ctrl[:] = target
        if remaining > 0:
            self._step(self.model, data, remaining)
            self._age_pending(remaining)
        self.measure_acceleration(data.qvel[:3] - velocity, self.spec.control_frequency)

    def step(self) -> None:
        """Let one physics step pass: for motors that others drive, through ``data`` and ``model``.

        Whoever does so also measures the acceleration and lets the battery sag.
        """
        self._step(self.model, self.data)

    def sag(self) -> None:
        """Weaken the motors as much as the battery does at their present load."""
        if self.options.battery_sag > 0.0:
            load = np.abs(self.data.actuator_force).sum() / self._max_torques.sum()
            self._set_motor_limits(1.0 - self.options.battery_sag * min(1.0, float(load)))

    @property
    def joint_addresses(self) -> NDArray[np.int_]:
        """Return where the joints' angles are in ``data.qpos``. Shape: (n_joints,)."""
        return self._q

    @property
    def velocity_addresses(self) -> NDArray[np.int_]:
        """Return where the joints' speeds are in ``data.qvel``. Shape: (n_joints,)."""
        return self._dq

    @property
    def trunk_body(self) -> int:
        """Return the number of the trunk among the model's bodies."""
        return self._trunk

    def reset(
        self,
        joint_positions: FloatArray,
        orientation: FloatArray | None = None,
        generator: np.random.Generator | None = None,
    ) -> None:
        """Put the robot on the ground, at rest, with relaxed springs; nothing before survives.

        Args:
            joint_positions: Of joints and motors, rad. Shape: (n_joints,).
            orientation: Of the trunk in the world, unit quaternion w, x, y, z; None: parallel to
                the ground, facing +x.
            generator: Source of the sensors' errors from now on.
        """
        data = self.data
        self._reset_data(self.model, data)
        if generator is not None:
            self._generator = generator
        data.qpos[:2] = 0.0
        data.qpos[3:7] = self._level() if orientation is None else orientation
        data.qpos[self._q] = joint_positions
        if self.spec.is_elastic:
            data.act[:] = joint_positions
        data.ctrl[:] = joint_positions
        self._last_target = np.array(joint_positions, dtype=np.float64)
        self._pending.clear()
        self._bias = self._draw_bias()
        self._set_motor_limits(1.0)
        self._kinematics(self.model, data)
        data.qpos[2] += _FLOOR_CLEARANCE - self._lowest_clearance()
        self._forward(self.model, data)
        self.measure_acceleration(np.zeros(3), self.spec.control_frequency)

    def lie_down(self, duration: float) -> None:
        """Let the robot sink to the ground, too weak to carry itself; then hold its pose.

        Args:
            duration: Time to sink, s.
        """
        model, data = self.model, self.data
        self._set_motor_limits(_SINKING_STRENGTH)
        self._step(model, data, round(duration * self.spec.physics_frequency))
        self._set_motor_limits(1.0)
        data.time = 0.0
        data.qvel[:] = 0.0
        self._last_target = np.clip(data.qpos[self._q], self._lower, self._upper)
        data.ctrl[:] = self._last_target
        if self.spec.is_elastic:
            data.act[:] = self._last_target
        self._forward(model, data)

    def ground_truth(self) -> GroundTruth:
        """Return where the trunk is and how fast it moves; the arrays are copies."""
        position = self.data.qpos[:3].copy()
        height = float(position[2]) - self._ground_height(float(position[0]))
        direction = heading(tuple(self.data.qpos[3:7].tolist()))
        return GroundTruth(position, self.data.qvel[:3].copy(), height, direction)

    def foot_clearances(self) -> FloatArray:
        """Return the distance of each foot from the ground (rough: its lowest level), m."""
        centres = self.data.geom_xpos[self._feet]
        ground = np.array([self._ground_height(float(x)) for x in centres[:, 0]])
        return np.asarray(centres[:, 2] - self._foot_radii - ground)

    def stop(self) -> None:
        """Hold the motors where they are."""
        self._pending.clear()
        self._last_target = self.read().motor_positions.copy()
        self.data.ctrl[:] = self._last_target

    def render(self) -> NDArray[np.uint8]:
        """Return a picture, the camera following the robot. Shape: (height, width, 3).

        Raises:
            RenderingUnavailableError: If no off-screen OpenGL works on this machine.
        """
        if self._camera is None:
            from rl_zoo.robots.camera import Camera

            self._camera = Camera(self.model)
        return self._camera.picture(self.data)

    def close(self) -> None:
        """Release the camera's OpenGL context, if there is one."""
        if self._camera is not None:
            self._camera.close()
            self._camera = None

    def _age_pending(self, steps: int) -> None:
        for entry in self._pending:
            entry[0] -= steps

    def _set_motor_limits(self, fraction: float) -> None:
        strength = self._strength * fraction
        torque = self._max_torques * strength
        self.model.actuator_forcerange[:, 0] = -torque
        self.model.actuator_forcerange[:, 1] = torque
        speed = self.spec.max_velocities * strength
        self._max_target_change = speed / self.spec.control_frequency

    def measure_acceleration(self, velocity_change: FloatArray, frequency: float) -> None:
        """Remember the mean specific force of a period, as an IMU integrates it.

        Args:
            velocity_change: Of the trunk in the world during the period, m/s. Shape: (3,).
            frequency: One over the period, Hz.
        """
        force = velocity_change * frequency
        force[2] += GRAVITY
        orientation = tuple(self.data.qpos[3:7].tolist())
        self._acceleration = np.array(rotation_matrix(orientation)).T @ force

    def _draw_bias(self) -> SensorBias:
        return draw_bias(self.options.sensor_bias, self.spec.n_joints, self._generator)

    def _level(self) -> FloatArray:
        half = -0.5 * self._slope
        return np.array([math.cos(half), 0.0, math.sin(half), 0.0])

    @property
    def _slope(self) -> float:
        terrain = self.options.terrain
        return terrain.angle if terrain.kind == "slope" else 0.0

    def _ground_height(self, x: float) -> float:
        return x * math.tan(self._slope)

    def _lowest_clearance(self) -> float:
        """Return the distance along z from the ground to the lowest part that touches it."""
        model, data, solid = self.model, self.data, self._solid
        up = data.geom_xmat[solid, 6:]
        centres = data.geom_xpos[solid] + np.einsum(
            "gij,gj->gi", data.geom_xmat[solid].reshape(-1, 3, 3), model.geom_aabb[solid, :3]
        )
        reach = np.sum(np.abs(up) * model.geom_aabb[solid, 3:], axis=1)
        ground = np.tan(self._slope) * centres[:, 0]
        parts = np.min(centres[:, 2] - reach - ground, initial=np.inf)
        return float(min(parts, np.min(self.foot_clearances())))
