"""The order of trials, compared with checks of every pair."""

import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rl_zoo.tuning.ranking import infeasible_sentence, is_feasible, pareto_front, ranked

optuna.logging.set_verbosity(optuna.logging.ERROR)


def make_study(rows, directions=("maximize",)):
    """Return a study with a completed trial for each of (values, violations)."""
    study = optuna.create_study(directions=directions)
    for values, violations in rows:
        trial = optuna.trial.create_trial(
            values=list(values), constraints=dict(zip("abc", violations, strict=False))
        )
        study.add_trial(trial)
    study.add_trial(optuna.trial.create_trial(state=optuna.trial.TrialState.FAIL))
    return study


def numbers(trials):
    return [trial.number for trial in trials]


def test_one_objective():
    rows = [((3,), ()), ((5,), ()), ((-1,), ()), ((5,), ())]
    assert numbers(ranked(make_study(rows))) == [1, 3, 0, 2]
    assert numbers(ranked(make_study(rows, ("minimize",)))) == [2, 0, 1, 3]


def test_feasible_trials_come_first():
    rows = [((9,), (0.5, 0.5)), ((3,), (-1.0, 0.0)), ((8,), (2.0, -5.0)), ((4,), (0.0, -0.1))]
    study = make_study(rows)
    assert numbers(ranked(study)) == [3, 1, 0, 2]
    assert [is_feasible(trial) for trial in study.trials[:4]] == [False, True, False, True]
    assert infeasible_sentence(study) is None


def test_nearest_is_named_if_none_is_feasible():
    study = make_study([((9,), (0.5, 0.7)), ((3,), (0.25, -1.0))])
    assert "trial 1 comes nearest, it violates a by 0.25" in infeasible_sentence(study)
    assert pareto_front(study) == []
    assert infeasible_sentence(make_study([])) is None


@pytest.mark.parametrize("directions", [("maximize", "minimize"), ("minimize",) * 3])
def test_front_of_known_points(directions):
    study = make_study([((1, 1, 1)[: len(directions)], ())] * 3, directions)
    assert numbers(pareto_front(study)) == [0, 1, 2], "equal trials beat nobody"


VALUES = st.lists(
    st.tuples(*[st.integers(-3, 3)] * 3, st.sampled_from([-1.0, 0.0, 0.5])), min_size=1, max_size=12
)


@settings(deadline=None, max_examples=60)
@given(VALUES)
def test_front_against_every_pair(rows):
    directions = ("maximize", "minimize", "maximize")
    study = make_study([(row[:3], (row[3],)) for row in rows], directions)
    feasible = [trial for trial in study.trials if trial.values and trial.constraints["a"] <= 0]

    def beats(one, other):
        signed = [
            (a, b) if way == "maximize" else (-a, -b)
            for a, b, way in zip(one.values, other.values, directions, strict=True)
        ]
        return all(a >= b for a, b in signed) and any(a > b for a, b in signed)

    front = [t for t in feasible if not any(beats(other, t) for other in feasible)]
    assert sorted(numbers(pareto_front(study))) == numbers(front)
    assert sorted(numbers(study.best_trials)) == numbers(front), "Optuna sees it differently"
    order = ranked(study)
    assert sorted(numbers(order)) == list(range(len(rows)))
    assert set(numbers(order[: len(front)])) == set(numbers(front))
    place = {trial.number: index for index, trial in enumerate(order)}
    for one in feasible:
        for other in feasible:
            if beats(one, other):
                assert place[one.number] < place[other.number]
        assert all(place[one.number] < place[t.number] for t in order if t not in feasible)
