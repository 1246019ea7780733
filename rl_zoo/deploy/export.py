"""Make a bundle of a loaded run: graph, layers, metadata, and the proof that it acts the same."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from gymnasium import spaces

from rl_zoo.agents.load_run import LoadedRun
from rl_zoo.agents.playback import PlaySettings, play
from rl_zoo.config.model import RunConfig
from rl_zoo.deploy.describe import (
    action_layout,
    array_layout,
    describe_robot_of,
    installed_versions,
    observation_layouts,
)
from rl_zoo.deploy.examples import examples_of
from rl_zoo.deploy.graph.build import build_network
from rl_zoo.deploy.graph.builder import BuiltNetwork
from rl_zoo.deploy.graph.preprocess import preprocessing_of
from rl_zoo.deploy.metadata import (
    KEY,
    EnvironmentRecord,
    Metadata,
    to_json,
)
from rl_zoo.deploy.original import original_actions, random_observations
from rl_zoo.deploy.parity import (
    Comparison,
    IsTie,
    compare_layers,
    compare_network,
    compare_policy,
    microseconds,
    require_equal,
    step_times,
)
from rl_zoo.deploy.recording import (
    RecordedEpisode,
    StepRecorder,
    insert_recorder,
    play_random,
)
from rl_zoo.deploy.runtime import Policy
from rl_zoo.deploy.scores import compare_scores, listening
from rl_zoo.deploy.stack_split import StackSplit, split_stack
from rl_zoo.envs.control_period import control_period
from rl_zoo.errors import ConfigError

_TIMED_STEPS = 2000
_RANDOM_EPISODE = 50
"""Steps after which a policy with a memory starts anew among random observations."""
_NUDGE = 1e-6
"""Relative change of an observation that may turn a choice only where two are equal."""


@dataclass(frozen=True)
class ExportSettings:
    """How thoroughly to compare."""

    n_steps: int = 1000
    """Recorded steps."""
    n_random: int = 1000
    """Random observations."""
    seed: int = 0
    deployed: RunConfig | None = None
    """Configuration whose environment the bundle is for; None: that of the run as loaded."""
    packages: tuple[str, ...] = ()
    """Modules that register the environment."""
    about_run: Mapping[str, Any] | None = None
    """``Metadata.run``."""


@dataclass(frozen=True)
class Export:
    """A bundle that acts as the original does."""

    content: bytes
    """Of the file."""
    metadata: Metadata
    comparisons: tuple[Comparison, ...]
    guard_is_kept: bool
    """Whether the safety limits could not be carried."""


def export(run: LoadedRun, settings: ExportSettings) -> Export:
    """Make a bundle and compare it with the original.

    The environments of ``run`` are played in, and changed: do not use them afterwards.

    Raises:
        ConfigError: If a part of the run cannot be exported, or the bundle acts differently.
        KeyboardInterrupt: After Ctrl-C.
    """
    built = build_network(run.agent.policy, preprocessing_of(run.env))
    base: Any = run.env.unwrapped
    split = split_stack(base.envs[0], run.config.env_wrappers)
    metadata = _describe(run, built, split, settings)
    policy = Policy(_content(built.model, metadata))
    base.envs[0] = outer = StepRecorder(base.envs[0])
    boundary = insert_recorder(split.outside)
    if play(run.agent, run.env, PlaySettings(n_steps=settings.n_steps)).interrupted:
        raise KeyboardInterrupt  # play() keeps what it has, which is too little to compare
    episodes, seen = boundary.take(), outer.take()
    comparisons, original_times = _compare_networks(run, built, policy, (seen, settings))
    comparisons.append(compare_policy(policy, episodes, seen, _tie_of(run, policy)))
    require_equal(comparisons[-1], metadata.action.array)
    if split.layers:
        play_random(outer, settings.n_steps, settings.seed)
        of_layers = compare_layers(policy, boundary.take(), outer.take())
        require_equal(of_layers[0], metadata.action.array)
        require_equal(of_layers[1], None)
        comparisons += of_layers
    longest = max(episodes, key=lambda episode: episode.n_steps)
    bundle_times = step_times(policy, longest, _TIMED_STEPS)
    metadata = dataclasses.replace(
        metadata,
        examples=examples_of(longest, metadata),
        parity={
            "max_error": {item.stage: item.max_error for item in comparisons},
            "n": {item.stage: item.n for item in comparisons},
            "ties": sum(item.n_ties for item in comparisons),
            "original": microseconds(original_times),
            "bundle": microseconds(bundle_times),
        },
    )
    content = _content(built.model, metadata)
    onnx.checker.check_model(onnx.load_from_string(content))
    return Export(content, metadata, tuple(comparisons), split.guard_is_kept)


def _describe(
    run: LoadedRun, built: BuiltNetwork, split: StackSplit, settings: ExportSettings
) -> Metadata:
    inside = split.boundary
    return Metadata(
        run=settings.about_run or {},
        versions=installed_versions(),
        observation=observation_layouts(split.observation_space, inside),
        observation_is_dict=isinstance(split.observation_space, spaces.Dict),
        action=action_layout(inside.action_space, inside),
        proposed=array_layout("proposed", run.env.action_space) if split.layers else None,
        network=built.layout,
        environment=_environment_record(settings.deployed or run.config, split, settings.packages),
        control_period=control_period(inside),
        layers=split.layers,
        robot=describe_robot_of(inside),
    )


def _environment_record(
    config: RunConfig, split: StackSplit, packages: tuple[str, ...]
) -> EnvironmentRecord:
    """Return what stays an environment's business, as evaluation sees it."""
    kwargs = {**config.env_kwargs, **config.eval_env_kwargs}
    limit = kwargs.pop("max_episode_steps", None)
    wrappers = tuple({"name": item.name, "kwargs": dict(item.kwargs)} for item in split.kept)
    _require_json("env_kwargs", kwargs)
    for item in split.kept:
        _require_json(item.name, item.kwargs)
    return EnvironmentRecord(config.env_id, kwargs, limit, wrappers, packages)


def _require_json(owner: str, options: Mapping[str, Any]) -> None:
    """Refuse an option that a bundle cannot hold."""
    for name, value in options.items():
        if not _is_json(value):
            raise ConfigError(
                f"{owner}: {name}={value!r} cannot be stored in a bundle, which holds finite "
                "numbers, texts, lists and dictionaries with texts as keys"
            )


def _is_json(value: Any) -> bool:
    """Say whether a value comes out of JSON as it went in, tuples as lists."""
    if isinstance(value, Mapping):
        return all(isinstance(key, str) and _is_json(item) for key, item in value.items())
    if isinstance(value, list | tuple):
        return all(map(_is_json, value))
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, bool | int | str)


def _compare_networks(
    run: LoadedRun,
    built: BuiltNetwork,
    policy: Policy,
    what: tuple[Sequence[RecordedEpisode], ExportSettings],
) -> tuple[list[Comparison], np.ndarray]:
    """Compare the graph on recorded and on random observations."""
    layout = policy.metadata.proposed or policy.metadata.action.array
    comparisons, times = [], []
    for stage, episodes in _observations(run, *what).items():
        with listening(run.agent.policy) as scores:
            wanted, seconds = original_actions(run.agent, run.env, episodes)
        times.append(seconds)
        comparisons.append(
            compare_network(policy.network, episodes, wanted, stage, layout, _tie_of(run, policy))
        )
        require_equal(comparisons[-1], layout)
        if built.scores is not None and scores and len(scores) == sum(map(len, episodes)):
            stage = stage.replace("network", "scores")
            comparisons.append(compare_scores(built, episodes, scores, stage))
            require_equal(comparisons[-1], None)
    return comparisons, np.concatenate(times)


def _observations(
    run: LoadedRun, recorded: Sequence[RecordedEpisode], settings: ExportSettings
) -> dict[str, list[list[Any]]]:
    """Return the episodes of observations to compare with, by the name of the stage."""
    base: Any = run.env.unwrapped
    lived = [list(item.observations[: item.n_steps]) for item in recorded]
    drawn = random_observations(
        base.observation_space,
        [observation for episode in lived for observation in episode],
        settings.n_random,
        np.random.default_rng(settings.seed),
    )
    pieces = range(0, len(drawn), _RANDOM_EPISODE)
    return {
        "network, recorded": lived,
        "network, random": [drawn[start : start + _RANDOM_EPISODE] for start in pieces],
    }


def _tie_of(run: LoadedRun, policy: Policy) -> IsTie | None:
    """Return what says whether a choice is a matter of rounding; None: choices are not made."""
    base: Any = run.env.unwrapped
    space = base.observation_space
    is_float = isinstance(space, spaces.Box) and np.issubdtype(space.dtype, np.floating)
    has_memory = bool(policy.metadata.network.states)
    if isinstance(run.env.action_space, spaces.Box) or not is_float or has_memory:
        return None

    def is_tie(observation: np.ndarray) -> bool:
        nudged = [
            [observation * np.asarray(1.0 + nudge, observation.dtype)]
            for nudge in (_NUDGE, -_NUDGE)
        ]
        (one,), (two,) = original_actions(run.agent, run.env, nudged)[0]
        return not np.array_equal(one, two)

    return is_tie


def _content(model: onnx.ModelProto, metadata: Metadata) -> bytes:
    """Return the file: the graph with the metadata in it."""
    try:
        text = to_json(metadata)
    except (TypeError, ValueError) as error:
        raise ConfigError(
            f"not exported: the run holds a value that JSON has not: {error}"
        ) from error
    whole = onnx.ModelProto()
    whole.CopyFrom(model)
    del whole.metadata_props[:]
    entry = whole.metadata_props.add()
    entry.key, entry.value = KEY, text
    content: bytes = whole.SerializeToString()
    return content
