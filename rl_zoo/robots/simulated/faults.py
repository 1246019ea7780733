"""Faults on request: what goes wrong with the simulated robot and its wire, and when."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from rl_zoo.errors import ConfigError
from rl_zoo.robots.driver import RobotCommand, RobotState
from rl_zoo.robots.simulated.body import SimulatedBody
from rl_zoo.robots.simulated.channel import Channel
from rl_zoo.robots.simulated.fault_effects import EFFECTS, Stage, Undo
from rl_zoo.robots.simulated.fault_kinds import FAULT_KINDS, Fault, make_fault

_EPSILON = 1e-9  # s, of rounding in sums of physics steps
_BITS = {name: 1 << place for place, name in enumerate(FAULT_KINDS)}


class Faults:
    """Begins and ends faults on the robot's simulated time.

    States and commands pass through ``outgoing`` and ``incoming``, so that every protocol has the
    same faults.

    Args:
        body: The robot.
        seed: Of what happens by chance (which messages are lost, ...).
    """

    def __init__(self, body: SimulatedBody, *, seed: int = 0) -> None:
        self.body = body
        self.on_event: Callable[[str, int, Fault], None] | None = None
        self.mask = 0
        self.n_begun = 0
        states, commands = np.random.SeedSequence(seed).spawn(2)
        self._stage = Stage(
            body,
            Channel[RobotState](np.random.default_rng(states)),
            Channel[RobotCommand](np.random.default_rng(commands)),
        )
        self._planned: list[tuple[int, Fault]] = []
        self._active: dict[int, tuple[Fault, Undo]] = {}
        self._next_time = np.inf
        self._n_added = 0

    on_event: Callable[[str, int, Fault], None] | None
    """Called with "begin" or "end", number and fault."""
    mask: int
    """Bit ``i`` is set while a fault of the ``i``-th of ``FAULT_KINDS`` is active."""
    n_begun: int
    """Faults that began so far."""

    @property
    def is_crashed(self) -> bool:
        """Say whether the boards have no power: nothing answers."""
        return self._stage.n_crashed > 0

    @property
    def is_quiet(self) -> bool:
        """Say whether states pass unchanged and at once."""
        return (
            not (self._stage.spoilers or self._stage.n_silent or self._stage.n_crashed)
            and self._stage.states.is_clear
        )

    @property
    def active(self) -> tuple[Fault, ...]:
        """Return the faults that are present now."""
        return tuple(fault for fault, _ in self._active.values())

    def add(self, fault: Fault) -> int:
        """Plan a fault; return its number.

        Raises:
            ConfigError: If it names a joint that the robot does not have.
        """
        for name in ("motor", "joint"):
            index = fault.parameters.get(name, 0)
            least = -1 if FAULT_KINDS[fault.name].parameters.get("field") else 0
            if not least <= index < self.body.spec.n_joints:
                raise ConfigError(
                    f"fault {fault.name}.{name}: {self.body.spec.name} has joints 0 to "
                    f"{self.body.spec.n_joints - 1}, not {index}"
                )
        number = self._n_added
        self._n_added += 1
        self._planned.append((number, fault))
        self._next_time = min(self._next_time, fault.start)
        return number

    def inject(self, name: str, values: Mapping[str, Any] | None = None) -> int:
        """Let a fault begin at the next physics step; return its number.

        Args:
            name: Of ``FAULT_KINDS``.
            values: Parameters and ``duration``.

        Raises:
            ConfigError: If there is no such fault or parameter.
        """
        return self.add(make_fault(name, self.body.time, values))

    def clear(self) -> None:
        """End all faults now and forget the planned ones."""
        self._planned.clear()
        for number in list(self._active):
            self._end(number)
        self._plan_next()

    def step(self) -> None:
        """Begin and end what is due; to be called once before each physics step."""
        if self.body.time + _EPSILON < self._next_time:
            return
        now = self.body.time + _EPSILON
        for number, (fault, _) in list(self._active.items()):
            if fault.start + fault.duration <= now:
                self._end(number)
        due = [item for item in self._planned if item[1].start <= now]
        self._planned = [item for item in self._planned if item[1].start > now]
        for number, fault in due:
            self._begin(number, fault)
        self._plan_next()

    def outgoing(self, state: RobotState | None) -> list[RobotState]:
        """Return what is on the wire now: ``state`` if nothing is wrong; None: nothing new."""
        if self.is_quiet:
            return [] if state is None else [state]
        if self.is_crashed:
            self._stage.states.drop()
            return []
        if state is not None and self._stage.n_silent == 0:
            for spoil in self._stage.spoilers.values():
                state = spoil(state)
            self._stage.states.send(state, self.body.time)
        return self._stage.states.deliver(self.body.time + _EPSILON)

    def incoming(self, commands: Iterable[RobotCommand]) -> list[RobotCommand]:
        """Return the commands that reach the boards now."""
        if self.is_crashed:
            self._stage.commands.drop()
            return []
        if self._stage.commands.is_clear:
            return list(commands)
        for command in commands:
            self._stage.commands.send(command, self.body.time)
        return self._stage.commands.deliver(self.body.time + _EPSILON)

    def _begin(self, number: int, fault: Fault) -> None:
        undo = EFFECTS[fault.name](self._stage, number, fault)
        self._active[number] = fault, undo
        self.n_begun += 1
        self._update_mask()
        if self.on_event is not None:
            self.on_event("begin", number, fault)

    def _end(self, number: int) -> None:
        fault, undo = self._active.pop(number)
        undo()
        self._update_mask()
        if self.on_event is not None:
            self.on_event("end", number, fault)

    def _update_mask(self) -> None:
        self.mask = 0
        for fault, _ in self._active.values():
            self.mask |= _BITS[fault.name]

    def _plan_next(self) -> None:
        times = [fault.start for _, fault in self._planned]
        times += [fault.start + fault.duration for fault, _ in self._active.values()]
        self._next_time = min(times, default=np.inf)


def active_names(mask: int) -> tuple[str, ...]:
    """Return the names of the kinds of fault whose bits are set in ``mask``."""
    return tuple(name for name, bit in _BITS.items() if mask & bit)
