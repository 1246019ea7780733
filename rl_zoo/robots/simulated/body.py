"""The simulated robot without its bus: physics, motor boards, sensors, battery, buttons."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from rl_zoo.errors import ConfigError
from rl_zoo.robots.driver import BUTTONS, GroundTruth, RobotCommand, RobotState
from rl_zoo.robots.mujoco_robot import MujocoRobot
from rl_zoo.robots.simulated.boards import BoardCounters, MotorBoards
from rl_zoo.robots.simulated.heat import Battery, Heat
from rl_zoo.robots.simulation import SimulationOptions
from rl_zoo.robots.spec import FloatArray, RobotSpec
from rl_zoo.suggest import did_you_mean

STARTS = ("lying", "standing")
"""Poses in which the robot can be switched on."""
_SINKING_TIME = 4.0  # s, until a robot that lost its power lies
_TELEMETRY_STEPS = 25  # physics steps between two updates of temperature and charge
_LOCKED_INERTIA = 100.0
"""kg m^2, of a joint that is stuck. Not damping: that much of it makes feet on the ground explode,
since MuJoCo's contacts are solved for the force it would have without the implicit integrator."""


@dataclass(frozen=True)
class BodyOptions:
    """How the simulated robot behaves beside its physics."""

    start: str = "lying"
    """``lying`` (motors off) or ``standing`` (holding the default pose until a command comes)."""
    watchdog: float = 0.1
    """Time without a command after which the boards go soft, s; 0: never."""
    damping: float = 2.0
    """Of soft boards, as a multiple of the joints' own damping."""


class SimulatedBody:
    """A robot as its bus sees it: commands in, states out, time moved on by ``advance``.

    Survives whatever it is sent. Deterministic: the same calls give the same bits.

    Args:
        spec: The robot.
        options: How robot and world differ from the defaults.
        body: Start pose and watchdog.
        seed: Of the errors of the sensors.

    Raises:
        ConfigError: If there is no such start, or the model file does not fit the spec.
        MissingDependencyError: If MuJoCo or the package with the model is not installed.
    """

    def __init__(
        self,
        spec: RobotSpec,
        options: SimulationOptions | None = None,
        *,
        body: BodyOptions | None = None,
        seed: int = 0,
    ) -> None:
        self.spec = spec
        self.options = body or BodyOptions()
        if self.options.start not in STARTS:
            start = self.options.start
            raise ConfigError(f"start: no '{start}'{did_you_mean(str(start), STARTS)}")
        self.robot = MujocoRobot(spec, options)
        self.boards = MotorBoards(self.robot)
        self.heat = Heat(spec)
        self.battery = Battery(spec)
        self.period = 1.0 / spec.physics_frequency
        self.buttons: frozenset[str] = frozenset()
        self.n_boots = 1
        self.n_steps = 0
        self._boot_step = 0
        self._command_step: int | None = None
        self._watchdog_steps = round(self.options.watchdog * spec.physics_frequency)
        latency = 1e-3 * self.robot.options.latency
        self._latency_steps = round(latency * spec.physics_frequency)
        self._pending: deque[tuple[int, RobotCommand]] = deque()
        self._soft_damping = self.options.damping * spec.kd
        self._trunk = self.robot.trunk_body
        self._joint_inertia = self.robot.model.dof_armature.copy()
        self._is_timed_out = False
        self._cached: RobotState | None = None
        self._cached_step = 0
        self._velocity = np.zeros(3)
        self.n_diverged = 0
        self._generator = np.random.default_rng(seed)
        self._place(self.options.start)

    n_boots: int
    """Starts of the boards so far."""
    n_steps: int
    """Physics steps since the robot exists."""
    n_diverged: int
    """Times that the physics left the finite numbers and the robot was put down again."""

    @property
    def time(self) -> float:
        """Return the simulated time since the robot exists, s."""
        return self.n_steps * self.period

    @property
    def sequence(self) -> int:
        """Return the number of physics steps since the boards started: the states' counter."""
        return self.n_steps - self._boot_step

    @property
    def counters(self) -> BoardCounters:
        """Return what the boards have counted."""
        return self.boards.counters

    @property
    def is_watchdog_active(self) -> bool:
        """Say whether the boards are soft because commands stopped."""
        return self._is_timed_out

    def command(self, command: RobotCommand) -> bool:
        """Hand a command to the boards; return whether it was obeyed (else it was unsafe).

        With the option ``latency`` it takes effect later; then True says nothing.
        """
        if self._latency_steps == 0:
            return self._obey(command)
        self._pending.append((self.n_steps + self._latency_steps, command))
        return True

    def relax(self) -> None:
        """Make the motors soft at once: damping, no stiffness."""
        self._pending.clear()
        self._command_step = None
        self._is_timed_out = False
        self.boards.relax(self._soft_damping)

    def advance(self, n_steps: int = 1) -> None:
        """Let physics steps pass."""
        for _ in range(n_steps):
            while self._pending and self._pending[0][0] <= self.n_steps:
                self._obey(self._pending.popleft()[1])
            self._watch()
            self.boards.step()
            self.robot.step()
            self.n_steps += 1
            if self.n_steps % _TELEMETRY_STEPS == 0:
                self._warm_up()

    def state(self) -> RobotState:
        """Return what the sensors say now; the same object until time moves on."""
        if self._cached is not None and self._cached_step == self.n_steps:
            return self._cached
        elapsed = self.n_steps - self._cached_step
        velocity = self.robot.data.qvel[:3].copy()
        if elapsed > 0:
            frequency = self.spec.physics_frequency / elapsed
            self.robot.measure_acceleration(velocity - self._velocity, frequency)
        self._velocity = velocity
        self._cached_step = self.n_steps
        self._cached = self.robot.read(
            self.time,
            sequence=self.sequence,
            temperatures=self.heat.read(),
            battery_voltage=self.battery.read(),
            motors_online=self.boards.online,
            buttons=self.buttons,
        )
        return self._cached

    def ground_truth(self) -> GroundTruth:
        """Return where the trunk is and how fast it moves; the arrays are copies."""
        return self.robot.ground_truth()

    def press(self, buttons: frozenset[str]) -> None:
        """Hold these buttons of the operator's remote (of ``BUTTONS``), no others."""
        self.buttons = buttons & frozenset(BUTTONS)
        self._cached = None

    def pull(self, force_in_world: FloatArray, torque_in_world: FloatArray) -> None:
        """Pull at the trunk until told otherwise.

        Args:
            force_in_world: N. Shape: (3,).
            torque_in_world: N m. Shape: (3,).
        """
        self.robot.data.xfrc_applied[self._trunk, :3] = force_in_world
        self.robot.data.xfrc_applied[self._trunk, 3:] = torque_in_world

    def lock(self, joint: int, is_locked: bool) -> None:
        """Block a joint, or free it again."""
        address = self.robot.velocity_addresses[joint]
        self.robot.data.qvel[address] = 0.0
        free = self._joint_inertia[address]
        self.robot.model.dof_armature[address] = _LOCKED_INERTIA if is_locked else free

    def switch_off(self) -> None:
        """Let the boards lose their power: no torque until a command after ``restart``."""
        self._pending.clear()
        self._command_step = None
        self._is_timed_out = False
        self.boards.switch_off()

    def restart(self) -> None:
        """Start the boards again: motors off, counter of the states at 0."""
        self.switch_off()
        self.n_boots += 1
        self._boot_step = self.n_steps
        self._cached = None

    def put_down(self) -> None:
        """Lay the robot on its belly at the origin, limp, as a helper would; time goes on."""
        self._place("lying")

    def _place(self, start: str) -> None:
        robot, data = self.robot, self.robot.data
        robot.reset(self.spec.default_pose, generator=self._generator)
        self._pending.clear()
        self._command_step = None
        self._is_timed_out = False
        if start == "standing":
            self.boards.hold(self.spec.default_pose)
        else:
            self._sink()
        data.qvel[:] = 0.0
        data.xfrc_applied[:] = 0.0
        self._velocity = np.zeros(3)
        self._cached = None
        self._cached_step = self.n_steps
        robot.measure_acceleration(np.zeros(3), self.spec.physics_frequency)

    def _sink(self) -> None:
        """Let the limp robot collapse and come to rest, before its time counts."""
        self.boards.relax(self._soft_damping)
        for _ in range(round(_SINKING_TIME * self.spec.physics_frequency)):
            self.boards.step()
            self.robot.step()
        self.boards.switch_off()

    def _obey(self, command: RobotCommand) -> bool:
        is_taken = self.boards.obey(command)
        if is_taken:
            self._command_step = self.n_steps
            self._is_timed_out = False
        return is_taken

    def _watch(self) -> None:
        """Go soft if commands stopped; a board that was never commanded waits."""
        if self._command_step is None or self._is_timed_out or self._watchdog_steps == 0:
            return
        if self.n_steps - self._command_step >= self._watchdog_steps:
            self._is_timed_out = True
            self.counters.n_watchdog += 1
            self.boards.relax(self._soft_damping)

    def _warm_up(self) -> None:
        data, duration = self.robot.data, _TELEMETRY_STEPS * self.period
        torques = data.actuator_force
        self.heat.advance(torques, duration)
        self.battery.advance(torques, data.qvel[self.robot.velocity_addresses], duration)
        self.robot.sag()
        if not np.isfinite(data.qpos).all() or not np.isfinite(data.qvel).all():
            self.n_diverged += 1
            self._place("lying")
