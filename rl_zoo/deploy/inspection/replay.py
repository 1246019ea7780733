"""Replay the steps that were recorded when a bundle was made, to see that it does the same here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rl_zoo.deploy.layer import Observation
from rl_zoo.deploy.metadata import Metadata
from rl_zoo.deploy.runtime import Policy
from rl_zoo.deploy.tolerance import LARGEST_ERROR, allowed_errors
from rl_zoo.errors import DamagedFileError
from rl_zoo.robots.driver import RobotState

_DAMAGE = (KeyError, IndexError, TypeError, ValueError, AttributeError, ArithmeticError)
"""What comes of values of the wrong kind."""


@dataclass(frozen=True)
class Replay:
    """What came of a replay."""

    n: int
    """Steps replayed."""
    max_error: float
    """Largest difference to a recorded action, in its units; between choices: in steps."""
    is_equal: bool
    """Whether no difference is larger than the exporter allows too."""
    first_difference: int | None = None
    """Step of the first action that differs by more than that."""
    allowed: float = LARGEST_ERROR
    """Largest difference allowed in any entry."""

    @property
    def text(self) -> str:
        """Return one sentence."""
        if self.n == 0:
            return "the bundle holds no examples"
        if self.is_equal:
            return f"{self.n} recorded actions repeated, largest error {self.max_error:.2g}"
        return (
            f"does not repeat its recorded actions on this computer: step {self.first_difference} "
            f"differs, largest error {self.max_error:.2g}, allowed {self.allowed:g}"
        )


def replay_examples(policy: Policy) -> Replay:
    """Play the recorded episode and compare the actions.

    Raises:
        DamagedFileError: If an example is not readable.
        RobotFault: If the policy refuses an observation.
    """
    allowed = allowed_errors(policy.metadata.action.array)
    errors, excesses = [], []
    for index, example in enumerate(policy.metadata.examples):
        try:
            if index == 0:
                policy.reset(initial_cycles=float(example.get("initial_cycles") or 0.0))
            difference = _difference_of(policy, example)
            errors.append(float(np.max(difference, initial=0.0)))
            excesses.append(float(np.max(difference / allowed.ravel(), initial=0.0)))
        except _DAMAGE as error:
            raise DamagedFileError(
                f"{policy.name}: its example {index} cannot be replayed "
                f"({type(error).__name__}: {error})"
            ) from error
    largest = max(errors, default=0.0)
    is_wrong = [not excess <= 1.0 for excess in excesses]
    first = is_wrong.index(True) if any(is_wrong) else None
    return Replay(len(errors), largest, first is None, first, float(np.max(allowed)))


def _difference_of(policy: Policy, example: Mapping[str, Any]) -> NDArray[np.float64]:
    """Return how far each entry of the next action is from the recorded one."""
    observation = _observation(policy.metadata, example["observation"])
    held = example.get("held_action")
    action = policy.step(
        observation,
        state=_state(example.get("state")),
        held_action=None if held is None else np.array(held, np.float64),
    )
    return _difference(action, example["action"])


def _observation(metadata: Metadata, plain: Any) -> Observation:
    if not metadata.observation_is_dict:
        return np.array(plain, metadata.observation[0].dtype)
    return {item.name: np.array(plain[item.name], item.dtype) for item in metadata.observation}


def _state(plain: Mapping[str, Any] | None) -> RobotState | None:
    if plain is None:
        return None
    names = {item.name for item in fields(RobotState)}
    return RobotState(**{key: _sensor(key, plain[key]) for key in plain if key in names})


def _sensor(name: str, value: Any) -> Any:
    """Return a reading in the type that ``RobotState`` wants."""
    if name == "orientation":
        return tuple(value)
    if name == "buttons":
        return frozenset(value)
    if name == "motors_online":
        return None if value is None else tuple(value)
    return np.array(value, np.float64) if isinstance(value, (list, tuple)) else value


def _difference(action: Any, wanted: Any) -> NDArray[np.float64]:
    ours, theirs = np.asarray(action, np.float64), np.asarray(wanted, np.float64)
    if ours.shape != theirs.shape:
        return np.full(ours.size, np.inf)
    return np.abs(ours - theirs).ravel()
