"""Driver of a Unitree Go2, and of what speaks like one, over DDS: ``driver: unitree``."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from rl_zoo import console
from rl_zoo.errors import RobotFault
from rl_zoo.robots.clock import Clock, MonotonicClock
from rl_zoo.robots.driver import MEASURES, Capabilities, RobotCommand, RobotState
from rl_zoo.robots.spec import RobotSpec
from rl_zoo.robots.wire.unitree_command import SERVO_MODE, CommandPacker
from rl_zoo.robots.wire.unitree_dds import (
    COMMAND_TOPIC,
    STATE_TOPIC,
    Bus,
    choose_variant,
    send,
)
from rl_zoo.robots.wire.unitree_idl import VARIANTS, MessageTypes, message_types, type_hash
from rl_zoo.robots.wire.unitree_layout import LOW_STATE
from rl_zoo.robots.wire.unitree_options import BusOptions, option_problems, read_options
from rl_zoo.robots.wire.unitree_receiver import Arrival, Receiver
from rl_zoo.robots.wire.unitree_service import MotorRelease, Patience, release_motors
from rl_zoo.robots.wire.unitree_slots import motor_slots
from rl_zoo.robots.wire.unitree_state import StateDecoder
from rl_zoo.suggest import did_you_mean

_STATE_RATE = 500.0  # Hz, reported
_STATE_TYPE = "unitree_go::msg::dds_::LowState_"
_SETTLING = 0.1
"""After the first sight of the robot its other processes may still announce themselves, s."""
_ENOUGH_SAMPLES = 3
"""A robot whose tick is 0 that often does not count."""
_STOP_REPETITIONS = 3
_STOP_PAUSE = 0.002  # s
_POLL = 0.005  # s


@dataclass(frozen=True)
class UnitreeOptions(BusOptions):
    """Options of the driver."""

    type_variant: str = "auto"
    """Of the messages' 8-bit fields: ``byte`` (robots), ``uint8``, or what the peer announces."""
    release_motion_service: bool = True
    """Whether the robot's own motion controller is asked to give up the motors."""
    connect_timeout: float = 5.0
    """For the first sight, and the first sample, of the robot, s."""
    service_timeout: float = 1.0
    """For one answer of the motion service, and for its first sight, s."""
    release_timeout: float = 10.0
    """For the motion service to give up the motors, s."""
    mode: int = SERVO_MODE
    """Mode of the motors that are used."""
    observe: bool = False
    """Only look on, beside whoever drives: nothing is released, nothing can be written."""
    stop_damping: float = 3.0
    """Damping of ``stop``, as a multiple of the robot's ``kd``."""

    def problems(self) -> list[str]:
        """Return what is wrong, each starting with the option."""
        found = super().problems()
        variants = ("auto", *VARIANTS)
        if self.type_variant not in variants:
            nearest = did_you_mean(str(self.type_variant), variants)
            found.append(f"type_variant: {self.type_variant!r} is unknown{nearest}")
        if type(self.mode) is not int or not 1 <= self.mode <= 0xFF:
            found.append(f"mode: {self.mode!r} is no integer from 1 to 255")
        times = ("connect_timeout", "service_timeout", "release_timeout", "stop_damping")
        found += self.not_positive(*times)
        return found + self.not_bool("release_motion_service", "observe")

    @property
    def patience(self) -> Patience:
        """Return how long to wait for the motion service."""
        return Patience(self.service_timeout, self.service_timeout, self.release_timeout)


@dataclass
class _Link:
    """What exists while the driver is connected."""

    bus: Bus
    types: MessageTypes
    receiver: Receiver
    writer: Any
    """None: this driver only looks on."""


class UnitreeDriver:
    """A robot whose motors are commanded through ``rt/lowcmd``.

    Args:
        spec: The robot.
        domain: Number of its DDS domain.
        interface: Network interface of its cable; None: DDS chooses.
        observe: Only look on, beside whoever drives: nothing can be written.
        **options: More of ``UnitreeOptions``.

    Attributes:
        variant: Of the types, once connected.
        n_unsent: Commands that the network did not take, or that came while a robot that restarted
            had not yet given up its motors.

    Raises:
        ConfigError: If an option does not exist or has no meaning.
    """

    ADDRESS_OPTIONS = ("domain", "interface")
    """Options that say which robot is meant."""
    OBSERVE_OPTIONS: ClassVar[Mapping[str, Any]] = {"observe": True}
    """Options with which connecting changes nothing: the robot keeps standing on its own."""

    def __init__(
        self,
        spec: RobotSpec,
        *,
        domain: int = 0,
        interface: str | None = None,
        observe: bool = False,
        **options: Any,
    ) -> None:
        self.spec = spec
        self.clock: Clock = MonotonicClock()
        self.variant: str | None = None
        self.n_unsent = 0
        named = {"domain": domain, "interface": interface, "observe": observe}
        self._options = read_options(UnitreeOptions, {**named, **options})
        self._slots = motor_slots(spec, self._options.slots)
        self._packer = CommandPacker(spec, self._slots, self._options.mode)
        self._damping = self._packer.pack(self._damping_command())
        self._decoder = StateDecoder(spec, self._slots)
        self._link: _Link | None = None
        self._release: MotorRelease | None = None
        self._publisher: int | None = None
        self._newest: Arrival | None = None
        self._state: RobotState | None = None

    @staticmethod
    def keyword_problems(keywords: Mapping[str, Any]) -> list[str]:
        """Return what is wrong with the driver's keywords."""
        return option_problems(UnitreeOptions, keywords)

    @property
    def capabilities(self) -> Capabilities:
        """Return what the robot tells: of the newest state, before the first what it could."""
        state = self._state
        measures = set(MEASURES)
        if state is not None:
            values = {
                "acceleration": state.acceleration_in_body,
                "foot_forces": state.foot_forces,
                "temperature": state.temperatures,
                "battery": state.battery_voltage,
                "motors_online": state.motors_online,
            }
            measures -= {name for name, value in values.items() if value is None}
        if not self.spec.is_elastic:
            measures -= {"motor_position"}
        return Capabilities(_STATE_RATE, frozenset(measures))

    def connect(self) -> None:
        """Find the robot, wait for a sample, let its motion service go; command no motor.

        Raises:
            RobotFault: If no robot answers, more than one does, or it keeps its motors.
        """
        if self._link is not None:
            return
        bus = Bus(self._options.place)
        types = self._choose_types(bus)
        is_driving = not self._options.observe
        writer = bus.make_writer(COMMAND_TOPIC, types.low_cmd) if is_driving else None
        link = _Link(bus, types, Receiver(bus, STATE_TOPIC, types.low_state), writer)
        try:
            self._wait_for_sample(link)
            if is_driving:
                self._check_listener(link)
            if self._must_release:
                release_motors(bus, types, self._options.patience)
        except BaseException:
            link.receiver.close()
            raise
        self._link = link
        self._packer.pack(self._damping_command())  # not sent: the first time is slow

    def read(self) -> RobotState | None:
        """Return the newest sample without waiting, None before the first.

        A robot that restarted has its motion service back: its samples are passed on, and commands
        are sent, only when it has given up the motors again.
        """
        if self._link is not None:
            self._take(self._link)
        return self._state

    def write(self, command: RobotCommand) -> None:
        """Send a command now.

        Raises:
            RobotFault: If it is not finite or of the wrong size, or the driver is not connected or
                only looks on: nothing is sent then.
        """
        cdr = self._packer.pack(command)
        if self._options.observe:
            raise RobotFault(
                "unitree: this driver only looks on (driver_options.observe): nothing was sent"
            )
        if self._link is None:
            raise RobotFault(f"'{self.spec.name}' is not connected: connect() comes first")
        if self._release is not None:
            self.n_unsent += 1
        else:
            self._send(self._link, cdr)

    def stop(self) -> None:
        """Make the motors soft: damping, no stiffness; from any thread or signal handler."""
        link = self._link
        if link is None or link.writer is None:
            return
        for _ in range(_STOP_REPETITIONS):
            self._send(link, self._damping)
            time.sleep(_STOP_PAUSE)

    def close(self) -> None:
        """Leave the network; the robot keeps its last command."""
        link, self._link = self._link, None
        release, self._release = self._release, None
        if release is not None:
            release.give_up()
        if link is not None:
            link.receiver.close()

    @property
    def _must_release(self) -> bool:
        return self._options.release_motion_service and not self._options.observe

    def _send(self, link: _Link, cdr: bytes) -> None:
        if not send(link.writer, link.types.low_cmd(cdr)):
            self.n_unsent += 1

    def _take(self, link: _Link) -> None:
        arrival = link.receiver.newest
        if arrival is None or arrival is self._newest or not self._is_free(link, arrival):
            return
        self._newest = arrival
        structure = LOW_STATE.from_cdr(arrival.cdr)
        if structure is not None:
            self._state = self._decoder.decode(structure, arrival.time, arrival.count)

    def _is_free(self, link: _Link, arrival: Arrival) -> bool:
        """Say whether the robot that sent a sample has given up its motors; see to it."""
        if self._publisher is None or not self._must_release:
            self._publisher = arrival.publisher
        if arrival.publisher == self._publisher:
            return True
        if self._release is None:
            self._release = MotorRelease(link.bus, link.types, self._options.patience)
        elif self._release.is_done:
            self._release, self._publisher = None, arrival.publisher
        return arrival.publisher == self._publisher

    def _choose_types(self, bus: Bus) -> MessageTypes:
        """Wait for the robot and choose types, before anything of ours can be seen by it."""
        options = self._options
        found = bus.wait_for(STATE_TOPIC, options.connect_timeout, is_writer=True)
        if not found:
            raise RobotFault(
                f"no robot in {bus.place}: nothing published {STATE_TOPIC} within "
                f"{options.connect_timeout:g} s; check that it is on, the cable, domain and "
                "interface (a robot is in domain 0, the vendor's simulator in 1)"
            )
        time.sleep(_SETTLING)
        found = bus.find(STATE_TOPIC, is_writer=True) or found
        others = {endpoint.type_name for endpoint in found} - {_STATE_TYPE}
        if others:
            raise RobotFault(f"{STATE_TOPIC} in {bus.place} is {others.pop()}, not {_STATE_TYPE}")
        if len(found) > 1:
            raise RobotFault(
                f"{len(found)} robots or simulators publish {STATE_TOPIC} in {bus.place}; "
                "leave one, or give each a domain"
            )
        self.variant = choose_variant(bus.endpoints(), options.type_variant, bus.place)
        return message_types(self.variant)

    def _wait_for_sample(self, link: _Link) -> None:
        """Wait for a sample, and until it is known whether the robot counts them."""
        deadline = time.monotonic() + self._options.connect_timeout
        self._forget()
        while not self._knows_robot() and time.monotonic() < deadline:
            time.sleep(_POLL)
            self._take(link)
        if self._state is None:
            raise RobotFault(
                f"{STATE_TOPIC} is announced in {link.bus.place}, but no sample came within "
                f"{self._options.connect_timeout:g} s"
            )

    def _forget(self) -> None:
        self._decoder = StateDecoder(self.spec, self._slots)
        self._publisher = self._newest = self._state = None

    def _knows_robot(self) -> bool:
        if self._state is None or self._newest is None:
            return False
        return self._decoder.has_tick or self._newest.count >= _ENOUGH_SAMPLES

    def _check_listener(self, link: _Link) -> None:
        expected = type_hash(link.types.low_cmd)
        timeout = self._options.connect_timeout
        found = link.bus.wait_for(COMMAND_TOPIC, timeout, is_writer=False)
        if not any(endpoint.type_hash in (None, expected) for endpoint in found):
            raise RobotFault(
                f"nothing in {link.bus.place} takes {COMMAND_TOPIC} of type {self.variant}: "
                "commands would be lost silently"
            )
        if link.bus.find(COMMAND_TOPIC, is_writer=True):
            console.warn(
                f"another program in {link.bus.place} can write {COMMAND_TOPIC}, too: the robot's "
                "own controller, or somebody who drives it"
            )

    def _damping_command(self) -> RobotCommand:
        zero = np.zeros(self.spec.n_joints)
        kd = self._options.stop_damping * self.spec.kd
        return RobotCommand(zero, joint_velocities=zero, kp=zero, kd=kd, joint_torques=zero)
