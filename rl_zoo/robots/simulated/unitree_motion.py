"""The motion service of a simulated Unitree robot: has the motors until it is asked for them."""

from __future__ import annotations

import json
from typing import Any

from rl_zoo.robots.wire.unitree_dds import Bus, send
from rl_zoo.robots.wire.unitree_idl import MessageTypes
from rl_zoo.robots.wire.unitree_service import (
    CHECK_MODE,
    RELEASE_MODE,
    REQUEST_TOPIC,
    RESPONSE_TOPIC,
)

_DEPTH = 10
_UNKNOWN_API = 3203  # what the vendor's own server answers to a request that it does not know


class MotionResponder:
    """Answers ``motion_switcher``.

    Args:
        bus: Of the robot.
        types: In its variant.
        mode: Motion mode that is active at first.

    Attributes:
        mode: Name of the active motion mode; empty: the motors are free.
    """

    def __init__(self, bus: Bus, types: MessageTypes, mode: str = "normal") -> None:
        self.mode = mode
        self._types = types
        self._reader = bus.make_reader(REQUEST_TOPIC, types.request, _DEPTH)
        self._writer = bus.make_writer(RESPONSE_TOPIC, types.response)

    def answer(self) -> None:
        """Answer the requests that have come, without waiting."""
        for request in self._reader.take(N=_DEPTH):
            if request.sample_info.valid_data:
                self._answer(request)

    def _answer(self, request: Any) -> None:
        api, types = request.header.identity.api_id, self._types
        code, data = 0, ""
        if api == CHECK_MODE:
            data = json.dumps({"form": "0", "name": self.mode})
        elif api == RELEASE_MODE:
            self.mode = ""
        else:
            code = _UNKNOWN_API
        if request.header.policy.noreply:
            return
        status = types.status(code=code)
        header = types.response_header(identity=request.header.identity, status=status)
        send(self._writer, types.response(header=header, data=data, binary=[]))
