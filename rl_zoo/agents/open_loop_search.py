"""CMA-ES in the unit box, one generation at a time, with a state that is plain numbers.

Hansen, "The CMA Evolution Strategy: A Tutorial" (2016), as in the ``cmaes`` library; restarts with
twice the population (IPOP) after Auger and Hansen, CEC 2005.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

_STATE = ("_mean", "_sigma", "_C", "_p_sigma", "_pc", "_g")
"""What changes from one generation to the next in the library's object."""
_CONVERGED = 1e-3
"""Standard deviation, in parts of the box, below which the search starts again elsewhere."""


@dataclass(frozen=True)
class SearchSettings:
    """Where and how widely to search."""

    start: FloatArray
    """First mean, in the unit box. Shape: (dimension,)."""
    sigma: float
    """First standard deviation, in parts of the box."""
    seed: int
    population_size: int | None = None
    """Candidates per generation; None: 4 + 3 ln(dimension), rounded down."""
    n_episodes: int = 1
    """Evaluations of each candidate."""
    n_top: int = 5
    """Candidates to remember."""


class PatternSearch:
    """Maximise a noisy function over the unit box.

    Random numbers depend on seed, restart and generation only, so the state needs none.

    Attributes:
        results: Evaluations of each candidate of the generation under way, NaN where there is none
            yet. Shape: (population_size, n_episodes).
        top: The best candidates so far with the mean result each of them had, best first.
    """

    def __init__(self, settings: SearchSettings) -> None:
        self.settings = settings
        dimension = len(settings.start)
        self.first_population = settings.population_size or 4 + math.floor(3 * math.log(dimension))
        self.n_restarts = 0
        self.n_generations = 0
        self.top: list[tuple[float, FloatArray]] = []
        self._start(settings.start)

    @property
    def mean(self) -> FloatArray:
        """Mean of the distribution, in the unit box. Shape: (dimension,)."""
        return np.array(self._cma.mean, dtype=np.float64)

    @property
    def sigma(self) -> float:
        """Largest standard deviation along a parameter, in parts of the box."""
        return float(self._cma._sigma * np.sqrt(np.max(np.diag(self._cma._C))))

    @property
    def population_size(self) -> int:
        """Candidates of a generation."""
        return int(self._cma.population_size)

    def ask(self) -> FloatArray:
        """Return the candidates of this generation. Shape: (population_size, dimension)."""
        self._cma.reseed_rng(self._seed(1, self._cma.generation))
        return np.array([self._cma.ask() for _ in range(self.population_size)])

    def tell(self, candidates: FloatArray) -> None:
        """Move on to the next generation; ``results`` are those of ``candidates``."""
        pairs = list(zip(candidates, self.results.mean(axis=1).tolist(), strict=True))
        self.top += [(value, point) for point, value in pairs]
        self.top.sort(key=lambda entry: -entry[0])
        del self.top[self.settings.n_top :]
        self._cma.tell([(point, -value) for point, value in pairs])
        self.n_generations += 1
        self._forget_results()
        if self.sigma < _CONVERGED:
            self.n_restarts += 1
            # The box is small: a start drawn evenly from it is as likely to be new as any.
            generator = np.random.default_rng(self._seed(2, 0))
            self._start(generator.uniform(size=len(candidates[0])))

    def state(self) -> dict[str, Any]:
        """Return everything that changes, as plain numbers and lists."""
        cma = {name: np.asarray(getattr(self._cma, name)).tolist() for name in _STATE}
        return {
            "seed": self.settings.seed,
            "n_restarts": self.n_restarts,
            "n_generations": self.n_generations,
            "results": self.results.tolist(),
            "top": [[value, point.tolist()] for value, point in self.top],
            "cma": cma,
        }

    @classmethod
    def from_state(cls, settings: SearchSettings, state: dict[str, Any]) -> PatternSearch:
        """Return the search that ``state`` was taken from."""
        search = cls(settings)
        search.n_restarts = int(state["n_restarts"])
        search.n_generations = int(state["n_generations"])
        search._start(settings.start)
        search.results = np.array(state["results"], dtype=np.float64)
        search.top = [(float(value), np.array(point)) for value, point in state["top"]]
        for name, value in state["cma"].items():
            if name in _STATE:
                setattr(search._cma, name, np.array(value) if isinstance(value, list) else value)
        return search

    def _start(self, mean: FloatArray) -> None:
        size = self.first_population * 2**self.n_restarts
        bounds = np.tile([0.0, 1.0], (len(mean), 1))
        sigma = self.settings.sigma if self.n_restarts == 0 else 1.0 / 6.0
        from cmaes import CMA  # imports scipy.stats, which takes longer than the rest

        self._cma = CMA(
            mean=np.array(mean), sigma=sigma, bounds=bounds, seed=0, population_size=size
        )
        self._forget_results()

    def _forget_results(self) -> None:
        self.results = np.full((self.population_size, self.settings.n_episodes), np.nan)

    def start_fractions(self) -> FloatArray:
        """Return numbers in [0, 1), one per episode, the same for all of this generation's."""
        generator = np.random.default_rng(self._seed(3, self._cma.generation))
        return generator.uniform(size=self.settings.n_episodes)

    def _seed(self, purpose: int, number: int) -> int:
        words = (self.settings.seed, purpose, self.n_restarts, number)
        return int(np.random.SeedSequence(words).generate_state(1)[0])
