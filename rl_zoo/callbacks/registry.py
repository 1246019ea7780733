"""Callbacks by short name; a callback's module is imported when it is chosen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rl_zoo.registry import Registry, check_keywords

_SB3 = "stable_baselines3.common.callbacks"
_SB3_NAMES = (
    "CheckpointCallback",
    "EveryNTimesteps",
    "LogEveryNTimesteps",
    "ProgressBarCallback",
    "StopTrainingOnMaxEpisodes",
    "StopTrainingOnNoModelImprovement",
    "StopTrainingOnRewardThreshold",
)
_OURS = {"RawStatisticsCallback": "rl_zoo.callbacks.raw_statistics:RawStatisticsCallback"}

CALLBACKS = Registry(
    "callback",
    "rl_zoo.callbacks",
    {**{name: f"{_SB3}:{name}" for name in _SB3_NAMES}, **_OURS},
    {
        **{f"{_SB3}.{name}": name for name in _SB3_NAMES},
        **{
            f"{package}.{name}": name
            for name in _OURS
            for package in ("rl_zoo3.callbacks", "utils.callbacks")
        },
    },
)
"""What ``callback`` can name: SB3 callbacks, called as ``Callback(**kwargs)``."""

_INSIDE_EVAL_CALLBACK = ("StopTrainingOnNoModelImprovement", "StopTrainingOnRewardThreshold")


def check_callback(name: str, kwargs: Mapping[str, Any], where: str) -> list[str]:
    """Return what would keep a callback from running; its module is imported.

    Raises:
        ConfigError: If there is no such callback.
    """
    callback = CALLBACKS.load(name)
    if getattr(callback, "__name__", "") in _INSIDE_EVAL_CALLBACK:
        return [f"{where}: works only inside SB3's EvalCallback, which is not used here; remove it"]
    return check_keywords(callback, kwargs, where)
