"""Environment wrappers by short name; a wrapper's module is imported when it is chosen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rl_zoo.registry import Registry

_OURS = {
    "ActionFilterWrapper": "rl_zoo.wrappers.action_filter:ActionFilterWrapper",
    "ActionNoiseWrapper": "rl_zoo.wrappers.action_noise:ActionNoiseWrapper",
    "ActionSmoothingWrapper": "rl_zoo.wrappers.action_smoothing:ActionSmoothingWrapper",
    "CPGResidualWrapper": "rl_zoo.wrappers.cpg_residual:CPGResidualWrapper",
    "DelayedRewardWrapper": "rl_zoo.wrappers.delayed_reward:DelayedRewardWrapper",
    "FrameSkip": "rl_zoo.wrappers.frame_skip:FrameSkip",
    "HistoryWrapper": "rl_zoo.wrappers.history:HistoryWrapper",
    "HistoryWrapperObsDict": "rl_zoo.wrappers.history_obs_dict:HistoryWrapperObsDict",
    "JointPDWrapper": "rl_zoo.wrappers.joint_pd:JointPDWrapper",
    "LowPassFilterWrapper": "rl_zoo.wrappers.action_filter:LowPassFilterWrapper",
    "MaskVelocityWrapper": "rl_zoo.wrappers.mask_velocity:MaskVelocityWrapper",
    "SafetyWrapper": "rl_zoo.wrappers.safety:SafetyWrapper",
    "TaskConstraintsWrapper": "rl_zoo.wrappers.task_constraints:TaskConstraintsWrapper",
    "TruncatedOnSuccessWrapper": "rl_zoo.wrappers.truncated_on_success:TruncatedOnSuccessWrapper",
    "TruncationWrapper": "rl_zoo.wrappers.truncation:TruncationWrapper",
    "YAMLCompatResizeObservation": "rl_zoo.wrappers.resize:YAMLCompatResizeObservation",
}

_GYMNASIUM = (
    "AddRenderObservation",
    "AtariPreprocessing",
    "ClipAction",
    "ClipReward",
    "DelayObservation",
    "DiscretizeAction",
    "DiscretizeObservation",
    "DtypeObservation",
    "FilterObservation",
    "FlattenObservation",
    "FrameStackObservation",
    "GrayscaleObservation",
    "MaxAndSkipObservation",
    "RepeatAction",
    "RescaleAction",
    "RescaleObservation",
    "StickyAction",
    "TimeAwareObservation",
    "TimeLimit",
)
"""Those that need no more than YAML can say, and no memory of their own beyond the episode."""

_ATARI = (
    "AtariWrapper",
    "ClipRewardEnv",
    "EpisodicLifeEnv",
    "FireResetEnv",
    "MaxAndSkipEnv",
    "NoopResetEnv",
    "StickyActionEnv",
    "WarpFrame",
)

_BUILT_IN = {
    **{name: f"gymnasium.wrappers:{name}" for name in _GYMNASIUM},
    **{name: f"stable_baselines3.common.atari_wrappers:{name}" for name in _ATARI},
    "TimeFeatureWrapper": "sb3_contrib.common.wrappers:TimeFeatureWrapper",
    **_OURS,
    # Gymnasium's own takes a tuple only, which YAML cannot give.
    "ResizeObservation": _OURS["YAMLCompatResizeObservation"],
}

_GYMNASIUM_MODULES = {
    "atari_preprocessing": ("AtariPreprocessing",),
    "clip_action": ("ClipAction",),
    "common": ("TimeLimit",),
    "filter_observation": ("FilterObservation",),
    "flatten_observation": ("FlattenObservation",),
    "rescale_action": ("RescaleAction",),
    "resize_observation": ("ResizeObservation",),
    "time_aware_observation": ("TimeAwareObservation",),
    "time_limit": ("TimeLimit",),
    "transform_action": ("ClipAction", "RescaleAction"),
    "transform_observation": (
        "FilterObservation",
        "FlattenObservation",
        "GrayscaleObservation",
        "ResizeObservation",
    ),
}
"""Modules below ``gymnasium.wrappers`` in which some release keeps, or kept, a wrapper."""


_ZOO = ("rl_zoo3.wrappers", "utils.wrappers")  # the second: before the zoo was a package
_GYM = ("gymnasium.wrappers", "gym.wrappers")
_CONTRIB = ("sb3_contrib.common.wrappers", "sb3_contrib.common.wrappers.time_feature")


def _aliases() -> Iterator[tuple[str, str]]:
    yield from _paths(_ZOO, _OURS)
    yield from _paths((*_ZOO, *_CONTRIB), ["TimeFeatureWrapper"])
    yield from (
        (f"{package}.DoneOnSuccessWrapper", "TruncatedOnSuccessWrapper") for package in _ZOO
    )
    yield from _paths(["stable_baselines3.common.atari_wrappers"], _ATARI)
    yield from _paths(_GYM, [*_GYMNASIUM, "ResizeObservation"])
    for package in _GYM:
        for module, names in _GYMNASIUM_MODULES.items():
            yield from _paths([f"{package}.{module}"], names)
        for path in ("GrayScaleObservation", "gray_scale_observation.GrayScaleObservation"):
            yield f"{package}.{path}", "GrayscaleObservation"


def _paths(packages: Iterable[str], names: Iterable[str]) -> Iterator[tuple[str, str]]:
    return ((f"{package}.{name}", name) for package in packages for name in names)


_VEC_MODULES = {
    "VecCheckNan": "vec_check_nan",
    "VecExtractDictObs": "vec_extract_dict_obs",
    "VecFrameStack": "vec_frame_stack",
    "VecTransposeImage": "vec_transpose",
}
_VEC_ENV = "stable_baselines3.common.vec_env"

WRAPPERS = Registry("wrapper", "rl_zoo.wrappers", _BUILT_IN, dict(_aliases()))
"""What ``env_wrapper`` can name: Gymnasium wrappers, called as ``Wrapper(env, **kwargs)``."""

VEC_ENV_WRAPPERS = Registry(
    "vec-env wrapper",
    "rl_zoo.vec_env_wrappers",
    {name: f"{_VEC_ENV}:{name}" for name in _VEC_MODULES},
    {
        path: name
        for name, module in _VEC_MODULES.items()
        for path in (f"{_VEC_ENV}.{name}", f"{_VEC_ENV}.{module}.{name}")
    },
)
"""What ``vec_env_wrapper`` can name: wrappers of SB3's VecEnv, called the same way."""
