"""Make an agent's memory honour ``info["discard"]``, whatever kind of buffer it is.

The buffer that the algorithm built gets a subclass of its own class, so that nothing else about the
algorithm changes. ARS and the open-loop search have no memory: an episode with a discarded step is
not reported by Monitor, so that a candidate is evaluated on another episode.
"""

from __future__ import annotations

import functools
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
    from rl_zoo.envs.guarded import GuardedVecEnv, layer_of

    replay, rollout = getattr(agent, "replay_buffer", None), getattr(agent, "rollout_buffer", None)
    guard = layer_of(env, GuardedVecEnv)
    if isinstance(replay, ReplayBuffer):
        _extend(replay, ReplayDiscards)
    elif isinstance(rollout, RolloutBuffer) and guard is not None:
        is_recurrent = hasattr(rollout, "hidden_state_shape")
        _extend(rollout, RecurrentRolloutDiscards if is_recurrent else RolloutDiscards)
        extended: Any = rollout
        extended.guard = guard
        extended.smallest_batch = 2 if getattr(agent, "normalize_advantage", False) else 1


def _extend(memory: Any, mixin: Any) -> None:
    kind: Any = type(memory)
    memory.__class__ = _extended_class(kind, mixin)
    memory.prepare()


@functools.cache
def _extended_class(plain: Any, mixin: Any) -> type:
    # The name stays: a buffer read from a file is compared with it.
    return type(plain.__name__, (mixin, plain), {"__doc__": plain.__doc__, "__module__": __name__})
