"""Read the phases of a task from what a configuration says."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

import numpy as np

from rl_zoo.errors import ConfigError
from rl_zoo.suggest import did_you_mean
from rl_zoo.wrappers.task_phases import (
    ENDS,
    Condition,
    Constraint,
    FloatArray,
    Phase,
    Quantity,
    Transition,
)


def read_quantities(given: Any, observation_size: int) -> dict[str, Quantity]:
    """Return quantities from ``{name: {observation: i}}`` or ``{name: {info: key}}``.

    Raises:
        ConfigError: If one is neither.
    """
    quantities = {}
    for name, source in _mapping("quantities", given or {}).items():
        where = f"quantities.{name}"
        keys = _mapping(where, source)
        if set(keys) == {"info"}:
            quantities[name] = Quantity(name, "info", str(keys["info"]))
            continue
        index = keys.get("observation")
        if set(keys) != {"observation"} or not _is_index(index):
            raise ConfigError(f"{where}: {source!r} is neither {{observation: i}} nor {{info: k}}")
        if not 0 <= index < observation_size:
            raise ConfigError(f"{where}: the observation has no entry {index}")
        quantities[name] = Quantity(name, "observation", index)
    return quantities


def read_phases(
    given: Any, quantities: Mapping[str, Quantity], n_actions: int, n_inputs: int
) -> tuple[Phase, ...]:
    """Return the phases of a configuration, the first one is the start.

    Raises:
        ConfigError: If one is not valid.
    """
    if not isinstance(given, (list, tuple)) or not given:
        raise ConfigError(f"phases: {given!r} is not a list of phases")
    names = [str(_mapping(f"phases[{i}]", phase).get("name")) for i, phase in enumerate(given)]
    if len(set(names)) < len(names) or "None" in names:
        raise ConfigError(f"phases: each needs a name of its own, these are {', '.join(names)}")
    reader = _PhaseReader(names, quantities, n_actions, n_inputs)
    return tuple(reader.read(phase) for phase in given)


@dataclass(frozen=True)
class _PhaseReader:
    names: Sequence[str]
    quantities: Mapping[str, Quantity]
    n_actions: int
    n_inputs: int

    def read(self, phase: Mapping[str, Any]) -> Phase:
        where = f"phases.{phase['name']}"
        _check_keys(where, phase, ("name", "inputs", "offset", "constraints", "transitions", "end"))
        end = phase.get("end")
        if end is not None and end not in ENDS:
            raise ConfigError(f"{where}.end: '{end}' is unknown; valid: {', '.join(ENDS)}")
        zeros = np.zeros((self.n_actions, self.n_inputs))
        inputs = _array(f"{where}.inputs", phase.get("inputs", zeros), zeros.shape)
        offset = _array(f"{where}.offset", phase.get("offset", zeros[:, 0] * 0.0), zeros.shape[:1])
        return Phase(
            name=str(phase["name"]),
            inputs=inputs,
            offset=offset,
            constraints=tuple(
                self._read_constraint(f"{where}.constraints[{i}]", item)
                for i, item in enumerate(_list(f"{where}.constraints", phase.get("constraints")))
            ),
            transitions=tuple(
                self._read_transition(f"{where}.transitions[{i}]", item)
                for i, item in enumerate(_list(f"{where}.transitions", phase.get("transitions")))
            ),
            end=end,
        )

    def _read_constraint(self, where: str, given: Any) -> Constraint:
        keys = _mapping(where, given)
        _check_keys(where, keys, ("name", "weights", "low", "high", "quantity"))
        weights = keys.get("weights")
        if isinstance(weights, Mapping):
            row = np.zeros(self.n_actions)
            for index, weight in weights.items():
                if not _is_index(index) or not 0 <= index < self.n_actions:
                    raise ConfigError(f"{where}.weights: the action has no entry {index!r}")
                row[index] = _array(f"{where}.weights.{index}", weight, ())
            weights = row
        row = _array(f"{where}.weights", weights, (self.n_actions,))
        if not row.any():
            raise ConfigError(f"{where}.weights: no entry of the action counts")
        low, high = _bounds(where, keys, "low", "high")
        quantity = keys.get("quantity")
        if quantity is not None:
            self._check_quantity(where, quantity)
        name = str(keys.get("name") or quantity or "action")
        return Constraint(name, tuple(row.tolist()), low, high, quantity)

    def _read_transition(self, where: str, given: Any) -> Transition:
        keys = _mapping(where, given)
        _check_keys(where, keys, ("to", "when", "for_steps", "after_steps"))
        if keys.get("to") not in self.names:
            hint = did_you_mean(str(keys.get("to")), self.names)
            raise ConfigError(f"{where}.to: no phase '{keys.get('to')}'{hint}")
        when = keys.get("when")
        conditions = [when] if isinstance(when, Mapping) else _list(f"{where}.when", when)
        steps = {key: keys.get(key, default) for key, default in _STEP_DEFAULTS.items()}
        for key, value in steps.items():
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise ConfigError(f"{where}.{key}: {value!r} is not a whole number from 0 up")
        if not conditions and not steps["after_steps"]:
            raise ConfigError(f"{where}: needs 'when' or 'after_steps'")
        return Transition(
            str(keys["to"]),
            tuple(self._read_condition(f"{where}.when", item) for item in conditions),
            max(1, steps["for_steps"]),
            steps["after_steps"],
        )

    def _read_condition(self, where: str, given: Any) -> Condition:
        keys = _mapping(where, given)
        _check_keys(where, keys, ("quantity", "above", "below"))
        self._check_quantity(where, keys.get("quantity"))
        low, high = _bounds(where, keys, "above", "below")
        return Condition(str(keys["quantity"]), low, high)

    def _check_quantity(self, where: str, name: Any) -> None:
        if not isinstance(name, str) or name not in self.quantities:
            hint = did_you_mean(str(name), self.quantities)
            raise ConfigError(f"{where}.quantity: no quantity '{name}'{hint}")


_STEP_DEFAULTS = {"for_steps": 1, "after_steps": 0}


def _mapping(where: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ConfigError(f"{where}: {value!r} is not a mapping")
    return value


def _list(where: str, value: Any) -> Sequence[Any]:
    if value is None:
        return ()
    if not isinstance(value, (list, tuple)):
        raise ConfigError(f"{where}: {value!r} is not a list")
    return value


def _is_index(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _check_keys(where: str, given: Mapping[str, Any], valid: Sequence[str]) -> None:
    for key in given:
        if key not in valid:
            raise ConfigError(f"{where}.{key}: unknown{did_you_mean(str(key), valid)}")


def _array(where: str, value: Any, shape: tuple[int, ...]) -> FloatArray:
    try:
        array = np.array(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{where}: {value!r} is not an array of numbers") from error
    if array.shape != shape:
        raise ConfigError(f"{where}: has shape {array.shape}, not {shape}")
    if not np.isfinite(array).all():
        raise ConfigError(f"{where}: {value!r} is not finite")
    return array


def _bounds(where: str, keys: Mapping[str, Any], low: str, high: str) -> tuple[float, float]:
    values = []
    for key, default in ((low, -math.inf), (high, math.inf)):
        value = keys.get(key, default)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or math.isnan(value):
            raise ConfigError(f"{where}.{key}: {value!r} is not a number")
        values.append(float(value))
    if not values[0] < values[1]:
        raise ConfigError(f"{where}: {low} {values[0]} is not below {high} {values[1]}")
    if math.isinf(values[0]) and math.isinf(values[1]):
        raise ConfigError(f"{where}: needs '{low}' or '{high}'")
    return values[0], values[1]
