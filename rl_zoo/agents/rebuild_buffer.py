"""Build the replay buffer of a run again from the files of its episodes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from rl_zoo.agents.capabilities import is_off_policy
from rl_zoo.agents.discard_replay import ReplayDiscards
from rl_zoo.agents.executed_action import stores_executed_actions
from rl_zoo.agents.executed_replay import ExecutedActions
from rl_zoo.agents.extended_buffer import extend
from rl_zoo.config.model import RunConfig
from rl_zoo.errors import ConfigError, NothingFoundError
from rl_zoo.runs.episode_file import Episode, episode_files, read_episode
from rl_zoo.wrappers.episode_control import DISCARD


def rebuild_buffer(config: RunConfig, files: Iterable[Path]) -> Any:
    """Return SB3's replay buffer with the transitions of ``files``, in their order.

    It is the buffer that the run itself filled, row by row: observations, rewards and ends to the
    last bit, actions to the rounding of the scaling to [-1, 1] (1e-7). Interrupted transitions are
    the same holes. An unfinished episode is cut by a timeout, as a saved buffer is.

    Args:
        config: Of the run.
        files: Its episodes.

    Raises:
        ConfigError: If the run's agent learns from something that the episodes do not hold.
        NothingFoundError: If there are no transitions.
        DamagedFileError: If a file is damaged.
    """
    check_can_rebuild(config)
    episodes = [read_episode(file) for file in files]
    n_steps = sum(episode.n_steps for episode in episodes)
    if n_steps == 0:
        raise NothingFoundError("no episodes with steps to learn from")
    memory = _empty_buffer(config, episodes[0])
    for episode in episodes:
        _add(memory, episode)
    return memory


def check_can_rebuild(config: RunConfig) -> None:
    """Refuse a run whose buffer the episodes do not determine.

    Raises:
        ConfigError: In one sentence.
    """
    if not is_off_policy(config.algo):
        raise ConfigError(f"{config.algo} learns from no replay buffer")
    if config.n_envs > 1:
        raise ConfigError(f"n_envs: {config.n_envs}: episodes of one environment are needed")
    changed = [
        name
        for name, value in (
            ("vec_env_wrapper", config.vec_env_wrappers),
            ("frame_stack", config.frame_stack),
        )
        if value
    ]
    if changed:
        raise ConfigError(f"{changed[0]}: changes what is stored; the episodes hold it without")
    if config.algo_kwargs.get("replay_buffer_class") is not None:
        raise ConfigError("replay_buffer_class: only SB3's own buffer can be built from episodes")


def run_episodes(folder: Path) -> list[Path]:
    """Return the files of all episodes in ``folder``.

    Raises:
        NothingFoundError: If there are none.
    """
    files = episode_files(folder)
    if not files:
        raise NothingFoundError(f"{folder}: no episode_<n>.npz; train with --save-episodes")
    return files


def _empty_buffer(config: RunConfig, first: Episode) -> Any:
    from gymnasium.spaces import Box
    from stable_baselines3.common.buffers import NStepReplayBuffer, ReplayBuffer

    arrays, about = first.arrays, first.about
    if "action_low" not in about:
        raise ConfigError("the episodes hold no continuous actions")
    observations = arrays["observations"]
    space = Box(-np.inf, np.inf, observations.shape[1:], observations.dtype.type)
    actions = Box(
        np.array(about["action_low"], dtype=np.float32),
        np.array(about["action_high"], dtype=np.float32),
    )
    kwargs: dict[str, Any] = dict(config.algo_kwargs.get("replay_buffer_kwargs") or {})
    kwargs["optimize_memory_usage"] = config.algo_kwargs.get("optimize_memory_usage", False)
    kind: Any = ReplayBuffer
    n_steps = config.algo_kwargs.get("n_steps", 1)
    if n_steps > 1:
        kind = NStepReplayBuffer
        kwargs.update(n_steps=n_steps, gamma=config.algo_kwargs.get("gamma", 0.99))
    size = int(config.algo_kwargs.get("buffer_size", 1_000_000))
    memory = kind(size, space, actions, device="cpu", n_envs=1, **kwargs)
    extend(memory, ReplayDiscards)
    memory.prepare()
    if stores_executed_actions(config):
        extend(memory, ExecutedActions)
    return memory


def _add(memory: Any, episode: Episode) -> None:
    arrays = episode.arrays
    scaled = _scaled(arrays["actions"], memory.action_space)
    last = episode.n_steps - 1
    for step in range(episode.n_steps):
        terminated = bool(arrays["terminated"][step])
        truncated = bool(arrays["truncated"][step]) or (step == last and not terminated)
        info: dict[str, Any] = {
            "TimeLimit.truncated": truncated and not terminated,
            DISCARD: bool(arrays["discarded"][step]),
        }
        if "corrected" in arrays and arrays["corrected"][step]:
            info["safe_action"] = arrays["safe_actions"][step]
            info["action_proposed"] = arrays["actions"][step]
        memory.add(
            arrays["observations"][step][None],
            arrays["observations"][step + 1][None],
            scaled[step][None],
            np.array([arrays["rewards"][step]], dtype=np.float32),
            np.array([terminated or truncated]),
            [info],
        )


def _scaled(actions: np.ndarray, space: Any) -> np.ndarray:
    """Return actions in [-1, 1], as SB3's policies scale them."""
    low, high = space.low, space.high
    result: np.ndarray = 2.0 * ((actions - low) / (high - low)) - 1.0
    return result.astype(np.float32)
