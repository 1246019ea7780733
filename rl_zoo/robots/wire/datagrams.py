"""UDP and Unix datagram sockets by address, with the time at which a packet arrived."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rl_zoo.errors import ConfigError, RobotFault
from rl_zoo.suggest import did_you_mean

LARGEST_DATAGRAM = 65535
EVERYWHERE = "0.0.0.0"
"""Host of a robot that listens on every network, as in ``udp://:9870``."""
_TIMESTAMP_NS: int = getattr(socket, "SO_TIMESTAMPNS", 35)  # Linux; not named in Python before 3.14
_TIMESPEC = struct.Struct("@qq")
_QUEUE_SIZE = 1 << 20  # bytes; a queue that overflows loses the newest packets


@dataclass(frozen=True)
class Address:
    """Where a robot listens: a host and a port, or a path."""

    host: str | None
    port: int
    path: str

    def __str__(self) -> str:
        """Return it as it is written in a configuration."""
        return f"unix://{self.path}" if self.host is None else f"udp://{self.host}:{self.port}"


def parse_address(text: str, where: str = "address") -> Address:
    """Return the address in ``udp://host:port`` or ``unix:///path``.

    Raises:
        ConfigError: If it is none.
    """
    problem = f"{where}: '{text}' is no address such as udp://127.0.0.1:9870 or unix:///run/robot"
    try:
        parts = urlsplit(str(text))
        port = parts.port
    except ValueError:
        raise ConfigError(problem) from None
    if parts.scheme == "unix":
        path = parts.netloc + parts.path
        if not path or len(os.fsencode(path)) > 100:
            raise ConfigError(f"{where}: '{text}': a path of 1 to 100 bytes must follow unix://")
        return Address(None, 0, path)
    if parts.scheme == "udp":
        if port is None:
            raise ConfigError(problem)
        return Address(parts.hostname or EVERYWHERE, port, "")
    raise ConfigError(problem + did_you_mean(parts.scheme, ["udp", "unix"]))


class DatagramSocket:
    """A socket that never waits.

    Args:
        made: The socket, bound.
        peer: Where ``send`` sends to; None: told each time.
    """

    def __init__(self, made: socket.socket, peer: Any = None) -> None:
        made.setblocking(False)
        with contextlib.suppress(OSError):  # the system's limit stays then
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _QUEUE_SIZE)
        with contextlib.suppress(OSError):  # no stamps by the system: those of `receive` then
            made.setsockopt(socket.SOL_SOCKET, _TIMESTAMP_NS, 1)
        self._socket = made
        self._peer = peer

    @property
    def port(self) -> int:
        """Return the UDP port to which it is bound; of a path 0."""
        place = self._socket.getsockname()
        return int(place[1]) if isinstance(place, tuple) else 0

    def is_peer(self, sender: Any) -> bool:
        """Say whether a packet came from where ``send`` sends to."""
        return isinstance(self._peer, str) or sender[:2] == self._peer[:2]

    def send(self, data: bytes, to: Any = None) -> bool:
        """Send a packet if that is possible now; say whether it left."""
        try:
            self._socket.sendto(data, self._peer if to is None else to)
        except OSError:  # nobody there, a full queue, a network that is down: packets get lost
            return False
        return True

    def receive(self) -> tuple[bytes, Any, float] | None:
        """Return the oldest waiting packet, its sender and its arrival; None if there is none.

        The arrival (s, monotonic clock) is when the system got it, not when it was read: a process
        that was stopped for a while sees how old its packets are.
        """
        while True:
            try:
                data, extra, _, sender = self._socket.recvmsg(LARGEST_DATAGRAM, 64)
            except BlockingIOError:
                return None
            except ConnectionError:  # an answer to an earlier `send`: nobody was there
                continue
            except OSError:  # closed by another thread
                return None
            return data, sender, _arrival(extra)

    def close(self) -> None:
        """Close it; twice is once."""
        self._socket.close()


def open_client(address: Address) -> DatagramSocket:
    """Return a socket that talks to a robot.

    Raises:
        RobotFault: If there is no such host.
    """
    if address.host is None:
        made = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        made.bind("")  # Linux chooses a name that vanishes with the process
        return DatagramSocket(made, address.path)
    if address.host == EVERYWHERE:
        address = Address("127.0.0.1", address.port, "")
    family, peer = _resolve(address)
    made = socket.socket(family, socket.SOCK_DGRAM)
    made.bind(("", 0))
    return DatagramSocket(made, peer)


def open_server(address: Address) -> DatagramSocket:
    """Return a socket on which a robot listens; a path that a dead one left behind is replaced.

    Raises:
        RobotFault: If the address is taken or not of this machine.
    """
    try:
        if address.host is None:
            made = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            _remove_unused(address.path)
            made.bind(address.path)
        else:
            family, place = _resolve(address)
            made = socket.socket(family, socket.SOCK_DGRAM)
            made.bind(place)
    except OSError as error:
        raise RobotFault(f"{address}: cannot listen here: {error.strerror or error}") from error
    return DatagramSocket(made)


def _remove_unused(path: str) -> None:
    """Remove a socket on which nobody listens; anything else stays, and binding says so."""
    if not Path(path).is_socket():
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            Path(path).unlink(missing_ok=True)


def _resolve(address: Address) -> tuple[socket.AddressFamily, Any]:
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_DGRAM)
    except OSError as error:
        raise RobotFault(f"{address}: no such host: {error.strerror or error}") from error
    # "localhost" is two places; a robot listens on the older one more often.
    family, *_, place = min(found, key=lambda entry: entry[0] != socket.AF_INET)
    return family, place


def _arrival(extra: list[tuple[int, int, bytes]]) -> float:
    now = time.monotonic()
    for level, kind, data in extra:
        if level == socket.SOL_SOCKET and kind == _TIMESTAMP_NS and len(data) == _TIMESPEC.size:
            seconds, nanoseconds = _TIMESPEC.unpack(data)
            age: float = time.time() - (seconds + 1e-9 * nanoseconds)
            return now - max(0.0, age)
    return now
