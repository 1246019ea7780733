"""gRPC, prepared for a process that starts others."""

from __future__ import annotations

import os
from importlib.util import find_spec

from rl_zoo.errors import MissingDependencyError


def require_grpc(place: str) -> None:
    """Check that gRPC is installed, and keep it out of child processes; call before importing it.

    Left alone it starts its threads again in every forked child, which then writes complaints into
    the pipes of the program that it becomes: a film encoder, say, breaks off.

    Args:
        place: What needs it, as the user typed it.

    Raises:
        MissingDependencyError: If it is not installed.
    """
    if find_spec("grpc") is None or find_spec("google.protobuf") is None:
        raise MissingDependencyError(
            f'{place}: needs the package grpcio: pip install "rl_zoo[databases]"'
        )
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
