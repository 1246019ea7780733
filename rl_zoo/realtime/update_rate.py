"""How many gradient steps are due, and how many of them to do in one go."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm

_SHORT = 0.02
"""Seconds that a block of updates may take, as far as one update leaves the choice."""
_MOST_UPDATES = 64


class UpdateRate:
    """Counts the gradient steps that the update-to-data ratio asks for.

    In lockstep an agent collects ``train_freq`` steps (or episodes), then does ``gradient_steps``
    updates (-1: one per step), once there are more than ``learning_starts`` transitions. Here the
    same ratio is a rate: it is due transition by transition.

    Args:
        learning_starts: Transitions before the first update.
        per_step: Updates per transition.
        per_episode: Updates per ended episode.
    """

    def __init__(
        self,
        learning_starts: int,
        per_step: float = 0.0,
        per_episode: float = 0.0,
    ) -> None:
        self.learning_starts = learning_starts
        self.per_step = per_step
        self.per_episode = per_episode
        self._n_rows = 0
        self._n_episodes = 0

    @classmethod
    def of(cls, agent: OffPolicyAlgorithm) -> UpdateRate:
        """Return the rate that ``agent`` is configured for."""
        from stable_baselines3.common.type_aliases import TrainFrequencyUnit

        frequency: Any = agent.train_freq  # converted to a pair when the agent was set up
        steps = agent.gradient_steps
        if steps < 0:
            return cls(agent.learning_starts, per_step=1.0)
        ratio = steps / frequency.frequency
        if frequency.unit is TrainFrequencyUnit.EPISODE:
            return cls(agent.learning_starts, per_episode=ratio)
        return cls(agent.learning_starts, per_step=ratio)

    def count(self, rows: NDArray[Any]) -> None:
        """Take new transitions into account.

        Args:
            rows: In order, of ``ring_layout.row_dtype``, at least one. Shape: (n,).
        """
        late = rows[rows["sequence"] >= self.learning_starts]
        self._n_rows = int(rows["sequence"][-1]) + 1
        self._n_episodes += int(np.sum((late["terminated"] != 0) | (late["truncated"] != 0)))

    @property
    def requested(self) -> float:
        """Return how many gradient steps are asked for since the beginning of the run."""
        n_late = max(0, self._n_rows - self.learning_starts)
        return self.per_step * n_late + self.per_episode * self._n_episodes

    def state(self) -> dict[str, int]:
        """Return what was counted, as plain data."""
        return {"n_rows": self._n_rows, "n_episodes": self._n_episodes}

    def restore(self, state: dict[str, int]) -> None:
        """Go on from ``state``."""
        self._n_rows, self._n_episodes = state["n_rows"], state["n_episodes"]


class BlockLength:
    """Chooses how many updates to do before looking at anything else.

    Args:
        unit: Updates that must not be torn apart.
    """

    def __init__(self, unit: int = 1) -> None:
        self.unit = unit
        self._seconds = math.inf  # per update; not known before the first one

    @classmethod
    def of(cls, agent: OffPolicyAlgorithm) -> BlockLength:
        """Return the choice that ``agent`` leaves."""
        together: int | None = getattr(agent, "updates_together", None)
        if together is not None:  # JAX compiles anew for every other number
            return cls(together)
        # Updates of the target networks are counted within each call of train().
        is_counted = getattr(agent, "target_update_interval", 1) > 1
        return cls(max(1, agent.gradient_steps) if is_counted else 1)

    def choose(self, n_due: float) -> int:
        """Return how many of the updates that are due to do now; 0: there are too few."""
        fitting = 1 if math.isinf(self._seconds) else int(_SHORT / self._seconds)
        length = max(1, min(int(n_due), fitting, _MOST_UPDATES))
        length = max(1, length // self.unit) * self.unit
        return length if length <= n_due else 0

    def measured(self, n_updates: int, seconds: float) -> None:
        """Learn from a block that was done: what takes longer counts at once, what less slowly."""
        each = max(seconds, 1e-6) / n_updates
        known = self._seconds
        self._seconds = each if math.isinf(known) or each > known else 0.9 * known + 0.1 * each
