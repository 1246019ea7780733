"""A robot simulated by MuJoCo, motors behind springs included."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rl_zoo.errors import ConfigError, MissingDependencyError
from rl_zoo.robots.driver import GroundTruth, RobotCommand, RobotState
from rl_zoo.robots.spec import FloatArray, RobotSpec

if TYPE_CHECKING:
    from rl_zoo.robots.camera import Camera

_BASE_POSITIONS, _BASE_VELOCITIES = 7, 6  # of a free joint in qpos and qvel
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
    """One simulated robot on a flat floor.

    Args:
        spec: The robot.
        spring_stiffness: N m/rad, instead of the robot's own.
        spring_damping: N m s/rad, instead of the robot's own.

    Raises:
        ConfigError: If stiffness or damping is not a finite number in its range.
        MissingDependencyError: If MuJoCo is not installed or cannot be imported.
    """

    def __init__(
        self,
        spec: RobotSpec,
        *,
        spring_stiffness: float | None = None,
        spring_damping: float | None = None,
    ) -> None:
        mujoco = _import_mujoco(spec.name)
        self.spec = spec
        self._step = mujoco.mj_step
        self._reset_data = mujoco.mj_resetData
        self._kinematics = mujoco.mj_kinematics
        self._forward = mujoco.mj_forward
        self.model = mujoco.MjModel.from_xml_path(str(spec.model_file))
        self.data = mujoco.MjData(self.model)
        self.model.opt.timestep = 1.0 / spec.physics_frequency
        self._substeps = round(spec.physics_frequency / spec.control_frequency)
        self._max_target_change = spec.max_velocities / spec.control_frequency
        self._lower, self._upper = spec.lower_limits, spec.upper_limits
        self._feet = np.array([self.model.geom(name).id for name in spec.feet])
        self._foot_radii = self.model.geom_size[self._feet, 0].copy()
        self._check_joint_order()
        self._set_springs(
            spec.spring_stiffness if spring_stiffness is None else spring_stiffness,
            spec.spring_damping if spring_damping is None else spring_damping,
        )
        self._camera: Camera | None = None

    def read(self) -> RobotState:
        """Return the state now; its arrays are copies."""
        data = self.data
        w, x, y, z = data.qpos[3:_BASE_POSITIONS].tolist()
        return RobotState(
            time=data.time,
            joint_positions=data.qpos[_BASE_POSITIONS:].copy(),
            joint_velocities=data.qvel[_BASE_VELOCITIES:].copy(),
            joint_torques=data.actuator_force.copy(),
            motor_positions=data.act.copy(),
            orientation=(w, x, y, z),
            angular_velocity_in_body=data.qvel[3:_BASE_VELOCITIES].copy(),
            foot_forces=data.sensordata.copy(),
        )

    def write(self, command: RobotCommand) -> None:
        """Set the motors' targets, within their position limits and their speed."""
        previous = self.data.ctrl
        change = command.joint_positions - previous
        np.clip(change, -self._max_target_change, self._max_target_change, out=change)
        change += previous
        np.clip(change, self._lower, self._upper, out=change)
        self.data.ctrl[:] = change

    def advance(self) -> None:
        """Let one control period pass."""
        self._step(self.model, self.data, self._substeps)

    def reset(self, joint_positions: FloatArray, orientation: FloatArray | None = None) -> None:
        """Put the robot on the floor, at rest, with relaxed springs; nothing before survives.

        Args:
            joint_positions: Of joints and motors, rad. Shape: (n_joints,).
            orientation: Of the trunk in the world, unit quaternion w, x, y, z; None: level, to +x.
        """
        data = self.data
        self._reset_data(self.model, data)
        if orientation is not None:
            data.qpos[3:_BASE_POSITIONS] = orientation
        data.qpos[_BASE_POSITIONS:] = joint_positions
        data.act[:] = joint_positions
        data.ctrl[:] = joint_positions
        self._kinematics(self.model, data)
        lowest = float(np.min(data.geom_xpos[self._feet, 2] - self._foot_radii))
        data.qpos[2] += _FLOOR_CLEARANCE - lowest
        self._forward(self.model, data)

    def ground_truth(self) -> GroundTruth:
        """Return where the trunk is and how fast it moves; the arrays are copies."""
        return GroundTruth(self.data.qpos[:3].copy(), self.data.qvel[:3].copy())

    def stop(self) -> None:
        """Hold the motors where they are."""
        self.data.ctrl[:] = self.data.act

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

    def _check_joint_order(self) -> None:
        names = tuple(self.model.actuator(i).name for i in range(self.model.nu))
        joints = tuple(self.model.joint(i + 1).name for i in range(self.model.njnt - 1))
        if not names == joints == self.spec.joint_names:
            raise ConfigError(
                f"{self.spec.model_file.name}: joints {joints} and actuators {names} are not those "
                f"of the spec of '{self.spec.name}' in the same order"
            )

    def _set_springs(self, stiffness: float | None, damping: float) -> None:
        if stiffness is None or not (np.isfinite(stiffness) and stiffness > 0.0):
            raise ConfigError(f"spring_stiffness: {stiffness} is not a positive number of N m/rad")
        if not (np.isfinite(damping) and damping >= 0.0):
            raise ConfigError(f"spring_damping: {damping} is not a number of N m s/rad from 0 up")
        self.model.actuator_gainprm[:, 0] = stiffness
        self.model.actuator_biasprm[:, 1] = -stiffness
        self.model.actuator_biasprm[:, 2] = -damping
