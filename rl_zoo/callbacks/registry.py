"""Callbacks by short name; a callback's module is imported when it is chosen."""

from __future__ import annotations

from rl_zoo.registry import Registry

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
