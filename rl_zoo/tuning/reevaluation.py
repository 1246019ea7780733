"""Train the best trials again on fresh seeds: a study picks what was good, and what was lucky.

Every re-evaluation is a trial of a second study, ``<name>/reevaluation``, in the same storage. Each
new one waits until those numbered before it have said what they do, and then takes what is left:
so several workers need no queue, and none does what another one does.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import optuna
from optuna.trial import FrozenTrial, TrialState

from rl_zoo.errors import NonFiniteError, RobotFault, TrainingInterrupted
from rl_zoo.tuning.attributes import (
    ERROR_ATTRIBUTE,
    FAULT_ATTRIBUTE,
    INTERRUPTED_ATTRIBUTE,
    MEASURES_ATTRIBUTE,
    SEED_ATTRIBUTE,
    STEPS_ATTRIBUTE,
    SURPLUS_ATTRIBUTE,
    WORKER_ATTRIBUTE,
)
from rl_zoo.tuning.failures import FailuresInARow, describe_error
from rl_zoo.tuning.heartbeat import Heartbeat
from rl_zoo.tuning.process import this_process
from rl_zoo.tuning.ranking import pareto_front, ranked
from rl_zoo.tuning.seeds import FRESH_STREAM, trial_seed
from rl_zoo.tuning.stale import fail_stale
from rl_zoo.tuning.standing import (
    OF_TRIAL_ATTRIBUTE,
    BestTrial,
    Reevaluated,
    best_trial,
    entry_trial,
    reevaluations,
)
from rl_zoo.tuning.stored_config import trial_config
from rl_zoo.tuning.training import Training, train_once
from rl_zoo.tuning.wear import REEVALUATION

if TYPE_CHECKING:
    from rl_zoo.stop_signals import StopSignals
    from rl_zoo.tuning.display import StudyDisplay
    from rl_zoo.tuning.options import TuneOptions
    from rl_zoo.tuning.trial_environments import TrialEnvironments

__all__ = ["BestTrial", "Reevaluated", "best_trial", "reevaluate", "reevaluations"]

MOST_REEVALUATED = 5
_ATTEMPTS = 2
_DIVERGED_ATTRIBUTE = "diverged"
_TICKET_SECONDS = 30.0
_POLL_SECONDS = 0.5


@dataclass(frozen=True)
class _Job:
    trial: int
    seed: int


def reevaluate(
    study: optuna.Study,
    options: TuneOptions,
    environments: TrialEnvironments,
    stop: StopSignals,
    display: StudyDisplay | None = None,
) -> str | None:
    """Take part in re-evaluating the best trials until all of it is done.

    What was done before, by whomever, is kept. A training whose worker was killed is done again
    once.

    Args:
        study: The search, in which no trial runs any more.
        options: The study.
        environments: Where environments come from.
        stop: Requested stops: the training under way is given up.
        display: Told of what is done.

    Returns:
        Why it was given up before everything was done, None if it was not.
    """
    jobs = reevaluation_jobs(study, options)
    if not jobs:
        return None
    worker = _Worker(study, options, environments, stop)
    if display is not None:
        display.begin_reevaluation(worker.fresh, len(jobs))
    failures = FailuresInARow(options.max_failures)
    with Heartbeat(worker.fresh) as heartbeat:
        while stop.reason() is None:
            refusal = environments.refusal(study, reevaluation=True)
            ended = None if refusal else worker.run_next(jobs, heartbeat)
            if ended is None:
                if refusal or not worker.others_run():
                    return refusal
                time.sleep(_POLL_SECONDS)
                continue
            failures.add(ended)
            if display is not None:
                display.reevaluation_ended(worker.fresh, ended)
            if failures.reason is not None:
                return failures.reason.replace("trials", "re-evaluations")
    return stop.reason()


def reevaluation_jobs(study: optuna.Study, options: TuneOptions) -> list[_Job]:
    """Return the trainings wanted: every seed of the best trials and of the entry.

    All trials get the same seeds, one after the other, so that they can be compared also when the
    last ones are missing.
    """
    complete = ranked(study, options)
    n_best = n_reevaluated(options, len(complete))
    if n_best == 0:
        return []
    chosen = _best_of_front(study, complete, n_best)
    entry = entry_trial([BestTrial(trial) for trial in complete])
    numbers = [trial.number for trial in chosen]
    if entry is not None and entry.trial.number not in numbers:
        numbers.append(entry.trial.number)
    return [_Job(number, seed) for seed in fresh_seeds(study, options) for number in numbers]


def n_reevaluated(options: TuneOptions, n_complete: int) -> int:
    """Return how many of the best trials are trained again; the entry comes on top.

    By default a quarter of those that were completed, from 2 to 5. Where there is only one,
    nothing was selected, and nothing has to be corrected.
    """
    if n_complete < 2:
        return 0
    if options.reevaluate is not None:
        return min(options.reevaluate, n_complete)
    return min(MOST_REEVALUATED, max(n_complete // 4, 2))


def fresh_seeds(study: optuna.Study, options: TuneOptions) -> list[int]:
    """Return seeds that no trial of the study had, the same for every worker."""
    used = {trial.user_attrs.get(SEED_ATTRIBUTE) for trial in study.get_trials(deepcopy=False)}
    study_seed = study.user_attrs.get(SEED_ATTRIBUTE, options.seed)
    seeds: list[int] = []
    number = 0
    while len(seeds) < options.reevaluate_seeds:
        seed = trial_seed(study_seed, number, FRESH_STREAM)
        number += 1
        if seed not in used and seed not in seeds:
            seeds.append(seed)
    return seeds


class _Worker:
    """This process's part in the re-evaluations of a study."""

    def __init__(
        self,
        study: optuna.Study,
        options: TuneOptions,
        environments: TrialEnvironments,
        stop: StopSignals,
    ) -> None:
        self.options = options
        self.environments = environments
        self.stop = stop
        self.trials = {trial.number: trial for trial in ranked(study, options)}
        self.fresh = optuna.create_study(
            study_name=f"{study.study_name}{REEVALUATION}",
            storage=study._storage,
            directions=study.directions,
            load_if_exists=True,
        )

    def run_next(self, jobs: Sequence[_Job], heartbeat: Heartbeat) -> FrozenTrial | None:
        """Do what nobody does or has done, and return how it ended; None if there is nothing."""
        fail_stale(self.fresh, self.options, queue=False)
        if not self._missing(jobs, self.fresh.get_trials(deepcopy=False)):
            return None
        ticket = self.fresh.ask()
        with heartbeat.of(ticket):
            ticket.set_user_attr(WORKER_ATTRIBUTE, str(this_process()))
            missing = self._missing(jobs, self._known_before(ticket.number))
            if not missing:
                ticket.set_user_attr(SURPLUS_ATTRIBUTE, True)
                self.fresh.tell(ticket, state=TrialState.FAIL, skip_if_finished=True)
                return None
            job = missing[0]
            ticket.set_user_attr(SEED_ATTRIBUTE, job.seed)
            ticket.set_user_attr(OF_TRIAL_ATTRIBUTE, job.trial)  # last: it says that both are there
            return self._run(ticket, job)

    def others_run(self) -> bool:
        """Say whether another worker is at something that may have to be done again."""
        return bool(self.fresh.get_trials(deepcopy=False, states=[TrialState.RUNNING]))

    def _run(self, ticket: optuna.Trial, job: _Job) -> FrozenTrial:
        name = f"re-evaluation of trial {job.trial}"
        training = Training(trial_config(self.trials[job.trial], self.options), job.seed, name=name)
        # Fresh episodes of evaluation, too: those of the search are what the trial was chosen by.
        options = replace(self.options, seed=job.seed)
        self.environments.begin_trial(ticket)
        values: list[float] | None = None
        try:
            judgement = train_once(training, options, self.environments, self.stop)
        except (TrainingInterrupted, KeyboardInterrupt) as error:
            ticket.set_user_attr(INTERRUPTED_ATTRIBUTE, True)
            self.stop.request(str(error) or "interrupted")  # the operator of a robot may say it
        except Exception as error:  # as in the search: the next one may succeed
            ticket.set_user_attr(ERROR_ATTRIBUTE, describe_error(error))
            ticket.set_user_attr(FAULT_ATTRIBUTE, isinstance(error, RobotFault))
            ticket.set_user_attr(_DIVERGED_ATTRIBUTE, isinstance(error, NonFiniteError))
        else:
            values = list(judgement.values)
            ticket.set_user_attr(MEASURES_ATTRIBUTE, dict(judgement.measures))
            ticket.set_user_attr(STEPS_ATTRIBUTE, judgement.n_steps)
            for text, by in judgement.constraints.items():
                ticket.set_constraint(text, by)
        state = TrialState.FAIL if values is None else TrialState.COMPLETE
        return self.fresh.tell(ticket, values, state, skip_if_finished=True)

    def _known_before(self, number: int) -> list[FrozenTrial]:
        """Return the re-evaluations numbered below, once all of them say what they do."""
        deadline = time.monotonic() + _TICKET_SECONDS
        while True:
            earlier = [t for t in self.fresh.get_trials(deepcopy=False) if t.number < number]
            undecided = [
                t
                for t in earlier
                if t.state == TrialState.RUNNING and OF_TRIAL_ATTRIBUTE not in t.user_attrs
            ]
            if not undecided or time.monotonic() > deadline:
                return earlier
            time.sleep(0.02)
            fail_stale(self.fresh, self.options, queue=False)

    def _missing(self, jobs: Sequence[_Job], known: Iterable[FrozenTrial]) -> list[_Job]:
        taken: set[_Job] = set()
        failures: Counter[_Job] = Counter()
        for item in known:
            attributes = item.user_attrs
            if OF_TRIAL_ATTRIBUTE not in attributes:
                continue
            job = _Job(attributes[OF_TRIAL_ATTRIBUTE], attributes[SEED_ATTRIBUTE])
            if item.state in (TrialState.COMPLETE, TrialState.RUNNING):
                taken.add(job)
            elif item.state == TrialState.FAIL and INTERRUPTED_ATTRIBUTE not in attributes:
                failures[job] += _ATTEMPTS if attributes.get(_DIVERGED_ATTRIBUTE) else 1
        return [job for job in jobs if job not in taken and failures[job] < _ATTEMPTS]


def _best_of_front(
    study: optuna.Study, complete: Sequence[FrozenTrial], n_best: int
) -> list[FrozenTrial]:
    """Return the best trials; of a Pareto front that is too large, those that span it."""
    front = pareto_front(study) if len(study.directions) > 1 else []
    if len(front) <= n_best:
        return list(complete[:n_best])
    return [front[place] for place in spread([trial.values for trial in front], n_best)]


def spread(points: Sequence[Sequence[float]], n_kept: int) -> list[int]:
    """Return the places of the points of a front that are left when the most crowded go.

    Args:
        points: One sequence of objectives each.
        n_kept: How many to keep; the ends of every objective are the last to go.
    """
    kept = list(range(len(points)))
    while len(kept) > n_kept:
        distances = dict.fromkeys(kept, 0.0)
        for objective in range(len(points[0])):
            order = sorted(kept, key=lambda place: points[place][objective])
            extent = points[order[-1]][objective] - points[order[0]][objective]
            distances[order[0]] = distances[order[-1]] = float("inf")
            for before, place, after in zip(order, order[1:], order[2:], strict=False):
                gap = points[after][objective] - points[before][objective]
                distances[place] += gap / extent if extent > 0 else 0.0
        kept.remove(min(reversed(kept), key=lambda place: distances[place]))
    return kept
