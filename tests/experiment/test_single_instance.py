"""A device that exists once is evaluated between training episodes."""

import numpy as np
import pytest

from rl_zoo.runs.record import read_record
from tests.probe_envs import SingleEnv
from tests.same_runs import episodes_of


@pytest.fixture(autouse=True)
def _closed():
    SingleEnv.is_open = False
    yield
    SingleEnv.is_open = False


@pytest.mark.parametrize("algo", ["sac", "ppo"])
def test_evaluates_on_the_training_environment_by_default(algo, train_run, capsys):
    flags = ("-n", 300, "--eval-freq", 90, "--eval-episodes", 3)
    run = train_run(algo, "Single-v0", *flags)
    assert not SingleEnv.is_open, "it was closed at the end"
    with np.load(run.evaluations) as evaluations:
        assert evaluations["results"].shape[1] == 3
        assert len(evaluations["timesteps"]) >= 2
        evaluated = evaluations["ep_lengths"].sum()
    assert run.best_model.is_file()
    rows = episodes_of(run.monitor_file(0))
    assert all(float(length) <= 17 for _, length in rows)
    recorded = sum(int(length) for _, length in rows)
    record = read_record(run)
    assert record.num_timesteps - 17 <= recorded <= record.num_timesteps
    assert evaluated > 0
    assert sum(record.end_reasons.values()) == len(rows), "no evaluation episode is among them"


def test_flag_for_an_ordinary_environment(train_run):
    run = train_run("sac", "Tiny-v0", "-n", 200, "--eval-freq", 60, "--eval-on-train-env")
    with np.load(run.evaluations) as evaluations:
        assert (np.diff(evaluations["timesteps"]) >= 60).all()
    rows = episodes_of(run.monitor_file(0))
    assert sum(int(length) for _, length in rows) <= 200


def test_statistics_do_not_change_while_evaluating(arguments, train, monkeypatch):
    from rl_zoo.callbacks.evaluation import Evaluator

    run, seen = Evaluator.run, []

    def watched(evaluator, env, *args, **kwargs):
        before = env.obs_rms.count, env.norm_reward
        result = run(evaluator, env, *args, **kwargs)
        seen.append((before[0] == env.obs_rms.count, before[1]))
        return result

    monkeypatch.setattr(Evaluator, "run", watched)
    assert train(*arguments("sac", "Single-v0", "-n", 120, "--eval-freq", 50))[0] == 0
    assert seen
    assert all(entry == (True, False) for entry in seen)


def test_several_of_it_are_refused(arguments, train):
    code, _, err = train(*arguments("ppo", "Single-v0", "-n", 64, params=["n_envs:2"]))
    assert code == 2
    assert "there is only one of this environment" in err
