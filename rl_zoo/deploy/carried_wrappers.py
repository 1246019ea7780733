"""Which Gymnasium wrappers a bundle carries as layers, and which make no difference to a policy."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces

from rl_zoo.deploy.layer import Layer
from rl_zoo.registry import Registry

Wrapper = gym.Wrapper[Any, Any, Any, Any]
Describe = Callable[[Any], Layer | None]

PLUGINS = Registry("carried wrapper", "rl_zoo.deploy_wrappers", {})
"""Of third parties: name of a wrapper's class -> function(wrapper) -> plain layer, or None if this
one cannot be carried. The layer's kind is one of ``rl_zoo.deploy.layer.LAYERS``."""

NEUTRAL: Mapping[str, tuple[str, ...]] = {
    "rl_zoo": (
        "DelayedRewardWrapper",
        "EpisodeControlWrapper",
        "EpisodeMetricsWrapper",
        "FaultReportWrapper",
        "TruncatedOnSuccessWrapper",
        "TruncationWrapper",
    ),
    "gymnasium": (
        "ClipReward",
        "HumanRendering",
        "NormalizeReward",
        "OrderEnforcing",
        "PassiveEnvChecker",
        "RecordEpisodeStatistics",
        "RecordVideo",
        "RenderCollection",
        "TimeLimit",
        "TransformReward",
    ),
    "stable_baselines3": ("ClipRewardEnv", "Monitor"),
}
"""Wrappers that change neither observations nor actions, by the package they are in."""


def layer_of(wrapper: Wrapper) -> dict[str, Any] | None:
    """Return the layer that does what ``wrapper`` does, as plain data.

    Returns:
        What ``Layer.to_dict`` returns, for ``rl_zoo.deploy.layer.make_layer``; None if a bundle
        cannot carry this wrapper, so that it stays with the environment.
    """
    name = type(wrapper).__name__
    package, describe = _CARRIED.get(name, ("", None))
    if describe is not None and _package(wrapper) == package:
        layer = describe(wrapper)
        return None if layer is None else layer.to_dict()
    if name not in PLUGINS.names():
        return None
    plain: dict[str, Any] | None = PLUGINS.load(name)(wrapper)
    return plain


def is_neutral(wrapper: Wrapper) -> bool:
    """Say whether observations and actions pass ``wrapper`` unchanged.

    Such a wrapper stays with the environment wherever it is. Beside those in ``NEUTRAL`` it is any
    ``gym.RewardWrapper`` that only has a ``reward``.
    """
    kind = type(wrapper)
    if kind.__name__ in NEUTRAL.get(_package(wrapper), ()):
        return not getattr(wrapper, "remaining_time", False)  # of a TruncationWrapper
    return (
        isinstance(wrapper, gym.RewardWrapper)
        and kind.step is gym.RewardWrapper.step
        and kind.reset is gym.Wrapper.reset
    )


def observation_space_inside(wrapper: Wrapper) -> spaces.Space[Any]:
    """Return the space of the observations that ``wrapper`` is given.

    ``TimeFeatureWrapper`` overwrites the space of the environment it wraps with its own.
    """
    space: Any = wrapper.env.observation_space
    if type(wrapper).__name__ != "TimeFeatureWrapper" or _package(wrapper) != "sb3_contrib":
        return space  # type: ignore[no-any-return]
    if isinstance(space, spaces.Dict):
        inner = _without_last(space["observation"])
        return spaces.Dict({**space.spaces, "observation": inner})
    return _without_last(space)


def _without_last(box: Any) -> spaces.Box:
    return spaces.Box(box.low[:-1], box.high[:-1], dtype=box.dtype)


def _package(wrapper: Wrapper) -> str:
    return type(wrapper).__module__.partition(".")[0]


def _history(wrapper: Any) -> Layer:
    from rl_zoo.deploy.layers.history import HistoryLayer

    return HistoryLayer(wrapper.history.shape)


def _dict_history(wrapper: Any) -> Layer:
    from rl_zoo.deploy.layers.history import HistoryLayer

    return HistoryLayer(wrapper.history.shape, key="observation")


def _action_filter(wrapper: Any) -> Layer:
    from rl_zoo.deploy.layers.action_filter import ActionFilterLayer

    return ActionFilterLayer(wrapper.filter.running.parameters, wrapper.filter.bounds)


def _action_smoothing(wrapper: Any) -> Layer:
    from rl_zoo.deploy.layers.action_smoothing import ActionSmoothingLayer

    space = wrapper.env.action_space
    return ActionSmoothingLayer(wrapper.smoothing_coef, space.shape, str(np.dtype(space.dtype)))


def _cpg_residual(wrapper: Any) -> Layer | None:
    from rl_zoo.deploy.layers.cpg_residual import CpgResidualLayer

    plain = wrapper.deployment_state()
    plain.pop("state")  # where in the cycle the exporter left it
    if plain["space"] == "foot" and plain["joint_units"] is None:
        return None
    return CpgResidualLayer(plain)


def _safety(wrapper: Any) -> Layer | None:
    from rl_zoo.deploy.carried_safety import safety_layer  # SafetyWrapper -> SafetyLayer

    return safety_layer(wrapper)


def _rescale_action(wrapper: Any) -> Layer | None:
    from rl_zoo.deploy.layers.rescale_action import RescaleActionLayer

    found = inspect.getclosurevars(wrapper.func).nonlocals
    if not {"gradient", "intercept"} <= set(found):
        return None
    layer = RescaleActionLayer(np.asarray(found["gradient"]), np.asarray(found["intercept"]))
    rng = np.random.default_rng(0)
    dtype = wrapper.action_space.dtype
    for _ in range(20):
        action = rng.uniform(-1.0, 1.0, wrapper.action_space.shape).astype(dtype)
        if not np.array_equal(layer.rescaled(action), wrapper.func(action)):
            return None
    return layer


def _flatten(wrapper: Any) -> Layer | None:
    from rl_zoo.deploy.carried_spaces import flattening
    from rl_zoo.deploy.layers.flatten import FlattenLayer

    space = flattening(wrapper.env.observation_space)
    return None if space is None else FlattenLayer(space)


def _mask_velocity(wrapper: Any) -> Layer:
    from rl_zoo.deploy.layers.mask import MaskLayer

    return MaskLayer(wrapper.mask)


def _time_feature(wrapper: Any) -> Layer:
    from rl_zoo.deploy.layers.time_feature import TimeFeatureLayer

    is_dict = isinstance(wrapper.observation_space, spaces.Dict)
    return TimeFeatureLayer(
        wrapper._max_steps,
        str(np.dtype(wrapper.dtype)),
        key="observation" if is_dict else None,
        is_constant=wrapper._test_mode,
    )


_CARRIED: Mapping[str, tuple[str, Describe]] = {
    "ActionFilterWrapper": ("rl_zoo", _action_filter),
    "ActionSmoothingWrapper": ("rl_zoo", _action_smoothing),
    "CPGResidualWrapper": ("rl_zoo", _cpg_residual),
    "FlattenObservation": ("gymnasium", _flatten),
    "HistoryWrapper": ("rl_zoo", _history),
    "HistoryWrapperObsDict": ("rl_zoo", _dict_history),
    "LowPassFilterWrapper": ("rl_zoo", _action_filter),
    "MaskVelocityWrapper": ("rl_zoo", _mask_velocity),
    "RescaleAction": ("gymnasium", _rescale_action),
    "SafetyWrapper": ("rl_zoo", _safety),
    "TimeFeatureWrapper": ("sb3_contrib", _time_feature),
}
"""Name of a class, the package it must be from, and what makes its layer."""
