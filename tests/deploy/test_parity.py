"""What counts as the same action, and what is said where it is not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rl_zoo.deploy.metadata import ArrayLayout, Part
from rl_zoo.deploy.parity import compare_layers, compare_network, compare_policy, require_equal
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
    found = compare_network(network, [episode], [wanted], "recorded", LAYOUT)
    assert (found.n, found.entry, found.n_different) == (10, 1, 1)
    assert found.max_error == pytest.approx(0.125, abs=1e-6)
    assert not found.is_equal
    with pytest.raises(ConfigError, match=r"by 0\.1\d+ in entry 1 \(knee\).*1 of 10 actions"):
        require_equal(found, LAYOUT)


def test_equal_actions_are_equal(make_bundle: MakeBundle) -> None:
    episode = _observations(5)
    wanted = [GAIN @ item for item in episode]
    found = compare_network(Policy(make_bundle()).network, [episode], [wanted], "recorded", LAYOUT)
    assert found.is_equal
    require_equal(found, LAYOUT)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_is_never_equal(make_bundle: MakeBundle, bad: float) -> None:
    wanted = [np.array([bad, 0.0])]
    found = compare_network(
        Policy(make_bundle()).network, [_observations(1)], [wanted], "x", LAYOUT
    )
    assert found.max_error == np.inf
    assert not found.is_equal


def test_another_shape_is_never_equal(make_bundle: MakeBundle) -> None:
    found = compare_network(
        Policy(make_bundle()).network, [_observations(1)], [[np.zeros(3)]], "x", LAYOUT
    )
    assert found.max_error == np.inf


def test_a_tie_is_counted_and_left_out(make_bundle: MakeBundle) -> None:
    episode = _observations(2)
    wanted = [GAIN @ episode[0], GAIN @ episode[1] + 1.0]

    def is_tie(observation: Any) -> bool:
        return np.array_equal(observation, episode[1])

    found = compare_network(Policy(make_bundle()).network, [episode], [wanted], "x", LAYOUT, is_tie)
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


def test_ties_are_few_or_the_bundle_is_refused(make_bundle: MakeBundle) -> None:
    episode = _observations(40)
    wanted = [GAIN @ item + (1.0 if index < 3 else 0.0) for index, item in enumerate(episode)]
    network = Policy(make_bundle()).network
    found = compare_network(network, [episode], [wanted], "x", LAYOUT, lambda _: True)
    assert (found.n_ties, found.n_different) == (3, 0)
    with pytest.raises(ConfigError, match="choose differently in 3 of 40"):
        require_equal(found, LAYOUT)


def test_a_tie_of_the_whole_bundle_is_judged_by_what_the_agent_saw(make_bundle: MakeBundle) -> None:
    inner, outer = RecordedEpisode(), RecordedEpisode()
    for observation in _observations(3):
        inner.observations.append(observation)
        inner.states.append(None)
        inner.held.append(None)
        inner.actions.append(GAIN @ observation)
        outer.observations.append(observation + 100.0)
    inner.actions[1] = inner.actions[1] + 1.0

    def is_tie(observation: Any) -> bool:
        return np.array_equal(observation, outer.observations[1])

    found = compare_policy(Policy(make_bundle()), [inner], [outer], is_tie)
    assert (found.n, found.n_ties, found.n_different) == (3, 1, 0)


def test_wide_actions_are_compared_as_finely_as_float32_allows(make_bundle: MakeBundle) -> None:
    episode = _observations(10)
    wanted = [GAIN @ item for item in episode]
    wanted[4] = wanted[4] + np.array([0.0, 5e-4], np.float32)
    network = Policy(make_bundle()).network
    wide = ArrayLayout("action", (2,), "float32", (-1.0, -1000.0), (1.0, 1000.0))
    assert compare_network(network, [episode], [wanted], "x", wide).is_equal
    wanted[4] = wanted[4] + np.array([5e-5, 0.0], np.float32)
    found = compare_network(network, [episode], [wanted], "x", wide)  # its entry is not wide
    assert (found.entry, found.is_equal, found.allowed) == (0, False, 1e-5)


class _Offset:
    """A layer that adds to the observation, and clips the action."""

    kind = "offset"

    def __init__(self, offset: float, limit: float) -> None:
        self.offset, self.limit = offset, limit

    def start(self, observation: Any, reading: Any) -> Any:
        return observation + self.offset

    def observe(self, observation: Any) -> Any:
        return observation + self.offset

    def act(self, action: Any, reading: Any) -> Any:
        return np.clip(action, -self.limit, self.limit)

    def held(self, inner: Any) -> Any:
        return inner

    def to_dict(self) -> dict[str, Any]:
        return {"kind": self.kind}


@pytest.mark.parametrize(
    ("layer", "equal"),
    [
        (_Offset(1.0, 0.5), (True, True)),
        (_Offset(1.0, 0.6), (False, True)),
        (_Offset(1.1, 0.5), (True, False)),
    ],
    ids=["the same", "another limit", "another observation"],
)
def test_layers_are_compared_where_no_policy_goes(
    make_bundle: MakeBundle, layer: Any, equal: tuple[bool, bool]
) -> None:
    inner, outer = RecordedEpisode(), RecordedEpisode()
    proposals = np.random.default_rng(1).uniform(-1.0, 1.0, (30, 2)).astype(np.float32)
    for observation, proposed in zip(_observations(30), proposals, strict=True):
        inner.observations.append(observation)
        outer.observations.append(observation + 1.0)
        inner.states.append(None)
        inner.held.append(None)
        outer.actions.append(proposed)
        inner.actions.append(np.clip(proposed, -0.5, 0.5))
    policy = Policy(make_bundle())
    network = policy.network
    policy.layers = policy._outermost_first = (layer,)
    actions, observations = compare_layers(policy, [inner], [outer])
    assert (actions.is_equal, observations.is_equal) == equal
    assert policy.network is network
    if not observations.is_equal:
        with pytest.raises(ConfigError, match=r"by 0\.1 in entry \d of the observation"):
            require_equal(observations, None)
