"""CAN-FD frames through python-can, without waiting."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from rl_zoo.errors import ConfigError, MissingDependencyError, RobotFault
from rl_zoo.suggest import did_you_mean

_OLDEST = 3600.0  # s: an interface whose stamps are older counts from somewhere else


class CanBus:
    """One bus.

    Args:
        interface: As python-can calls it: ``socketcan``, ``udp_multicast``, ...
        channel: ``can0``, or the group of ``udp_multicast``.
        options: Further keywords of ``can.Bus``.

    Raises:
        ConfigError: If python-can knows no such interface.
        MissingDependencyError: If python-can, or what it needs, is not installed.
        RobotFault: If there is no such bus.
    """

    def __init__(self, interface: str, channel: str, options: Mapping[str, Any]) -> None:
        try:
            import can

            if interface == "udp_multicast":
                import msgpack  # noqa: F401
        except ModuleNotFoundError as error:
            missing = "msgpack" if error.name == "msgpack" else "python-can"
            raise MissingDependencyError(
                f'CAN needs {missing}: pip install "rl_zoo[moteus]"'
            ) from error
        if interface not in can.VALID_INTERFACES:
            known = sorted(can.VALID_INTERFACES)
            raise ConfigError(
                f"bus: no CAN interface '{interface}'{did_you_mean(interface, known)}"
            )
        self.name = f"{interface} {channel}"
        self.n_unsent = 0
        self._can = can
        given = {"interface": interface, "channel": channel, "fd": True, **options}
        try:
            self._bus = can.Bus(**given, ignore_config=True)
        except (can.CanError, OSError, ValueError, TypeError, NotImplementedError) as error:
            raise RobotFault(f"{self.name}: the bus does not open: {error}") from error

    def send(self, arbitration_id: int, data: bytes) -> None:
        """Send a frame now; one that does not fit into the queue is lost and counted."""
        message = self._can.Message(
            arbitration_id=arbitration_id,
            is_extended_id=arbitration_id > 0x7FF,
            data=data,
            is_fd=True,
            bitrate_switch=True,
        )
        try:
            self._bus.send(message)
        except (self._can.CanError, OSError, ValueError):  # ValueError: closed meanwhile
            self.n_unsent += 1

    def receive(self, wait: float = 0.0) -> tuple[int, bytes, float] | None:
        """Return the oldest waiting frame with its arrival (s, monotonic clock), or None.

        Args:
            wait: How long to wait for one, s.
        """
        try:
            message = self._bus.recv(wait)
        except (self._can.CanError, OSError, ValueError):  # the interface went down
            return None
        if message is None or message.is_error_frame:
            return None
        age = time.time() - message.timestamp
        arrival = time.monotonic() - (age if 0.0 < age < _OLDEST else 0.0)
        return message.arbitration_id, bytes(message.data), arrival

    def close(self) -> None:
        """Release the bus; twice is once."""
        self._bus.shutdown()
