"""The robot's own motion controller: it must give up the motors before they are commanded.

Requests and answers are messages on two topics of the service ``motion_switcher``, with JSON
inside. Source: hardware facts 1.2.
"""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass
from typing import Any

from rl_zoo import console
from rl_zoo.errors import RobotFault
from rl_zoo.robots.wire.unitree_dds import Bus, send
from rl_zoo.robots.wire.unitree_idl import MessageTypes

SERVICE = "motion_switcher"
REQUEST_TOPIC = f"rt/api/{SERVICE}/request"
RESPONSE_TOPIC = f"rt/api/{SERVICE}/response"
CHECK_MODE = 1001
RELEASE_MODE = 1003
_ATTEMPTS = 3
_POLL = 0.005  # s
_PAUSE = 0.2
"""Between two requests to release, and before the first: the service must hear of us, s."""
_DEPTH = 10


@dataclass(frozen=True)
class Patience:
    """How long to wait for the motion service, s."""

    sight: float
    """For the first sight of it."""
    answer: float
    """For one answer."""
    release: float
    """For it to give up the motors."""


def release_motors(bus: Bus, types: MessageTypes, patience: Patience) -> None:
    """Let the robot's motion service give up the motors, if there is one.

    Args:
        bus: Of the robot.
        types: In the variant that the robot speaks.
        patience: How long to wait.

    Raises:
        RobotFault: If it keeps them.
    """
    if bus.wait_for(REQUEST_TOPIC, patience.sight, is_writer=False):
        MotionService(bus, types, patience.answer).release(patience.release)
    else:
        console.message(f"no motion service in {bus.place}: a simulator, or it is switched off")


class MotorRelease:
    """``release_motors`` beside the control loop, for a robot that restarted; tries until it works.

    Attributes:
        is_done: Whether the motors are free.
    """

    def __init__(self, bus: Bus, types: MessageTypes, patience: Patience) -> None:
        self.is_done = False
        self._is_given_up = False
        self._thread = threading.Thread(
            target=self._run, args=(bus, types, patience), name="unitree release", daemon=True
        )
        self._thread.start()

    def give_up(self) -> None:
        """Try no further."""
        self._is_given_up = True

    def _run(self, bus: Bus, types: MessageTypes, patience: Patience) -> None:
        while not self._is_given_up and not self.is_done:
            try:
                release_motors(bus, types, patience)
                self.is_done = True
            except RobotFault as fault:
                console.warn(str(fault))


class MotionService:
    """Client of ``motion_switcher``.

    Args:
        bus: Of the robot.
        types: In the variant that the robot speaks.
        time_out: For one answer, s.
    """

    def __init__(self, bus: Bus, types: MessageTypes, time_out: float) -> None:
        self._bus = bus
        self._types = types
        self._time_out = time_out
        self._writer = bus.make_writer(REQUEST_TOPIC, types.request)
        self._reader = bus.make_reader(RESPONSE_TOPIC, types.response, _DEPTH)
        self._last_id = 0

    def release(self, patience: float) -> None:
        """Ask the active motion mode to give up the motors until none is active.

        Args:
            patience: How long it may take, s.

        Raises:
            RobotFault: If a mode stays active, or the service does not answer.
        """
        time.sleep(_PAUSE)
        deadline = time.monotonic() + patience
        while name := self.active_mode():
            if time.monotonic() >= deadline:
                raise RobotFault(
                    f"the robot's motion mode '{name}' was not released within {patience:g} s; "
                    "switch it off in the app or with the remote, then try again"
                )
            console.message(f"releasing the robot's motion mode '{name}'")
            self.call(RELEASE_MODE)
            time.sleep(_PAUSE)

    def active_mode(self) -> str:
        """Return the name of the motion mode that has the motors; empty: none.

        Raises:
            RobotFault: If the service does not answer, or not what it should.
        """
        code, data = self.call(CHECK_MODE)
        try:
            name = json.loads(data)["name"] if code == 0 else None
        except (ValueError, TypeError, KeyError):
            name = None
        if not isinstance(name, str):
            raise RobotFault(
                f"{SERVICE} in {self._bus.place} did not say which motion mode is active "
                f"(code {code}, answer {data!r})"
            )
        return name

    def call(self, api: int, parameter: str = "{}") -> tuple[int, str]:
        """Return status code (0: good) and data that the service answers.

        Raises:
            RobotFault: If it does not answer.
        """
        for _ in range(_ATTEMPTS):
            answer = self._ask(api, parameter)
            if answer is not None:
                return int(answer.header.status.code), str(answer.data)
        raise RobotFault(
            f"{SERVICE} in {self._bus.place} did not answer {_ATTEMPTS} requests "
            f"({api}) within {self._time_out:g} s each"
        )

    def _ask(self, api: int, parameter: str) -> Any:
        types = self._types
        self._last_id = max(self._last_id + 1, time.monotonic_ns())
        identity = types.identity(id=self._last_id, api_id=api)
        policy = types.policy(priority=0, noreply=False)
        header = types.request_header(identity=identity, lease=types.lease(id=0), policy=policy)
        send(self._writer, types.request(header=header, parameter=parameter, binary=[]))
        deadline = time.monotonic() + self._time_out
        while time.monotonic() < deadline:
            for answer in self._reader.take(N=_DEPTH):
                if answer.sample_info.valid_data and answer.header.identity.id == self._last_id:
                    return answer
            time.sleep(_POLL)
        return None
