"""Play one episode of a robot and keep what its sensors say."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rl_zoo.errors import UsageError
from rl_zoo.motion.footfall import GaitRecording, contacts_from_forces
from rl_zoo.robots.driver import RobotState
from rl_zoo.robots.spec import RobotSpec
from rl_zoo.robots.velocity_estimator import GRAVITY
from rl_zoo.robots.wear import LIFT_OFF, TOUCH_DOWN
from rl_zoo.runs.atomic import write_with
from rl_zoo.wrappers.episode_control import end_reason

if TYPE_CHECKING:
    from stable_baselines3.common.vec_env import VecEnv

FloatArray = NDArray[np.float64]


def record_gait(
    agent: Any, env: VecEnv, n_steps: int, *, deterministic: bool = True
) -> GaitRecording:
    """Act from a reset until the episode ends, at most ``n_steps`` steps, and return the readings.

    The reading after an episode's last step is missing: by then the stack has been reset.

    Args:
        agent: Anything with SB3's ``predict``.
        env: Stack of one robot, built by ``envs.stack.make_vec_env``.
        n_steps: At least 1.
        deterministic: Act without exploration.

    Raises:
        UsageError: If the environment has no robot or the robot no sensors under its feet, or the
            episode is over at once.
    """
    spec = _robot_spec(env)
    observations: Any = env.reset()
    rows = _Rows(env, spec)
    start_time = rows.read().time
    state: Any = None
    starts = np.ones(1, dtype=bool)
    for _ in range(n_steps):
        actions, state = agent.predict(
            observations, state=state, episode_start=starts, deterministic=deterministic
        )
        observations, _, starts, infos = env.step(actions)
        if starts[0]:
            return rows.recording(start_time, end_reason(infos[0]) or "unknown")
        rows.add(infos[0], _own_phases(agent, state))
    return rows.recording(start_time, None)


def save_recording(recording: GaitRecording, file: Path) -> None:
    """Write every array of ``recording`` under its field name to an ``.npz`` file.

    Raises:
        UsageError: If the file cannot be written.
    """
    arrays: dict[str, Any] = recording.arrays()
    try:
        write_with(file, functools.partial(np.savez_compressed, **arrays))
    except OSError as error:
        raise UsageError(f"{file}: cannot be written ({error.strerror})") from error


class _Rows:
    """The readings of one episode as they come."""

    def __init__(self, env: VecEnv, spec: RobotSpec) -> None:
        self.env = env
        self.spec = spec
        self.robot = env.get_attr("unwrapped", 0)[0]
        self.states: list[RobotState] = []
        self.infos: list[dict[str, Any]] = []
        self.targets: list[FloatArray] = []
        self.phases: list[FloatArray] = []

    def read(self) -> RobotState:
        """Return the newest reading of the robot."""
        state: RobotState = self.env.get_attr("robot_state", 0)[0]
        return state

    def add(self, info: dict[str, Any], own_phases: FloatArray | None) -> None:
        """Keep the newest reading and what belongs to it."""
        self.states.append(self.read())
        self.infos.append(info)
        self.targets.append(self._target())
        phases = info.get("cpg/phase", own_phases)
        self.phases.append(np.zeros(0) if phases is None else np.array(phases, dtype=np.float64))

    def recording(self, start_time: float, reason: str | None) -> GaitRecording:
        """Return everything kept.

        Raises:
            UsageError: If that is nothing.
        """
        spec, states = self.spec, self.states
        if not states:
            raise UsageError(f"no gait: the episode was over after one step ({reason})")
        forces = np.stack([_foot_forces(spec, state) for state in states])
        weight = spec.mass * GRAVITY
        return GaitRecording(
            feet=tuple(leg.name for leg in spec.legs),
            joints=spec.joint_names,
            start_time=start_time,
            times=np.array([state.time for state in states]),
            foot_forces=forces,
            contacts=contacts_from_forces(forces, TOUCH_DOWN * weight, LIFT_OFF * weight),
            phases=np.stack(self.phases),
            joint_positions=np.stack([state.joint_positions for state in states]),
            joint_targets=np.stack(self.targets),
            spring_deflections=np.stack([state.spring_deflections for state in states]),
            forward_speed=self._numbers("forward_speed"),
            velocity_error=self._numbers("velocity_error"),
            end_reason=reason,
        )

    def _numbers(self, key: str) -> FloatArray:
        return np.array([float(info.get(key, np.nan)) for info in self.infos])

    def _target(self) -> FloatArray:
        """Return what the motors are commanded: of the robot itself, not of a wrapper's agent."""
        robot = self.robot
        if not (hasattr(robot, "current_action") and hasattr(robot, "action_to_positions")):
            return np.full(self.spec.n_joints, np.nan)
        return np.array(robot.action_to_positions(robot.current_action), dtype=np.float64)


def _robot_spec(env: VecEnv) -> RobotSpec:
    try:
        spec: RobotSpec = env.get_attr("robot_spec", 0)[0]
        env.get_attr("robot_state", 0)
    except AttributeError as error:
        name = getattr(env.get_attr("spec", 0)[0], "id", "this environment")
        raise UsageError(
            f"{name}: there is no robot with legs in it, so no gait to plot"
        ) from error
    return spec


def _foot_forces(spec: RobotSpec, state: RobotState) -> FloatArray:
    if state.foot_forces is None:
        raise UsageError(f"{spec.name}: has no sensors under its feet, so no gait to plot")
    return state.foot_forces


def _own_phases(agent: Any, state: Any) -> FloatArray | None:
    """Return the phases of an open-loop policy, which are its state; None for any other."""
    from rl_zoo.agents.open_loop_policy import OscillatorPolicy

    if not isinstance(getattr(agent, "policy", None), OscillatorPolicy):
        return None
    phases: FloatArray = state[0][0]
    return phases
