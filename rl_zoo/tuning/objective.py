"""One trial: a configuration with sampled values, trained and judged with one seed or several."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping, Sequence
from typing import Any

import optuna

from rl_zoo.config.model import RunConfig
from rl_zoo.config.yaml import dump_yaml
from rl_zoo.errors import ConfigError, NonFiniteError, TrainingInterrupted
from rl_zoo.runs.atomic import write_text
from rl_zoo.runs.folder import RunFolder, file_name_of
from rl_zoo.stop_signals import StopSignals
from rl_zoo.tuning.attributes import (
    CONFIG_ATTRIBUTE,
    DURATION_ATTRIBUTE,
    ENTRY_ATTRIBUTE,
    ERROR_ATTRIBUTE,
    INTERRUPTED_ATTRIBUTE,
    MEASURES_ATTRIBUTE,
    REFUSED_ATTRIBUTE,
    SEED_ATTRIBUTE,
    SEED_VALUES_ATTRIBUTE,
    SEEDS_ATTRIBUTE,
    STEPS_ATTRIBUTE,
    VALUES_ATTRIBUTE,
    WORKER_ATTRIBUTE,
)
from rl_zoo.tuning.continuation import Continuation
from rl_zoo.tuning.failures import keep_error
from rl_zoo.tuning.judge import UnknownMeasureError
from rl_zoo.tuning.judgement import Judgement, median
from rl_zoo.tuning.options import TuneOptions
from rl_zoo.tuning.pruning import OnEvaluation
from rl_zoo.tuning.search_space import space_of
from rl_zoo.tuning.seeds import trial_seed
from rl_zoo.tuning.training import TooSlowError, Training, train_once
from rl_zoo.tuning.trial_environments import TrialEnvironments
from rl_zoo.tuning.values import suggest, to_config_values


class Objective:
    """Train and judge one trial after another.

    Args:
        options: The study.
        stop: Says whether the study is being stopped.
        environments: Where the trials' environments come from.

    Attributes:
        refused: Why no trial can be judged: the environment does not deliver a measure asked for.
            The study was then stopped.
    """

    def __init__(
        self, options: TuneOptions, stop: StopSignals, environments: TrialEnvironments
    ) -> None:
        self.options = options
        self.stop = stop
        self.environments = environments
        self.refused: ConfigError | None = None
        self.space = space_of(options.config, options.fixed, options.search_space)

    def __call__(self, trial: optuna.Trial) -> tuple[float, ...]:
        """Run ``trial`` and return the value of each objective, the medians over its seeds.

        Raises:
            TrialPruned: If the pruner gives it up or a number is not finite.
            TrainingInterrupted: If the study is being stopped; the trial is queued again.
        """
        sampled = suggest(self.space, trial)
        config_values: Mapping[str, Any] = {}
        if trial.number == 0:
            trial.set_user_attr(ENTRY_ATTRIBUTE, True)
        if ENTRY_ATTRIBUTE not in trial.user_attrs:
            n_envs = self.options.config.n_envs
            config_values = to_config_values(self.space, sampled, n_envs)
        trial.set_user_attr(VALUES_ATTRIBUTE, {**config_values, **self.options.fixed})
        trial.set_user_attr(WORKER_ATTRIBUTE, f"{socket.gethostname()}:{os.getpid()}")
        try:
            return self._run(trial, self.options.resolve(config_values))
        except TooSlowError as error:
            trial.set_user_attr(ERROR_ATTRIBUTE, str(error))
            raise
        except optuna.TrialPruned:
            raise
        except NonFiniteError as error:
            trial.set_user_attr(ERROR_ATTRIBUTE, str(error))
            raise optuna.TrialPruned(str(error)) from error
        except (TrainingInterrupted, KeyboardInterrupt) as error:
            trial.set_user_attr(INTERRUPTED_ATTRIBUTE, True)
            self.stop.request(str(error) or "interrupted")  # the operator of a robot may say it
            raise TrainingInterrupted(str(error)) from error
        except Exception as error:
            keep_error(trial, error, self.options)
            if isinstance(error, UnknownMeasureError):  # every other trial would meet it, too
                trial.set_user_attr(REFUSED_ATTRIBUTE, str(error))
                self.refused = error
                trial.study.stop()
            raise

    def _run(self, trial: optuna.Trial, config: RunConfig) -> tuple[float, ...]:
        text = dump_yaml(dict(config.hyperparams))
        trial.set_user_attr(CONFIG_ATTRIBUTE, text)
        n_seeds = self.options.seeds_per_trial
        begun = Continuation(trial, self.options, text)
        seeds = [trial_seed(self.options.seed, begun.origin, k) for k in range(n_seeds)]
        trial.set_user_attr(SEED_ATTRIBUTE, seeds[0])
        self.environments.begin_trial(trial)
        started = time.monotonic()
        with begun:
            self._train(trial, config, begun, seeds)
        result = median(begun.judgements)
        trial.set_user_attr(MEASURES_ATTRIBUTE, dict(result.measures))
        trial.set_user_attr(STEPS_ATTRIBUTE, result.n_steps)
        trial.set_user_attr(DURATION_ATTRIBUTE, round(time.monotonic() - started, 3))
        _set_constraints(trial, result)
        return result.values

    def _train(
        self, trial: optuna.Trial, config: RunConfig, begun: Continuation, seeds: Sequence[int]
    ) -> None:
        """Do what is missing of the trainings of ``trial``, one for each seed."""
        for index in range(len(begun.judgements), len(seeds)):
            training = Training(
                config,
                seeds[index],
                self._open_folder(trial, config, index),
                self._reporter(trial, index, begun.judgements),
                f"trial {trial.number}",
                begun.folder,
                begun.source,
                self._minutes(trial),
            )
            begun.add(train_once(training, self.options, self.environments, self.stop))
            trial.set_user_attr(SEEDS_ATTRIBUTE, list(seeds[: index + 1]))
            values = [list(item.values) for item in begun.judgements]
            trial.set_user_attr(SEED_VALUES_ATTRIBUTE, values)

    def _minutes(self, trial: optuna.Trial) -> float | None:
        """Return how long a training may take: the entry, and a robot, as long as it takes."""
        has_time = self.options.one_robot or ENTRY_ATTRIBUTE in trial.user_attrs
        return None if has_time else self.options.trial_minutes

    def _reporter(
        self, trial: optuna.Trial, index: int, finished: Sequence[Judgement]
    ) -> OnEvaluation | None:
        """Return what reports the evaluations of training ``index`` and prunes by them.

        Evaluations of later trainings follow those of earlier ones, so that trials are compared at
        the same age. Optuna prunes with one objective only.
        """
        if len(trial.study.directions) > 1:
            return None
        n_evaluations = self.options.evaluations
        last = n_evaluations * self.options.seeds_per_trial

        def report(number: int, value: float, violations: Mapping[str, float]) -> None:
            step = index * n_evaluations + number
            trial.report(value, step)
            worse = step < last and trial.should_prune()
            # Without a value of its own the entry would be no baseline.
            if worse and ENTRY_ATTRIBUTE not in trial.user_attrs:
                so_far = Judgement((value,), constraints=violations)
                _set_constraints(trial, median([*finished, so_far]))
                raise optuna.TrialPruned(f"at evaluation {step} of {last}: worse than the others")

        return report

    def _open_folder(self, trial: optuna.Trial, config: RunConfig, index: int) -> RunFolder | None:
        if self.options.trials_folder is None:
            return None
        path = self.options.trials_folder / f"trial_{trial.number}"
        if self.options.seeds_per_trial > 1:
            path = path / f"seed_{index + 1}"
        path.mkdir(parents=True, exist_ok=True)
        write_text(path / "config.yml", dump_yaml(dict(config.hyperparams)))
        return RunFolder(path, file_name_of(config.env_id))


def _set_constraints(trial: optuna.Trial, result: Judgement) -> None:
    for name, by in result.constraints.items():
        trial.set_constraint(name, by)
