"""Turn the evaluations and episodes of one training into its judgement."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rl_zoo.agents.evaluation import Evaluation
from rl_zoo.errors import ConfigError, NonFiniteError
from rl_zoo.suggest import did_you_mean
from rl_zoo.tuning.episodes import EpisodeTally, measures_of
from rl_zoo.tuning.judgement import Judgement
from rl_zoo.tuning.measures import TRAIN, ConstraintSpec, ObjectiveSpec

UNDEFINED_VIOLATION = 1e6
"""How much a constraint counts as violated whose measure is undefined for the policy."""
_UNDEFINED_BESIDE = {
    "cost_of_transport": ("energy", "the robot did not move forward"),
    "motion/cost_of_transport": ("energy", "the robot did not move forward"),
}
"""Measure -> the one that shows that the environment delivers it, and why it may be undefined."""


class UnknownMeasureError(ConfigError):
    """The environment does not deliver what the study is about; no trial can be judged."""


@dataclass
class Judge:
    """Collects what happens in one training.

    Attributes:
        tally: Training episodes so far.
        curve: Training step and measures of each evaluation so far.
    """

    objectives: Sequence[ObjectiveSpec]
    constraints: Sequence[ConstraintSpec]
    env_id: str
    control_period: float | None
    """Duration of a step in s, if the environment tells it."""

    def __post_init__(self) -> None:
        self.tally = EpisodeTally()
        self.curve: list[tuple[int, Mapping[str, float]]] = []

    def add(self, num_timesteps: int, evaluation: Evaluation) -> None:
        """Add an evaluation that happened after ``num_timesteps`` steps."""
        self.curve.append((num_timesteps, measures_of(evaluation, self.control_period)))

    def value_so_far(self) -> float | None:
        """Return the first objective, None if it is undefined for the present policy.

        Raises:
            UnknownMeasureError: If the environment does not deliver a measure asked for.
            NonFiniteError: If it is not finite.
        """
        known = self._measures()
        specs: list[ObjectiveSpec | ConstraintSpec] = [*self.objectives, *self.constraints]
        for spec in specs:
            if spec.measure not in known and _undefined_reason(spec.measure, known) is None:
                if spec.measure.startswith(TRAIN) and "train/length" not in known:
                    continue  # no training episode has ended yet
                raise self._unknown(spec, known)
        first = self.objectives[0]
        if first.measure not in known:
            return None
        return self._value(first, known)

    def violations_so_far(self) -> dict[str, float]:
        """Return by how much each constraint is violated that can be judged already."""
        known = self._measures()
        return {
            spec.text: self._violation(spec, known)
            for spec in self.constraints
            if spec.measure in known or _undefined_reason(spec.measure, known) is not None
        }

    def judgement(self, n_steps: int, robot_minutes: float | None) -> Judgement:
        """Return the judgement after training.

        Raises:
            UnknownMeasureError: If the environment does not deliver a measure asked for.
            NonFiniteError: If an objective is not finite, or undefined for the policy.
        """
        known = self._measures()
        return Judgement(
            values=tuple(self._value(spec, known) for spec in self.objectives),
            measures=known,
            constraints={spec.text: self._violation(spec, known) for spec in self.constraints},
            n_steps=n_steps,
            robot_minutes=robot_minutes,
        )

    def _measures(self) -> dict[str, float]:
        of_training = self.tally.measures(self.control_period)
        last = dict(self.curve[-1][1]) if self.curve else {}
        return {**last, **{TRAIN + name: value for name, value in of_training.items()}}

    def _value(self, spec: ObjectiveSpec, known: Mapping[str, float]) -> float:
        if spec.measure not in known:
            raise self._missing(spec, known)
        points = [(step, row[spec.measure]) for step, row in self.curve if spec.measure in row]
        if spec.summary == "last" or not points:
            value = known[spec.measure]
        elif spec.summary == "best":
            value = (max if spec.maximize else min)(number for _, number in points)
        else:
            value = area_under_curve(points)
        if not math.isfinite(value):
            raise NonFiniteError(f"the {spec.measure} of an evaluation is {value}")
        return value

    def _violation(self, spec: ConstraintSpec, known: Mapping[str, float]) -> float:
        if spec.measure in known:
            violation = spec.violation(known[spec.measure])
            return violation if math.isfinite(violation) else UNDEFINED_VIOLATION
        if _undefined_reason(spec.measure, known) is None:
            raise self._unknown(spec, known)
        return UNDEFINED_VIOLATION

    def _missing(self, spec: ObjectiveSpec, known: Mapping[str, float]) -> Exception:
        reason = _undefined_reason(spec.measure, known)
        if reason is None:
            return self._unknown(spec, known)
        return NonFiniteError(f"{spec.measure} is undefined: {reason}")

    def _unknown(
        self, spec: ObjectiveSpec | ConstraintSpec, known: Mapping[str, float]
    ) -> UnknownMeasureError:
        flag = "--objective" if isinstance(spec, ObjectiveSpec) else "--constraint"
        of_training = spec.measure.startswith(TRAIN)
        name = spec.measure.removeprefix(TRAIN)
        where = "training" if of_training else "evaluation"
        names = [
            other.removeprefix(TRAIN) for other in known if other.startswith(TRAIN) == of_training
        ]
        return UnknownMeasureError(
            f"{flag} {spec.text}: {where} on {self.env_id} delivers no {name}"
            f"{_reason(name, names)}{did_you_mean(name, names, list_at_most=0)}"
            f"; there are: {', '.join(sorted(names))}"
        )


def area_under_curve(points: Sequence[tuple[int, float]]) -> float:
    """Return the mean height of a curve from step 0 to its last point, by the trapezoid rule.

    Before its first point it counts as flat.

    Args:
        points: Step and value, in the order of the steps; at least one.
    """
    steps = np.array([0, *(step for step, _ in points)], dtype=float)
    values = np.array([points[0][1], *(value for _, value in points)])
    if steps[-1] <= 0.0:
        return float(values[-1])
    return float(np.sum(np.diff(steps) * (values[1:] + values[:-1]) / 2.0) / steps[-1])


def _undefined_reason(measure: str, known: Mapping[str, float]) -> str | None:
    """Return why a measure that the environment can deliver is undefined; None: it cannot."""
    place = TRAIN if measure.startswith(TRAIN) else ""
    beside, reason = _UNDEFINED_BESIDE.get(measure.removeprefix(TRAIN), (None, ""))
    return reason if beside is not None and place + beside in known else None


def _reason(name: str, names: Sequence[str]) -> str:
    if "length" not in names:
        return " (no episode has ended: give it more steps)"
    if name == "falls_per_minute" and "falls_per_1000_steps" in names:
        return " (it does not say how long a step is; use falls_per_1000_steps)"
    if name.startswith("falls") and "falls" not in names:
        return " (it does not say why episodes are terminated)"
    return ""
