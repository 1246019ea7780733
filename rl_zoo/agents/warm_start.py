"""Start a new run from the weights of another one, and say what was taken over."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rl_zoo.agents.buffers import (
    copy_transitions,
    cut_last_trajectory,
    keep_newest,
    memory_of,
    read_buffer,
)
from rl_zoo.agents.capabilities import is_off_policy
from rl_zoo.agents.weights import load_weights
from rl_zoo.config.model import RunConfig
from rl_zoo.errors import DamagedFileError, UsageError
from rl_zoo.runs.safe_pickle import load_pickle
from rl_zoo.runs.source import ModelSource, buffer_to_keep, differing_parts

if TYPE_CHECKING:
    from stable_baselines3.common.base_class import BaseAlgorithm

ALL, NONE = "all", "none"


@dataclass(frozen=True)
class WarmStart:
    """What a new agent takes over from an old one."""

    keep_buffer: int | str | None = None
    """The newest N transitions of the old replay buffer, ``all`` or ``none``. None: all of the
    buffer beside the model, but nothing of what another robot recorded."""
    robot_has_changed: bool = False
    """Whether the old transitions are those of another robot."""
    repeat_warmup: bool = False
    """Act at random for ``learning_starts`` steps again."""
    trust: bool = False
    """Let a pickled buffer execute code."""
    takes_buffer: bool = True
    """Whether old transitions can be put into the new buffer: into a ring they cannot."""


def check_kept_buffer(source: ModelSource, keep: int | str | None, algo: str) -> None:
    """Refuse to keep a replay buffer that was not saved, or that ``algo`` has no use for.

    Raises:
        UsageError: In one sentence.
    """
    if keep in (None, NONE):
        return
    if not is_off_policy(algo):
        raise UsageError(
            f"--keep-buffer {keep}: {algo} learns from no replay buffer; use --keep-buffer none"
        )
    if buffer_to_keep(source) is None:
        if source.folder is not None and source.folder.ring.is_file():
            raise UsageError(
                f"--keep-buffer {keep}: make a buffer of the replay ring first: "
                f"rl_zoo robot to-buffer {source.folder.path}"
            )
        raise UsageError(
            f"--keep-buffer {keep}: no replay buffer was saved with {source.model}; use "
            "--keep-buffer none, or train the old run with --save-replay-buffer"
        )


def take_over(
    agent: BaseAlgorithm, source: ModelSource, wanted: WarmStart, config: RunConfig
) -> dict[str, str]:
    """Take an old agent over, and say what became of each part of it.

    Args:
        agent: Of the new run; its normaliser has the old statistics already.
        source: The old model.
        wanted: What to take.
        config: Of the new run.

    Raises:
        DamagedFileError: If the model does not fit, naming wrappers that differ.
    """
    other_parts = differing_parts(source, config.hyperparams)
    try:
        restored = warm_start(agent, source, wanted)
    except DamagedFileError as error:
        raise DamagedFileError(f"{error}; {other_parts}" if other_parts else str(error)) from error
    if other_parts:
        restored["wrappers"] = other_parts
    restored.update(_normalizer_line(config, source))
    restored["random states"] = "start from the seed of this run"
    return restored


def _normalizer_line(config: RunConfig, source: ModelSource) -> dict[str, str]:
    if config.normalize is not None:
        if source.normalizer is None:
            return {"normaliser": "not restored: none beside the model; statistics start anew"}
        return {"normaliser": f"restored from {source.normalizer}"}
    if source.normalizer is None:
        return {}
    unused = (
        f"not used: {source.normalizer} belongs to the weights, but this configuration has no "
        "normalize; add -params normalize:true unless that is meant"
    )
    return {"normaliser": unused}


def warm_start(agent: BaseAlgorithm, source: ModelSource, wanted: WarmStart) -> dict[str, str]:
    """Load weights, optimisers and a part of the replay buffer into a new agent.

    The optimisers' moments are kept: without them Adam's first steps are as large as its learning
    rate allows in every weight, which would undo what the policy knows. Counters, schedules and
    random states start anew. Unless ``repeat_warmup``, the agent acts with its policy from the
    first step: no random warm-up, no exploration restart.

    Returns:
        What was restored and what was not, in words, for the user and the run's record.
    """
    load_weights(agent, source.model)
    warm_sigma = getattr(agent, "warm_sigma", None)
    if warm_sigma is not None:  # a search has no other state than where it starts
        start = f"the search starts there with a sigma of {warm_sigma:g} of the box"
        return {"pattern": f"restored from {source.model}; {start}"}
    restored = {"weights and optimisers": f"restored from {source.model}, with their moments"}
    restored["replay buffer"] = _restore_buffer(agent, source, wanted)
    restored["step counter and schedules"] = "start at 0"
    if not wanted.repeat_warmup:
        restored["warm-up"] = _skip_warmup(
            agent, has_memory=restored["replay buffer"].startswith("restored")
        )
    else:
        restored["warm-up"] = "repeated, as asked"
    return restored


def _restore_buffer(agent: BaseAlgorithm, source: ModelSource, wanted: WarmStart) -> str:
    memory = getattr(agent, "replay_buffer", None)
    keep = wanted.keep_buffer
    if memory is None:
        return "none: an on-policy algorithm"
    if not wanted.takes_buffer:
        return "not restored: the ring holds this run's own transitions (--lockstep takes old ones)"
    file: Path | None = source.buffer if keep is None else buffer_to_keep(source)
    if file is None:
        found = buffer_to_keep(source)
        hint = "" if found is None or keep == NONE else f"; --keep-buffer N or all takes {found}"
        return f"not restored: none beside the model{hint}"
    if keep is None and wanted.robot_has_changed:
        return f"not restored: {file} is of another robot; --keep-buffer N or all keeps it"
    if keep == NONE:
        return "not restored, as asked"
    if file.suffix == ".npz":
        read_buffer(memory, file)
    else:
        copy_transitions(load_pickle(file, trust=wanted.trust), memory)
    cut_last_trajectory(memory)
    text = f"restored from {file} ({_count(memory)} transitions"
    if isinstance(keep, int):
        keep_newest(memory, keep)
        text = f"restored from {file} (the newest {_count(memory)} transitions"
    return text + (" of another robot)" if wanted.robot_has_changed else ")")


def _count(memory: Any) -> int:
    return int(memory.size() * memory.n_envs)


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
