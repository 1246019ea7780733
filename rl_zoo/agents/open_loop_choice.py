"""The final choice of the open-loop search: the best candidates, judged by new episodes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rl_zoo.agents.open_loop_search import PatternSearch
from rl_zoo.agents.open_loop_space import PatternSpace
from rl_zoo.motion.oscillator import JointPattern

FloatArray = NDArray[np.float64]

_MEAN, _START = "the mean of the search", "the pattern it started from"


@dataclass(frozen=True)
class Contenders:
    """What the choice is between."""

    names: tuple[str, ...]
    """The best trial comes first."""
    patterns: tuple[JointPattern, ...]
    best_trial: float
    """Fitness of the best trial when it was a candidate."""

    @classmethod
    def of(cls, search: PatternSearch, space: PatternSpace) -> Contenders:
        """Return the best candidates, the mean, and the pattern that the search started from."""
        points = [point for _, point in search.top]
        names = [f"candidate {rank}" for rank in range(1, len(points) + 1)]
        patterns = [space.decode(point) for point in [*points, search.mean]]
        names.append(_MEAN)
        if space.start is not None:
            names.append(_START)
            patterns.append(space.start)
        best_trial = search.top[0][0] if search.top else float("nan")
        return cls(tuple(names), tuple(patterns), best_trial)


@dataclass(frozen=True)
class FinalChoice:
    """The contender with the best mean return."""

    contenders: Contenders
    returns: FloatArray
    """Returns of new episodes. Shape: (n_contenders, n_episodes)."""

    @property
    def best(self) -> int:
        """Number of the chosen contender."""
        return int(np.argmax(self.returns.mean(axis=1)))

    @property
    def pattern(self) -> JointPattern:
        """The chosen pattern."""
        return self.contenders.patterns[self.best]

    def log_values(self) -> dict[str, float]:
        """Return what belongs into the log: the lucky number beside the honest ones."""
        means = self.returns.mean(axis=1)
        values = {
            "best_trial": self.contenders.best_trial,
            "best_trial_reevaluated": float(means[0]),
            "chosen": float(means[self.best]),
            "chosen_std": float(self.returns[self.best].std()),
            "chosen_episodes": self.returns.shape[1],
        }
        for name, key in ((_MEAN, "mean_reevaluated"), (_START, "start_reevaluated")):
            if name in self.contenders.names:
                values[key] = float(means[self.contenders.names.index(name)])
        return values

    def __str__(self) -> str:
        means, deviations = self.returns.mean(axis=1), self.returns.std(axis=1)
        name = self.contenders.names[self.best]
        return (
            f"Best trial {self.contenders.best_trial:.2f}; run again for {self.returns.shape[1]} "
            f"episodes: {means[0]:.2f} +/- {deviations[0]:.2f}. Chosen: {name}, "
            f"{means[self.best]:.2f} +/- {deviations[self.best]:.2f}"
        )
