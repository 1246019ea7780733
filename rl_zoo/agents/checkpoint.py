"""Save and restore everything that decides how training goes on.

A checkpoint taken at the start of an episode (``exact``) continues bit by bit on a deterministic
environment: the environment's random state from *before* its last reset is stored, so the reset is
repeated, not replaced.
"""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.vec_env import VecEnv, VecEnvWrapper

from rl_zoo import console
from rl_zoo.agents.buffers import cut_last_trajectory, memory_of, read_buffer, write_buffer
from rl_zoo.agents.episode_start import begin_episodes, frozen_normalizer
from rl_zoo.agents.partial_rollout import (
    close_open_episodes,
    continue_rollout,
    has_partial_rollout,
)
from rl_zoo.agents.random_state import (
    collect_random_state,
    exploration_matrices,
    restore_exploration_matrices,
    restore_random_state,
)
from rl_zoo.agents.weights import collect_counters, load_weights, restore_counters, save_agent
from rl_zoo.envs.guarded import find_guard
from rl_zoo.errors import DamagedFileError
from rl_zoo.runs.atomic import atomic_writer
from rl_zoo.runs.checkpoints import (
    can_resume_from,
    complete_checkpoints,
    verify_checkpoint,
    write_manifest,
)
from rl_zoo.runs.folder import RunFolder
from rl_zoo.runs.session_log import log_positions
from rl_zoo.wrappers.fault_report import describe

_JSON = "json"


@dataclass
class RestoredRun:
    """What is put back at the first safe point, after SB3 has drawn random numbers of its own."""

    random_state: dict[str, Any]
    exploration: dict[str, np.ndarray]
    extra: dict[str, Any] = field(default_factory=dict)
    """What the caller stored beside the agent."""

    def apply(self, agent: BaseAlgorithm) -> None:
        """Put random states and exploration matrices back."""
        restore_random_state(agent, self.random_state)
        restore_exploration_matrices(agent, self.exploration)


def save_checkpoint(
    folder: RunFolder, agent: BaseAlgorithm, env: VecEnv, extra: dict[str, Any]
) -> int:
    """Write a complete checkpoint of ``agent`` and ``env``.

    A complete one of the same step stays as it is; of one that cannot be written nothing stays.

    Args:
        folder: The run.
        agent: The agent; every transition it was shown is stored.
        env: Its environment stack.
        extra: JSON-able state of the run beside the agent.

    Returns:
        The checkpoint's number: environment steps so far.
    """
    steps = agent.num_timesteps
    if steps in complete_checkpoints(folder) and can_resume_from(folder, steps):
        return steps
    folder.checkpoint_manifest(steps).unlink(missing_ok=True)
    files: list[Path] = []
    try:
        _write_checkpoint(folder, agent, env, extra, files)
    except BaseException:
        for file in files:
            file.unlink(missing_ok=True)
        raise
    return steps


def _write_checkpoint(
    folder: RunFolder,
    agent: BaseAlgorithm,
    env: VecEnv,
    extra: dict[str, Any],
    files: list[Path],
) -> None:
    """Write the files of a checkpoint, the manifest last; ``files`` gets their names."""
    steps = agent.num_timesteps
    files += [folder.checkpoint_model(steps), folder.checkpoint_state(steps)]
    save_agent(agent, files[0], folder.checkpoint_normalizer(steps))
    if agent.get_vec_normalize_env() is not None:
        files.append(folder.checkpoint_normalizer(steps))
    episodes_over = find_guard(env).all_episodes_over
    has_memory = _prepare_memory(agent, episodes_over)
    if has_memory:
        memory = memory_of(agent)
        assert memory is not None
        files.append(folder.checkpoint_buffer(steps))
        with atomic_writer(files[-1]) as stream:
            write_buffer(memory, stream)
    state = {
        "counters": collect_counters(agent),
        "random_state": collect_random_state(agent),
        "episodes_over": episodes_over,
        "environments": _environment_states(env),
        "has_memory": has_memory,
        "episode_infos": list(agent.ep_info_buffer or []),
        "successes": [float(value) for value in agent.ep_success_buffer or []],
        "log_positions": log_positions(folder),
        "extra": extra,
    }
    with atomic_writer(folder.checkpoint_state(steps)) as stream:
        content = np.array(json.dumps(state, default=_to_json).encode())
        np.savez(stream, **{_JSON: content}, **exploration_matrices(agent))  # type: ignore[arg-type]
    write_manifest(folder, steps, files)


def read_checkpoint_state(folder: RunFolder, steps: int) -> dict[str, Any]:
    """Return the stored state of a checkpoint; ``extra`` is what the caller gave.

    Raises:
        DamagedFileError: If the checkpoint is incomplete.
    """
    verify_checkpoint(folder, steps)
    with np.load(folder.checkpoint_state(steps), allow_pickle=False) as stored:
        state: dict[str, Any] = json.loads(stored[_JSON].item())
        state["exploration"] = {name: stored[name] for name in stored.files if name != _JSON}
    return state


def restore_checkpoint(
    folder: RunFolder, steps: int, agent: BaseAlgorithm, env: VecEnv
) -> RestoredRun:
    """Put ``agent`` and ``env`` (with the checkpoint's normaliser) into a checkpoint's state.

    The environments are reset once: to the very episode that followed the checkpoint if it was
    taken between episodes, to a new one otherwise.

    Raises:
        DamagedFileError: If the checkpoint is incomplete or does not fit the agent.
    """
    state = read_checkpoint_state(folder, steps)
    load_weights(agent, folder.checkpoint_model(steps))
    restore_counters(agent, state["counters"])
    if state["has_memory"]:
        memory = memory_of(agent)
        if memory is None:
            raise DamagedFileError(f"{folder.checkpoint_buffer(steps)}: this agent has no memory")
        read_buffer(memory, folder.checkpoint_buffer(steps))
        if has_partial_rollout(agent):
            continue_rollout(agent)
    window = agent._stats_window_size
    agent.ep_info_buffer = deque(state["episode_infos"], maxlen=window)
    agent.ep_success_buffer = deque(state["successes"], maxlen=window)
    _start_episodes(agent, env, state)
    return RestoredRun(state["random_state"], state["exploration"], state["extra"])


def _prepare_memory(agent: BaseAlgorithm, episodes_over: bool) -> bool:
    """Cut what the next episode does not follow from; say whether there is a memory to save."""
    memory = memory_of(agent)
    if memory is None:
        return False
    if getattr(agent, "replay_buffer", None) is not None:
        if not episodes_over:
            cut_last_trajectory(memory)
        if getattr(memory, "copy_info_dict", False):
            console.warn("copy_info_dict: a buffer that holds info dictionaries is not saved")
            return False
        return True
    if not has_partial_rollout(agent):
        return False
    if not episodes_over:
        close_open_episodes(agent)
    return has_partial_rollout(agent)


def _environment_states(env: VecEnv) -> list[dict[str, Any]] | None:
    try:
        states: list[dict[str, Any]] = env.env_method("checkpoint_state")
        return states
    except Exception as error:  # the environment that has just failed may not answer
        console.warn(f"the environment's random state could not be saved: {describe(error)}")
        return None


def _start_episodes(agent: Any, env: VecEnv, state: dict[str, Any]) -> None:
    base = env
    while isinstance(base, VecEnvWrapper):
        base = base.venv
    base._reset_seeds()  # a pending seed would replace the random states restored here
    if state["environments"] is not None:
        _restore_environments(env, state, repeat_reset=state["episodes_over"])
    with frozen_normalizer(agent):  # the stored statistics have seen this observation already
        observations = env.reset()
    begin_episodes(agent, observations)
    if state["environments"] is not None and memory_of(agent) is None:
        # ARS resets the environments at every candidate by itself, OpenLoop if there are several.
        _restore_environments(env, state, repeat_reset=False)


def _restore_environments(env: VecEnv, state: dict[str, Any], *, repeat_reset: bool) -> None:
    for index, environment in enumerate(state["environments"]):
        env.env_method(
            "restore_checkpoint_state", environment, repeat_reset=repeat_reset, indices=index
        )


def _to_json(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} cannot be stored in a checkpoint")
