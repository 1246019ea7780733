"""Make the action of a torque-controlled MuJoCo environment the position that its joints seek."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, SupportsFloat

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from gymnasium.utils import RecordConstructorArgs
from numpy.typing import ArrayLike, NDArray

from rl_zoo.errors import ConfigError
from rl_zoo.wrappers.argument_checks import check_vector

FloatArray = NDArray[np.float64]
Values = float | Sequence[float]


class JointPDWrapper(gym.Wrapper[Any, NDArray[Any], Any, NDArray[Any]], RecordConstructorArgs):
    """Send ``clip(kp (action - q) - kd dq, bounds of the inner action)``.

    One torque per step of the environment, computed from the state before the step; the desired
    velocity is zero (Raffin et al., "An Open-Loop Baseline for Reinforcement Learning Locomotion
    Tasks", RLJ 2024). Entry i of the action belongs to actuator i of the model, whatever the order
    of the joints (they differ in Ant). ``info`` holds ``action_proposed`` (positions) and
    ``action_executed`` (what the inner environment got).

    Args:
        env: A Gymnasium MuJoCo environment, each of whose actuators drives one hinge or slide.
        kp: Gain in units of the inner action per rad (or m); one for all or one per actuator.
        kd: Gain in units of the inner action per rad/s (or m/s), likewise.
        low: Smallest position in rad (or m), likewise.
        high: Largest position, likewise.

    Raises:
        ConfigError: If the environment is not such a one, or a value does not fit.
    """

    def __init__(
        self,
        env: gym.Env[Any, NDArray[Any]],
        kp: Values,
        kd: Values,
        low: Values = -math.pi,
        high: Values = math.pi,
    ) -> None:
        RecordConstructorArgs.__init__(self, kp=kp, kd=kd, low=low, high=high)
        gym.Wrapper.__init__(self, env)
        self._inner = check_vector("JointPDWrapper", "action space", env.action_space)
        self._positions, self._velocities = _joint_addresses(env)
        n_joints = len(self._positions)
        if self._inner.shape != (n_joints,):
            raise ConfigError(
                f"JointPDWrapper: the model has {n_joints} actuators, the action has shape "
                f"{self._inner.shape}"
            )
        self.kp = _per_joint("kp", kp, n_joints, minimum=0.0)
        self.kd = _per_joint("kd", kd, n_joints, minimum=0.0)
        lowest, highest = _per_joint("low", low, n_joints), _per_joint("high", high, n_joints)
        if np.any(lowest >= highest):
            raise ConfigError(f"JointPDWrapper.low: {low} is not below high: {high}")
        self.action_space = spaces.Box(
            lowest.astype(np.float32), highest.astype(np.float32), dtype=np.float32
        )
        self._command: FloatArray | None = None

    @property
    def joint_positions(self) -> FloatArray:
        """Positions of the actuated joints in rad (or m). Shape: (n_actuators,)."""
        data: Any = self.get_wrapper_attr("data")
        return np.array(data.qpos[self._positions], dtype=np.float64)

    @property
    def joint_velocities(self) -> FloatArray:
        """Velocities of the actuated joints in rad/s (or m/s). Shape: (n_actuators,)."""
        data: Any = self.get_wrapper_attr("data")
        return np.array(data.qvel[self._velocities], dtype=np.float64)

    @property
    def current_action(self) -> FloatArray:
        """The positions sought now: the last action, after a reset where the joints are."""
        command = self.joint_positions if self._command is None else self._command
        box: Any = self.action_space
        return np.clip(command, box.low, box.high)

    def action_to_positions(self, action: ArrayLike) -> FloatArray:
        """Return the positions that ``action`` asks for: itself. Shape: (n_actuators,)."""
        return np.array(action, dtype=np.float64)

    def positions_to_action(self, positions: ArrayLike) -> FloatArray:
        """Return the action that asks for ``positions``: themselves. Shape: (n_actuators,)."""
        return np.array(positions, dtype=np.float64)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Reset the environment; nothing is sought until the first step."""
        self._command = None
        return self.env.reset(seed=seed, options=options)

    def step(self, action: NDArray[Any]) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:
        """Step the environment with the torque towards ``action``."""
        self._command = np.array(action, dtype=np.float64)
        wanted = self.kp * (self._command - self.joint_positions) - self.kd * self.joint_velocities
        torque = np.clip(wanted, self._inner.low, self._inner.high).astype(self._inner.dtype)
        observation, reward, terminated, truncated, info = self.env.step(torque)
        info["action_proposed"] = action
        info.setdefault("action_executed", torque)
        return observation, reward, terminated, truncated, info


def _joint_addresses(env: gym.Env[Any, Any]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return where in qpos and in qvel the joint of each actuator is."""
    if not (env.has_wrapper_attr("model") and env.has_wrapper_attr("data")):
        raise ConfigError(
            f"JointPDWrapper: {env} is no MuJoCo environment with torques as actions; our robots "
            "take joint positions without it"
        )
    import mujoco

    model: Any = env.get_wrapper_attr("model")
    one_dimensional = [int(mujoco.mjtJoint.mjJNT_HINGE), int(mujoco.mjtJoint.mjJNT_SLIDE)]
    joints = model.actuator_trnid[:, 0]
    for actuator, (kind, joint) in enumerate(zip(model.actuator_trntype, joints, strict=True)):
        is_joint = int(kind) == int(mujoco.mjtTrn.mjTRN_JOINT)
        if not is_joint or int(model.jnt_type[joint]) not in one_dimensional:
            raise ConfigError(f"JointPDWrapper: actuator {actuator} does not drive one hinge")
    return (
        np.asarray(model.jnt_qposadr[joints], dtype=np.intp),
        np.asarray(model.jnt_dofadr[joints], dtype=np.intp),
    )


def _per_joint(
    name: str, value: Values, n_joints: int, *, minimum: float = -math.inf
) -> FloatArray:
    where = f"JointPDWrapper.{name}: {value!r}"
    try:
        numbers = np.array(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{where} is neither a number nor a list of numbers") from error
    if numbers.shape not in ((), (n_joints,)):
        raise ConfigError(f"{where} must be one number or {n_joints} (one per actuator)")
    if not np.isfinite(numbers).all() or np.any(numbers < minimum):
        limit = "" if minimum == -math.inf else f" and at least {minimum:g}"
        raise ConfigError(f"{where} must be finite{limit}")
    return np.broadcast_to(numbers, (n_joints,)).copy()
