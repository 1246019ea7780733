"""Studies with other objectives than the return, with constraints, and with several seeds."""

import statistics

import numpy as np
import optuna
import pytest
import yaml
from optuna.trial import TrialState

from rl_zoo.tuning.attributes import SEED_ATTRIBUTE
from rl_zoo.tuning.ranking import is_feasible, pareto_front, ranked
from rl_zoo.tuning.standing import OF_TRIAL_ATTRIBUTE
from rl_zoo.tuning.wear import REEVALUATION

RISKY = """\
default:
  policy: MlpPolicy
  n_timesteps: 128
  n_steps: 32
  batch_size: 32
  policy_kwargs: dict(net_arch=[8])
  env_kwargs: {risk: 0.9}
"""
RISK = ["--search-space", "env_kwargs.risk:dict(low=0.0, high=1.0)", "--reevaluate", "0"]
FAST = ["-params", "batch_size:32", "n_steps:32", "n_epochs:1", "policy_kwargs.net_arch:[8]"]


@pytest.fixture
def study(tune, stored, tmp_path):
    """Run a study on Risky-v0: its returns are 17 (1 + risk), above 0.5 every episode is a fall."""
    conf = tmp_path / "risky.yml"
    conf.write_text(RISKY)

    def run(*flags, **choices):
        choices.setdefault("conf", conf)
        fast = () if "algo" in choices else FAST
        return tune(*stored, *RISK, *fast, *flags, env="Risky-v0", **choices)

    return run


def risk_of(trial):
    return trial.params.get("env_kwargs.risk", 0.9)


def test_best_trial_respects_the_constraint(study, load):
    flags = ["--constraint", "falls<=0", "--n-trials", 8, "--n-startup-trials", 4]
    code, out, err = study(*flags)
    assert code == 0, err
    done = load()
    best, entry = ranked(done)[0], done.trials[0]
    assert is_feasible(best)
    assert not is_feasible(entry)
    assert entry.value == pytest.approx(17 * 1.9)
    assert best.value < entry.value
    (values,) = yaml.safe_load(out).values()
    assert values["env_kwargs"]["risk"] == risk_of(best) <= 0.5
    for trial in done.get_trials(states=[TrialState.COMPLETE]):
        fell = float(risk_of(trial) > 0.5)
        assert trial.constraints == {"falls<=0": fell}
        assert trial.user_attrs["measures"]["train/falls"] == fell


def test_pruned_trials_keep_what_they_violated(study, load):
    """Where the return is to be small, what falls (it earns more) is pruned."""
    flags = ["--constraint", "falls<=0", "--objective", "min:return", "--sampler", "random"]
    code, _, err = study(*flags, "--n-trials", 8, "--n-startup-trials", 2, "--n-evaluations", 4)
    assert code == 0, err
    pruned = load().get_trials(states=[TrialState.PRUNED])
    assert any(risk_of(trial) > 0.5 for trial in pruned)
    for trial in pruned:
        assert trial.constraints == {"falls<=0": float(risk_of(trial) > 0.5)}


def test_nothing_is_called_best_that_violates_a_constraint(study, tmp_path):
    code, out, err = study("--constraint", "falls<=-1", "--n-trials", 2)
    assert code == 3
    assert not out
    assert "best: trial" not in err
    assert "nearest to the constraints: trial 0" in err
    assert not list(tmp_path.rglob("best.yml"))


def test_constraint_that_holds_in_the_search_alone_is_an_error(tune, stored, load):
    """The re-evaluations of both trials are put into the storage, with a violation."""
    flags = [*stored, "--constraint", "length>=1", "--n-trials", 2]
    assert tune(*flags)[0] == 0
    study = load()
    fresh = optuna.create_study(
        storage=study._storage, study_name=f"s{REEVALUATION}", directions=study.directions
    )
    for number in (0, 1):
        trial = fresh.ask()
        trial.set_user_attr(OF_TRIAL_ATTRIBUTE, number)
        trial.set_user_attr(SEED_ATTRIBUTE, number)
        trial.set_constraint("length>=1", 0.5)
        fresh.tell(trial, 1.0)
    code, out, err = tune(*flags, "--max-total-trials", 2)
    assert code == 3
    assert not out
    assert "error: on fresh seeds, no trial respects the constraints" in err


def test_counters_of_training(study, load):
    """128 steps of 0.1 s are 7 finished episodes; of each limit the episodes that reached it."""
    constraints = ["falls_per_minute<=40", "torque_violations<=0.5", "eval:length>=17"]
    code, _, err = study("--constraint", *constraints, "--n-trials", 1)
    assert code == 3
    assert "no trial respects the constraints; trial 0 comes nearest, it violates torque" in err
    (trial,) = load().trials
    measures = trial.user_attrs["measures"]
    assert measures["train/falls_per_minute"] == pytest.approx(7 / (12.8 / 60))
    assert measures["train/falls_per_1000_steps"] == pytest.approx(7000 / 128)
    assert measures["train/reward/effort"] == pytest.approx(17 * 0.81)
    assert measures["train/safety/torque"] == pytest.approx(0.15)
    assert trial.constraints == pytest.approx(
        {
            "falls_per_minute<=40": 7 / (12.8 / 60) - 40,
            "torque_violations<=0.5": 0.5,
            "eval:length>=17": 0.0,
        }
    )
    assert trial.user_attrs["n_steps"] == 128


@pytest.mark.parametrize(
    ("algo", "values"),
    [
        ("ars", "policy: LinearPolicy\n  n_delta: 2\n  n_timesteps: 140"),
        ("sac", "policy: MlpPolicy\n  n_timesteps: 128\n  learning_starts: 100\n  batch_size: 8"),
        ("a2c", "policy: MlpPolicy\n  n_timesteps: 128\n  n_envs: 2"),
    ],
)
def test_counters_of_other_algorithms(study, load, tmp_path, algo, values):
    conf = tmp_path / "other.yml"
    conf.write_text(f"default:\n  {values}\n  env_kwargs: {{risk: 0.9}}\n")
    code, _, err = study("--constraint", "falls<=1", "--n-trials", 1, algo=algo, conf=conf)
    assert code == 0, err
    (trial,) = load().trials
    n_steps = trial.user_attrs["n_steps"]
    n_envs = 2 if algo == "a2c" else 1
    falls = n_envs * (n_steps // n_envs // 17)
    measured = trial.user_attrs["measures"]["train/falls_per_1000_steps"]
    assert measured == pytest.approx(1000 * falls / n_steps, rel=0.01)


@pytest.mark.parametrize("sampler", ["tpe", "gp"])
def test_several_objectives(study, load, sampler):
    flags = ["--objective", "return", "min:reward/effort", "--n-startup-trials", 3]
    code, _, err = study(*flags, "--n-trials", 5, "--sampler", sampler)
    assert code == 0, err
    assert "with several objectives no trial is pruned" in err
    done = load()
    assert [direction.name for direction in done.directions] == ["MAXIMIZE", "MINIMIZE"]
    for trial in done.trials:
        assert trial.values == pytest.approx([17 * (1 + risk_of(trial)), 17 * risk_of(trial) ** 2])
    assert len(pareto_front(done)) == 5, "whoever risks more earns more and pays more"


def test_one_objective_beats_another(study, load):
    """Both want little risk: the front is one trial."""
    flags = ["--objective", "min:return", "min:reward/effort", "--n-trials", 4]
    code, _, err = study(*flags)
    assert code == 0, err
    (best,) = pareto_front(load())
    assert risk_of(best) == min(map(risk_of, load().trials))


@pytest.mark.parametrize("sampler", ["cmaes", "qmc", "nsgaii"])
def test_samplers_by_name(tune, stored, load, sampler):
    flags = ["--sampler", sampler, "--n-startup-trials", 2, "--n-trials", 4, "--pruner", "none"]
    code, _, err = tune(*stored, *flags, "--reevaluate", 0, *FAST)
    assert code == 0, err
    told = "--sampler cmaes draws at random: clip_range" in err
    assert told == (sampler == "cmaes")
    trials = load().trials
    assert [trial.state.name for trial in trials] == ["COMPLETE"] * 4
    assert len({str(trial.params) for trial in trials}) == 4


def test_median_over_seeds(tune, stored, load):
    flags = ["--seeds-per-trial", 3, "--n-trials", 2, "--pruner", "none", "--reevaluate", 0]
    code, _, err = tune(*stored, *flags, *FAST)
    assert code == 0, err
    for trial in load().trials:
        values = [value for (value,) in trial.user_attrs["seed_values"]]
        assert len(set(values)) == 3, "the same seed again"
        assert trial.value == statistics.median(values)
        assert list(trial.intermediate_values) == [1, 2, 3, 4, 5, 6]
        assert [trial.intermediate_values[step] for step in (2, 4, 6)] == values
        assert trial.user_attrs["n_steps"] == 3 * 128
        assert trial.user_attrs["seeds"][0] == trial.user_attrs["seed"]
    seeds = [seed for trial in load().trials for seed in trial.user_attrs["seeds"]]
    assert len(set(seeds)) == 6


@pytest.mark.parametrize("summary", ["last", "best", "auc"])
def test_summaries_of_a_trial(tune, stored, load, tmp_path, summary):
    flags = ["--objective", summary, "--optimization-log-path", tmp_path / "t", "--n-trials", 1]
    code, _, err = tune(*stored, *flags, "--n-evaluations", 4)
    assert code == 0, err
    saved = np.load(tmp_path / "t/trial_0/evaluations.npz")
    steps, means = saved["timesteps"], saved["results"].mean(axis=1)
    assert steps.tolist() == [32, 64, 96, 128]
    area = np.trapezoid([means[0], *means], [0, *steps]) / 128
    expected = {"last": means[-1], "best": means.max(), "auc": area}[summary]
    (trial,) = load().trials
    assert trial.value == pytest.approx(expected)
    assert trial.intermediate_values[4] == pytest.approx(expected)


def test_undelivered_measure_stops_the_study(tune, stored, load):
    code, _, err = tune(*stored, "--objective", "energy", "--n-trials", 4)
    assert code == 2
    assert "--objective energy: evaluation on Tiny-v0 delivers no energy; there are: " in err
    assert [trial.state.name for trial in load().trials] == ["FAIL"]


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--objective", "energi"], "no measure is called 'energi'; did you mean 'energy'?"),
        (["--constraint", "falls<1"], "must be a measure, <= or >=, and a number"),
        (
            ["--sampler", "cmaes", "--objective", "return", "length"],
            "--sampler cmaes: optimises one objective, not 2; use random, tpe, gp, qmc, nsgaii",
        ),
    ],
)
def test_wrong_search_leaves_nothing(tune, tmp_path, flags, message):
    code, _, err = tune(*flags)
    assert code == 2
    assert message in err
    assert not (tmp_path / "logs").exists()


@pytest.mark.parametrize(
    ("flags", "package"),
    [(["--sampler", "cmaes"], "cmaes"), (["--pruner", "wilcoxon"], "scipy")],
)
def test_missing_package_is_told_first(tune, tmp_path, monkeypatch, flags, package):
    from rl_zoo.tuning import search

    found = search.find_spec
    monkeypatch.setattr(search, "find_spec", lambda name: None if name == package else found(name))
    code, _, err = tune(*flags)
    assert code == 2
    assert f"which is not installed: pip install {package}" in err
    assert not (tmp_path / "logs").exists()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--objective", "length"], "is a study with --objective return, not --objective length"),
        (["--constraint", "length>=3"], "is a study with no --constraint, not --constraint length"),
    ],
)
def test_study_with_another_aim_is_untouched(tune, stored, load, tmp_path, flags, message):
    assert tune(*stored, "--n-trials", 1)[0] == 0
    before = (tmp_path / "study.log").read_text()
    code, _, err = tune(*stored, *flags, "--n-trials", 1)
    assert code == 2
    assert message in err
    assert (tmp_path / "study.log").read_text() == before
    assert tune(*stored, "--objective", "return:last", "--n-trials", 1)[0] == 0
    assert len(load().trials) == 2


def test_hints_for_pruners(tune):
    _, _, err = tune("--pruner", "wilcoxon", "--n-trials", 1)
    assert "--pruner wilcoxon compares pairs of evaluations and cannot act on 2" in err
    _, _, err = tune("--pruner", "hyperband", "--n-trials", 1, "--constraint", "length>=1")
    assert "--pruner hyperband has one bracket only" in err


def test_nan_prunes_with_several_objectives(tune, stored, load):
    faulty = ["--env-kwargs", "fault:nan_observation", "--objective", "return", "length"]
    code, _, err = tune(*stored, *faulty, "--n-trials", 2, env="Faulty-v0")
    assert code == 3
    assert "Traceback" not in err
    assert [trial.state.name for trial in load().trials] == ["PRUNED", "PRUNED"]
