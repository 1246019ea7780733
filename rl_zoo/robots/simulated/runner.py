"""The simulated robot in real time behind a wire protocol."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rl_zoo.errors import ConfigError
from rl_zoo.robots.driver import RobotState
from rl_zoo.robots.simulated.body import SimulatedBody
from rl_zoo.robots.simulated.fault_kinds import Fault
from rl_zoo.robots.simulated.fault_socket import FaultSocket
from rl_zoo.robots.simulated.faults import Faults
from rl_zoo.robots.simulated.record import Record
from rl_zoo.robots.simulated.wire_server import (
    AcknowledgingServer,
    RespondingServer,
    WireServer,
)
from rl_zoo.suggest import did_you_mean

CATCH_UP = 0.05
"""Delay (s) that the physics make up for; beyond it simulated time falls behind real time."""
_LISTEN_STEPS = 5  # physics steps between two looks at the socket for faults
_ACTIONS = ("inject", "clear", "status")


@dataclass(frozen=True)
class Summary:
    """What happened while the simulated robot ran."""

    time: float
    """Simulated, s."""
    real_time_factor: float
    """Simulated over real time."""
    worst_delay: float
    """Longest delay of a physics step, s."""
    n_states: int
    """Published."""
    n_commands: int
    """That reached the boards."""
    n_refused: int
    """Packets that the boards did not obey."""
    n_unsafe: int
    """Commands that were not finite, of the wrong size or with negative gains."""
    n_outside: int
    """Commands with a target outside the joints' limits."""
    n_watchdog: int
    """Times the boards went soft for want of commands."""
    n_boots: int
    """Starts of the boards."""
    n_faults: int
    """Faults that began."""
    n_diverged: int
    """Times the physics had to be reset."""


class Runner:
    """Steps a body at its physics frequency, with absolute deadlines, between bus and faults.

    Real time goes first: after a delay the physics catch up (like a real robot, which does not
    wait) with the newest command and without a burst of states; only what exceeds ``CATCH_UP`` is
    lost, and simulated time then falls behind. Each step: commands, faults, physics, state, record.

    Args:
        body: The robot.
        server: Its bus, not yet open.
        faults: Its faults.
        state_rate: States per second, Hz; None: one per physics step.

    Raises:
        ConfigError: If there cannot be as many states per second.
    """

    def __init__(
        self,
        body: SimulatedBody,
        server: WireServer,
        faults: Faults,
        *,
        state_rate: float | None = None,
    ) -> None:
        self.body, self.server, self.faults = body, server, faults
        frequency = body.spec.physics_frequency
        self.state_rate = frequency if state_rate is None else state_rate
        if not 0.0 < self.state_rate <= frequency:
            raise ConfigError(
                f"--state-rate: must be above 0 and at most {frequency:g} Hz, not {state_rate:g}"
            )
        self.record: Record | None = None
        self.socket: FaultSocket | None = None
        self._responder = server if isinstance(server, RespondingServer) else None
        self._acknowledger = server if isinstance(server, AcknowledgingServer) else None
        self._is_open = False
        self._n_states = 0
        self._worst_delay = 0.0
        self._start = self._deadline = 0.0
        self._due_states = 0.0

    record: Record | None
    """Where everything is written; None: nowhere."""
    socket: FaultSocket | None
    """Where faults can be asked for; None: nowhere."""

    def record_to(self, folder: Path) -> None:
        """Write everything that happens into a folder; to be called before ``open``."""
        about = {"state_rate": self.state_rate}
        self.record = Record(folder, self.body, self.faults, about)
        self.server.packets = self.record.packet
        self.faults.on_event = self._note_fault

    def open(self) -> None:
        """Open the bus: from now on a driver finds the robot.

        Raises:
            RobotFault: If the bus cannot be opened.
        """
        self.server.open()
        self._is_open = True

    def run(self, *, duration: float | None = None, should_stop: Callable[[], bool]) -> Summary:
        """Run until ``should_stop`` or for ``duration`` (s of real time); close everything."""
        self._start = self._deadline = time.monotonic()
        end = float("inf") if duration is None else self._start + duration
        try:
            while not should_stop() and time.monotonic() < end:
                self._step()
                self._wait()
        finally:
            summary = self.summary()
            self.close()
        return summary

    def close(self) -> None:
        """Close bus, socket and record; may be called twice."""
        if self._is_open:
            self._is_open = False
            self.server.close()
        if self.socket is not None:
            self.socket.close()
            self.socket = None
        if self.record is not None:
            self.record.event("end", asdict(self.summary()))
            self.record.close()
            self.record = None

    def summary(self) -> Summary:
        """Return what happened so far."""
        elapsed = time.monotonic() - self._start
        counters = self.body.counters
        return Summary(
            time=self.body.time,
            real_time_factor=self.body.time / elapsed if elapsed > 0.0 else 1.0,
            worst_delay=self._worst_delay,
            n_states=self._n_states,
            n_commands=counters.n_commands,
            n_refused=self.server.n_refused,
            n_unsafe=counters.n_unsafe,
            n_outside=counters.n_outside,
            n_watchdog=counters.n_watchdog,
            n_boots=self.body.n_boots,
            n_faults=self.faults.n_begun,
            n_diverged=self.body.n_diverged,
        )

    def _step(self) -> None:
        body, faults = self.body, self.faults
        if self.socket is not None and body.n_steps % _LISTEN_STEPS == 0:
            self.socket.serve(self._answer)
        commands = faults.incoming(self.server.receive() if self._is_open else ())
        n_unsafe = sum(not body.command(command) for command in commands)
        if self._acknowledger is not None:
            self._acknowledger.acknowledge(commands)
        n_watchdog = body.counters.n_watchdog
        faults.step()
        self._follow_power()
        body.advance()
        published = self._publish()
        if self.record is not None:
            self.record.step(len(commands), n_unsafe, published)
            if n_unsafe:
                self.record.event("unsafe", {"n": n_unsafe})
            if body.counters.n_watchdog > n_watchdog:
                self.record.event("watchdog", {})

    def _publish(self) -> list[RobotState]:
        """Publish what is due; one state at most of those that a delay has piled up."""
        self._due_states += self.state_rate * self.body.period
        is_late = time.monotonic() > self._deadline + self.body.period
        state = None
        if self._due_states >= 1.0 - 1e-9 and not is_late:
            self._due_states -= max(1.0, math.floor(self._due_states))
            state = self.body.state()
        elif self.faults.is_quiet:
            return []
        published = self.faults.outgoing(state)
        for each in published:
            self.server.publish(each)
        self._n_states += len(published)
        return published

    def _follow_power(self) -> None:
        """Take the boards off the bus while they have no power."""
        if self._is_open and self.faults.is_crashed:
            self._is_open = False
            self.server.close()
        elif not self._is_open and not self.faults.is_crashed:
            self.server.open()
            self._is_open = True

    def _wait(self) -> None:
        self._deadline += self.body.period
        now = time.monotonic()
        left = self._deadline - now
        if left <= 0.0:
            self._worst_delay = max(self._worst_delay, -left)
            self._deadline = max(self._deadline, now - CATCH_UP)
        elif self._is_open and self._responder is not None:
            self._responder.respond(self._deadline)
        else:
            time.sleep(left)

    def _answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Do what a request of ``fault_socket.ask`` says."""
        values = dict(request)
        action = values.pop("do", None)
        if action not in _ACTIONS:
            raise ConfigError(f"do: no '{action}'{did_you_mean(str(action), _ACTIONS)}")
        if action == "inject":
            return {"number": self.faults.inject(str(values.pop("fault", "")), values)}
        if action == "clear":
            self.faults.clear()
            return {}
        truth = self.body.ground_truth()
        return {
            "sequence": self.body.sequence,
            "height": truth.height,
            "position": truth.position_in_world.tolist(),
            "watchdog": self.body.is_watchdog_active,
            "kp": self.body.boards.law[2].tolist(),
            "active": [fault.describe() for fault in self.faults.active],
            **asdict(self.summary()),
        }

    def _note_fault(self, what: str, number: int, fault: Fault) -> None:
        if self.record is not None:
            values = {"number": number, "fault": fault.name, "text": fault.describe()}
            self.record.event(what, values)
