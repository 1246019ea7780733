"""What the VecEnv of an agent does with observations, as stages that add nodes to a graph.

Where the environment ends and the agent begins, from inside to outside: wrappers of VecEnvs from
YAML, normalisation, frame stack, transposed images.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from gymnasium import spaces
from stable_baselines3.common.vec_env import VecEnv, VecEnvWrapper

from rl_zoo.deploy.graph.builder import GraphBuilder, Observation
from rl_zoo.deploy.graph.class_registry import ClassRegistry
from rl_zoo.errors import ConfigError

OBSERVATION = "observation"
"""Key of an observation that is no Dict."""

_HERE = "rl_zoo.deploy.graph"

VEC_ENV_STAGES = ClassRegistry(
    kind="VecEnv wrapper",
    group="rl_zoo.graph_vec_env_wrappers",
    built_in={
        "rl_zoo.GuardedVecEnv": f"{_HERE}.preprocess:no_stage",
        "stable_baselines3.VecCheckNan": f"{_HERE}.preprocess:no_stage",
        "stable_baselines3.VecMonitor": f"{_HERE}.preprocess:no_stage",
        "stable_baselines3.VecExtractDictObs": f"{_HERE}.preprocess:extracted_key",
        "stable_baselines3.VecNormalize": f"{_HERE}.normalization:normalization_of",
        "stable_baselines3.VecFrameStack": f"{_HERE}.frames:frame_stack_of",
        "stable_baselines3.VecTransposeImage": f"{_HERE}.images:transposition_of",
    },
    methods=("normalize_obs", "_normalize_obs", "transpose_observations"),
)
"""Wrapper class -> function(wrapper) -> ``Stage``, or None where observations stay as they are."""


class Stage(Protocol):
    """One step between the environment's observation and the agent's; frozen data."""

    def add_to(self, builder: GraphBuilder, observation: Observation) -> Observation:
        """Add the nodes of this stage; returns the values of its result by key."""
        ...


@dataclass(frozen=True)
class Preprocessing:
    """What happens to an observation of the (outermost wrapped) environment before the policy."""

    observation_space: spaces.Space[Any]
    """Of the environment, before the stages."""
    stages: tuple[Stage, ...] = ()
    """Innermost first."""

    def add_to(self, builder: GraphBuilder, observation: Observation) -> Observation:
        """Add the nodes of all stages."""
        for stage in self.stages:
            observation = stage.add_to(builder, observation)
        return observation


@dataclass(frozen=True)
class ExtractedKey:
    """Take one entry of a Dict observation."""

    key: str

    def add_to(self, builder: GraphBuilder, observation: Observation) -> Observation:
        """Add the nodes of this stage: none."""
        return {OBSERVATION: observation[self.key]}


def preprocessing_of(env: VecEnv) -> Preprocessing:
    """Read the stages from the stack of an agent.

    Raises:
        ConfigError: If there is a wrapper whose work has no graph, naming it.
    """
    stages: list[Stage] = []
    layer: Any = env
    while isinstance(layer, VecEnvWrapper):
        stage = VEC_ENV_STAGES.function_of(layer)(layer)
        if stage is not None:
            stages.append(stage)
        layer = layer.venv
    return Preprocessing(layer.observation_space, tuple(reversed(stages)))


def space_parts(space: spaces.Space[Any]) -> Mapping[str, spaces.Space[Any]]:
    """Return the parts of an observation space by key.

    Raises:
        ConfigError: If a part is of a kind that SB3 has no networks for.
    """
    parts = dict(space.spaces) if isinstance(space, spaces.Dict) else {OBSERVATION: space}
    known = (spaces.Box, spaces.Discrete, spaces.MultiDiscrete, spaces.MultiBinary)
    for key, part in parts.items():
        if not isinstance(part, known):
            raise ConfigError(
                f"the observation '{key}' is a {type(part).__name__}: no graph for it"
            )
    return parts


def no_stage(wrapper: VecEnvWrapper) -> None:
    """Return None: the wrapper leaves observations as they are."""


def extracted_key(wrapper: Any) -> ExtractedKey:
    """Return the stage of a ``VecExtractDictObs``."""
    return ExtractedKey(wrapper.key)
