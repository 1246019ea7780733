"""A robot behind a bridge that speaks the ``remote`` protocol (``docs/remote_protocol.md``)."""

from __future__ import annotations

import itertools
import math
import os
import socket
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from rl_zoo.errors import ConfigError, RobotFault
from rl_zoo.finite import is_finite_number
from rl_zoo.robots.clock import Clock, MonotonicClock
from rl_zoo.robots.driver import MEASURES, Capabilities, RobotCommand, RobotState
from rl_zoo.robots.spec import FloatArray, RobotSpec
from rl_zoo.robots.wire.datagrams import DatagramSocket, open_client, parse_address
from rl_zoo.robots.wire.remote_packets import (
    MEASURE_BITS,
    Busy,
    Bye,
    CommandMode,
    CommandPacket,
    Describe,
    Header,
    Hello,
    Packet,
    Purpose,
    StatePacket,
)
from rl_zoo.robots.wire.remote_protocol import (
    VERSION,
    Refusal,
    is_newer,
    names_checksum,
    pack,
    unpack,
    version_of,
)
from rl_zoo.robots.wire.remote_readings import check_size, command_values, names, packet_to_state

DEFAULT_ADDRESS = "udp://127.0.0.1:9870"
_HELLO_PERIOD = 0.1  # s, while nothing comes back
_LARGEST_TIME = 60.0  # s, of an option
_CONFIRM = 10
"""States of a robot that restarted, before it gets stiffness: the control loop has seen by then
that the counter began anew, and has gone soft."""
_LONGEST_SILENCE = 0.1
"""Without a command obeyed, of a robot that has no watchdog of its own, s."""


class RemoteDriver:
    """A robot that is reached by datagrams.

    Args:
        spec: The robot; its joints must be those that the robot names, in the same order.
        address: Where the robot listens: ``udp://host:port`` or ``unix:///path``.
        timeout: How long ``connect`` waits for it, s.
        release_after: Silence of this driver after which the robot may serve another, s.
        observe: Only look on, beside the owner: nothing can be written.

    Attributes:
        n_restarts: Robots that answered in place of the first one since ``connect``.
        counts: Of packets that were ignored: by ``Refusal`` value, and "old", "session", "joints".
        last_acknowledged: Sequence of the last command that the robot said it obeyed.

    Raises:
        ConfigError: If an option has no meaning.
    """

    OBSERVE_OPTIONS: ClassVar[Mapping[str, Any]] = {"observe": True}
    """Options with which connecting changes nothing, beside an owner too."""

    def __init__(
        self,
        spec: RobotSpec,
        *,
        address: str = DEFAULT_ADDRESS,
        timeout: float = 2.0,
        release_after: float = 1.0,
        observe: bool = False,
    ) -> None:
        check_size(spec)
        _check_times(timeout=timeout, release_after=release_after)
        self.spec = spec
        self.clock: Clock = MonotonicClock()
        self.capabilities = Capabilities(state_rate=spec.physics_frequency)
        self.n_restarts = 0
        self.counts: Counter[str] = Counter()
        self._address = parse_address(address, "driver_options.address")
        self._timeout = timeout
        self._release_after = release_after
        self._observe = observe
        self._label = f"{socket.gethostname()[:20]}:{os.getpid()}"
        self._names_checksum = names_checksum(spec.joint_names)
        self._socket: DatagramSocket | None = None
        self._begin()

    def _begin(self) -> None:
        """Forget an earlier connection."""
        self._session = int.from_bytes(os.urandom(4), "little")
        self._sequences = itertools.count(1)  # its next() is whole: `stop` comes from any thread
        self._sent = -math.inf
        self._called = -math.inf
        self._robot: int | None = None  # session of the robot that described itself
        self._state: RobotState | None = None
        self._state_session = 0
        self._state_sequence = 0
        self._n_states = 0  # of this session
        self.last_acknowledged = 0
        self._unanswered = math.inf  # since when commands are sent and none is obeyed
        self._patience = _LONGEST_SILENCE
        self._n_to_confirm = 0
        self._problem = ""

    def connect(self) -> None:
        """Find the robot and wait for a first sample; command nothing.

        Raises:
            RobotFault: If none answers, it is another robot, or it has another owner.
        """
        self.close()
        self._begin()
        self._socket = open_client(self._address)
        deadline = time.monotonic() + self._timeout
        while self.read() is None:
            if time.monotonic() > deadline:
                problem = self._problem or self._silence()
                self.close()
                raise RobotFault(problem)
            time.sleep(0.002)

    def read(self) -> RobotState | None:
        """Return the newest sample without waiting, None before the first.

        A robot that falls silent is called again; one that restarted goes on after it has described
        itself: its ``sequence`` begins anew.
        """
        connection = self._socket
        if connection is None:
            return self._state
        newest: tuple[StatePacket, float] | None = None
        while (received := connection.receive()) is not None:
            data, sender, arrival = received
            packet = unpack(data) if connection.is_peer(sender) else Refusal.MAGIC
            if not isinstance(packet, StatePacket):
                self._hear(packet, data)
            elif self._is_next(packet):
                self._count(packet.header.session)
                self._state_sequence = packet.header.sequence
                newest = packet, arrival
        if newest is not None:
            if newest[0].acknowledged != self.last_acknowledged:
                self._unanswered = math.inf
            self.last_acknowledged = newest[0].acknowledged
            state = packet_to_state(*newest)
            # Without a counter of its own, a robot that restarted must show, too.
            is_counting = state.sequence is not None
            self._state = state if is_counting else replace(state, sequence=self._n_states)
        self._keep_alive()
        return self._state

    def write(self, command: RobotCommand) -> None:
        """Send a command now.

        A robot that has just restarted, or to which no command got through for so long that its
        watchdog has let it down, gets no stiffness.

        Raises:
            RobotFault: If it is not finite or of the wrong size, or this driver only looks on; also
                while the robot says, state after state, that no command reaches it (a soft one is
                sent nevertheless).
        """
        if self._observe:
            raise RobotFault(
                "remote: this driver only looks on (driver_options.observe): nothing was sent"
            )
        values = command_values(self.spec, command)
        if self._state is None or (self._n_to_confirm > 0 and values[2].any()):
            return
        is_deaf = self._is_deaf(self._state)
        if not (is_deaf and values[2].any()):
            # For the robot whose state was read last: one that took its place since is not moved
            # by what was meant for the other.
            self._send_command(CommandMode.SERVO, self._state_session, values)
        if is_deaf:
            raise RobotFault(
                f"remote: the robot at {self._address} sends states, but obeyed no command for "
                f"{self._patience:g} s: it is soft by now"
            )

    def stop(self) -> None:
        """Make the motors soft: damping, no stiffness. May be called twice and from any thread."""
        if self._observe:
            return
        values = np.zeros((5, self.spec.n_joints))
        values[3] = self.spec.kd
        for _ in range(2):  # one may get lost
            self._send_command(CommandMode.SOFT, self._robot, values)

    def close(self) -> None:
        """Give the robot back; its watchdog makes it soft."""
        if self._socket is not None:
            self._send(Bye(self._header()))
            self._socket.close()
            self._socket = None

    def _is_deaf(self, state: RobotState) -> bool:
        """Say whether the newest state still knows none of the commands of its watchdog's time.

        A robot that never acknowledges anything (0) is not judged.
        """
        return self.last_acknowledged != 0 and state.time - self._unanswered > self._patience

    def _count(self, session: int) -> None:
        """Note that a state of a session was read."""
        if self._state is not None and session != self._state_session:
            self._n_to_confirm = _CONFIRM
        self._n_to_confirm = max(0, self._n_to_confirm - 1)
        self._n_states = self._n_states + 1 if session == self._state_session else 1
        self._state_session = session

    def _is_next(self, packet: StatePacket) -> bool:
        """Say whether a state is of the robot that described itself, and newer than the last."""
        header = packet.header
        n_feet = len(self.spec.legs)
        reason = None
        if header.session != self._robot:
            reason = "session"
        elif header.n_joints != self.spec.n_joints or header.n_feet not in (0, n_feet):
            reason = "joints"
        elif header.session == self._state_session and not is_newer(
            header.sequence, self._state_sequence
        ):
            reason = "old"
        if reason is not None:
            self.counts[reason] += 1
        return reason is None

    def _hear(self, packet: Packet | Refusal, data: bytes) -> None:
        """Take in anything but a state."""
        if isinstance(packet, Describe):
            self._problem = self._mismatch(packet) or self._no_state()
            if packet.is_accepted and self._mismatch(packet) is None:
                self._meet(packet)
        elif isinstance(packet, Busy):
            self._problem = (
                f"remote: the robot at {self._address} has another owner ({packet.label}): "
                f"end that one, or wait until it has been silent"
            )
        elif isinstance(packet, Refusal):
            self.counts[packet.value] += 1
            if packet == Refusal.VERSION:
                self._problem = (
                    f"remote: the robot at {self._address} speaks version {version_of(data)} of "
                    f"the protocol, this driver version {VERSION}: bring the older side up to date"
                )

    def _meet(self, packet: Describe) -> None:
        session = packet.header.session
        if self._robot is not None and session != self._robot:
            self.n_restarts += 1
        self._robot = session
        self._patience = max(packet.watchdog, _LONGEST_SILENCE)
        told = names(packet.measures, MEASURE_BITS)
        self.capabilities = Capabilities(
            state_rate=packet.state_rate,
            measures=told & frozenset(MEASURES),
            has_command_watchdog=packet.watchdog > 0.0,
        )

    def _mismatch(self, packet: Describe) -> str | None:
        """Return what is wrong with the joints of a robot, None if they are ours."""
        ours, theirs = self.spec.joint_names, packet.joint_names
        start = f"remote: the robot '{packet.robot}' at {self._address}"
        if len(theirs) != len(ours):
            return f"{start} has {len(theirs)} joints, '{self.spec.name}' has {len(ours)}"
        for i, (our_name, their_name) in enumerate(zip(ours, theirs, strict=True)):
            if our_name != their_name:
                return (
                    f"{start}: its joint {i} is '{their_name}', that of '{self.spec.name}' is "
                    f"'{our_name}': names and order must be the same"
                )
        return None

    def _silence(self) -> str:
        return (
            f"remote: no robot answers at {self._address} within {self._timeout:g} s: start it, or "
            f"give its address with driver_options.address"
        )

    def _no_state(self) -> str:
        return (
            f"remote: the robot at {self._address} describes itself but publishes no state within "
            f"{self._timeout:g} s"
        )

    def _keep_alive(self) -> None:
        """Say HELLO where nothing else says that this driver is there, or nothing comes back."""
        now = time.monotonic()
        patience = min(_HELLO_PERIOD, self._release_after / 4)
        is_silent = self._state is None or now - self._state.time > patience
        # A robot that restarted does not know whose commands it gets: they are no call.
        last = self._called if is_silent or self._observe else self._sent
        if now - last < patience:
            return
        self._called = now
        purpose = Purpose.OBSERVE if self._observe else Purpose.CONTROL
        told = self._names_checksum, self._release_after, self._label
        self._send(Hello(self._header(), purpose, *told))

    def _send_command(self, mode: CommandMode, robot: int | None, values: FloatArray) -> None:
        if robot is not None:
            self._unanswered = min(self._unanswered, time.monotonic())
            self._send(CommandPacket(self._header(), mode, robot, values))

    def _header(self) -> Header:
        sequence = next(self._sequences) & 0xFFFFFFFF
        return Header(self.spec.n_joints, 0, self._session, sequence, time.monotonic())

    def _send(self, packet: Packet) -> None:
        connection = self._socket  # another thread may close it
        if connection is not None:
            self._sent = time.monotonic()
            connection.send(pack(packet))


def _check_times(**times: float) -> None:
    problems = [
        f"driver_options.{name}: {value!r} is no number of seconds between 0.05 and 60"
        for name, value in times.items()
        if not is_finite_number(value) or not 0.05 <= value <= _LARGEST_TIME
    ]
    if problems:
        raise ConfigError(problems)
