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
    study_folder: Path | None = None
    """``<log folder>/studies/<study>``: journal, report, logs; None: nothing is kept there."""
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
    objective: tuple[str, ...] = ("return",)
    """What is optimised, as ``measure`` or ``measure:summary``; see ``rl_zoo.tuning.measures``."""
    constraints: tuple[str, ...] = ()
    """What must hold, as ``measure<=number`` or ``measure>=number``."""
    seeds_per_trial: int = 1
    """Trainings of each trial; the median of their values counts."""
    reevaluate: int | None = None
    """Best trials that are trained again on fresh seeds; None: 5, at most a quarter of them."""
    reevaluate_seeds: int = 2
    """Fresh seeds for each of them."""
    search_space: tuple[str, ...] = ()
    """``key:spec`` texts of ``--search-space``, over the entry's ``search_space``."""
    max_failures: int = 5
    """Failed trials in a row after which the study is stopped."""
    fail_stale: float | None = None
    """Minutes without a sign of life after which another machine's trial is given up."""
    trial_minutes: float | None = None
    """Wall time after which a training of the search is given up as too slow."""
    wear_budget: float | None = None
    """Minutes for which the trials may use the one robot there is."""
    is_worker: bool = False
    """Whether another process shows the progress and writes the report."""
    write_best: Path | None = None
    """Hyperparameter file that gets the best trial's entry."""
    storage: str | None = None
    study_name: str = ""
    eval_episodes: int = 5
    n_eval_envs: int = 1
    eval_on_train_env: bool = False
    one_robot: bool = False
    """There is one environment: it stays open from trial to trial."""
    device: str = "auto"
    backend: str = "auto"
    """What updates the agents: one of ``rl_zoo.agents.backends.BACKENDS``."""
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
