"""Save a complete checkpoint every so many steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rl_zoo import console
from rl_zoo.agents.checkpoint import save_checkpoint
from rl_zoo.runs.checkpoints import prune_checkpoints
from rl_zoo.runs.folder import RunFolder

if TYPE_CHECKING:
    from stable_baselines3.common.base_class import BaseAlgorithm
    from stable_baselines3.common.vec_env import VecEnv


class CheckpointAction:
    """A safe-point action that saves and prunes checkpoints.

    A disk that is full costs this checkpoint, not the run: earlier ones stay as they are.

    Args:
        folder: The run.
        agent: The agent in training.
        env: Its stack.
        save_freq: Environment steps between checkpoints; zero or negative: never.
        keep: Checkpoints that keep their buffer and counters; older ones keep weights and
            normaliser.
        extra: Returns the state of the run beside the agent.
    """

    reason = "checkpoint"

    def __init__(
        self,
        folder: RunFolder,
        agent: BaseAlgorithm,
        env: VecEnv,
        *,
        save_freq: int,
        keep: int,
        extra: Callable[[], dict[str, Any]],
    ) -> None:
        self.folder = folder
        self.agent = agent
        self.env = env
        self.save_freq = save_freq
        self.keep = keep
        self.extra = extra
        self.last_step = 0

    def is_due(self, num_timesteps: int) -> bool:
        """Say whether ``save_freq`` steps have passed since the last checkpoint."""
        return self.save_freq > 0 and num_timesteps - self.last_step >= self.save_freq

    def run(self) -> None:
        """Save; report a failure without ending the run."""
        self.last_step = self.agent.num_timesteps
        try:
            steps = save_checkpoint(self.folder, self.agent, self.env, self.extra())
            prune_checkpoints(self.folder, self.keep)
        except OSError as error:
            console.warn(
                f"checkpoint {self.last_step} not saved: {error.strerror or error} "
                f"({error.filename or self.folder.path}); training goes on"
            )
            return
        console.message(f"Checkpoint saved: {self.folder.checkpoint_model(steps)}")
