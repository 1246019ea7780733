"""Let nothing reach the environment that the limits do not admit: ``SafetyWrapper`` of a bundle.

What is executed is decided by ``rl_zoo.robots.safe_actions``, the code of training. An action that
surely needs no correction is recognised first, in a fraction of the time.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np

from rl_zoo.deploy.layer import Array, Observation, Reading
from rl_zoo.deploy.layers.base import ActionLayer, FloatArray, fitting
from rl_zoo.errors import RobotFault
from rl_zoo.robots.driver import RobotState
from rl_zoo.robots.guard import StopRequest
from rl_zoo.robots.guard_admission import Admission
from rl_zoo.robots.guard_limits import SafetyLimits
from rl_zoo.robots.observed_state import ObservedState
from rl_zoo.robots.safe_actions import (
    ActionBox,
    BoxActions,
    BoxLimits,
    RobotActions,
    SafeAction,
)

_ROUNDING = 1e-12  # of the largest number that an action can be


class SafetyLayer(ActionLayer, ABC):
    """Execute the nearest admissible action.

    Attributes:
        penalty: Taken from the reward per unit of mean absolute correction.
        names: Of the limits.
        weights: Cost of a step in which a limit was reached, by its name.
        low: Smallest action.
        high: Largest action.
        proposed: The action that ``act`` was given last.
    """

    kind = "safety"

    def __init__(self, actions: RobotActions | BoxActions, penalty: float) -> None:
        self.penalty = penalty
        self.names, self.weights = actions.names, actions.weights
        self.low, self.high = actions.box.low, actions.box.high
        self.proposed: Array | None = None
        self._last: SafeAction | None = None

    @property
    def last(self) -> SafeAction | None:
        """Return what the last ``act`` decided, and why; None before the first of an episode.

        ``last.action is proposed`` if nothing was changed. To be read before the next ``act``.
        """
        if self._last is None and self.proposed is not None:
            self._last = self._explain(self.proposed)
        return self._last

    def start(self, observation: Observation, reading: Reading) -> Observation:
        """Begin an episode; the observation passes."""
        self.proposed = self._last = None
        self._begin(reading.held_action)
        return observation

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> SafetyLayer:
        """Return the layer that ``to_dict`` described."""
        kinds: dict[str, type[RobotSafetyLayer] | type[BoxSafetyLayer]] = {
            "robot": RobotSafetyLayer,
            "box": BoxSafetyLayer,
        }
        return kinds[data["of"]].from_plain(data)

    @abstractmethod
    def act(self, action: Array, reading: Reading) -> Array:
        """Return the nearest admissible action; the very same if it is admissible."""

    @abstractmethod
    def judge(self, state: RobotState | None) -> tuple[dict[str, float], StopRequest | None]:
        """Return the limits that a state has reached, and the stop they ask for."""

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Return the limits as plain data."""

    @abstractmethod
    def _begin(self, held: FloatArray | None) -> None:
        """Start from the action that is held now."""

    @abstractmethod
    def _explain(self, action: Array) -> SafeAction:
        """Return in full what was decided on an admissible action."""


class RobotSafetyLayer(SafetyLayer):
    """The limits of a robot's joints, feet and trunk.

    Args:
        limits: Of the robot, its joint range cut to what actions can command.
        box: Action space.
        scaling: ``default_pose`` in rad and ``ranges`` in rad per action. Shape: (n_joints,) each.
        observed: How to read the state from an observation where it is not given; None: it cannot.
        penalty: See ``SafetyLayer``.
    """

    def __init__(
        self,
        limits: SafetyLimits,
        box: ActionBox,
        scaling: tuple[FloatArray, FloatArray],
        observed: ObservedState | None,
        penalty: float = 0.0,
    ) -> None:
        pose, ranges = self._scaling = scaling
        self._actions = RobotActions(
            limits,
            box,
            lambda action: pose + ranges * action,
            lambda positions: (positions - pose) / ranges,
        )
        super().__init__(self._actions, penalty)
        self.limits = limits
        self._observed = observed
        low, high = box.low.astype(np.float64), box.high.astype(np.float64)
        self._admits = Admission(limits, pose, ranges, low, high).admits
        self._held: FloatArray | None = None
        self._state: RobotState | None = None

    def act(self, action: Array, reading: Reading) -> Array:
        """Return the nearest admissible action; the very same if it is admissible.

        Raises:
            RobotFault: If neither a state is given nor the observation says it.
        """
        state = reading.state
        if state is None:
            state = self._read(reading.observation)
        actions = self._actions
        held = reading.held_action
        if held is None:
            held = actions.held_action
        self.proposed, self._state, self._held = action, state, held
        if self._admits(state, action, held):
            self._last = None
            actions.held_action = np.array(action, np.float64)
            return action
        self._last = actions.make_safe(action, state, held)
        return self._last.action

    def judge(self, state: RobotState | None) -> tuple[dict[str, float], StopRequest | None]:
        """Return the limits that a state has reached, and the stop they ask for."""
        return ({}, None) if state is None else self._actions.judge(state)

    def to_dict(self) -> dict[str, Any]:
        """Return the limits as plain data."""
        pose, ranges = self._scaling
        return {
            "kind": self.kind,
            "of": "robot",
            "limits": self.limits.to_dict(),
            "box": self._actions.box.to_dict(),
            "default_pose": pose.tolist(),
            "action_ranges": ranges.tolist(),
            "observed": None if self._observed is None else self._observed.to_dict(),
            "penalty": self.penalty,
        }

    @classmethod
    def from_plain(cls, data: Mapping[str, Any]) -> RobotSafetyLayer:
        """Return the layer that ``to_dict`` described."""
        observed = data["observed"]
        scaling = np.array(data["default_pose"], float), np.array(data["action_ranges"], float)
        return cls(
            SafetyLimits.from_dict(data["limits"]),
            ActionBox.from_dict(data["box"]),
            scaling,
            None if observed is None else ObservedState.from_dict(observed),
            float(data["penalty"]),
        )

    def _begin(self, held: FloatArray | None) -> None:
        self._actions.start()  # what is held is read in every step

    def _explain(self, action: Array) -> SafeAction:
        if self._state is None:
            raise RuntimeError("no action has been judged")
        return self._actions.nearest(action, self._state, self._held)

    def _read(self, observation: Observation | None) -> RobotState:
        if self._observed is None:
            raise RobotFault(
                "the safety limits need the robot's state, which the observation does not hold: "
                "give step() the robot's state"
            )
        return self._observed.read(observation)


class BoxSafetyLayer(SafetyLayer):
    """The limits of actions without a robot: finite, inside their space, of limited change.

    Args:
        box: Action space.
        limits: On the change, and what happens when a limit is reached.
        penalty: See ``SafetyLayer``.
    """

    def __init__(self, box: ActionBox, limits: BoxLimits, penalty: float = 0.0) -> None:
        self._actions = BoxActions(box, limits)
        super().__init__(self._actions, penalty)
        largest = float(np.finfo(box.dtype).max) if box.dtype.kind == "f" else np.inf
        self._low, self._high = np.maximum(box.low, -largest), np.minimum(box.high, largest)
        self._shape = box.shape
        self._change = np.zeros(box.shape)
        self._largest_change: FloatArray | None = None
        if limits.max_change is not None:
            ends = np.abs(np.array([self._low, self._high], np.float64)).max(axis=0)
            self._largest_change = limits.max_change - _ROUNDING * (ends + limits.max_change)
        self._are_within = np.zeros((2 + (self._largest_change is not None), *box.shape), np.bool_)
        self._rows = tuple(self._are_within)
        self._all_within = b"\x01" * self._are_within.size
        self._held: FloatArray | None = None

    def act(self, action: Array, reading: Reading) -> Array:
        """Return the nearest admissible action; the very same if it is admissible."""
        actions = self._actions
        held = actions.held_action
        self.proposed, self._held = action, held
        if action.shape == self._shape and self._admits(action, held):
            self._last = None
            actions.held_action = np.array(action, np.float64)
            return action
        self._last = actions.make_safe(action)
        return self._last.action

    def judge(self, state: RobotState | None) -> tuple[dict[str, float], StopRequest | None]:
        """Return nothing: there is no robot to look at."""
        return {}, None

    def to_dict(self) -> dict[str, Any]:
        """Return the limits as plain data."""
        return {
            "kind": self.kind,
            "of": "box",
            "limits": self._actions.limits.to_dict(),
            "box": self._actions.box.to_dict(),
            "penalty": self.penalty,
        }

    @classmethod
    def from_plain(cls, data: Mapping[str, Any]) -> BoxSafetyLayer:
        """Return the layer that ``to_dict`` described."""
        box = ActionBox.from_dict(data["box"])
        limits = BoxLimits.from_dict(data["limits"], box.shape)
        return cls(box, limits, float(data["penalty"]))

    def _admits(self, action: Array, held: FloatArray | None) -> bool:
        """Say whether nothing has to be changed; near the largest change the answer is no."""
        np.greater_equal(action, self._low, self._rows[0])
        np.less_equal(action, self._high, self._rows[1])
        if self._largest_change is not None:
            if held is None:
                self._rows[2][...] = True
            else:
                np.subtract(action, held, self._change)
                np.abs(self._change, self._change)
                np.less_equal(self._change, self._largest_change, self._rows[2])
        return self._are_within.tobytes() == self._all_within

    def _begin(self, held: FloatArray | None) -> None:
        self._actions.start(fitting(held, self._shape))

    def _explain(self, action: Array) -> SafeAction:
        return self._actions.nearest(action, self._held)
