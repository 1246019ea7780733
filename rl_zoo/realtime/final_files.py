"""The files that a real-time run ends with, those of every other run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rl_zoo.agents.weights import save_agent
from rl_zoo.realtime.ring_export import plain_buffer
from rl_zoo.runs.atomic import write_text, write_with
from rl_zoo.runs.folder import RunFolder
from rl_zoo.train_options import TrainOptions

if TYPE_CHECKING:
    from stable_baselines3.common.base_class import BaseAlgorithm


def save_final_files(folder: RunFolder, options: TrainOptions, agent: BaseAlgorithm) -> None:
    """Write the model, its normaliser and, if asked for, the replay buffer.

    Args:
        folder: The run.
        options: Whether to write the replay buffer.
        agent: Learns from a ring.

    Raises:
        OSError: If a file cannot be written.
    """
    save_agent(agent, folder.final_model, folder.final_normalizer)
    companions: Mapping[str, str] = getattr(agent, "companion_files", dict)()
    for name, content in companions.items():
        write_text(folder.path / name, content)
    if options.save_replay_buffer:
        from stable_baselines3.common.save_util import save_to_pkl

        learner: Any = agent
        ring = learner.replay_buffer.ring
        memory = plain_buffer(ring, learner.n_steps, learner.gamma)
        write_with(folder.replay_buffer, lambda name: save_to_pkl(name, memory))
