"""How far apart two samples are on the robot's own clock, of which only a counter is known."""

from __future__ import annotations

from rl_zoo.robots.driver import RobotState

_SHORTEST, _LONGEST = 1.0, 20.0
"""Time over which the counter is compared with the arrivals, s."""
_UNSEEN = 0.5
"""Time without a sample in which the robot may have restarted and counted on beyond before, s."""


class RobotTime:
    """Learns how fast the robot's counter counts, in samples or in milliseconds.

    When a delay on the way shrinks, samples arrive closer together than they were taken: only the
    counter tells that the robot went on for longer than it seems.
    """

    def __init__(self) -> None:
        self._anchors: list[tuple[float, int]] = []
        self._newest = 0.0, 0
        self._rate = 0.0

    def see(self, state: RobotState) -> None:
        """Take a sample; to be called often, in the order of arrival."""
        if state.sequence is None:
            return
        time, sequence = self._newest
        if state.sequence < sequence or state.time - time > _UNSEEN:  # it restarted, or may have
            self._anchors.clear()
        self._newest = state.time, state.sequence
        if not self._anchors or state.time - self._anchors[-1][0] >= _SHORTEST:
            self._anchors.append((state.time, state.sequence))
        if len(self._anchors) > 2 and state.time - self._anchors[1][0] >= _LONGEST:
            del self._anchors[0]
        time, sequence = self._anchors[0]
        if state.time - time >= _SHORTEST:
            self._rate = (state.sequence - sequence) / (state.time - time)

    def between(self, first: RobotState, second: RobotState) -> float:
        """Return the time between two samples, s: by arrival or by counter, what is longer.

        Args:
            first: The earlier one, negative if it came later.
            second: The later one.
        """
        arrivals = second.time - first.time
        if self._rate <= 0.0 or first.sequence is None or second.sequence is None:
            return arrivals
        counted = (second.sequence - first.sequence) / self._rate
        return max(arrivals, counted) if arrivals >= 0.0 else arrivals
