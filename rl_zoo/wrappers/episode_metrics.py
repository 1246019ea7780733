"""What every episode is measured by beside its return: smoothness, energy, wear, safety."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, SupportsFloat

import gymnasium as gym
import numpy as np
from gymnasium import spaces

from rl_zoo.motion.smoothness import ContinuityMeter
from rl_zoo.robots.wear import MotionMeter, cost_of_transport
from rl_zoo.wrappers.episode_control import DISCARD

METRICS = "episode_metrics"
"""Key in the ``info`` of an episode's last step: its numbers by name."""

_SUMMED_AS = {"cost": "safety/cost"}
_AVERAGED_AS = {"intervention": "safety/intervention_rate"}
_FALL = "fall"


class EpisodeMetricsWrapper(gym.Wrapper[Any, Any, Any, Any]):
    """Measure every episode and put its numbers into ``info["episode_metrics"]`` at its end.

    Sits directly inside Monitor, so that it sees the agent's actions and every end. The names:

    * ``motion/continuity_cost`` of the agent's actions, ``motion/continuity_cost_executed`` of
      those in ``info["action_executed"]``, where action spaces are bounded boxes;
    * ``motion/...`` of a robot, if an inner environment has ``robot_state`` and ``robot_spec``
      (and ``total_mass`` in kg, if it carries a load);
    * ``reward/<term>``, the sum over the episode; ``safety/<limit>``, the mean over its steps;
      ``safety/cost``, the sum; ``safety/intervention_rate``, the share of steps.

    A transition marked ``info["discard"]`` is a gap in time: nothing is measured across it. An
    episode that was cut from outside has its numbers too; ``info["cut"]`` marks it.
    """

    def __init__(self, env: gym.Env[Any, Any]) -> None:
        super().__init__(env)
        self._proposed = _continuity_meter(env.action_space)
        self._executed = _continuity_meter(env.unwrapped.action_space)
        self._totals = _InfoTotals()
        self._motion: _RobotMotion | None = None
        self._has_looked_for_robot = False

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Reset the environment and all measurements."""
        observation, info = self.env.reset(seed=seed, options=options)
        if not self._has_looked_for_robot:  # some have a state only after the first reset
            self._has_looked_for_robot = True
            robot = _find_robot(self.env)
            self._motion = None if robot is None else _RobotMotion(robot)
        for meter in (self._proposed, self._executed, self._motion):
            if meter is not None:
                meter.restart()
        self._totals.restart()
        return observation, info

    def step(self, action: Any) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:
        """Step the environment and measure."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        if info.get(DISCARD):
            self._skip()
        if self._proposed is not None:
            self._proposed.add(action)
        if self._executed is not None and "action_executed" in info:
            self._add_executed(self._executed, info["action_executed"])
        if self._motion is not None:
            self._motion.add(info)
        self._totals.add(info)
        if terminated or truncated:
            info[METRICS] = self._result(info)
        return observation, reward, terminated, truncated, info

    def _skip(self) -> None:
        for meter in (self._proposed, self._executed, self._motion):
            if meter is not None:
                meter.skip()

    def _add_executed(self, meter: ContinuityMeter, action: Any) -> None:
        if np.size(action) == meter.scale.size:
            meter.add(action)

    def _result(self, info: Mapping[str, Any]) -> dict[str, float]:
        metrics: dict[str, float] = {}
        for name, meter in (("", self._proposed), ("_executed", self._executed)):
            if meter is not None and meter.cost is not None:
                metrics[f"motion/continuity_cost{name}"] = meter.cost
        if self._motion is not None:
            metrics.update(self._motion.metrics(info))
        metrics.update(self._totals.metrics())
        return metrics


def mean_metrics(episodes: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Return the mean of each number over the episodes that have it."""
    values: dict[str, list[float]] = {}
    for episode in episodes:
        for name, value in episode.items():
            values.setdefault(name, []).append(value)
    return {name: float(np.mean(numbers)) for name, numbers in values.items()}


class _InfoTotals:
    """Adds up the numbers in ``info`` that have a place among the metrics."""

    def __init__(self) -> None:
        self._names: dict[Any, str | None] = {}
        self.restart()

    def restart(self) -> None:
        self._sums: dict[str, float] = {}
        self._steps = 0

    def add(self, info: Mapping[str, Any]) -> None:
        self._steps += 1
        names, sums = self._names, self._sums
        for key in info:
            if key not in names:
                names[key] = _metric_name(key)
            name = names[key]
            if name is None:
                continue
            try:
                sums[name] = sums.get(name, 0.0) + float(info[key])
            except (TypeError, ValueError):  # not a number: nothing of ours, and no fault
                names[key] = None

    def metrics(self) -> dict[str, float]:
        return {
            name: total / self._steps if _is_mean(name) else total
            for name, total in self._sums.items()
        }


class _RobotMotion:
    """Measures the robot that one of the layers has."""

    def __init__(self, robot: Any) -> None:
        self.robot = robot
        self._meter = MotionMeter(robot.robot_spec)
        self.restart()

    def restart(self) -> None:
        self._meter.restart()
        self._meter.add(self.robot.robot_state)
        self._distance = 0.0
        self._has_speed = False
        self._error_sum, self._n_errors = 0.0, 0

    def skip(self) -> None:
        self._meter.skip()

    def add(self, info: Mapping[str, Any]) -> None:
        elapsed = self._meter.add(self.robot.robot_state)
        speed, error = info.get("forward_speed"), info.get("velocity_error")
        if speed is not None:
            self._has_speed = True
            self._distance += float(speed) * elapsed
        if error is not None:
            self._error_sum += abs(error) if isinstance(error, float) else _size(error)
            self._n_errors += 1

    def metrics(self, info: Mapping[str, Any]) -> dict[str, float]:
        """Return the names of ``MotionMeter`` and speed, cost of transport, falls (0 or 1)."""
        numbers = self._meter.metrics()
        duration = numbers.pop("duration", 0.0)
        if self._has_speed and duration:
            numbers["forward_speed"] = self._distance / duration
            mass = getattr(self.robot, "total_mass", self._meter.spec.mass)
            transport = cost_of_transport(numbers["energy"], mass, self._distance)
            if transport is not None:
                numbers["cost_of_transport"] = transport
        if self._n_errors:
            numbers["velocity_error"] = self._error_sum / self._n_errors
        numbers["falls"] = float(info.get("termination_reason") == _FALL)
        return {f"motion/{name}": value for name, value in numbers.items()}


def _metric_name(key: Any) -> str | None:
    """Return the metric to which a key of ``info`` adds, if any."""
    if not isinstance(key, str):
        return None
    if key.startswith(("reward/", "safety/")):
        return key
    return _SUMMED_AS.get(key) or _AVERAGED_AS.get(key)


def _size(value: Any) -> float:
    return float(np.linalg.norm(value))


def _is_mean(name: str) -> bool:
    return name.startswith("safety/") and name not in _SUMMED_AS.values()


def _continuity_meter(space: spaces.Space[Any]) -> ContinuityMeter | None:
    if not isinstance(space, spaces.Box) or not space.is_bounded() or space.dtype.kind != "f":
        return None
    if not space.shape or not np.all(space.high > space.low):
        return None
    return ContinuityMeter(space.low, space.high)


def _find_robot(env: gym.Env[Any, Any]) -> Any:
    """Return the layer that has a robot, or None."""
    layer: Any = env
    while True:
        if hasattr(layer, "robot_state") and hasattr(layer, "robot_spec"):
            return layer
        if not isinstance(layer, gym.Wrapper):
            return None
        layer = layer.env
