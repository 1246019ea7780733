"""The simulated robot in this process: deterministic, on a clock that sleeping moves on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from rl_zoo.errors import ConfigError, RobotFault
from rl_zoo.robots.driver import (
    MEASURES,
    Capabilities,
    RobotCommand,
    RobotState,
    check_command,
    damping_command,
)
from rl_zoo.robots.simulated.body import BodyOptions, SimulatedBody
from rl_zoo.robots.simulated.fault_kinds import read_fault
from rl_zoo.robots.simulated.faults import Faults
from rl_zoo.robots.simulation import SimulationOptions, number, read_simulation_options
from rl_zoo.robots.spec import RobotSpec
from rl_zoo.suggest import did_you_mean

_OWN = ("start", "watchdog", "seed", "faults")
_OPTIONS = (*_OWN, *(item.name for item in fields(SimulationOptions)))
_EPSILON = 1e-9  # s, of rounding in sums of periods
_PATIENCE = 1.0  # s that connecting waits for a first sample


class SimClock:
    """Simulated time: ``sleep_until`` moves the robot on.

    Args:
        driver: Whose robot it is.
    """

    def __init__(self, driver: SimDriver) -> None:
        self._driver = driver
        self._now = 0.0

    def now(self) -> float:
        """Return the time in s."""
        return self._now

    def sleep_until(self, deadline: float) -> None:
        """Let the robot move until ``deadline`` (s)."""
        if deadline > self._now:
            self._driver.advance_to(deadline)
            self._now = deadline


class SimDriver:
    """Drive a robot simulated in this process; the same calls give the same bits.

    Args:
        spec: The robot.
        **options: ``start`` (``lying``, ``standing``), ``watchdog`` (s), ``seed``, ``faults`` (a
            list of ``NAME@T:key=value,...``) and the fields of ``SimulationOptions``.

    Attributes:
        body: The robot, with its ground truth.
        faults: Its faults; ``faults.inject`` adds one.

    Raises:
        ConfigError: If an option has no meaning, all mistakes at once.
        MissingDependencyError: If the robot's model is not installed.
    """

    def __init__(self, spec: RobotSpec, **options: Any) -> None:
        problems = [f"driver_options.{text}" for text in self.keyword_problems(options)]
        if problems:
            raise ConfigError(problems)
        self.spec = spec
        world = {name: value for name, value in options.items() if name not in _OWN}
        body = BodyOptions(
            start=options.get("start", "lying"),
            watchdog=number("driver_options.watchdog", options.get("watchdog", 0.1), 0.0),
        )
        seed = options.get("seed", 0)
        simulation = read_simulation_options(world, spec)
        self.body = SimulatedBody(spec, simulation, body=body, seed=seed)
        self.faults = Faults(self.body, seed=seed)
        for text in options.get("faults", ()):
            self.faults.add(read_fault(text))
        self.clock = SimClock(self)
        self.capabilities = Capabilities(
            state_rate=spec.physics_frequency,
            measures=frozenset(MEASURES),
            has_command_watchdog=body.watchdog > 0.0,
        )
        self._newest: RobotState | None = None
        self._sampled = 0.0
        self._is_open = False

    @staticmethod
    def keyword_problems(options: Mapping[str, Any]) -> list[str]:
        """Return ``"key: what is wrong"`` for each option that cannot be."""
        problems = [
            f"{name}: unknown keyword{did_you_mean(name, _OPTIONS)}"
            for name in options
            if name not in _OPTIONS
        ]
        seed, faults = options.get("seed", 0), options.get("faults", ())
        if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
            problems.append(f"seed: must be a whole number from 0 up, not {seed!r}")
        if isinstance(faults, str) or not isinstance(faults, Sequence):
            problems.append(f"faults: must be a list of NAME@T:key=value, not {faults!r}")
        return problems

    def connect(self) -> None:
        """Wait for a first sample; the clock stands still unless there is none.

        Raises:
            RobotFault: If none comes.
        """
        self._is_open = True
        deadline = self.clock.now() + _PATIENCE
        while self.read() is None:
            if self.clock.now() >= deadline:
                self._is_open = False
                raise RobotFault(f"the simulated {self.spec.name} sends no states")
            self.clock.sleep_until(self.clock.now() + self.body.period)

    def read(self) -> RobotState | None:
        """Return the newest sample that has arrived, None before the first."""
        if self._is_open and self.faults.is_quiet:
            self._newest = self.body.state()
            self._sampled = self._newest.time
        return self._newest

    def write(self, command: RobotCommand) -> None:
        """Send a command.

        Raises:
            RobotFault: If it is not finite or of the wrong size: nothing is sent then.
        """
        check_command(command, self.spec.n_joints)
        if self._is_open:
            self._deliver([command])

    def stop(self) -> None:
        """Make the motors soft: damping, no stiffness."""
        if self._is_open:
            self.write(damping_command(self.body.state(), self.spec.kd))

    def close(self) -> None:
        """Let go of the robot; its watchdog acts."""
        self._is_open = False

    def put_down(self) -> None:
        """Lay the robot on its belly, limp, as a helper would; time goes on."""
        self.body.put_down()

    def advance_to(self, time: float) -> None:
        """Let the robot move until ``time`` (s); ``clock.sleep_until`` does so."""
        body, faults = self.body, self.faults
        self.read()
        while body.time + body.period <= time + _EPSILON:
            self._deliver([])
            faults.step()
            body.advance()
            if not faults.is_quiet:
                for state in faults.outgoing(body.state()):
                    if state.time >= self._sampled:  # not overtaken by a newer one
                        self._sampled = state.time
                        self._newest = replace(state, time=body.time)

    def _deliver(self, commands: list[RobotCommand]) -> None:
        for command in self.faults.incoming(commands):
            self.body.command(command)
