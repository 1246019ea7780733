"""Faults at run time: JSON over a Unix datagram socket, and the client that sends them."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rl_zoo.errors import ConfigError, RobotFault, ZooError

_LARGEST = 65536  # bytes
_AT_ONCE = 16  # requests per call: a flood must not stop the robot


class FaultSocket:
    """Listens for requests ``{"do": name, ...}`` and answers each with one JSON object.

    Args:
        path: Of the socket. A socket that a dead program left is replaced.

    Raises:
        RobotFault: If another program listens there, or no socket can be made there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.is_socket():
                if _is_answered(path):
                    raise RobotFault(f"another simulated robot listens at {path}; use --socket")
                path.unlink()
            self._socket.bind(str(path))
        except OSError as error:
            self._socket.close()
            raise RobotFault(f"no socket for faults at {path}: {error.strerror}") from error
        except RobotFault:
            self._socket.close()
            raise

    def serve(self, answer: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> None:
        """Answer what has come in, without waiting."""
        for _ in range(_AT_ONCE):
            try:
                data, sender = self._socket.recvfrom(_LARGEST)
            except OSError:  # nothing more
                return
            try:
                request = json.loads(data)
                if not isinstance(request, dict):
                    raise ConfigError(f"not a JSON object: {request!r}")
                reply = {"ok": True, **answer(request)}
            except ValueError as error:
                reply = {"ok": False, "error": f"not JSON: {error}"}
            except ZooError as error:
                reply = {"ok": False, "error": str(error)}
            if sender:
                with contextlib.suppress(OSError):  # whoever asked is gone
                    self._socket.sendto(json.dumps(reply).encode(), sender)

    def close(self) -> None:
        """Stop listening and remove the socket."""
        self._socket.close()
        self.path.unlink(missing_ok=True)


def ask(path: str | Path, request: Mapping[str, Any], *, timeout: float = 5.0) -> dict[str, Any]:
    """Send a request to a simulated robot and return its answer.

    Args:
        path: Of its socket.
        request: ``{"do": "inject", "fault": name, key: value, ...}``, ``{"do": "clear"}`` (ends all
            faults) or ``{"do": "status"}``.
        timeout: Time to wait for the answer, s.

    Raises:
        RobotFault: If no simulated robot answers there.
        ConfigError: If it refuses the request.
    """
    with tempfile.TemporaryDirectory() as folder, _client(Path(folder) / "answer") as client:
        client.settimeout(timeout)
        try:
            client.sendto(json.dumps(request).encode(), str(path))
            reply: dict[str, Any] = json.loads(client.recv(_LARGEST))
        except OSError as error:
            raise RobotFault(f"no simulated robot answers at {path}: {error}") from error
    if not reply.pop("ok"):
        raise ConfigError(str(reply["error"]))
    return reply


def inject(path: str | Path, fault: str, **values: Any) -> int:
    """Let a fault begin now on the simulated robot that listens at ``path``; return its number.

    Args:
        path: Of its socket.
        fault: Of ``FAULT_KINDS``.
        **values: Parameters and ``duration``.

    Raises:
        RobotFault: If no simulated robot answers there.
        ConfigError: If there is no such fault or parameter.
    """
    return int(ask(path, {"do": "inject", "fault": fault, **values})["number"])


def default_path(robot: str) -> Path:
    """Return where a simulated robot listens unless told otherwise: one path per user and robot."""
    base = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    return Path(base) / f"rl_zoo_{os.getuid()}" / f"simulated_{robot}.sock"


@contextlib.contextmanager
def _client(path: Path) -> Any:
    client = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        client.bind(str(path))
        yield client
    finally:
        client.close()


def _is_answered(path: Path) -> bool:
    """Say whether a living program listens at ``path``."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True
