"""What ``env_kwargs`` can say about the environment of a robot that is driven over a bus."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rl_zoo.envs.operator import OperatorSettings, read_operator_settings
from rl_zoo.envs.reset_settings import ResetSettings, read_reset_settings
from rl_zoo.envs.robot_options import (
    EXCHANGEABLE,
    NONE,
    SIMULATION_OPTIONS,
    TRUE,
    RobotEnvOptions,
    read_options,
)
from rl_zoo.envs.robot_options import OPTION_NAMES as SHARED_OPTIONS
from rl_zoo.errors import ConfigError
from rl_zoo.finite import is_finite_number
from rl_zoo.robots.control.read_settings import read_control_settings
from rl_zoo.robots.control.settings import ControlSettings
from rl_zoo.robots.drivers.catalog import driver_problems
from rl_zoo.robots.simulation import read_simulation_options
from rl_zoo.suggest import did_you_mean
from rl_zoo.tasks.task import LYING

SIMULATED = "sim"
"""The driver that takes the options of the simulation."""
OWN_OPTIONS = (
    "driver",
    "driver_options",
    "control",
    "reset",
    "operator",
    "max_gap",
    "run_folder",
)
ONLY_SIMULATED = ("randomize", "reset_noise", *SIMULATION_OPTIONS)
"""Options of ``RobotEnv`` that a robot has no use for."""
_SHARED = tuple(name for name in SHARED_OPTIONS if name not in ONLY_SIMULATED)
OPTION_NAMES = (*OWN_OPTIONS, *_SHARED)
EXCHANGEABLE_ON_A_ROBOT = (*EXCHANGEABLE, "max_gap")
"""Options that can be changed while the control loop goes on."""


@dataclass(frozen=True)
class RealRobotOptions:
    """Everything the environment of a robot is made of."""

    shared: RobotEnvOptions
    """Robot, task, observation, reward."""
    control: ControlSettings
    driver: str
    driver_options: Mapping[str, Any] = field(default_factory=dict)
    reset: ResetSettings = field(default_factory=ResetSettings)
    operator: OperatorSettings = field(default_factory=OperatorSettings)
    max_gap: float = 2.5
    """Largest time between the two samples of a transition, control periods."""
    run_folder: Path | None = None
    """Where the operator's control file and the flight recorder's files go."""


def read_real_options(given: Mapping[str, Any]) -> RealRobotOptions:
    """Build the options from plain values, as a configuration file gives them; None is unset.

    Raises:
        ConfigError: All problems at once, each starting with the option's name.
        MissingDependencyError: If a package that the driver needs is not installed.
    """
    given = {name: value for name, value in given.items() if value is not None}
    driver = given.get("driver", "remote")
    problems = _name_problems(given, driver)
    shared: RobotEnvOptions | None = None
    parts: dict[str, Any] = {}
    try:
        shared = read_options({name: given[name] for name in _SHARED if name in given})
        problems += _task_problems(shared)
    except ConfigError as error:
        problems += error.problems
    readers: dict[str, Callable[[], Any]] = {
        "driver_options": lambda: _driver_options(driver, given, shared),
        "reset": lambda: read_reset_settings(given.get("reset", {})),
        "operator": lambda: read_operator_settings(given.get("operator", {})),
        "max_gap": lambda: _max_gap(given.get("max_gap", 2.5)),
        "run_folder": lambda: Path(given["run_folder"]) if "run_folder" in given else None,
    }
    if shared is not None:
        spec = shared.spec
        readers["control"] = lambda: read_control_settings(given.get("control", {}), spec)
    for name, read in readers.items():
        try:
            parts[name] = read()
        except ConfigError as error:
            problems += error.problems
    if problems or shared is None:
        raise ConfigError(problems)
    return RealRobotOptions(shared=shared, driver=driver, **parts)


def _name_problems(given: Mapping[str, Any], driver: object) -> list[str]:
    problems = []
    for name in given:
        if name in OPTION_NAMES or (driver == SIMULATED and name in SIMULATION_OPTIONS):
            continue
        if name in ONLY_SIMULATED:
            problems.append(f"{name}: only a simulation has it; leave it out on a robot")
        else:
            problems.append(f"{name}: unknown keyword{did_you_mean(name, OPTION_NAMES)}")
    return problems


def _task_problems(shared: RobotEnvOptions) -> list[str]:
    problems = [
        f"{name}: 'true' is known to a simulation only; use estimated"
        for name in ("observe_velocity", "reward_velocity")
        if getattr(shared, name) == TRUE
    ]
    if shared.task.start == LYING:
        problems.append(
            f"task: '{shared.task.name}' starts on the floor, which is for the simulation only: "
            "the control loop stands a robot up by itself"
        )
    if shared.render_mode is not None:
        problems.append("render_mode: a robot cannot be rendered; leave it out")
    return problems


def _driver_options(
    driver: object, given: Mapping[str, Any], shared: RobotEnvOptions | None
) -> dict[str, Any]:
    if not isinstance(driver, str):
        raise ConfigError(f"driver: must be a name, not {driver!r}")
    options = given.get("driver_options", {})
    if not isinstance(options, Mapping):
        raise ConfigError(f"driver_options: must be a mapping of names to values, not {options!r}")
    merged = dict(options)
    if driver == SIMULATED:
        world = {name: given[name] for name in SIMULATION_OPTIONS if name in given}
        if shared is not None:
            read_simulation_options(world, shared.spec)
        merged = {**world, **merged}
    try:
        problems = driver_problems(driver, merged)
    except ConfigError as error:
        raise ConfigError([_named("driver", text) for text in error.problems]) from error
    if problems:
        raise ConfigError(problems)
    return merged


def _named(key: str, text: str) -> str:
    return text if text.startswith(key) else f"{key}: {text}"


def _max_gap(value: object) -> float:
    if not is_finite_number(value) or not value > 1.0:
        raise ConfigError(f"max_gap: must be more than 1 control period, not {value!r}")
    return float(value)


def without_simulation(kwargs: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return the keywords of a simulated environment that a robot's takes, and those left out."""
    left_out = [name for name in kwargs if name in ONLY_SIMULATED]
    kept = {name: value for name, value in kwargs.items() if name not in ONLY_SIMULATED}
    for name in ("observe_velocity", "reward_velocity"):
        if str(kept.get(name, NONE)).lower() == TRUE:
            kept[name] = "estimated"
            left_out.append(f"{name}: true")
    return kept, left_out
