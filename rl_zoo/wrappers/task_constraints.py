"""Learn inside the constraints of a task: phases with input mappings, bounds and transitions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, SupportsFloat

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from gymnasium.utils import RecordConstructorArgs
from numpy.typing import NDArray

from rl_zoo.errors import ConfigError
from rl_zoo.wrappers.argument_checks import check_count, check_vector
from rl_zoo.wrappers.episode_control import DISCARD
from rl_zoo.wrappers.task_phase_options import read_phases, read_quantities
from rl_zoo.wrappers.task_phases import (
    TERMINATED,
    TRUNCATED,
    Constraint,
    FloatArray,
    Phase,
    Transition,
    project,
)

Vector = NDArray[Any]


class TaskConstraintsWrapper(gym.Wrapper[Any, Vector, Any, Vector], RecordConstructorArgs):
    """Map the agent's inputs to actions, phase by phase, so that constraints always hold.

    Shared Control Templates: in each phase the inner action is ``offset + inputs @ action``,
    projected to the nearest one that keeps ``low <= quantity + weights . action <= high`` of every
    active constraint. The agent acts in [-1, 1]^n_inputs and sees the phase as a one-hot vector at
    the end of the observation; it cannot learn by violating a constraint.

    ``info``: ``phase`` (name), ``constraint/<name>`` (how far the unconstrained action would have
    been outside, 0 inside), ``constraints_met`` (False where active constraints contradict each
    other), ``action_proposed``, ``action_executed``.

    Args:
        env: Environment with Box observations and actions of one dimension.
        phases: Mappings, the first is the start: ``name``; ``inputs`` (n_actions x n_inputs);
            ``offset`` (n_actions); ``constraints``, each with ``weights`` (a list, or a mapping of
            index to weight), ``low``, ``high``, ``quantity``, ``name``; ``transitions``, each with
            ``to``, ``when`` (``quantity`` and ``above``, ``below``; several: all must hold),
            ``for_steps``, ``after_steps``; ``end`` (``terminated`` or ``truncated``): the episode
            ends when this phase begins.
        n_inputs: Length of the agent's action.
        quantities: Names of numbers, ``{observation: index}`` or ``{info: key}``.

    Raises:
        ConfigError: If a phase is not valid or the environment does not fit.
    """

    def __init__(
        self,
        env: gym.Env[Any, Vector],
        phases: Sequence[Mapping[str, Any]],
        *,
        n_inputs: int,
        quantities: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        RecordConstructorArgs.__init__(
            self, phases=phases, n_inputs=n_inputs, quantities=quantities
        )
        gym.Wrapper.__init__(self, env)
        name = "TaskConstraintsWrapper"
        self._inner = check_vector(name, "action space", env.action_space)
        seen = check_vector(name, "observation space", env.observation_space)
        n_inputs = check_count(f"{name}.n_inputs", n_inputs)
        try:
            self._quantities = read_quantities(quantities, seen.shape[0])
            self.phases = read_phases(phases, self._quantities, self._inner.shape[0], n_inputs)
        except ConfigError as error:
            raise ConfigError([f"{name}.{text}" for text in error.problems]) from error
        self._by_name = {phase.name: phase for phase in self.phases}
        self.action_space = spaces.Box(-1.0, 1.0, (n_inputs,), np.float32)
        self.observation_space = spaces.Box(
            np.concatenate([seen.low, np.zeros(len(self.phases), seen.dtype)]),
            np.concatenate([seen.high, np.ones(len(self.phases), seen.dtype)]),
            dtype=seen.dtype.type,
        )
        self._values: dict[str, float | None] = {}
        self._input = np.zeros(n_inputs)
        self._begin(self.phases[0])

    @property
    def current_action(self) -> FloatArray:
        """Return the last input; zeros at the start of an episode."""
        return self._input.copy()

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Reset the environment and start in the first phase."""
        observation, info = self.env.reset(seed=seed, options=options)
        self._input = np.zeros_like(self._input)
        self._read(observation, info)
        self._begin(self.phases[0])
        info["phase"] = self.phase.name
        return self._observe(observation), info

    def step(self, action: Vector) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:
        """Step the environment with the constrained action; then see whether the phase changes."""
        self._input = np.clip(np.asarray(action, dtype=np.float64), -1.0, 1.0)
        wanted = self.phase.offset + self.phase.inputs @ self._input
        executed, outside, are_met = self._constrain(wanted)
        observation, reward, terminated, truncated, info = self.env.step(executed)
        info.update({f"constraint/{name}": value for name, value in outside.items()})
        info["constraints_met"] = are_met
        self._read(observation, info)
        self._advance()
        info["phase"] = self.phase.name
        if self.phase.end == TERMINATED and not (terminated or info.get(DISCARD)):
            terminated, truncated = True, False  # wins over a time limit in the same step
            info.pop("truncation_reason", None)
            info["termination_reason"] = self.phase.name
        elif self.phase.end == TRUNCATED and not (terminated or truncated):
            truncated = True
            info["truncation_reason"] = self.phase.name
        info["action_proposed"] = action
        info.setdefault("action_executed", executed)
        return self._observe(observation), reward, terminated, truncated, info

    def _begin(self, phase: Phase) -> None:
        self.phase = phase
        self._steps_in_phase = 0
        self._streaks = [0] * len(phase.transitions)

    def _read(self, observation: Any, info: Mapping[str, Any]) -> None:
        for name, quantity in self._quantities.items():
            self._values[name] = quantity.read(observation, info)

    def _advance(self) -> None:
        """Take the first transition that is due."""
        self._steps_in_phase += 1
        for index, transition in enumerate(self.phase.transitions):
            self._streaks[index] = self._streaks[index] + 1 if self._holds(transition) else 0
        for index, transition in enumerate(self.phase.transitions):
            is_long_enough = self._streaks[index] >= transition.for_steps
            if is_long_enough and self._steps_in_phase >= transition.after_steps:
                self._begin(self._by_name[transition.to])
                return

    def _holds(self, transition: Transition) -> bool:
        for condition in transition.conditions:
            value = self._values[condition.quantity]
            if value is None or not condition.low < value < condition.high:
                return False
        return True

    def _constrain(self, wanted: FloatArray) -> tuple[Vector, dict[str, float], bool]:
        """Return the inner action, how far the wanted one was outside, and whether all hold."""
        slabs = [self._slab(constraint) for constraint in self.phase.constraints]
        box = (self._inner.low.astype(np.float64), self._inner.high.astype(np.float64))
        executed = project(wanted, box, slabs).astype(self._inner.dtype)
        outside: dict[str, float] = {}
        are_met = True
        for constraint, slab in zip(self.phase.constraints, slabs, strict=True):
            excess = max(0.0, _excess(wanted, slab))
            outside[constraint.name] = max(excess, outside.get(constraint.name, 0.0))
            are_met = are_met and _excess(executed.astype(np.float64), slab) <= 0.0
        return executed, outside, are_met

    def _slab(self, constraint: Constraint) -> tuple[FloatArray, float, float]:
        value = 0.0
        if constraint.quantity is not None:
            known = self._values[constraint.quantity]
            if known is None:
                raise ConfigError(
                    f"TaskConstraintsWrapper.quantities.{constraint.quantity}: info has no "
                    f"'{self._quantities[constraint.quantity].key}', but the constraint "
                    f"'{constraint.name}' of phase '{self.phase.name}' needs it"
                )
            value = known
        return np.array(constraint.weights), constraint.low - value, constraint.high - value

    def _observe(self, observation: Any) -> Vector:
        place = [phase is self.phase for phase in self.phases]
        return np.concatenate([observation, np.array(place, dtype=self.observation_space.dtype)])


def _excess(action: FloatArray, slab: tuple[FloatArray, float, float]) -> float:
    weights, low, high = slab
    value = float(weights @ action)
    return max(low - value, value - high)
