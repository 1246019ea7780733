"""The drivers that can be named in a configuration: ours, and those of installed third parties."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rl_zoo.errors import ConfigError
from rl_zoo.registry import Registry, check_keywords
from rl_zoo.robots.driver import Driver
from rl_zoo.robots.spec import RobotSpec

DRIVERS = Registry(
    "driver",
    "rl_zoo.robots",
    {
        "mock": "rl_zoo.robots.drivers.mock:MockDriver",
        "moteus": "rl_zoo.robots.drivers.moteus:MoteusDriver",
        "remote": "rl_zoo.robots.drivers.remote:RemoteDriver",
        "replay": "rl_zoo.robots.drivers.replay:ReplayDriver",
        "sim": "rl_zoo.robots.drivers.sim:SimDriver",
        "unitree": "rl_zoo.robots.drivers.unitree:UnitreeDriver",
    },
)
"""Short name -> class of a driver. The entry-point group also holds robots (RobotSpec)."""


def load_driver(name: str) -> Callable[..., Driver]:
    """Return what makes drivers called ``name``.

    Raises:
        ConfigError: If there is none, or the name is a robot's.
        MissingDependencyError: If a package that the driver needs is not installed.
    """
    found = DRIVERS.load(name)
    if isinstance(found, RobotSpec):
        raise ConfigError(f"driver: '{name}' is a robot, not a driver")
    factory: Callable[..., Driver] = found
    return factory


def driver_problems(name: str, options: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the keywords of a driver, without opening anything.

    Raises:
        ConfigError: If there is no such driver.
    """
    return check_keywords(load_driver(name), options, "driver_options", positional=1)


def make_driver(name: str, spec: RobotSpec, options: Mapping[str, Any] | None = None) -> Driver:
    """Make a driver; nothing is opened before its ``connect``.

    Args:
        name: As in ``driver: unitree``.
        spec: The robot.
        options: Keywords of the driver.

    Raises:
        ConfigError: If the driver or an option does not exist or has no meaning.
        MissingDependencyError: If a package that the driver needs is not installed.
    """
    problems = driver_problems(name, options or {})
    if problems:
        raise ConfigError(problems)
    return load_driver(name)(spec, **(options or {}))
