"""A robot behind a driver as a Gymnasium environment: same task, observation and action."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable, Mapping
from typing import Any, SupportsFloat

import gymnasium
import numpy as np
from numpy.typing import NDArray

from rl_zoo.envs.last_owner import wait_for_last_owner
from rl_zoo.envs.operator import Operator
from rl_zoo.envs.real_robot_options import EXCHANGEABLE_ON_A_ROBOT, read_real_options
from rl_zoo.envs.reset_procedure import ProcedureParts, ResetProcedure, WaitStopped
from rl_zoo.envs.robot_env import Observation, RobotEnv
from rl_zoo.envs.standing_still import is_as_before
from rl_zoo.envs.use_meter import UseMeter
from rl_zoo.errors import ConfigError, RobotFault
from rl_zoo.motion.rotations import heading
from rl_zoo.robots.clock import MonotonicClock
from rl_zoo.robots.control.link import RobotLink, Snapshot
from rl_zoo.robots.control.modes import Interruption, Mode, Request
from rl_zoo.robots.control.open_link import make_link
from rl_zoo.robots.control.read_settings import plain_settings
from rl_zoo.robots.control.robot_time import RobotTime
from rl_zoo.robots.descriptor import describe_robot
from rl_zoo.robots.driver import RobotState
from rl_zoo.robots.simulation import SimulationOptions
from rl_zoo.robots.spec import FloatArray
from rl_zoo.wrappers.episode_control import CUT, DISCARD, INTERRUPTED, STOP

RECORDINGS = "flight"
"""Folder of a run for what the control process records."""

StepResult = tuple[Observation, SupportsFloat, bool, bool, dict[str, Any]]

_RUN_PATIENCE = 0.5  # s, for READY to become RUN
_POLL = 0.004  # s


class RealRobotEnv(RobotEnv):
    """A robot on a driver: the policy's side of the control loop.

    Spaces, observation and reward are those of ``RobotEnv``, whose simulation-only options are
    refused (the driver ``sim`` takes them). The truth is unknown: ``forward_speed`` in ``info`` is
    the on-board estimate, ``x_position`` and ``velocity_error`` are missing. Each episode's +x is
    where the robot looked at its reset.

    A step hands its targets over, waits for the absolute deadline of the control period and takes
    the newest sample. A transition is whole if the control loop was in one stretch of RUN from
    its first to its second sample and these are at most ``max_gap`` periods apart. Any other is
    discarded (``info["discard"]``): truncated, named after the interruption, with the last valid
    observation. A fall is a termination. An announced end (battery, heat) truncates while
    transitions are whole.

    ``info`` of a step, beside that of ``RobotEnv``: ``time`` (stamp of the sample, s),
    ``robot_tick`` (of the control loop), ``sequence`` (the robot's counter), ``late`` (the action
    came after its deadline), ``action_executed`` if the control loop's guard changed it.

    A reset leaves the robot standing in READY, where a learner may take its time; the first step
    enters RUN. If the robot has moved since (0.02 rad), that step is discarded.

    Args:
        robot: Short name of the robot, or ``package.module:SPEC`` of a third party's.
        render_mode: None: a robot cannot be rendered.
        **options: See ``rl_zoo.envs.real_robot_options`` and docs/real_robot.md.

    Raises:
        ConfigError: If an option has no meaning.
        MissingDependencyError: If a package that the driver needs is not installed.
        RobotFault: If the robot does not answer or has another owner.
    """

    metadata: dict[str, Any] = {  # noqa: RUF012 - Gymnasium declares it as an instance variable
        "render_modes": [],
        "render_fps": 50,
        "single_instance": True,
        "takes_run_folder": True,
    }
    exchangeable_options = EXCHANGEABLE_ON_A_ROBOT
    _last_observation: Observation | None
    _first: RobotState | None

    def __init__(self, robot: str = "bert", render_mode: str | None = None, **options: Any) -> None:
        self._given = {"robot": robot, "render_mode": render_mode, **options}
        self._take(self._given)
        self._robot_time = RobotTime()
        self._meter = UseMeter()
        folder = self.real.run_folder
        self.link: RobotLink = make_link(
            robot,
            self.real.driver,
            self.real.driver_options,
            self.real.control,
            None if folder is None else folder / RECORDINGS,
        )
        self._operator = Operator(self.real.operator, self.real.control, folder)
        self._procedure = ResetProcedure(
            ProcedureParts(
                self.link,
                self._operator,
                self._meter,
                self.real.control,
                self.real.reset,
                getattr(getattr(self.link, "driver", None), "put_down", None),
            )
        )
        self._deadline = 0.0
        self._yaw = 0.0
        self._fault: RobotFault | None = None
        self._is_open = True
        if isinstance(self.link.clock, MonotonicClock):
            sitting = self.real.control.sit_time
            wait_for_last_owner(self.real.driver, self.real.driver_options, sitting)
        self.link.open()
        self._last = self._see()
        self.robot_state = self._last.state

    @staticmethod
    def keyword_problems(kwargs: Mapping[str, Any]) -> list[str]:
        """Return what is wrong with the keywords of this class, without opening anything.

        Raises:
            MissingDependencyError: If a package that the driver needs is not installed.
        """
        try:
            read_real_options(kwargs)
        except ConfigError as error:
            return list(error.problems)
        return []

    @property
    def robot_descriptor(self) -> dict[str, Any]:
        """Return the robot and its driver as plain data, for the record of a run."""
        description = describe_robot(self.real.shared.spec, SimulationOptions())
        return {**description, "driver": self.real.driver, "control": self._plain_control()}

    @property
    def robot_use(self) -> dict[str, Any]:
        """Return what this session has used the robot for; see ``rl_zoo.runs.robot_use``."""
        return self._meter.report()

    @property
    def total_mass(self) -> float:
        """Return the mass of the robot in kg."""
        return self.robot_spec.mass

    @property
    def current_action(self) -> FloatArray:
        """Return the action that equals the command the robot holds now."""
        return self.positions_to_action(self._last.command)

    def begin_activity(self, name: str) -> None:
        """Name what the robot is used for next: every question to the operator begins with it."""
        self._operator.activity = name

    def rest(self) -> None:
        """Let the robot sit, its motors soft, until the next reset.

        Raises:
            RobotFault: If the control loop is gone.
        """
        self._procedure.sit_down()

    def stop_waiting_when(self, stop_reason: Callable[[], str | None]) -> None:
        """Ask ``stop_reason`` while the robot is waited for; a text ends the wait."""
        self._procedure.stop_reason = stop_reason

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Bring the robot into its default pose, however long that takes.

        If the run is being stopped meanwhile, the robot sits and the last observation comes back
        with ``info["stop_requested"]``. A fault that cannot be waited out is raised by the next
        step, so that the transition before it is not lost.

        Raises:
            RobotFault: In the first reset, if the control loop is gone.
        """
        gymnasium.Env.reset(self, seed=seed)
        info: dict[str, Any] = {}
        self._first = None
        try:
            self._last = self._procedure.run()
        except WaitStopped as stop:
            self._last = self._see()
            info[STOP] = stop.reason
        except RobotFault as fault:
            if self._last_observation is None:
                raise
            self._fault = fault
            return self._last_observation, info
        self._yaw = heading(self._last.state.orientation)
        self._last_observation = self._begin_episode(self._in_episode_frame(self._last.state))
        self._first = self._last.state
        self._meter.episodes += 1
        return self._last_observation, {**info, **_stamps(self._last)}

    def step(self, action: NDArray[np.float32]) -> StepResult:
        """Let the robot follow the action for one control period, and judge what came of it.

        Raises:
            RobotFault: If the control loop is gone.
        """
        if self._fault is not None:
            raise self._fault
        clipped = np.clip(np.asarray(action, dtype=np.float64), -1.0, 1.0)
        start = self._enter_run() if self._first is not None else self._go_on()
        if start is None:
            return self._interrupted(self._see(), is_late=False)
        self.link.act(self.action_to_positions(clipped))
        is_late = self.link.clock.now() > self._deadline
        if is_late:  # the schedule starts anew: the action still gets its time
            self._meter.late_steps += 1
            self._deadline = self.link.clock.now() + self.dt
        self.link.wait_until(self._deadline)
        self._deadline += self.dt
        end = self._see()
        has_fallen = end.interruption is Interruption.FALL and end.epoch == start.epoch + 1
        is_whole = end.epoch == start.epoch and end.mode is Mode.RUN
        gap = self._robot_time.between(start.state, end.state)
        if not (is_whole or has_fallen) or not 0.0 <= gap <= self._max_gap:
            return self._interrupted(end, is_late=is_late)
        return self._whole(clipped, start, end, has_fallen=has_fallen, is_late=is_late)

    def render(self) -> None:
        """Return nothing: a robot is looked at."""

    def close(self) -> None:
        """Let the robot sit down and end its control loop; a second call does nothing."""
        if not self._is_open:
            return
        self._is_open = False
        try:
            self.link.close()
        finally:
            report = getattr(self.link, "cadence", None)  # a loop in this process has none
            if report is not None:
                self._meter.cadence = report().to_dict()

    def _enter_run(self) -> Snapshot | None:
        """Enter RUN for the first step of an episode; None if the robot is not as it was."""
        first, self._first = self._first, None
        snapshot = self._see()
        ready = self._last
        if first is None or snapshot.mode is not Mode.READY or snapshot.epoch != ready.epoch:
            return None
        if not is_as_before(first, snapshot.state):
            return None
        self.link.request(Request.RUN)
        end = self.link.clock.now() + _RUN_PATIENCE
        while self.link.clock.now() < end:
            self.link.wait_until(self.link.clock.now() + _POLL)
            snapshot = self._see()
            if snapshot.mode is not Mode.READY:
                break
        if snapshot.mode is not Mode.RUN or snapshot.epoch != ready.epoch + 1:
            return None
        if not is_as_before(first, snapshot.state):
            self.link.request(Request.HOLD)
            return None
        self._yaw = heading(snapshot.state.orientation)  # of an IMU it drifts while one waits
        self._deadline = self.link.clock.now() + self.dt
        self._last = snapshot
        return snapshot

    def _go_on(self) -> Snapshot | None:
        """Return the sample of the last observation; None if RUN was left since."""
        now = self._see()
        start = self._last
        return start if now.mode is Mode.RUN and now.epoch == start.epoch else None

    def _whole(
        self,
        action: FloatArray,
        start: Snapshot,
        end: Snapshot,
        *,
        has_fallen: bool,
        is_late: bool,
    ) -> StepResult:
        self._last = end
        self.robot_state = self._in_episode_frame(end.state)
        observation, reward, terminated, _, info = self._judge(action, None, has_fallen=has_fallen)
        self._last_observation = observation
        info.update(_stamps(end), late=is_late)
        if end.n_guarded > start.n_guarded:
            info["action_executed"] = self.current_action.clip(-1.0, 1.0)
        if terminated:
            self._meter.falls += 1
            self.link.request(Request.DAMP)
            return observation, reward, True, False, info
        reason = self._reason_to_end(end)
        if reason is not None:
            info["truncation_reason"] = reason
            info[CUT] = 1
            if self._procedure.stopped is not None:
                info[STOP] = self._procedure.stopped
        return observation, reward, False, reason is not None, info

    def _reason_to_end(self, end: Snapshot) -> str | None:
        """Return why the episode ends here, with a whole transition."""
        if end.ending is not Interruption.NONE:
            self.link.request(Request.SIT)
            return end.ending.reason
        words = self._operator.listen(end.state.buttons)
        if "stop" in words:
            self._procedure.stopped = "operator"
            self.link.request(Request.SIT)
            return "operator"
        if "pause" in words or "no" in words:
            self._procedure.is_paused = True
            self._meter.count(Interruption.PAUSE.reason)
            self.link.request(Request.HOLD)
            return Interruption.PAUSE.reason
        return None

    def _interrupted(self, now: Snapshot, *, is_late: bool) -> StepResult:
        """Return a transition that nothing may be learned from."""
        reason = now.interruption.reason
        if now.interruption is Interruption.NONE:
            reason = Interruption.LATE.reason if is_late else INTERRUPTED
            self._meter.count(reason)
        elif now.interruption is Interruption.PAUSE:
            self._procedure.is_paused = True
            self._meter.count(reason)
        elif now.interruption is Interruption.FALL:
            self._meter.falls += 1
        if reason == Interruption.LATE.reason:
            self._procedure.tell_of_lateness()
        assert self._last_observation is not None, "reset comes before the first step"
        info: dict[str, Any] = {
            **_stamps(now),
            "late": is_late,
            "truncation_reason": reason,
            DISCARD: True,
            CUT: 1,
        }
        if self._procedure.stopped is not None:
            info[STOP] = self._procedure.stopped
        return self._last_observation, 0.0, False, True, info

    def _take(self, given: Mapping[str, Any]) -> None:
        self.real = read_real_options(given)
        self._prepare(self.real.shared)
        self._max_gap = self.real.max_gap * self.dt
        self._last_observation, self._first = None, None

    def _see(self) -> Snapshot:
        snapshot = self.link.snapshot()
        self._meter.see(snapshot)
        self._robot_time.see(snapshot.state)
        return snapshot

    def _in_episode_frame(self, state: RobotState) -> RobotState:
        """Return the state with its world's +x where the robot looked at its reset."""
        half = -0.5 * self._yaw
        c, s = math.cos(half), math.sin(half)
        w, x, y, z = state.orientation
        turned = (c * w - s * z, c * x - s * y, c * y + s * x, c * z + s * w)
        return dataclasses.replace(state, orientation=turned)

    def _plain_control(self) -> dict[str, Any]:
        plain: dict[str, Any] = json.loads(json.dumps(plain_settings(self.real.control)))
        return plain


def _stamps(snapshot: Snapshot) -> dict[str, Any]:
    """Return when a sample was taken, for comparison with other records."""
    state = snapshot.state
    return {"time": state.time, "robot_tick": snapshot.tick, "sequence": state.sequence}
