"""The tasks that can be named in a configuration, and how one is built from plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from rl_zoo.errors import ConfigError, ZooError
from rl_zoo.finite import is_finite_number
from rl_zoo.registry import Registry
from rl_zoo.robots.spec import RobotSpec
from rl_zoo.suggest import did_you_mean
from rl_zoo.tasks.task import Task, TaskOptions, standing_step, weighted

TASKS = Registry(
    "task",
    "rl_zoo.tasks",
    {
        name: f"rl_zoo.tasks.{name}:make_{name}"
        for name in ("walk", "fast", "turn", "omnidirectional", "stand_up")
    },
)
"""Short name -> function of a RobotSpec and TaskOptions that returns a Task."""
OPTION_NAMES = tuple(item.name for item in fields(TaskOptions))
"""What a configuration can say about a task."""
_COMMANDS = ("vx", "vy", "yaw_rate")


def make_task(name: str, spec: RobotSpec, given: Mapping[str, Any]) -> Task:
    """Build a task from plain values, as a configuration file gives them.

    Args:
        name: Short name, or ``package.module:function`` of a third party's.
        spec: The robot.
        given: Values by name of a field of ``TaskOptions``.

    Raises:
        ConfigError: All problems at once: a weight without a term, a value that is not a number; or
            what is called ``name`` gives no task of which a step can be judged.
    """
    problems = [*_number_problems(given), *_range_problems(given.get("command_ranges", {}))]
    weights = given.get("reward_weights") or {}
    terms = sorted(_build(name, spec, TaskOptions()).weights)
    if not isinstance(weights, Mapping):
        problems.append(f"reward_weights: must map terms to weights, not {weights!r}")
    else:
        problems += _weight_problems(weights, terms)
    if problems:
        raise ConfigError(problems)
    ranges = {key: (low, high) for key, (low, high) in given.get("command_ranges", {}).items()}
    numbers = {key: given[key] for key in ("target_speed", "target_yaw_rate") if key in given}
    options = TaskOptions(**numbers, command_ranges=ranges, reward_weights=dict(weights))
    return _build(name, spec, options)


def _build(name: str, spec: RobotSpec, options: TaskOptions) -> Task:
    """Return the task, and judge one step of a standing robot: a mistake shows before training."""
    function = TASKS.load(name)
    try:
        task = function(spec, options)
        if not isinstance(task, Task):
            raise ConfigError(f"'{name}' gives no rl_zoo.tasks.task.Task but {task!r}")
        command = task.sample_command(np.random.default_rng(0))
        weighted(task, {**task.reward_terms(standing_step(spec, command)), "fall": 0.0})
    except ZooError:
        raise
    # A third party's function may raise anything; the user must learn whose fault it is.
    except Exception as error:
        raise ConfigError(f"'{name}' makes no task: {type(error).__name__}: {error}") from error
    return task


def _number_problems(given: Mapping[str, Any]) -> list[str]:
    speed, rate = given.get("target_speed"), given.get("target_yaw_rate")
    problems = []
    if speed is not None and not (is_finite_number(speed) and speed > 0.0):
        problems.append(f"target_speed: must be a positive number of m/s, not {speed!r}")
    if rate is not None and not (is_finite_number(rate) and rate != 0.0):
        problems.append(f"target_yaw_rate: must be a number of rad/s other than 0, not {rate!r}")
    return problems


def _weight_problems(weights: Mapping[Any, Any], terms: list[str]) -> list[str]:
    problems = [
        f"reward_weights: no reward term '{name}'{did_you_mean(str(name), terms)}"
        for name in weights
        if name not in terms
    ]
    problems += [
        f"reward_weights.{name}: must be a finite number, not {value!r}"
        for name, value in weights.items()
        if not is_finite_number(value)
    ]
    return problems


def _range_problems(ranges: object) -> list[str]:
    if not isinstance(ranges, Mapping):
        return [f"command_ranges: must map {', '.join(_COMMANDS)} to [low, high], not {ranges!r}"]
    problems = []
    for name, value in ranges.items():
        if name not in _COMMANDS:
            hint = did_you_mean(str(name), _COMMANDS)
            problems.append(f"command_ranges.{name}: no such command{hint}")
        is_pair = isinstance(value, (list, tuple)) and len(value) == 2
        if not is_pair or not all(map(is_finite_number, value)) or value[0] > value[1]:
            problems.append(f"command_ranges.{name}: must be [low, high], not {value!r}")
    return problems
