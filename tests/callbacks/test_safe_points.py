"""Checkpoints fall on episode ends, brought about where episodes and rollouts never meet."""

from dataclasses import replace

import numpy as np
import pytest

from rl_zoo.agents.checkpoint import read_checkpoint_state
from rl_zoo.commands.training import checkpoint_frequency
from rl_zoo.config.model import RunConfig
from rl_zoo.runs.checkpoints import can_resume_from, complete_checkpoints, verify_checkpoint
from rl_zoo.runs.record import read_record


@pytest.mark.parametrize("algo", ["sac", "ppo", "a2c"])
@pytest.mark.parametrize("n_envs", [1, 3])
def test_checkpoints_are_taken_between_episodes(algo, n_envs, train_run):
    flags = ("-n", 300, "--save-freq", 60, "--keep-checkpoints", 99)
    run = train_run(algo, "Tiny-v0", *flags, params=[f"n_envs:{n_envs}"])
    steps = complete_checkpoints(run)
    assert len(steps) >= 3
    for step in steps[:-1]:
        assert read_checkpoint_state(run, step)["episodes_over"]
    assert (np.diff(steps)[:-1] >= 60).all()
    assert (np.diff(steps) < 60 + 17 + 32 * n_envs * 2).all()


def test_only_as_many_episodes_are_cut_as_needed(train_run):
    """One environment, steps stored one by one: every episode ends by itself."""
    run = train_run("sac", "Tiny-v0", "-n", 200, "--save-freq", 40)
    assert "checkpoint" not in read_record(run).end_reasons
    run = train_run("ppo", "Tiny-v0", "-n", 200, "--save-freq", 40, params=["n_envs:2"])
    assert read_record(run).end_reasons["checkpoint"] > 0


def test_old_checkpoints_keep_weights_and_normaliser_only(train_run):
    run = train_run("sac", "Tiny-v0", "-n", 300, "--save-freq", 40, "--keep-checkpoints", 2)
    steps = complete_checkpoints(run)
    assert len(steps) >= 5
    assert [step for step in steps if can_resume_from(run, step)] == steps[-2:]
    for step in steps:
        verify_checkpoint(run, step)
        assert run.checkpoint_model(step).is_file()
        assert run.checkpoint_normalizer(step).is_file()
        assert run.checkpoint_buffer(step).is_file() == (step in steps[-2:])


def test_negative_save_freq_means_no_checkpoint(train_run):
    run = train_run("sac", "Tiny-v0", "-n", 100, "--save-freq", -1)
    assert not list(run.path.glob("rl_model*"))


@pytest.mark.parametrize("algo", ["sac", "ppo"])
def test_a_finished_run_can_be_extended_by_default(algo, train_run, train):
    run = train_run(algo, "Tiny-v0", "-n", 100)
    done = read_record(run).num_timesteps
    assert complete_checkpoints(run) == [done]
    code, _, err = train("--resume", run.path, "-n", 200)
    assert code == 0, err
    assert f"from step {done}" in err
    assert read_record(run).num_timesteps >= 200


@pytest.mark.parametrize(
    ("algo", "values", "frequency"),
    [
        ("sac", {}, 3000),
        ("sac", {"train_freq": (1, "episode")}, 3000),
        ("sac", {"train_freq": 8}, -1),
        ("dqn", {}, -1),
        ("dqn", {"train_freq": 1}, 3000),
        ("ppo", {}, -1),
    ],
)
def test_default_checkpoints_never_cut_an_episode(algo, values, frequency):
    config = RunConfig(algo, "Tiny-v0", 30_000, "MlpPolicy", algo_kwargs=values)
    assert checkpoint_frequency(None, config) == frequency
    assert checkpoint_frequency(7, config) == 7
    assert checkpoint_frequency(None, replace(config, n_envs=2)) == -1
