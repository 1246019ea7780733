"""Every sampler: it repeats itself, two workers never draw the same, and it finds something."""

import math

import optuna
import pytest
from optuna.storages.journal import JournalFileBackend, JournalStorage

from rl_zoo.tuning.cma_es import CmaEsSampler, from_unit, to_unit
from rl_zoo.tuning.pruners import make_pruner
from rl_zoo.tuning.samplers import SAMPLERS, SamplerSettings, make_sampler
from rl_zoo.tuning.storage import quiet

FIRST = {"x": 0.9, "rate": 1e-3, "n": 3, "kind": "a"}


@pytest.fixture(autouse=True)
def _quiet():
    quiet()


def sampler(name, seed=7, n_startup_trials=4, first=FIRST):
    return make_sampler(name, SamplerSettings(seed, n_startup_trials, first))


def draw(trial):
    """Return the loss of a point of a mixed space; 0 is the best."""
    x = trial.suggest_float("x", -1.0, 1.0)
    rate = trial.suggest_float("rate", 1e-5, 1e-1, log=True)
    n = trial.suggest_int("n", 1, 9)
    kind = trial.suggest_categorical("kind", ["a", "b", "c"])
    return (x + 0.5) ** 2 + 0.1 * (math.log10(rate) + 2) ** 2 + 0.02 * (n - 6) ** 2 + (kind == "a")


def points(study):
    return [tuple(trial.params.values()) for trial in study.trials]


@pytest.mark.parametrize("name", SAMPLERS)
def test_one_worker_repeats_its_study(name):
    studies, n = [], 7 if name == "gp" else 12
    for seed in (7, 7, 8):
        studies.append(optuna.create_study(sampler=sampler(name, seed)))
        studies[-1].optimize(draw, n)
    assert points(studies[0]) == points(studies[1])
    assert points(studies[0])[1:] != points(studies[2])[1:]
    assert studies[0].trials[0].params == FIRST
    assert len(set(points(studies[0]))) == n


@pytest.mark.parametrize("name", SAMPLERS)
def test_interrupted_study_goes_on_as_if_nothing_happened(name, tmp_path):
    """A worker that is started anew has forgotten nothing: all state is in the storage."""
    whole = optuna.create_study(sampler=sampler(name))
    parts = (3, 3, 1) if name == "gp" else (5, 4, 5)
    whole.optimize(draw, sum(parts))
    for n_trials in parts:
        storage = JournalStorage(JournalFileBackend(str(tmp_path / "s.log")))
        again = optuna.create_study(
            study_name="s", storage=storage, sampler=sampler(name), load_if_exists=True
        )
        again.optimize(draw, n_trials)
    assert points(again) == points(whole)


@pytest.mark.parametrize("name", SAMPLERS)
def test_two_workers_never_draw_the_same_point(name, tmp_path):
    """Both ask before either tells, with one seed, on one journal."""

    def open_worker():
        storage = JournalStorage(JournalFileBackend(str(tmp_path / "s.log")))
        return optuna.create_study(
            study_name="s", storage=storage, sampler=sampler(name), load_if_exists=True
        )

    workers = [open_worker(), open_worker()]
    rounds = 5 if name == "gp" else 10
    for _ in range(rounds):
        trials = [worker.ask() for worker in workers]
        losses = [draw(trial) for trial in trials]
        for worker, trial, loss in zip(workers, trials, losses, strict=True):
            worker.tell(trial, loss)
    drawn = points(workers[0])
    assert len(drawn) == 2 * rounds
    assert len(set(drawn)) == 2 * rounds


@pytest.mark.parametrize("name", ["tpe", "gp"])
def test_known_points_are_drawn_again(name):
    """The best of 36 points is found early, and not tried over and over."""

    def loss(trial):
        return trial.suggest_int("n", 0, 5) + trial.suggest_int("m", 0, 5)

    study = optuna.create_study(sampler=sampler(name, n_startup_trials=2, first={"n": 0, "m": 0}))
    study.optimize(loss, 12)
    assert len(set(points(study))) >= 10


@pytest.mark.parametrize(
    "name", ["tpe", "cmaes", "nsgaii", pytest.param("gp", marks=pytest.mark.slow)]
)
def test_learning_beats_the_start(name):
    """The mean loss of the last third is well below that of random points (1.5)."""
    study = optuna.create_study(sampler=sampler(name, n_startup_trials=8))
    study.optimize(draw, 24 if name == "gp" else 90)
    values = [trial.value for trial in study.trials]
    third = len(values) // 3
    # CMA-ES draws the categorical parameter, which costs 1/3 on average, at random.
    assert sum(values[-third:]) / third < (0.75 if name == "cmaes" else 0.6)


def test_cma_es_starts_at_the_entry():
    """Its first generation lies around the entry's point, not around the middle of the space."""
    study = optuna.create_study(sampler=sampler("cmaes"))
    study.optimize(draw, 9)
    xs = [trial.params["x"] for trial in study.trials[2:]]
    assert sum(xs) / len(xs) > 0.4


def test_cma_es_equals_the_library():
    """Rebuilt from the trials, it is the optimizer that would have been told them one by one."""
    import cmaes
    import numpy as np

    def loss(trial):
        return trial.suggest_float("a", -3.0, 5.0) ** 2 + trial.suggest_float("b", 0.0, 1.0)

    study = optuna.create_study(sampler=sampler("cmaes", first={"a": 1.0, "b": 0.5}))
    study.optimize(loss, 40)
    trial = study.ask()
    space = CmaEsSampler(0, {}).infer_relative_search_space(study, trial._get_latest_trial())
    ours = CmaEsSampler(3, {"a": 1.0, "b": 0.5})
    from rl_zoo.tuning.cma_es import _digest

    rebuilt = ours._optimizer(study, space, _digest(space))
    reference = cmaes.CMA(
        np.array([to_unit(space["a"], 1.0), 0.5]),
        1 / 6,
        bounds=np.array([[0.0, 1.0], [0.0, 1.0]]),
        n_max_resampling=20,
    )
    told = [t for t in study.trials if "rl_zoo:generation" in t.system_attrs and t.values]
    size = reference.population_size
    batches = [told[start : start + size] for start in range(0, len(told), size)]
    for batch in batches[: len(told) // size]:
        reference.tell(
            [(np.array([to_unit(space[k], t.params[k]) for k in space]), t.value) for t in batch]
        )
    assert rebuilt.generation == reference.generation >= 5
    np.testing.assert_allclose(rebuilt.mean, reference.mean, atol=1e-12)


@pytest.mark.parametrize(
    "distribution",
    [
        optuna.distributions.FloatDistribution(-2.0, 3.0),
        optuna.distributions.FloatDistribution(1e-5, 1e-1, log=True),
        optuna.distributions.FloatDistribution(0.0, 1.0, step=0.25),
        optuna.distributions.IntDistribution(2, 11),
        optuna.distributions.IntDistribution(2, 2048, log=True),
        optuna.distributions.IntDistribution(0, 12, step=4),
    ],
)
def test_unit_range_reaches_every_value(distribution):
    shares = [i / 1000 for i in range(1001)]
    values = [from_unit(distribution, share) for share in shares]
    assert all(distribution._contains(distribution.to_internal_repr(value)) for value in values)
    assert (min(values), max(values)) == (distribution.low, distribution.high)
    assert values == sorted(values)
    for value in values[::50]:
        assert from_unit(distribution, to_unit(distribution, value)) == pytest.approx(value)


def test_quasi_random_points_fill_the_space():
    """Any 16 consecutive Sobol points with index 16 k have one in each sixteenth of a range."""
    study = optuna.create_study(sampler=sampler("qmc", first={"x": 0.0}))
    study.optimize(lambda trial: trial.suggest_float("x", 0.0, 1.0), 64)
    for k in (1, 2, 3):
        xs = [trial.params["x"] for trial in study.trials[16 * k : 16 * k + 16]]
        assert sorted(int(16 * x) for x in xs) == list(range(16))


@pytest.mark.parametrize(
    ("name", "pruner"),
    [*((name, "hyperband") for name in SAMPLERS), ("tpe", "wilcoxon"), ("cmaes", "halving")],
)
def test_samplers_work_with_pruners(name, pruner):
    """Hyperband shows a sampler only the trials of one bracket."""

    def learn(trial):
        loss = draw(trial)
        for step in range(1, 10):
            trial.report(loss + 1 / step, step)
            if step < 9 and trial.should_prune():
                raise optuna.TrialPruned
        return loss

    histories = []
    for study_name in ("one", "another"):
        study = optuna.create_study(
            study_name=study_name,
            sampler=sampler(name),
            pruner=make_pruner(pruner, 2, 9, seed=7),
        )
        study.optimize(learn, 9 if name == "gp" else 24)
        histories.append([(t.params, t.state, t.last_step) for t in study.trials])
    states = [trial.state.name for trial in study.trials]
    assert {"COMPLETE", "PRUNED"} == set(states)
    assert histories[0] == histories[1], "it depends on the name of the study"


@pytest.mark.parametrize("pruner", ["median", "wilcoxon"])
def test_first_third_is_spared(pruner):
    study = optuna.create_study(pruner=make_pruner(pruner, 0, 12, seed=0), direction="maximize")

    def learn(trial):
        for step in range(1, 13):
            trial.report(-float(trial.number > 0) - 0.01 * step, step)
            if trial.should_prune():
                raise optuna.TrialPruned
        return -float(trial.number)

    study.optimize(learn, 3)
    assert [trial.state.name for trial in study.trials] == ["COMPLETE", "PRUNED", "PRUNED"]
    assert all(4 <= trial.last_step <= 6 for trial in study.trials[1:])


def test_median_of_those_that_respect_the_constraints():
    """Trials that earn more because they break a rule end nobody."""
    study = optuna.create_study(pruner=make_pruner("median", 2, 4, seed=0), direction="maximize")

    def learn(trial):
        breaks = trial.number < 6
        trial.set_user_attr("breaks", breaks)
        for step in range(1, 5):
            trial.report((100.0 if breaks else -trial.number) + step, step)
            if step < 4 and trial.should_prune():
                raise optuna.TrialPruned
        trial.set_constraint("rule", 1.0 if breaks else 0.0)
        return 100.0 if breaks else -trial.number

    study.optimize(learn, 10)
    assert [t.number for t in study.trials if t.state.name == "PRUNED"] == [8, 9]


def test_every_name_of_the_flags_is_known():
    from rl_zoo.commands import tuning_flags

    assert set(tuning_flags.SAMPLERS) == set(SAMPLERS)
    kinds = {type(make_pruner(name, 1, 4, seed=0)) for name in tuning_flags.PRUNERS}
    assert len(kinds) == len(tuning_flags.PRUNERS)


@pytest.mark.parametrize("name", ["tpe", "nsgaii", pytest.param("gp", marks=pytest.mark.slow)])
def test_constraints_are_learned(name):
    """Everything above x = 0.3 pays more; where it is forbidden, less is drawn there."""

    def excess(*, is_forbidden):
        def pay(trial):
            x = trial.suggest_float("x", -1.0, 1.0)
            for number in range(1 if name == "gp" else 6):
                trial.suggest_float(f"without_meaning_{number}", 0.0, 1.0)
            if is_forbidden:
                trial.set_constraint("rule", x - 0.3)
            return x

        settings = {"n_startup_trials": 6, "first": {"x": 0.9}}
        study = optuna.create_study(sampler=sampler(name, **settings), direction="maximize")
        study.optimize(pay, 12 if name == "gp" else 60)
        late = study.trials[-(len(study.trials) // 3) :]
        return sum(max(trial.params["x"] - 0.3, 0.0) for trial in late) / len(late)

    assert excess(is_forbidden=True) < 0.5 * excess(is_forbidden=False)
