"""The wire protocols that the simulated robot speaks."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from rl_zoo.errors import ConfigError
from rl_zoo.registry import Registry, check_keywords
from rl_zoo.robots.simulated.wire_server import WireServer
from rl_zoo.robots.spec import RobotSpec

SERVERS = Registry(
    "protocol",
    "rl_zoo.wire_servers",
    {
        "moteus": "rl_zoo.robots.simulated.moteus_server:MoteusServer",
        "remote": "rl_zoo.robots.simulated.remote_server:RemoteServer",
        "unitree": "rl_zoo.robots.simulated.unitree_server:UnitreeServer",
    },
)
"""Short name -> class of a ``WireServer``."""


def make_server(
    protocol: str,
    spec: RobotSpec,
    options: Mapping[str, Any] | None = None,
    *,
    known: Mapping[str, Any] | None = None,
) -> WireServer:
    """Make the robot's end of a bus; nothing is opened before its ``open``.

    Args:
        protocol: As in ``--protocol remote``.
        spec: The robot.
        options: Keywords of the server.
        known: What is given to a server only if it has such a keyword (rate, watchdog).

    Raises:
        ConfigError: If the protocol or an option does not exist or has no meaning.
        MissingDependencyError: If a package that the protocol needs is not installed.
    """
    server_class = SERVERS.load(protocol)
    problems = check_keywords(server_class, options or {}, "--protocol-options", positional=1)
    if problems:
        raise ConfigError(problems)
    accepted = inspect.signature(server_class).parameters
    extra = {name: value for name, value in (known or {}).items() if name in accepted}
    server: WireServer = server_class(spec, **{**extra, **(options or {})})
    return server
