"""The motor boards of the simulated robot: they close the loop on the last command received."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from rl_zoo.robots.driver import RobotCommand
from rl_zoo.robots.mujoco_robot import MujocoRobot
from rl_zoo.robots.spec import FloatArray

LARGEST_KP = 1000.0
"""N m/rad; what boards accept at most: more vibrates at 500 Hz of physics."""
LARGEST_KD = 100.0
"""N m s/rad."""
_LARGEST_SPEED = 1e5  # rad/s, of a target
_TOLERANCE = 0.02  # rad beyond a limit: targets travel as float32, sensors have errors
_PLAY = 0.1  # rad beyond the mechanical stops that a target can be


@dataclass
class BoardCounters:
    """What the boards have got since they exist."""

    n_commands: int = 0
    """Commands received, ignored ones included."""
    n_unsafe: int = 0
    """Ignored: not finite, of the wrong size or with a negative gain."""
    n_outside: int = 0
    """With stiffness, toward a target outside a joint's limits (and outside the pose in which the
    robot lay when stiffness came on: a lying robot may touch its stops)."""
    n_watchdog: int = 0
    """Times the boards went soft because commands had stopped."""


class MotorBoards:
    """Torque of each motor: ``tau + kp (q_target - q) + kd (dq_target - dq)``, at every step.

    MuJoCo evaluates it inside the integrator (implicit in the velocity), like a board that runs
    much faster than the physics. Of an elastic robot the motor follows the target within its speed
    and lag, ``kp`` relative to the robot's own scales the spring, and a motor without stiffness is
    back-driven by its joint.

    Args:
        robot: Whose motors they are.
    """

    def __init__(self, robot: MujocoRobot) -> None:
        self.robot = robot
        self.counters = BoardCounters()
        spec, model = robot.spec, robot.model
        n = spec.n_joints
        self._is_elastic = spec.is_elastic
        self._zero = np.zeros(n)
        # Views: what is written there is what MuJoCo computes with.
        self._gain = model.actuator_gainprm[:, 0]
        self._bias = [model.actuator_biasprm[:, column] for column in range(3)]
        self._ctrl, self._qpos = robot.data.ctrl, robot.data.qpos
        self._joints = robot.joint_addresses
        damping = np.divide(-self._bias[2], spec.kd, out=np.ones(n), where=spec.kd > 0.0)
        self._scale = np.stack((self._gain / spec.kp, damping))
        self._online = np.ones(n)
        self._largest_change = spec.max_velocities / spec.physics_frequency
        wide, torque = np.full(n, _LARGEST_SPEED), spec.max_torques
        gains = np.full(n, LARGEST_KP), np.full(n, LARGEST_KD)
        free = np.full(n, np.inf)
        self._lowest = np.stack((-free, -wide, self._zero, self._zero, -torque))
        self._highest = np.stack((free, wide, *gains, torque))
        self._allowed = spec.lower_limits - _TOLERANCE, spec.upper_limits + _TOLERANCE
        self._reach = self._widen_range()
        self._soft = np.ones(n, dtype=bool)
        self._is_any_soft = self._is_all_soft = self._is_moving = True
        self._law = np.zeros((5, n))
        self.switch_off()

    @property
    def target(self) -> FloatArray:
        """Return the target that the boards follow, rad. Shape: (n_joints,)."""
        return np.asarray(self._law[0])

    @property
    def law(self) -> FloatArray:
        """Return target, target velocity, kp, kd and torque of each motor. Shape: (5, n_joints)."""
        return self._law

    @property
    def online(self) -> tuple[bool, ...]:
        """Return whether each motor answers, in the order of the joints."""
        return tuple((self._online > 0.0).tolist())

    def obey(self, command: RobotCommand) -> bool:
        """Take over a command unless it is unsafe; return whether it was taken."""
        self.counters.n_commands += 1
        law = self._read(command)
        if law is None:
            self.counters.n_unsafe += 1
            return False
        was_soft = self._is_all_soft
        self._set(law)
        if was_soft:
            pose, spec = self._qpos[self._joints], self.robot.spec
            self._allowed = (
                np.minimum(spec.lower_limits, pose) - _TOLERANCE,
                np.maximum(spec.upper_limits, pose) + _TOLERANCE,
            )
        target, (low, high) = law[0], self._allowed
        excess = np.maximum(low - target, target - high)
        if np.maximum.reduce(excess) > 0.0 and (excess[~self._soft] > 0.0).any():
            self.counters.n_outside += 1
        return True

    def hold(self, pose: FloatArray) -> None:
        """Hold a pose (rad, shape (n_joints,)) with the robot's own gains."""
        spec = self.robot.spec
        self._set(np.stack((pose, self._zero, spec.kp, spec.kd, self._zero)))

    def relax(self, kd: FloatArray) -> None:
        """Go soft: damping (N m s/rad, shape (n_joints,)) and no stiffness."""
        pose, zero = self._qpos[self._joints], self._zero
        self._set(np.stack((pose, zero, zero, kd, zero)))

    def switch_off(self) -> None:
        """Take all torque away."""
        self.relax(self._zero)

    def set_online(self, joint: int, is_online: bool) -> None:
        """Take a motor off the bus, without torque, or bring it back."""
        self._online[joint] = float(is_online)
        self._drive()

    def step(self) -> None:
        """Move elastic motors on by one physics step; to be called before each."""
        if not self._is_moving:
            return
        target = self._law[0]
        if self._is_any_soft:
            target = np.where(self._soft, self._qpos[self._joints], target)
        change = target - self._ctrl
        np.minimum(change, self._largest_change, out=change)
        np.maximum(change, -self._largest_change, out=change)
        self._ctrl += change
        self._is_moving = self._is_any_soft or bool(change.any())

    def _read(self, command: RobotCommand) -> FloatArray | None:
        """Return the command as a new law; None if it is unsafe."""
        spec, zero = self.robot.spec, self._zero
        velocities, torques = command.joint_velocities, command.joint_torques
        rows = (
            command.joint_positions,
            zero if velocities is None else velocities,
            spec.kp if command.kp is None else command.kp,
            spec.kd if command.kd is None else command.kd,
            zero if torques is None else torques,
        )
        law = np.empty_like(self._law)
        for place, row in enumerate(rows):
            if np.shape(row) != zero.shape:
                return None
            law[place] = row
        # NaN and infinity survive a sum.
        is_finite = math.isfinite(float(np.add.reduce(law, axis=None)))
        if not is_finite or np.minimum.reduce(law[2:4], axis=None) < 0.0:
            return None
        return law

    def _set(self, law: FloatArray) -> None:
        np.minimum(law, self._highest, out=law)
        np.maximum(law, self._lowest, out=law)
        self._law = law
        self._drive()

    def _drive(self) -> None:
        """Write the law into MuJoCo's actuators."""
        law = self._law
        gains = law[2:4] * self._scale
        gains *= self._online
        stiffness, damping = gains
        self._gain[:] = stiffness
        self._bias[0][:] = law[4] * self._online + damping * law[1]
        np.negative(stiffness, out=self._bias[1])
        np.negative(damping, out=self._bias[2])
        self._soft = stiffness == 0.0
        n_soft = int(np.count_nonzero(self._soft))
        self._is_any_soft, self._is_all_soft = n_soft > 0, n_soft == len(stiffness)
        if self._is_elastic:
            self._is_moving = True
        else:
            self._is_moving = False
            np.minimum(np.maximum(law[0], self._reach[0]), self._reach[1], out=self._ctrl)

    def _widen_range(self) -> tuple[FloatArray, FloatArray]:
        """Let motors go as far as the joints' stops: boards do not know the limits of commands."""
        spec, model = self.robot.spec, self.robot.model
        low, high = spec.lower_limits.copy(), spec.upper_limits.copy()
        for index, name in enumerate(spec.joint_names):
            joint = model.joint(name)
            if joint.limited[0]:
                low[index] = min(low[index], joint.range[0])
                high[index] = max(high[index], joint.range[1])
        low, high = low - _PLAY, high + _PLAY
        model.actuator_ctrlrange[:] = np.stack((low, high), axis=1)
        model.actuator_actrange[:] = model.actuator_ctrlrange
        return low, high
