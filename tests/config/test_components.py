"""Names of wrappers and callbacks."""

import pytest

from rl_zoo.config.components import canonical_name, components_value, parse_components
from rl_zoo.config.model import Component, Symbol


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("HistoryWrapper", "HistoryWrapper"),
        ("rl_zoo3.wrappers.HistoryWrapper", "HistoryWrapper"),
        ("rl_zoo.wrappers.HistoryWrapper", "HistoryWrapper"),
        ("utils.wrappers.HistoryWrapper", "HistoryWrapper"),
        ("utils.wrappers.DoneOnSuccessWrapper", "TruncatedOnSuccessWrapper"),
        ("rl_zoo3.callbacks.RawStatisticsCallback", "RawStatisticsCallback"),
        ("rl_zoo.wrappers.history.HistoryWrapper", "rl_zoo.wrappers.history.HistoryWrapper"),
        ("gymnasium.wrappers.time_limit.TimeLimit", "gymnasium.wrappers.TimeLimit"),
        ("gym.wrappers.TimeLimit", "gymnasium.wrappers.TimeLimit"),
        ("gymnasium.wrappers.vector.ClipReward", "gymnasium.wrappers.vector.ClipReward"),
        ("minigrid.wrappers.FlatObsWrapper", "minigrid.wrappers.FlatObsWrapper"),
        ("pkg.mod:Thing", "pkg.mod:Thing"),
    ],
)
def test_canonical_name(written, name):
    assert canonical_name(written) == name
    assert canonical_name(name) == name


@pytest.mark.parametrize(
    "value",
    [
        {"FrameSkip": {"skip": 2}},
        [{"rl_zoo3.wrappers.FrameSkip": {"skip": 2}}],
        ({"FrameSkip": {"skip": 2}},),
    ],
)
def test_forms(value):
    parsed = parse_components(value, "env_wrapper", pytest.fail)
    assert parsed == (Component("FrameSkip", {"skip": 2}),)


def test_class_as_argument_becomes_its_name():
    value = {"Mine": {"activation": Symbol("torch.nn:ReLU")}}
    assert parse_components(value, "callback", pytest.fail) == (
        Component("Mine", {"activation": "nn.ReLU"}),
    )


def test_what_is_written_is_read_back():
    components = (Component("FrameSkip", {"skip": 2}), Component("Mine"), Component("a.b:C"))
    value = components_value(components)
    assert value[0] == {"rl_zoo3.wrappers.FrameSkip": {"skip": 2}}
    assert parse_components(value, "env_wrapper", pytest.fail) == components


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("env_wrapper", "unknown wrapper 'Nix'"),
        ("vec_env_wrapper", "unknown vec-env wrapper 'Nix'"),
        ("callback", "unknown callback 'Nix'"),
    ],
)
def test_unknown_name(key, kind):
    problems = []
    assert parse_components(["Nix", "a.b.C"], key, lambda *p: problems.append(p), ["One"]) == (
        Component("a.b.C"),
    )
    assert problems == [(key, f"{kind}; valid: One")]
