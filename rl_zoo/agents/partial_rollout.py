"""Keep the steps of an on-policy rollout that was interrupted before it was complete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

if TYPE_CHECKING:
    from stable_baselines3.common.base_class import BaseAlgorithm


def has_partial_rollout(agent: BaseAlgorithm) -> bool:
    """Say whether the rollout buffer holds steps that were not trained on yet."""
    buffer = getattr(agent, "rollout_buffer", None)
    return buffer is not None and 0 < buffer.pos < buffer.buffer_size and not buffer.generator_ready


def close_open_episodes(agent: Any) -> None:
    """End the running episodes of a partial rollout as truncations.

    The environments are about to be reset, so the step after the last stored one does not follow
    from it: the value of the last state is bootstrapped into the last reward, as SB3 does for a
    time limit.
    """
    buffer = agent.rollout_buffer
    running = ~np.asarray(agent._last_episode_starts, dtype=bool)
    if not running.any():
        return
    if hasattr(agent, "_last_lstm_states"):  # the value needs the recurrent state: drop the steps
        buffer.reset()
        return
    values = _values(agent, agent._last_obs)
    buffer.rewards[buffer.pos - 1][running] += agent.gamma * values[running]


def _values(agent: Any, observations: Any) -> np.ndarray:
    if hasattr(agent, "state_values"):
        values: np.ndarray = agent.state_values(observations)
        return values
    with torch.no_grad():
        tensor = agent.policy.obs_to_tensor(observations)[0]
        values = agent.policy.predict_values(tensor).cpu().numpy().flatten()
        return values


def continue_rollout(agent: Any) -> None:
    """Make the next rollout of ``agent`` complete the partial one in its buffer."""
    collect = agent.collect_rollouts

    def collect_the_rest(env: Any, callback: Any, rollout_buffer: Any, n_rollout_steps: int) -> Any:
        del agent.collect_rollouts
        rollout_buffer.reset = _keep
        callback_start = n_rollout_steps - rollout_buffer.pos
        try:
            return collect(env, callback, rollout_buffer, callback_start)
        finally:
            rollout_buffer.__dict__.pop("reset", None)

    agent.collect_rollouts = collect_the_rest


def _keep() -> None:
    """Stand in for ``RolloutBuffer.reset``: the steps collected before the interruption stay."""
