"""What ``env_kwargs`` can say about a robot environment: one place that reads and checks it all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from rl_zoo.errors import ConfigError
from rl_zoo.registry import Registry
from rl_zoo.robots.catalog import ROBOTS
from rl_zoo.robots.simulation import (
    SimulationOptions,
    number,
    read_ranges,
    read_simulation_options,
)
from rl_zoo.robots.spec import RobotSpec
from rl_zoo.suggest import did_you_mean
from rl_zoo.tasks.catalog import OPTION_NAMES as TASK_OPTIONS
from rl_zoo.tasks.catalog import TASKS, make_task
from rl_zoo.tasks.task import Task

ESTIMATED, TRUE, NONE = "estimated", "true", "none"
RENDER_MODES = ("rgb_array",)
SIMULATION_OPTIONS = tuple(item.name for item in fields(SimulationOptions))
"""Every field of ``SimulationOptions``."""
_OWN_OPTIONS = (
    "robot",
    "render_mode",
    "task",
    "randomize",
    "reset_noise",
    "observe_contacts",
    "observe_velocity",
    "reward_velocity",
)
OPTION_NAMES = (*_OWN_OPTIONS, *TASK_OPTIONS, *SIMULATION_OPTIONS)
"""Every key of ``env_kwargs`` that a robot environment takes."""
EXCHANGEABLE = (
    "task",
    "reset_noise",
    "observe_contacts",
    "observe_velocity",
    "reward_velocity",
    *TASK_OPTIONS,
)
"""Those that an open environment can take others of: they change no robot and no simulation."""


@dataclass(frozen=True)
class RobotEnvOptions:
    """Everything a robot environment is made of."""

    spec: RobotSpec
    task: Task
    simulation: SimulationOptions
    randomize: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Ranges from which the simulation is drawn anew for every episode."""
    reset_noise: float = 0.05
    """Largest error of each joint at the start of an episode, rad."""
    observe_contacts: bool = True
    """Whether the policy sees which feet stand."""
    observe_velocity: str = NONE
    """Speed over ground in the observation: ``none``, ``estimated`` or ``true`` (privileged)."""
    reward_velocity: str = ESTIMATED
    """Speed over ground in the reward: ``estimated`` on board, or ``true`` (privileged)."""
    render_mode: str | None = None


def read_options(given: Mapping[str, Any]) -> RobotEnvOptions:
    """Build the options from plain values, as a configuration file gives them; None is unset.

    Raises:
        ConfigError: All problems at once, each starting with the option's name.
    """
    given = {name: value for name, value in given.items() if value is not None or name == "robot"}
    problems = [
        f"{name}: unknown keyword{did_you_mean(name, OPTION_NAMES)}"
        for name in given
        if name not in OPTION_NAMES
    ]
    try:
        spec = _spec(given.get("robot", "bert"))
    except ConfigError as error:
        raise ConfigError([*problems, *error.problems]) from error
    parts: dict[str, Any] = {}
    readers: dict[str, Callable[[], Any]] = {
        "task": lambda: _task(given, spec),
        "simulation": lambda: read_simulation_options(_chosen(given, SIMULATION_OPTIONS), spec),
        "randomize": lambda: read_ranges(given.get("randomize", {}), spec),
        "reset_noise": lambda: number("reset_noise", given.get("reset_noise", 0.05), 0, 1, "rad"),
        "observe_contacts": lambda: _truth_value(given, "observe_contacts", True),
        "observe_velocity": lambda: _choice(given, "observe_velocity", (NONE, ESTIMATED, TRUE)),
        "reward_velocity": lambda: _choice(given, "reward_velocity", (ESTIMATED, TRUE)),
        "render_mode": lambda: _render_mode(given),
    }
    for name, read in readers.items():
        try:
            parts[name] = read()
        except ConfigError as error:
            problems += error.problems
    problems += [
        f"randomize.{name}: would replace the {name} given by leg or joint; give one of them"
        for name in parts.get("randomize", ())
        if isinstance(given.get(name), Mapping)
    ]
    if problems:
        raise ConfigError(problems)
    return RobotEnvOptions(spec, **parts)


def differing(one: Mapping[str, Any], two: Mapping[str, Any]) -> set[str]:
    """Return the names under which two mappings of plain values differ."""
    return {name for name in {*one, *two} if one.get(name) != two.get(name)}


def _spec(name: object) -> RobotSpec:
    spec = _load("robot", ROBOTS, name)
    if not isinstance(spec, RobotSpec):
        raise ConfigError(f"robot: '{name}' is no rl_zoo.robots.spec.RobotSpec but {spec!r}")
    return spec


def _task(given: Mapping[str, Any], spec: RobotSpec) -> Task:
    name = given.get("task", "walk")
    _load("task", TASKS, name)
    return make_task(name, spec, _chosen(given, TASK_OPTIONS))


def _load(key: str, registry: Registry, name: object) -> Any:
    if not isinstance(name, str):
        raise ConfigError(f"{key}: must be a name, not {name!r}")
    try:
        return registry.load(name)
    except ConfigError as error:
        raise ConfigError([f"{key}: {text}" for text in error.problems]) from error


def _chosen(given: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: given[name] for name in names if name in given}


def _choice(given: Mapping[str, Any], name: str, valid: tuple[str, ...]) -> str:
    value = given.get(name, valid[0])
    text = str(value).lower()  # YAML reads true and none as no strings
    if text not in valid:
        raise ConfigError(f"{name}: '{value}' is none of {', '.join(valid)}")
    return text


def _truth_value(given: Mapping[str, Any], name: str, default: bool) -> bool:
    value = given.get(name, default)
    if not isinstance(value, bool):
        raise ConfigError(f"{name}: must be true or false, not {value!r}")
    return value


def _render_mode(given: Mapping[str, Any]) -> str | None:
    mode = given.get("render_mode")
    if mode not in (None, *RENDER_MODES):
        raise ConfigError(f"render_mode: '{mode}' is unknown; valid: {', '.join(RENDER_MODES)}")
    return mode
