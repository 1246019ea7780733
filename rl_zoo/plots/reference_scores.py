"""The table of reference scores: what counts as 0 and as 1 on each environment.

``reference_scores.yml`` is written by ``scripts/measure_reference_scores.py``; a file of the user's
has the same layout, of which two numbers per environment are needed::

    MyRobot-v0: {random: -12.5, reference: 230}
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rl_zoo.config.yaml import load_yaml
from rl_zoo.errors import ConfigError
from rl_zoo.suggest import did_you_mean

TABLE = Path(__file__).with_name("reference_scores.yml")
"""The table that is installed with the package."""

_KEYS = ("random", "reference", "random_measured", "reference_measured")


@dataclass(frozen=True)
class ReferenceScore:
    """Returns on one environment.

    Attributes:
        random: Of actions drawn uniformly.
        reference: Of a policy that was trained; None if none was.
        random_measured: How ``random`` was measured: command, episodes, date...
        reference_measured: The same of ``reference``.
    """

    random: float
    reference: float | None = None
    random_measured: Mapping[str, Any] | None = None
    reference_measured: Mapping[str, Any] | None = None


def read_reference_scores(path: Path = TABLE) -> dict[str, ReferenceScore]:
    """Return environment id -> reference score.

    Raises:
        ConfigError: If the file cannot be read or an entry is not what it should be; all problems
            at once.
    """
    content = load_yaml(path)
    if not isinstance(content, dict) or not content:
        raise ConfigError(
            f"{path}: not a table of environments; write one line for each, such as "
            "'MyEnv-v0: {random: -10, reference: 50}'"
        )
    problems: list[str] = []
    table = {}
    for env, entry in content.items():
        found = _entry_problems(entry)
        problems += [f"{path}:{env}{problem}" for problem in found]
        if not found:
            table[str(env)] = _make_entry(entry)
    if problems:
        raise ConfigError(problems)
    return table


def _make_entry(entry: Mapping[str, Any]) -> ReferenceScore:
    reference = entry.get("reference")
    return ReferenceScore(
        float(entry["random"]),
        None if reference is None else float(reference),
        entry.get("random_measured"),
        entry.get("reference_measured"),
    )


def _entry_problems(entry: Any) -> list[str]:
    """Return what is wrong with an entry, each beginning with the rest of its place."""
    if not isinstance(entry, dict):
        return [": not a table with the keys random and reference"]
    unknown = [str(key) for key in entry if key not in _KEYS]
    problems = [f".{key}: unknown key{did_you_mean(key, _KEYS)}" for key in unknown]
    if "random" not in entry:
        problems.append(".random: missing")
    for key in ("random", "reference"):
        if key in entry and not _is_number(entry[key]):
            problems.append(f".{key}: {entry[key]!r} is not a finite number")
    for key in ("random_measured", "reference_measured"):
        if key in entry and not isinstance(entry[key], dict):
            problems.append(f".{key}: not a table of how it was measured")
    if not problems and "reference" in entry and entry["reference"] <= entry["random"]:
        problems.append(
            f": reference {entry['reference']} is not above random {entry['random']}, so scores "
            "would have the wrong sign"
        )
    return problems


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
