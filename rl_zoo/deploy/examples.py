"""The first recorded steps of an episode in a bundle, so that it can be checked anywhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from rl_zoo.deploy.metadata import Metadata
from rl_zoo.deploy.recording import RecordedEpisode
from rl_zoo.robots.driver import RobotState

_N_STEPS = 20
_MOST_NUMBERS = 20_000
"""In all examples together, unless two steps alone have more: images."""
_FEWEST_STEPS = 2


def examples_of(episode: RecordedEpisode, metadata: Metadata) -> tuple[Mapping[str, Any], ...]:
    """Return plain data of the first steps of an episode.

    ``observation``, ``action`` and, where there are layers, ``state`` and ``held_action``; the
    first has ``initial_cycles`` too.
    """
    size = sum(int(np.prod(item.shape)) for item in metadata.observation)
    n = min(_N_STEPS, episode.n_steps, max(_FEWEST_STEPS, _MOST_NUMBERS // max(size, 1)))
    examples: list[dict[str, Any]] = []
    for index in range(n):
        example: dict[str, Any] = {
            "observation": _plain(episode.observations[index]),
            "action": _plain(episode.actions[index]),
        }
        if metadata.layers:
            state, held = episode.states[index], episode.held[index]
            example["state"] = None if state is None else _state(state)
            example["held_action"] = None if held is None else held.tolist()
        examples.append(example)
    if examples:
        examples[0]["initial_cycles"] = episode.initial_cycles
    return tuple(examples)


def _plain(values: Any) -> Any:
    if isinstance(values, dict):
        return {key: _plain(value) for key, value in values.items()}
    return np.asarray(values).tolist()


def _state(state: RobotState) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for item in fields(state):
        value = getattr(state, item.name)
        if isinstance(value, np.ndarray):
            value = value.tolist()
        elif isinstance(value, frozenset):
            value = sorted(value)
        plain[item.name] = value
    return plain
