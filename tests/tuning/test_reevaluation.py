"""The best trials are trained again: which, on what seeds, each once, and what that decides."""

import threading
from collections import Counter
from contextlib import suppress

import optuna
import pytest
from optuna.storages.journal import JournalFileBackend, JournalStorage
from optuna.trial import TrialState

from rl_zoo.config.model import RunConfig
from rl_zoo.config.yaml import dump_yaml
from rl_zoo.errors import NonFiniteError, TrainingInterrupted
from rl_zoo.stop_signals import StopSignals
from rl_zoo.tuning import reevaluation
from rl_zoo.tuning.heartbeat import PROCESS_ATTRIBUTE
from rl_zoo.tuning.judgement import Judgement
from rl_zoo.tuning.options import TuneOptions
from rl_zoo.tuning.process import machine
from rl_zoo.tuning.reevaluation import best_trial, reevaluate, reevaluations, spread
from rl_zoo.tuning.standing import reevaluation_study, standings

CONFIG = RunConfig("ppo", "Tiny-v0", 128, "MlpPolicy")


def options_of(**more):
    return TuneOptions(config=CONFIG, resolve=lambda values: CONFIG, seed=7, **more)


def study_of(values, storage=None, direction="maximize"):
    study = optuna.create_study(storage=storage, study_name="s", directions=[direction])
    study.set_user_attr("seed", 7)
    for value in values:
        add_trial(study, value)
    return study


def add_trial(study, value, violation=None):
    trial = study.ask()
    if trial.number == 0:
        trial.set_user_attr("entry", True)
    trial.set_user_attr("seed", 100 + trial.number)
    trial.set_user_attr("config", dump_yaml({"policy": "MlpPolicy", "n_timesteps": 128}))
    if violation is not None:
        trial.set_constraint("falls<=0", violation)
    study.tell(trial, value)


class Environments:
    """Stands in for environments; counts what is begun."""

    def __init__(self):
        self.begun = 0

    def begin_trial(self, trial):
        self.begun += 1

    def refusal(self, study, *, reevaluation=False):
        return None


@pytest.fixture
def trained(monkeypatch):
    """Replace training: the value is looked up by trial; return what was trained."""
    done = []
    results = {}

    def train_once(training, options, environments, stop):
        number = int(training.name.rpartition(" ")[2])
        done.append((number, training.seed))
        assert options.seed == training.seed, "episodes of evaluation are fresh, too"
        value = results.get(number, 1.0)
        if isinstance(value, list):
            value = value.pop(0) if len(value) > 1 else value[0]
        if isinstance(value, Exception):
            raise value
        return Judgement((value,), {"return": value}, n_steps=128)

    monkeypatch.setattr(reevaluation, "train_once", train_once)
    return done, results


@pytest.mark.parametrize(
    ("n_complete", "wanted", "expected"),
    [(1, None, 0), (3, None, 2), (12, None, 3), (20, None, 5), (99, None, 5), (3, 9, 3), (9, 0, 0)],
)
def test_how_many(n_complete, wanted, expected):
    assert reevaluation.n_reevaluated(options_of(reevaluate=wanted), n_complete) == expected


def test_best_and_entry_on_fresh_seeds(trained):
    study = study_of([0.0, 5.0, 3.0, 9.0, 1.0])
    done, results = trained
    results.update({3: 2.0, 1: 4.0, 0: 0.5})
    environments = Environments()
    assert reevaluate(study, options_of(), environments, StopSignals()) is None
    seeds = list(dict.fromkeys(seed for _, seed in done))
    assert done == [(n, seed) for seed in seeds for n in (3, 1, 0)], "seed by seed, entry last"
    assert len(seeds) == 2
    assert not set(seeds) & {trial.user_attrs["seed"] for trial in study.trials}
    assert environments.begun == 6
    best = best_trial(study)
    assert (best.trial.number, best.value, best.mean, best.n) == (1, 5.0, 4.0, 2)
    assert best.seeds == tuple(seeds)
    assert [item.trial.number for item in standings(study)] == [1, 3, 0, 2, 4]
    reevaluate(study, options_of(), environments, StopSignals())
    assert len(done) == 6, "nothing is done twice"


def test_smaller_is_better(trained):
    study = study_of([5.0, 1.0, 2.0, 9.0], direction="minimize")
    done, results = trained
    results.update({1: 3.0, 2: 2.0, 0: 8.0})
    reevaluate(study, options_of(reevaluate_seeds=1), Environments(), StopSignals())
    assert [number for number, _ in done] == [1, 2, 0]
    assert best_trial(study).trial.number == 2


def test_what_was_done_is_kept_when_the_study_grows(trained):
    study = study_of([0.0, 5.0, 3.0])
    done, _ = trained
    reevaluate(study, options_of(), Environments(), StopSignals())
    assert {number for number, _ in done} == {0, 1, 2}
    add_trial(study, 8.0)
    del done[:]
    reevaluate(study, options_of(), Environments(), StopSignals())
    assert {number for number, _ in done} == {3}
    reevaluate(study, options_of(reevaluate_seeds=3), Environments(), StopSignals())
    assert Counter(number for number, _ in done) == {3: 3, 1: 1, 0: 1}


def test_off(trained):
    study = study_of([0.0, 5.0])
    assert reevaluate(study, options_of(reevaluate=0), Environments(), StopSignals()) is None
    assert trained[0] == []
    assert best_trial(study).mean is None
    assert reevaluation_study(study) is None


def test_feasible_first(trained):
    study = study_of([0.0])
    add_trial(study, 9.0, violation=1.0)
    add_trial(study, 4.0, violation=-1.0)
    assert best_trial(study).trial.number == 2
    reevaluate(study, options_of(), Environments(), StopSignals())
    assert best_trial(study).trial.number != 1


def test_failures(trained):
    """What fails is tried once again; what diverges would diverge again."""
    study = study_of([0.0, 5.0, 3.0])
    done, results = trained
    results[1] = [RuntimeError("cable"), 6.0, NonFiniteError("nan")]
    told = reevaluate(study, options_of(), Environments(), StopSignals())
    assert told is None
    assert Counter(number for number, _ in done) == {1: 3, 2: 2, 0: 2}
    assert len(reevaluations(study)[1]) == 1
    assert standings(study)[-1].trial.number == 1, "a training of it failed"
    assert standings(study)[-1].n_failed == 1


def test_failures_in_a_row_end_it(trained):
    study = study_of([0.0, 5.0, 3.0])
    trained[1].update({number: RuntimeError("cable") for number in range(3)})
    told = reevaluate(study, options_of(max_failures=3), Environments(), StopSignals())
    assert told.startswith("3 re-evaluations failed in a row")
    assert "cable" in told
    assert len(trained[0]) == 3


def test_interrupted_and_continued(trained):
    study = study_of([0.0, 5.0, 3.0])
    done, results = trained
    stop = StopSignals()

    class Interrupt(TrainingInterrupted):
        def __init__(self):
            super().__init__("SIGTERM")

    results[2] = [Interrupt(), 2.5]
    stop_at_once = StopSignals()
    original = reevaluation.train_once

    def train_once(training, options, environments, signals):
        with suppress(IndexError):
            if training.name.endswith("2"):
                signals.request("SIGTERM")
        return original(training, options, environments, signals)

    reevaluation.train_once = train_once
    try:
        assert reevaluate(study, options_of(), Environments(), stop_at_once) == "SIGTERM"
    finally:
        reevaluation.train_once = original
    assert len(done) == 2
    assert reevaluate(study, options_of(), Environments(), stop) is None
    assert Counter(number for number, _ in done) == {1: 2, 2: 3, 0: 2}
    assert all(item.n_failed == 0 for item in standings(study))


def test_four_workers_do_each_once(trained, tmp_path):
    """Each with a storage object of its own, as processes have."""
    file = str(tmp_path / "study.log")
    study_of([0.0, *range(1, 20)], storage=JournalStorage(JournalFileBackend(file)))
    done, _ = trained

    def work():
        study = optuna.load_study(study_name="s", storage=JournalStorage(JournalFileBackend(file)))
        reevaluate(study, options_of(reevaluate_seeds=3), Environments(), StopSignals())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(done) == len(set(done)) == 18


def test_a_killed_workers_part_is_done_again(trained):
    study = study_of([0.0, 5.0, 3.0])
    seed = reevaluation.fresh_seeds(study, options_of())[0]
    fresh = optuna.create_study(storage=study._storage, study_name="s/reevaluation")
    dead = fresh.ask()
    dead.set_user_attr("seed", seed)
    dead.set_user_attr("trial", 1)
    process = f"{machine()}:999999:1"
    study._storage.set_trial_system_attr(dead._trial_id, PROCESS_ATTRIBUTE, process)
    reevaluate(study, options_of(), Environments(), StopSignals())
    assert fresh.trials[0].state == TrialState.FAIL
    assert len(set(trained[0])) == len(trained[0]) == 6
    assert (1, seed) in trained[0]
    assert len(reevaluations(study)[1]) == 2


def test_the_most_crowded_go():
    points = [(0.0, 10.0), (0.1, 9.9), (0.2, 9.8), (5.0, 5.0), (10.0, 0.0)]
    assert spread(points, 5) == [0, 1, 2, 3, 4]
    assert spread(points, 3) == [0, 3, 4]
    assert spread(points, 2) == [0, 4]


def test_front_is_spanned(trained):
    study = optuna.create_study(study_name="s", directions=["maximize", "minimize"])
    for first, second in [(5.0, 5.0), (0.0, 0.0), (0.1, 0.1), (9.9, 9.9), (10.0, 10.0), (1.0, 9.0)]:
        trial = study.ask()
        trial.set_user_attr("seed", trial.number)
        if trial.number == 0:
            trial.set_user_attr("entry", True)
        study.tell(trial, [first, second])
    jobs = reevaluation.reevaluation_jobs(study, options_of(reevaluate=3, reevaluate_seeds=1))
    assert sorted(job.trial for job in jobs) == [0, 1, 4]
