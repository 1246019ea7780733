"""Dotted keys into the arguments of wrappers and callbacks, and into lists."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rl_zoo.config.component_arguments import find_argument, label_of
from rl_zoo.config.paths import value_at, with_value
from rl_zoo.config.resolve import ConfigRequest, resolve
from rl_zoo.config.show import format_config
from rl_zoo.errors import ConfigError

ENTRY = """
  env_wrapper:
    - FrameSkip
    - gymnasium.wrappers.TimeLimit: {max_episode_steps: 9}
    - HistoryWrapper: {horizon: 2}
    - my.package:HistoryWrapper: {deep: {list: [1, {name: 2}], 3: three}}
  callback: RawStatisticsCallback
  env_kwargs: {ranges: {vx: [0.0, 1.0]}, pair: !!python/tuple [1, 2]}
  policy_kwargs: {net_arch: {pi: [64, 64], qf: [256, 256]}}
"""


@pytest.fixture
def run(tmp_path):
    path = tmp_path / "mine.yml"
    path.write_text(f"Env-v0:\n  policy: MlpPolicy\n  n_timesteps: 1000\n{ENTRY}")

    def resolve_with(*params, trial=None):
        return resolve(ConfigRequest("sac", "Env-v0", path, params=params, trial=trial or {}))

    return resolve_with


def arguments_of(config):
    return [dict(component.kwargs) for component in config.env_wrappers]


@pytest.mark.parametrize(
    ("key", "value", "position", "arguments"),
    [
        ("FrameSkip.skip", 4, 0, {"skip": 4}),
        ("FrameSkip.skip", None, 0, {"skip": None}),
        ("TimeLimit.max_episode_steps", 5, 1, {"max_episode_steps": 5}),
        ("gymnasium.wrappers.TimeLimit.max_episode_steps", 5, 1, {"max_episode_steps": 5}),
        ("rl_zoo3.wrappers.FrameSkip.skip", 4, 0, {"skip": 4}),
        ("HistoryWrapper[0].horizon", 4, 2, {"horizon": 4}),
        ("HistoryWrapper[1].deep.list.0", 0, 3, {"deep": {"list": [0, {"name": 2}], 3: "three"}}),
        (
            "HistoryWrapper[1].deep.list.1.name",
            [7],
            3,
            {"deep": {"list": [1, {"name": [7]}], 3: "three"}},
        ),
        ("HistoryWrapper[1].deep.3", 0, 3, {"deep": {"list": [1, {"name": 2}], 3: 0}}),
        ("HistoryWrapper[1].new.part", 0, 3, {"new": {"part": 0}}),
        ("HistoryWrapper[1]", {"deep": {"x": 1}}, 3, {"deep": {"x": 1}}),
    ],
)
def test_one_argument_changes(run, key, value, position, arguments):
    before, after = arguments_of(run()), arguments_of(run(trial={f"env_wrapper.{key}": value}))
    expected = copy.deepcopy(before)
    if position == 3 and "deep" not in arguments:
        expected[3] |= arguments
    elif arguments == {"deep": {"x": 1}}:
        expected[3]["deep"]["x"] = 1
    else:
        expected[position] = arguments
    assert after == expected
    assert [item.name for item in run().env_wrappers] == [
        item.name for item in run(trial={f"env_wrapper.{key}": value}).env_wrappers
    ]


def test_lists_by_index_keep_their_type(run):
    config = run(
        "env_kwargs.ranges.vx.1:0.5", "env_kwargs.pair.0:9", "policy_kwargs.net_arch.qf.1:32"
    )
    assert config.env_kwargs == {"ranges": {"vx": [0.0, 0.5]}, "pair": (9, 2)}
    assert config.algo_kwargs["policy_kwargs"]["net_arch"] == {"pi": [64, 64], "qf": [256, 32]}
    assert config.origins["env_kwargs.ranges.vx.1"] == "-params"


def test_flags_win_over_the_trial_and_a_new_list_over_both(run):
    trial = {"env_wrapper.FrameSkip.skip": 4}
    assert arguments_of(run("env_wrapper.FrameSkip.skip:3", trial=trial))[0] == {"skip": 3}
    assert arguments_of(run("env_wrapper:{'FrameSkip': {'skip': 8}}", trial=trial)) == [{"skip": 8}]


def test_the_table_says_where_each_part_comes_from(run):
    config = run(
        "env_wrapper.HistoryWrapper[0].horizon:4",
        "env_kwargs.ranges.vx.0:0.1",
        trial={"env_wrapper.TimeLimit.max_episode_steps": 7},
    )
    lines = format_config(config).splitlines()
    skip, limit, inner, outer = (line for line in lines if line.startswith("env_wrapper "))
    assert skip.endswith("mine.yml: Env-v0") and outer.endswith("mine.yml: Env-v0")
    assert limit.endswith("mine.yml: Env-v0; max_episode_steps: trial")
    assert inner.endswith("mine.yml: Env-v0; horizon: -params")
    (ranges,) = (line for line in lines if line.startswith("env_kwargs.ranges"))
    assert ranges.endswith("mine.yml: Env-v0; vx.0: -params")


@pytest.mark.parametrize(
    ("param", "message"),
    [
        ("env_wrapper.FrameSkipp.skip:1", "no wrapper 'FrameSkipp'; did you mean 'FrameSkip'?"),
        ("env_wrapper.HistoryWrapper.horizon:1", r"say which one, HistoryWrapper\[0\] .the inner"),
        ("env_wrapper.HistoryWrapper[2].horizon:1", r"only 2 .*so HistoryWrapper\[2\] is not one"),
        ("env_wrapper.HistoryWrapper[1].deep.list.2:1", "the list there has 2 elements and no '2'"),
        ("env_wrapper.HistoryWrapper[1].deep.list.x:1", "the list there has 2 elements and no 'x'"),
        ("env_wrapper.TimeLimit.max_episode_steps.x:1", "the value there is 9, which has no 'x'"),
        ("env_wrapper.TimeLimit.0:1", "there is no list with an element 0"),
        ("env_wrapper.FrameSkip:3", "its arguments must be a mapping, not 3"),
        ("env_wrapper.FrameSkip..skip:3", "is not a name"),
        ("vec_env_wrapper.X.y:3", "no vec-env wrapper 'X'; it has none"),
        ("callback.Raw.y:3", "no callback 'Raw'"),
        ("env_kwargs.pair.2:3", "the list there has 2 elements and no '2'; valid: 0, 1"),
        ("env_kwargs.none.0:3", "there is no list with an element 0"),
        ("gamma.0:3", "'gamma' is not a mapping"),
    ],
)
def test_what_is_not_there(run, param, message):
    with pytest.raises(ConfigError, match=message) as caught:
        run(param)
    assert str(caught.value).startswith(f"-params {param.partition(':')[0]}: ")


def test_one_spelling_of_every_key():
    names = ["FrameSkip", "rl_zoo3.wrappers.FrameSkip", "a.b:Other"]
    places = [find_argument(names, f"env_wrapper.{word}.x.y") for word in ("a.b:Other", "Other")]
    assert {place.key for place in places} == {"env_wrapper.Other.x.y"}
    assert label_of(names, 1, "env_wrapper") == "env_wrapper.FrameSkip[1]"
    assert find_argument(names, "env_wrapper.FrameSkip[1].x").position == 1


NAMES = st.text("abc", min_size=1, max_size=2)
DATA = st.recursive(
    st.integers(0, 9) | st.none() | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=12,
)


def paths_in(data, prefix=()):
    """Every path that leads somewhere."""
    items = (
        data.items()
        if isinstance(data, dict)
        else enumerate(data)
        if isinstance(data, list)
        else ()
    )
    for name, inner in items:
        yield (*prefix, str(name))
        yield from paths_in(inner, (*prefix, str(name)))


@given(DATA, st.data())
def test_writing_a_path_changes_it_alone(data, draw):
    paths = list(paths_in(data))
    if not paths:
        return
    path = draw.draw(st.sampled_from(paths))
    before = copy.deepcopy(data)
    changed = with_value(data, path, 42)
    assert data == before, "the original stays"
    assert value_at(changed, path) == 42
    for other in paths:
        related = other[: len(path)] == path or path[: len(other)] == other
        assert related or value_at(changed, other) == value_at(data, other)
