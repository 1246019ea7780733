"""Evaluations while training: files, best model with its own statistics, frequency."""

import numpy as np
import pytest

from rl_zoo.agents.normalizer_file import load_normalizer
from rl_zoo.commands.training import evaluation_frequency


def test_best_model_comes_with_its_statistics(train_run):
    run = train_run("sac", "Tiny-v0", "-n", 200, "--eval-freq", 50, "--eval-episodes", 4)
    with np.load(run.evaluations) as evaluations:
        assert evaluations["timesteps"].tolist() == [50, 100, 150, 200]
        assert evaluations["results"].shape == evaluations["ep_lengths"].shape == (4, 4)
        means = evaluations["results"].mean(axis=1)
        best = evaluations["timesteps"][means.argmax()]
    count = load_normalizer(run.best_normalizer).obs_rms.count
    assert count == pytest.approx(best + 1, abs=1), "one reset and one observation per step"


@pytest.mark.parametrize(("budget", "frequency"), [(10**7, 25_000), (100_000, 5000), (100, 100)])
def test_default_frequency_fits_the_budget(budget, frequency):
    assert evaluation_frequency(None, budget) == frequency
    assert evaluation_frequency(7, budget) == 7


def test_evaluation_uses_several_environments(train_run):
    flags = ("-n", 64, "--eval-freq", 64, "--eval-episodes", 5, "--n-eval-envs", 2)
    run = train_run("ppo", "Tiny-v0", *flags)
    with np.load(run.evaluations) as evaluations:
        assert evaluations["results"].shape == (1, 5)


@pytest.mark.parametrize("flag", ["--eval-on-train-env", "--n-eval-envs=1"])
def test_endless_episodes_end_the_evaluations_not_the_run(
    flag, arguments, train, monkeypatch, tmp_path
):
    """Without a time limit an evaluation is given up once, and training goes on."""
    monkeypatch.setattr("rl_zoo.callbacks.evaluation.MAX_STEPS_PER_EPISODE", 20)
    flags = ("-n", 300, "--eval-freq", 30, "--eval-episodes", 1, flag)
    code, _, err = train(*arguments("ppo", "Counting-v0", *flags, "--env-kwargs", "length:90"))
    assert code == 0, err
    assert err.count("no more evaluations in this session") == 1
    assert not list(tmp_path.glob("logs/*/*/evaluations.npz"))
