"""What a study is asked to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rl_zoo.config.model import RunConfig

MIN_EVALUATIONS = 4
STEPS_PER_EVALUATION = 100_000


@dataclass(frozen=True)
class TuneOptions:
    """A study around one configuration; everything here comes from flags."""

    config: RunConfig
    """The entry with the flags over it: the first trial."""
    resolve: Callable[[Mapping[str, Any]], RunConfig]
    """Return the configuration with these values (dotted keys) between the entry and the flags."""
    seed: int
    fixed: Mapping[str, Any] = field(default_factory=dict)
    """Dotted keys given on the command line: they are not searched."""
    entry_timesteps: int = 0
    """Budget of the entry itself, written with the best values; 0: the tuned budget."""
    log_folder: Path = Path("logs")
    trials_folder: Path | None = None
    """Where every trial leaves its model and evaluations; None: nowhere."""
    figures: bool = True
    n_trials: int = 20
    """Trials of this process."""
    max_total_trials: int | None = None
    """Trials of the whole study, whoever runs them; takes the place of ``n_trials``."""
    n_jobs: int = 1
    """Threads of this process that run trials."""
    sampler: str = "tpe"
    pruner: str = "median"
    n_startup_trials: int = 10
    """Random trials before the sampler, and unpruned trials before the pruner, begin."""
    n_evaluations: int | None = None
    storage: str | None = None
    study_name: str = ""
    eval_episodes: int = 5
    n_eval_envs: int = 1
    eval_on_train_env: bool = False
    device: str = "auto"
    vec_env: str = "dummy"
    gym_packages: tuple[str, ...] = ()
    tensorboard_log: Path | None = None
    command: str = ""

    @property
    def evaluations(self) -> int:
        """Evaluations of each trial, the final one included.

        Unless given: one per 100 000 steps, at least 4. RL Zoo takes one for short trials, so
        that nothing is ever pruned.
        """
        if self.n_evaluations is not None:
            return self.n_evaluations
        return max(MIN_EVALUATIONS, self.config.n_timesteps // STEPS_PER_EVALUATION)
