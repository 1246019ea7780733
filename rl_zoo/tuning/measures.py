"""What trials are judged by: measures by name, objectives and constraints made of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from rl_zoo.errors import ConfigError
from rl_zoo.suggest import did_you_mean

Summary = Literal["last", "best", "auc"]
SUMMARIES: tuple[Summary, ...] = ("last", "best", "auc")
TRAIN = "train/"
"""Before the name of a measure that is taken from training episodes."""
VIOLATIONS = "_violations"
"""``<limit>_violations``: episodes in which a safety layer reported that limit."""
_DIRECTIONS = {"min": False, "max": True}
_PLACES = {"train": TRAIN, "eval": ""}
_CONSTRAINT = re.compile(r"([^<>=]+)(<=|>=)([^<>=]+)")


@dataclass(frozen=True)
class Measure:
    """A number that an environment delivers, with a direction."""

    name: str
    maximize: bool
    unit: str
    meaning: str
    metric: str | None = None
    """Name in ``info["episode_metrics"]`` of which this is the mean over episodes."""
    is_of_training: bool = False
    """Whether training episodes count unless ``eval:`` is said: what the robot has to bear."""


MEASURES = (
    Measure("return", True, "reward", "undiscounted return of an episode"),
    Measure("length", True, "steps", "length of an episode"),
    Measure("success_rate", True, "share", "episodes with is_success"),
    Measure("speed", True, "m/s", "forward speed", "motion/forward_speed"),
    Measure(
        "velocity_error", False, "m/s", "distance to the velocity command", "motion/velocity_error"
    ),
    Measure("energy", False, "J", "positive work of all motors per episode", "motion/energy"),
    Measure("power", False, "W", "that work per second", "motion/power"),
    Measure(
        "cost_of_transport",
        False,
        "1",
        "energy per weight and distance; undefined without forward motion",
        "motion/cost_of_transport",
    ),
    Measure(
        "smoothness", False, "1", "continuity cost of the agent's actions", "motion/continuity_cost"
    ),
    Measure("peak_torque", False, "N m", "largest torque of an episode", "motion/peak_torque"),
    Measure(
        "direction_changes",
        False,
        "1/s",
        "reversals per second and joint",
        "motion/direction_changes",
    ),
    Measure("falls", False, "share", "episodes that end in a fall", is_of_training=True),
    Measure("falls_per_minute", False, "1/min", "per minute of robot time", is_of_training=True),
    Measure("falls_per_1000_steps", False, "1/1000", "per 1000 steps", is_of_training=True),
    Measure(
        "interventions",
        False,
        "share",
        "steps that the safety layer corrected, mean over episodes",
        "safety/intervention_rate",
        is_of_training=True,
    ),
    Measure(
        "safety_cost",
        False,
        "cost",
        "sum of info['cost'] per episode",
        "safety/cost",
        is_of_training=True,
    ),
    Measure(
        f"torque{VIOLATIONS}",
        False,
        "share",
        "episodes in which the torque limit was reached (so for each limit of the safety layer)",
        is_of_training=True,
    ),
)
BY_NAME = {measure.name: measure for measure in MEASURES}


@dataclass(frozen=True)
class ObjectiveSpec:
    """One thing that is optimised."""

    measure: str
    """Key in ``Judgement.measures``."""
    summary: Summary = "last"
    """Which evaluations count: the last, the best, or the area under all of them."""
    maximize: bool = True
    text: str = "return"
    """As the user gave it."""


@dataclass(frozen=True)
class ConstraintSpec:
    """One thing that must hold."""

    text: str
    """As the user gave it, without spaces; its name in the study."""
    measure: str
    """Key in ``Judgement.measures``."""
    relation: Literal["<=", ">="]
    bound: float

    def violation(self, value: float) -> float:
        """Return by how much ``value`` breaks it; zero or less: it does not."""
        return value - self.bound if self.relation == "<=" else self.bound - value


def parse_objectives(texts: Iterable[str]) -> tuple[ObjectiveSpec, ...]:
    """Return what the texts of ``--objective`` mean.

    Args:
        texts: Each ``[min:|max:][train:|eval:]measure[:last|:best|:auc]``; ``last``, ``best`` and
            ``auc`` alone are those of the return.

    Raises:
        ConfigError: If one means nothing, or two mean the same.
    """
    specs: list[ObjectiveSpec] = []
    problems: list[str] = []
    for text in texts:
        try:
            spec = _parse_objective(text.strip())
        except ConfigError as error:
            problems += error.problems
            continue
        if any((spec.measure, spec.summary) == (other.measure, other.summary) for other in specs):
            problems.append(f"--objective {text}: is given twice")
        specs.append(spec)
    if problems:
        raise ConfigError(problems)
    return tuple(specs)


def parse_constraints(texts: Iterable[str]) -> tuple[ConstraintSpec, ...]:
    """Return what the texts of ``--constraint`` mean.

    Args:
        texts: Each ``[train:|eval:]measure<=number`` or ``>=``.

    Raises:
        ConfigError: If one means nothing.
    """
    specs: list[ConstraintSpec] = []
    problems: list[str] = []
    for text in texts:
        try:
            specs.append(_parse_constraint(re.sub(r"\s", "", text)))
        except ConfigError as error:
            problems += error.problems
    names = [spec.text for spec in specs]
    problems += [
        f"--constraint {n}: is given twice" for n in {n for n in names if names.count(n) > 1}
    ]
    if problems:
        raise ConfigError(problems)
    return tuple(specs)


def measures_table() -> str:
    """Return the measures as a Markdown table, for the documentation."""
    rows = ["| measure | better | unit | meaning | from |", "|---|---|---|---|---|"]
    rows += [
        f"| `{item.name}` | {'larger' if item.maximize else 'smaller'} | {item.unit} | "
        f"{item.meaning} | {'training' if item.is_of_training else 'evaluation'} |"
        for item in MEASURES
    ]
    return "\n".join(rows)


def _parse_objective(text: str) -> ObjectiveSpec:
    flag = f"--objective {text}"
    parts = text.split(":")
    direction = parts.pop(0) if parts[0] in _DIRECTIONS and len(parts) > 1 else None
    summary: Summary = "last"
    has_summary = parts[-1] in SUMMARIES
    if has_summary:
        summary = parts.pop()  # type: ignore[assignment]
    name, measure = _find_measure(parts or ["return"], flag)
    if has_summary and measure.startswith(TRAIN):
        raise ConfigError(f"{flag}: is counted over the whole training; leave out :{summary}")
    if direction is not None:
        return ObjectiveSpec(measure, summary, _DIRECTIONS[direction], text)
    known = BY_NAME.get(name)
    if known is None and not name.endswith(VIOLATIONS):
        raise ConfigError(f"{flag}: say what is better, min:{name} or max:{name}")
    return ObjectiveSpec(measure, summary, known is not None and known.maximize, text)


def _parse_constraint(text: str) -> ConstraintSpec:
    flag = f"--constraint '{text}'"
    found = _CONSTRAINT.fullmatch(text)
    if found is None:
        raise ConfigError(f"{flag}: must be a measure, <= or >=, and a number ('falls<=0.1')")
    try:
        bound = float(found[3])
    except ValueError:
        bound = float("nan")
    if abs(bound) >= float("inf") or bound != bound:
        raise ConfigError(f"{flag}: {found[3]} is not a finite number")
    _, measure = _find_measure(found[1].split(":"), flag)
    return ConstraintSpec(text, measure, "<=" if found[2] == "<=" else ">=", bound)


def _find_measure(parts: list[str], flag: str) -> tuple[str, str]:
    """Return name and key of a measure written as ``[place:]name``."""
    place = parts.pop(0) if parts[0] in _PLACES and len(parts) > 1 else None
    name = ":".join(parts)
    if name not in BY_NAME and not _is_raw(name):
        raise ConfigError(f"{flag}: no measure is called {name!r}{_hint(name)}")
    if place is None:
        known = BY_NAME.get(name)
        of_training = (
            known.is_of_training if known else name.startswith("safety/") or _is_limit(name)
        )
        place = "train" if of_training else "eval"
    return name, _PLACES[place] + name


def _hint(name: str) -> str:
    hint = did_you_mean(name, BY_NAME, list_at_most=0)
    return hint or f"; valid: {', '.join(BY_NAME)}, or an episode metric such as motion/power"


def _is_raw(name: str) -> bool:
    group, slash, rest = name.partition("/")
    return bool(slash and rest and group in ("motion", "safety", "reward")) or _is_limit(name)


def _is_limit(name: str) -> bool:
    return name.endswith(VIOLATIONS) and len(name) > len(VIOLATIONS)
