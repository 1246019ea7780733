"""All evaluations of a run; without SB3 or PyTorch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from rl_zoo.runs.atomic import atomic_writer
from rl_zoo.runs.folder import RunFolder

if TYPE_CHECKING:
    from rl_zoo.agents.evaluation import Evaluation


@dataclass
class EvaluationHistory:
    """All evaluations of a run and the best of them; part of every checkpoint."""

    timesteps: list[int] = field(default_factory=list)
    results: list[list[float]] = field(default_factory=list)
    ep_lengths: list[list[int]] = field(default_factory=list)
    successes: list[list[bool]] = field(default_factory=list)
    best_mean: float = -np.inf
    last_step: int = 0
    """Step of the last evaluation, failed ones included."""

    def add(self, num_timesteps: int, evaluation: Evaluation) -> bool:
        """Append an evaluation; return whether it is the best so far."""
        self.timesteps.append(num_timesteps)
        self.results.append(evaluation.returns.tolist())
        self.ep_lengths.append(evaluation.lengths.tolist())
        if evaluation.successes is not None:
            self.successes.append(evaluation.successes.tolist())
        is_best = evaluation.mean_return > self.best_mean
        if is_best:
            self.best_mean = evaluation.mean_return
        return is_best

    def write(self, folder: RunFolder) -> None:
        """Write ``evaluations.npz`` with the names that SB3 and the zoo use."""
        arrays: dict[str, Any] = {
            "timesteps": np.array(self.timesteps),
            "results": np.array(self.results),
            "ep_lengths": np.array(self.ep_lengths),
        }
        if len(self.successes) == len(self.timesteps):
            arrays["successes"] = np.array(self.successes)
        with atomic_writer(folder.evaluations) as stream:
            np.savez(stream, **arrays)
