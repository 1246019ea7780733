"""What a run is made of: frozen data, no behaviour beyond arithmetic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

ScheduleKind = Literal["constant", "linear", "exponential", "cosine"]

EMPTY: Mapping[str, Any] = MappingProxyType({})


def _empty() -> Mapping[str, Any]:
    return EMPTY


@dataclass(frozen=True)
class Symbol:
    """A Python object named in a configuration: ``nn.ReLU``, ``HerReplayBuffer``, a policy."""

    path: str
    """Where it lives, as ``package.module:Name``; imported when the agent is built."""


@dataclass(frozen=True)
class Schedule:
    """A hyperparameter that changes with training progress."""

    kind: ScheduleKind
    """Shape of the curve."""
    start: float
    """Value at the first step."""
    end: float = 0.0
    """Value at ``end_fraction`` of the budget and after it (exponential: must be positive)."""
    end_fraction: float = 1.0
    """Fraction of the budget, in (0, 1], after which the value stays at ``end``."""


@dataclass(frozen=True)
class Component:
    """A wrapper or callback chosen by name."""

    name: str
    """Short name, ``package.module:Name`` or dotted path, as the user wrote it."""
    kwargs: Mapping[str, Any] = field(default_factory=_empty)
    """Keyword arguments of its constructor."""


@dataclass(frozen=True)
class Normalize:
    """Running normalisation of observations and rewards (keywords of SB3's ``VecNormalize``)."""

    norm_obs: bool = True
    norm_reward: bool = True
    clip_obs: float = 10.0
    """Normalised observations are clipped to [-clip_obs, clip_obs]."""
    clip_reward: float = 10.0
    gamma: float | None = None
    """Discount of the return whose variance scales the reward; None: the agent's."""
    epsilon: float = 1e-8
    norm_obs_keys: tuple[str, ...] | None = None
    """Keys of a Dict observation that are normalised; None: all."""


@dataclass(frozen=True)
class ActionNoise:
    """Noise added to the action of a deterministic policy."""

    kind: Literal["normal", "ornstein-uhlenbeck"]
    std: float
    """Standard deviation, in units of the scaled action [-1, 1]."""


@dataclass(frozen=True)
class RunConfig:
    """Everything that decides what a training run does, resolved and validated."""

    algo: str
    """Short name of the algorithm, e.g. ``"sac"``."""
    env_id: str
    """Gymnasium id, ``Name-v0`` or ``package:Name-v0``."""
    n_timesteps: int
    """Budget in environment steps, all environments together."""
    policy: str
    """Policy alias such as ``MlpPolicy``, or the path of a class."""
    n_envs: int = 1
    """Environments stepped side by side."""
    algo_kwargs: Mapping[str, Any] = field(default_factory=_empty)
    """Keyword arguments of the algorithm's constructor; values are literals, Schedule or Symbol.
    ``train_freq`` given as a list is a tuple here."""
    normalize: Normalize | None = None
    frame_stack: int | None = None
    """Observations stacked by ``VecFrameStack``, or None."""
    action_noise: ActionNoise | None = None
    env_wrappers: tuple[Component, ...] = ()
    """Gymnasium wrappers, the innermost first; all inside Monitor."""
    vec_env_wrappers: tuple[Component, ...] = ()
    callbacks: tuple[Component, ...] = ()
    env_kwargs: Mapping[str, Any] = field(default_factory=_empty)
    """Keyword arguments of the environment, in training and evaluation."""
    eval_env_kwargs: Mapping[str, Any] = field(default_factory=_empty)
    """Merged over ``env_kwargs`` for evaluation."""
    monitor_kwargs: Mapping[str, Any] = field(default_factory=_empty)
    hyperparams: Mapping[str, Any] = field(default_factory=_empty)
    """The merged entry in the zoo's own keys and YAML-safe values: written as ``config.yml``;
    feeding it back gives the same RunConfig."""
    search_space: Mapping[str, Any] = field(default_factory=_empty, compare=False)
    """What the entry says about tuning, as it is written there; it takes no part in a run."""
    origins: Mapping[str, str] = field(default_factory=_empty, compare=False)
    """Where each (dotted) key comes from, e.g. ``{"gamma": "hyperparams/sac.yml: Ant-v4"}``."""
    notes: tuple[str, ...] = field(default=(), compare=False)
    """Sentences the user should see: a ``default`` entry was used, an old key was translated."""
