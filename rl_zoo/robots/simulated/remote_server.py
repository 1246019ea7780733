"""The robot's side of the ``remote`` protocol: owners, watch over sequences, states."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from typing import Any

from rl_zoo.robots.driver import MEASURES, RobotCommand, RobotState
from rl_zoo.robots.spec import RobotSpec
from rl_zoo.robots.wire.datagrams import Address, DatagramSocket, open_server, parse_address
from rl_zoo.robots.wire.remote_packets import (
    MEASURE_BITS,
    Busy,
    Bye,
    CommandPacket,
    Describe,
    Header,
    Hello,
    Kind,
    Packet,
    Purpose,
)
from rl_zoo.robots.wire.remote_protocol import (
    Refusal,
    is_newer,
    names_checksum,
    pack,
    unpack,
)
from rl_zoo.robots.wire.remote_readings import (
    bits,
    check_size,
    packet_to_command,
    state_to_packet,
)

DEFAULT_ADDRESS = "udp://127.0.0.1:9870"
_MAX_OBSERVERS = 8


@dataclass
class _Guest:
    """A driver that said HELLO."""

    session: int
    place: Any
    time_out: float
    label: str
    heard: float


@dataclass(frozen=True, slots=True)
class _NumberedCommand(RobotCommand):
    """A command that knows the sequence of its packet."""

    number: int = 0


class RemoteServer:
    """Speaks the ``remote`` protocol for a robot.

    Args:
        spec: The robot.
        address: Where it listens: ``udp://host:port`` (port 0: a free one) or ``unix:///path``.
        state_rate: States per second that it will publish, Hz; None: those of the physics.
        watchdog: Silence of commands after which its motors go soft, s: what it says of itself.
        measures: Of ``MEASURES``: what it really knows.

    Attributes:
        address: Where it listens; after ``open`` with the port that was found.
        packets: Called with arrival (s, monotonic clock) and bytes of every packet that claims to
            be a command, good or not.
        n_refused: Packets that were not obeyed.
        counts: The same by reason: a ``Refusal`` value, "owner", "session", "joints" or "old".

    Raises:
        ConfigError: If the address is none, or the robot has more joints than a packet.
    """

    def __init__(
        self,
        spec: RobotSpec,
        *,
        address: str = DEFAULT_ADDRESS,
        state_rate: float | None = None,
        watchdog: float = 0.1,
        measures: tuple[str, ...] = MEASURES,
    ) -> None:
        check_size(spec)
        self.packets: Callable[[float, bytes], None] | None = None
        self.n_refused = 0
        self.counts: Counter[str] = Counter()
        self.address = str(parse_address(address))
        self._spec = spec
        self._state_rate = spec.physics_frequency if state_rate is None else state_rate
        self._watchdog = watchdog
        self._measures = measures
        self._names_checksum = names_checksum(spec.joint_names)
        self._socket: DatagramSocket | None = None
        self._is_told = False
        self._start()

    def _start(self) -> None:
        """Forget everything: a board that starts knows no driver."""
        self._session = int.from_bytes(os.urandom(4), "little")
        self._sequence = 0
        self._owner: _Guest | None = None
        self._observers: dict[int, _Guest] = {}
        self._obeyed = self._acknowledged = 0
        self._has_obeyed = False

    def open(self) -> None:
        """Listen; after ``close`` at the same address, as a robot that was started again.

        Raises:
            RobotFault: If the address is taken.
        """
        if self._socket is None:
            self._start()
            wanted = parse_address(self.address)
            self._socket = open_server(wanted)
            if wanted.host is not None:
                self.address = str(Address(wanted.host, self._socket.port, ""))

    def receive(self) -> list[RobotCommand]:
        """Answer what has come in and return the commands to obey, oldest first."""
        commands: list[RobotCommand] = []
        while self._socket is not None and (received := self._socket.receive()) is not None:
            data, place, arrival = received
            if self.packets is not None and data[5:6] == bytes([Kind.COMMAND]):
                self.packets(arrival, data)
            packet = unpack(data)
            if isinstance(packet, CommandPacket):
                commands += self._obey(packet, place, arrival)
            else:
                self._answer(packet, place, arrival)
        if not self._is_told:
            self._acknowledged = self._obeyed
        return commands

    def acknowledge(self, commands: Iterable[RobotCommand]) -> None:
        """Be told which of the commands the boards got; from now on only these are acknowledged."""
        self._is_told = True
        for command in commands:
            if isinstance(command, _NumberedCommand):
                self._acknowledged = command.number

    def publish(self, state: RobotState) -> None:
        """Send a state to the owner and the observers that are still there."""
        now = time.monotonic()
        guests = [*self._observers.values(), *([self._owner] if self._owner else [])]
        guests = [guest for guest in guests if now - guest.heard <= guest.time_out]
        if self._socket is None or not guests:
            return
        known = set(self._measures) & {"torque", "motor_position", "buttons"}
        header = replace(self._header(), n_feet=len(self._spec.legs), stamp=state.time)
        data = pack(state_to_packet(state, header, acknowledged=self._acknowledged, measures=known))
        for guest in guests:
            self._socket.send(data, guest.place)

    def close(self) -> None:
        """Stop listening."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _obey(self, packet: CommandPacket, place: Any, arrival: float) -> list[RobotCommand]:
        owner = self._owner
        reason = None
        if owner is None or packet.header.session != owner.session:
            reason = "owner"
        elif packet.robot_session != self._session:
            reason = "session"
        elif packet.header.n_joints != self._spec.n_joints:
            reason = "joints"
        elif self._has_obeyed and not is_newer(packet.header.sequence, self._obeyed):
            reason = "old"
        if reason is not None or owner is None:
            self._refuse(reason or "owner")
            return []
        owner.place, owner.heard = place, arrival
        self._obeyed, self._has_obeyed = packet.header.sequence, True
        command = packet_to_command(packet)
        parts = {field.name: getattr(command, field.name) for field in fields(command)}
        return [_NumberedCommand(**parts, number=packet.header.sequence)]

    def _answer(self, packet: Packet | Refusal, place: Any, arrival: float) -> None:
        if isinstance(packet, Hello):
            guest = _Guest(packet.header.session, place, packet.time_out, packet.label, arrival)
            fits = packet.names_checksum == self._names_checksum
            if packet.purpose == Purpose.OBSERVE:
                self._send(self._describe(fits and self._admit(guest)), place)
            elif fits and not self._own(guest):
                self._send(self._busy(), place)
            else:
                self._send(self._describe(fits), place)
        elif isinstance(packet, Bye):
            self._observers.pop(packet.header.session, None)
            if self._owner is not None and self._owner.session == packet.header.session:
                self._owner = None
        elif isinstance(packet, Refusal):
            self._refuse(packet.value)
            if packet == Refusal.VERSION:  # so that the other side can say what is wrong
                self._send(self._describe(False), place)

    def _own(self, guest: _Guest) -> bool:
        """Make a guest the owner unless another one is still there."""
        owner = self._owner
        if owner is not None and owner.session != guest.session:
            if guest.heard - owner.heard <= owner.time_out:
                return False
            owner = None
        if owner is None:
            self._has_obeyed = False
        self._owner = guest
        return True

    def _admit(self, guest: _Guest) -> bool:
        """Let a guest look on, if there is room."""
        self._observers = {
            session: other
            for session, other in self._observers.items()
            if guest.heard - other.heard <= other.time_out
        }
        if guest.session not in self._observers and len(self._observers) >= _MAX_OBSERVERS:
            return False
        self._observers[guest.session] = guest
        return True

    def _describe(self, is_accepted: bool) -> Describe:
        return Describe(
            self._header(),
            measures=bits(self._measures, MEASURE_BITS),
            is_accepted=is_accepted,
            state_rate=self._state_rate,
            watchdog=self._watchdog,
            robot=self._spec.name,
            joint_names=self._spec.joint_names,
        )

    def _busy(self) -> Busy:
        return Busy(self._header(), self._owner.label if self._owner else "")

    def _send(self, packet: Packet, place: Any) -> None:
        if self._socket is not None:
            self._socket.send(pack(packet), place)

    def _header(self) -> Header:
        self._sequence = (self._sequence + 1) & 0xFFFFFFFF
        return Header(self._spec.n_joints, 0, self._session, self._sequence, time.monotonic())

    def _refuse(self, reason: str) -> None:
        self.n_refused += 1
        self.counts[reason] += 1
