"""What counts as the same action, and what is said where it is not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rl_zoo.deploy.metadata import ArrayLayout, Part
from rl_zoo.deploy.parity import compare_network, compare_policy, require_equal
from rl_zoo.deploy.recording import RecordedEpisode
from rl_zoo.deploy.runtime import Policy
from rl_zoo.errors import ConfigError
from tests.deploy.conftest import GAIN, MakeBundle

LAYOUT = ArrayLayout("action", (2,), "float32", parts=(Part("hip", 0, 1), Part("knee", 1, 1)))


def _observations(n: int) -> list[np.ndarray]:
    return list(np.random.default_rng(0).standard_normal((n, 3)).astype(np.float32))


def test_the_largest_difference_is_found_with_its_entry(make_bundle: MakeBundle) -> None:
    network = Policy(make_bundle()).network
    episode = _observations(10)
    wanted = [GAIN @ item for item in episode]
    wanted[4] = wanted[4] + np.array([0.0, 0.125], np.float32)
    found = compare_network(network, [episode], [wanted], "recorded")
    assert (found.n, found.entry, found.n_different) == (10, 1, 1)
    assert found.max_error == pytest.approx(0.125, abs=1e-6)
    assert not found.is_equal
    with pytest.raises(ConfigError, match=r"by 0\.1\d+ in entry 1 \(knee\).*1 of 10 actions"):
        require_equal(found, LAYOUT)


def test_equal_actions_are_equal(make_bundle: MakeBundle) -> None:
    episode = _observations(5)
    wanted = [GAIN @ item for item in episode]
    found = compare_network(Policy(make_bundle()).network, [episode], [wanted], "recorded")
    assert found.is_equal
    require_equal(found, LAYOUT)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_is_never_equal(make_bundle: MakeBundle, bad: float) -> None:
    wanted = [np.array([bad, 0.0])]
    found = compare_network(Policy(make_bundle()).network, [_observations(1)], [wanted], "x")
    assert found.max_error == np.inf
    assert not found.is_equal


def test_another_shape_is_never_equal(make_bundle: MakeBundle) -> None:
    found = compare_network(Policy(make_bundle()).network, [_observations(1)], [[np.zeros(3)]], "x")
    assert found.max_error == np.inf


def test_a_tie_is_counted_and_left_out(make_bundle: MakeBundle) -> None:
    episode = _observations(2)
    wanted = [GAIN @ episode[0], GAIN @ episode[1] + 1.0]

    def is_tie(observation: Any) -> bool:
        return np.array_equal(observation, episode[1])

    found = compare_network(Policy(make_bundle()).network, [episode], [wanted], "x", is_tie)
    assert (found.n, found.n_ties, found.n_different) == (2, 1, 0)
    assert found.is_equal


def test_a_whole_bundle_lives_through_recorded_episodes(make_bundle: MakeBundle) -> None:
    episode = RecordedEpisode()
    for observation in _observations(4):
        episode.observations.append(observation)
        episode.states.append(None)
        episode.held.append(None)
        episode.actions.append(GAIN @ observation)
    policy = Policy(make_bundle())
    assert compare_policy(policy, [episode]).is_equal
    episode.actions[3] = episode.actions[3] + 0.5
    assert compare_policy(policy, [episode]).n_different == 1
