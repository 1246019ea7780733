"""Start a new run from the weights of another one, and say what was taken over."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rl_zoo.agents.buffers import copy_transitions, cut_last_trajectory, memory_of, read_buffer
from rl_zoo.agents.weights import load_weights
from rl_zoo.runs.safe_pickle import load_pickle
from rl_zoo.runs.source import ModelSource

if TYPE_CHECKING:
    from stable_baselines3.common.base_class import BaseAlgorithm


def warm_start(
    agent: BaseAlgorithm, source: ModelSource, *, repeat_warmup: bool, trust: bool = False
) -> dict[str, str]:
    """Load weights, optimisers and the replay buffer, where there is one, into a new agent.

    Counters, schedules and random states start anew. Unless ``repeat_warmup``, the agent acts with
    its policy from the first step: no random warm-up, no exploration restart.

    Returns:
        What was restored and what was not, in words, for the user and the run's record.
    """
    load_weights(agent, source.model)
    restored = {"weights and optimisers": f"restored from {source.model}"}
    restored["replay buffer"] = _restore_buffer(agent, source, trust=trust)
    restored["step counter and schedules"] = "start at 0"
    if not repeat_warmup:
        restored["warm-up"] = _skip_warmup(
            agent, has_memory=restored["replay buffer"].startswith("restored")
        )
    else:
        restored["warm-up"] = "repeated, as asked"
    return restored


def _restore_buffer(agent: BaseAlgorithm, source: ModelSource, *, trust: bool) -> str:
    memory = getattr(agent, "replay_buffer", None)
    if memory is None:
        return "none: an on-policy algorithm"
    file: Path | None = source.buffer
    if file is None:
        return "not restored: none beside the model"
    if file.suffix == ".npz":
        read_buffer(memory, file)
    else:
        copy_transitions(load_pickle(file, trust=trust), memory)
    cut_last_trajectory(memory)
    return f"restored from {file} ({memory.size()} transitions)"


def _skip_warmup(agent: Any, *, has_memory: bool) -> str:
    if memory_of(agent) is None or not hasattr(agent, "learning_starts"):
        return "none"
    if hasattr(agent, "exploration_schedule"):
        from stable_baselines3.common.utils import ConstantSchedule

        final = agent.exploration_final_eps
        agent.exploration_schedule = ConstantSchedule(final)
        agent.exploration_rate = final
    if has_memory:
        agent.learning_starts = 0
        return "skipped: learning starts at once on the restored buffer"
    sample = agent._sample_action

    def act_with_policy(learning_starts: int, *args: Any, **kwargs: Any) -> Any:
        return sample(0, *args, **kwargs)

    agent._sample_action = act_with_policy
    return (
        f"the policy acts from the first step; learning starts after {agent.learning_starts} steps"
    )
