"""What the simulated robot needs of a wire protocol: the robot's end of the bus."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol, runtime_checkable

from rl_zoo.robots.driver import RobotCommand, RobotState


class WireServer(Protocol):
    """The robot's end of a bus: gets commands, sends states. Opens nothing before ``open``."""

    packets: Callable[[float, bytes], None] | None
    """Called with arrival (monotonic clock, s) and bytes of every command packet, refused or not.

    Set before ``open``.
    """

    @property
    def address(self) -> str:
        """Return where a driver finds it, as one short text; complete after ``open``."""
        ...

    @property
    def n_refused(self) -> int:
        """Return how many packets no real board would obey (checksum, size, version, owner)."""
        ...

    def open(self) -> None:
        """Open the bus. After ``close`` it opens again at the same address: a board that restarts.

        Raises:
            RobotFault: If the address is taken or the bus does not exist.
        """
        ...

    def receive(self) -> list[RobotCommand]:
        """Return, oldest first and without waiting, the new commands that a board would obey.

        Not-finite numbers are not the server's business: the body ignores and counts them.
        """
        ...

    def publish(self, state: RobotState) -> None:
        """Send a state, or keep it as the answer to the next query; never fails for want of peers.

        ``state.time`` is simulated time, s; ``state.sequence`` restarts at 0 with the board. Motors
        that ``state.motors_online`` calls absent do not answer where motors answer one by one.
        """
        ...

    def close(self) -> None:
        """Release the bus; may be called twice."""
        ...


@runtime_checkable
class RespondingServer(Protocol):
    """A server whose motors answer queries: it may use the time between two physics steps."""

    def respond(self, deadline: float) -> None:
        """Answer queries until ``deadline`` (monotonic clock, s), then return.

        Commands that come with the queries are kept for the next ``receive``.
        """
        ...


@runtime_checkable
class AcknowledgingServer(Protocol):
    """A server whose states say which command was obeyed."""

    def acknowledge(self, commands: Iterable[RobotCommand]) -> None:
        """Be told which of the received commands the boards got."""
        ...
