"""A recorded session in place of a robot: its states at their times, then silence."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from pathlib import Path

import numpy as np

from rl_zoo.errors import ConfigError
from rl_zoo.robots.clock import Clock, MonotonicClock, VirtualClock
from rl_zoo.robots.driver import (
    Capabilities,
    RobotCommand,
    RobotState,
    check_command,
    damping_command,
)
from rl_zoo.robots.recording.session_file import Session, read_session
from rl_zoo.robots.spec import RobotSpec
from rl_zoo.suggest import did_you_mean

_N_KEPT = 100_000  # newest commands that are kept: minutes at any rate


class ReplayDriver:
    """Play a session of ``rl_zoo robot record``; commands change nothing and are kept.

    Args:
        spec: The robot; it must be the recorded one.
        file: The session.
        realtime: Play at the computer's clock; False: at a virtual one, as fast as it is asked.

    Raises:
        ConfigError: If there is no such file or it is of a robot with other joints.
        DamagedFileError: If it is no session.
    """

    def __init__(self, spec: RobotSpec, *, file: str, realtime: bool = False) -> None:
        if not isinstance(realtime, bool):
            raise ConfigError(f"driver_options.realtime: {realtime!r} is neither true nor false")
        self.spec = spec
        self._session = _session_of(spec, str(file))
        self._times = self._session.times
        start = float(self._times[0])
        self._realtime = realtime
        self.clock: Clock = MonotonicClock() if realtime else VirtualClock(start)
        self._offset = 0.0
        self._index: int | None = None
        self._newest: RobotState | None = None
        self._is_open = False
        header = self._session.header
        self.capabilities = Capabilities(
            state_rate=header.state_rate,
            measures=frozenset(header.measures),
            has_command_watchdog=True,  # nothing moves, whatever is sent or not
        )
        self.written: deque[tuple[float, RobotCommand]] = deque(maxlen=_N_KEPT)
        """Commands and the time of each on ``clock``, s."""

    def connect(self) -> None:
        """Start the session from its first sample."""
        self._offset = self.clock.now() - float(self._times[0])
        self._index = None
        self._is_open = True
        self.read()

    def read(self) -> RobotState | None:
        """Return the newest sample that was recorded up to now."""
        if self._is_open:
            now = self.clock.now() - self._offset
            index = max(int(np.searchsorted(self._times, now + 1e-9, side="right")) - 1, 0)
            if index != self._index:
                self._index = index
                state = self._session.state(index)
                self._newest = replace(state, time=state.time + self._offset)
        return self._newest

    def write(self, command: RobotCommand) -> None:
        """Keep a command in ``written``.

        Raises:
            RobotFault: If it is not finite or of the wrong size.
        """
        check_command(command, self.spec.n_joints)
        if self._is_open:
            self.written.append((self.clock.now(), command))

    def stop(self) -> None:
        """Keep a damping command in ``written``."""
        if self._newest is not None and self._is_open:
            self.written.append(
                (self.clock.now(), damping_command(self._newest, np.array(self.spec.kd)))
            )

    def close(self) -> None:
        """End the session: the last sample stays and grows old."""
        self._is_open = False

    @property
    def is_at_end(self) -> bool:
        """Return whether the last sample has been played."""
        return self._index == len(self._session) - 1


def _session_of(spec: RobotSpec, file: str) -> Session:
    session = read_session(Path(file).expanduser())
    recorded = session.header.joints
    if recorded != spec.joint_names:
        what = f"{file}: is a session of '{session.header.robot}', not of '{spec.name}'"
        if set(recorded) == set(spec.joint_names):
            what = f"{file}: its joints are in another order than those of '{spec.name}'"
        missing = next((name for name in recorded if name not in spec.joint_names), None)
        hint = (
            ""
            if missing is None
            else f" (joint '{missing}'" + (f"{did_you_mean(missing, spec.joint_names)})")
        )
        raise ConfigError(f"driver_options.file: {what}{hint}")
    return session
