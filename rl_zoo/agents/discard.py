"""Make an agent's memory honour ``info["discard"]``, whatever kind of buffer it is.

ARS and the open-loop search have no memory: an episode with a discarded step is not reported by
Monitor, so that a candidate is evaluated on another episode.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stable_baselines3.common.base_class import BaseAlgorithm
    from stable_baselines3.common.vec_env import VecEnv


def honour_discards(agent: BaseAlgorithm, env: VecEnv) -> None:
    """Install the handling of discarded transitions in the memory of ``agent``.

    Args:
        agent: A new agent; one without a buffer of SB3's stays as it is.
        env: Its environment stack.
    """
    from stable_baselines3.common.buffers import ReplayBuffer, RolloutBuffer

    from rl_zoo.agents.discard_replay import ReplayDiscards
    from rl_zoo.agents.discard_rollout import RecurrentRolloutDiscards, RolloutDiscards
    from rl_zoo.agents.extended_buffer import extend
    from rl_zoo.envs.guarded import GuardedVecEnv, layer_of

    replay, rollout = getattr(agent, "replay_buffer", None), getattr(agent, "rollout_buffer", None)
    guard = layer_of(env, GuardedVecEnv)
    if isinstance(replay, ReplayBuffer):
        extend(replay, ReplayDiscards)
        replay.prepare()  # type: ignore[attr-defined]
    elif isinstance(rollout, RolloutBuffer) and guard is not None:
        is_recurrent = hasattr(rollout, "hidden_state_shape")
        extend(rollout, RecurrentRolloutDiscards if is_recurrent else RolloutDiscards)
        extended: Any = rollout
        extended.prepare()
        extended.guard = guard
        extended.smallest_batch = 2 if getattr(agent, "normalize_advantage", False) else 1
