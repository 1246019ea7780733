"""A bundle holds a few steps to check it by, of images too."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from rl_zoo.deploy.examples import examples_of
from rl_zoo.deploy.metadata import ArrayLayout
from rl_zoo.deploy.recording import RecordedEpisode
from tests.deploy.conftest import linear_metadata


@pytest.mark.parametrize(
    ("shape", "n"), [((3,), 20), ((84, 84, 1), 2), ((96, 96, 3), 2), ((32, 32, 1), 19)]
)
def test_there_are_always_examples(shape: tuple[int, ...], n: int) -> None:
    layout = ArrayLayout("observation", shape, "uint8", 0.0, 255.0)
    metadata = dataclasses.replace(linear_metadata(), observation=(layout,))
    episode = RecordedEpisode(initial_cycles=0.25)
    for step in range(30):
        episode.observations.append(np.full(shape, step, np.uint8))
        episode.states.append(None)
        episode.held.append(None)
        episode.actions.append(np.zeros(2, np.float32))
    examples = examples_of(episode, metadata)
    assert len(examples) == n
    assert examples[0]["initial_cycles"] == 0.25
    last = json.loads(json.dumps(examples[-1]))
    np.testing.assert_array_equal(np.array(last["observation"]), episode.observations[n - 1])
