"""The backend of a run: chosen by a flag, kept, recorded, and no obstacle to anyone else."""

import json

import numpy as np
import pytest
from stable_baselines3 import SAC

from rl_zoo.agents.native.backend import NativeUpdates
from rl_zoo.config.yaml import load_saved_yaml
from rl_zoo.runs.record import read_record
from tests.same_runs import assert_same_run, parameters_of

STUDY = ["-n", 60, "-optimize", "--n-trials", 1, "--reevaluate", 0, "--storage", "memory"]
STUDY += ["--no-optim-plots"]
DROPOUT = ["policy_kwargs.dropout_rate:0.3", "policy_kwargs.net_arch:[16,16]"]


def read_backend(run):
    return read_record(run).backend


@pytest.mark.parametrize("backend", ["native", "sb3"])
def test_resumed_dropout_equals_uninterrupted(backend, train, train_run, train_killed, tmp_path):
    more = ("-n", 200, "--save-freq", 50, "--backend", backend)
    straight = train_run("droq", "Tiny-v0", *more, params=DROPOUT, folder=tmp_path / "straight")

    killed = train_killed(straight, 120, "droq", "Tiny-v0", *more, params=DROPOUT)
    code, _, err = train("--resume", killed.path)

    assert code == 0 and f"backend {backend}" in err, err
    assert_same_run(straight, killed)


def test_native_run_is_the_run_of_sb3_to_rounding(train_run, tmp_path):
    weights = []
    for backend in ("native", "sb3"):
        run = train_run(
            "sac", "Tiny-v0", "-n", "100", "--backend", backend, folder=tmp_path / backend
        )
        assert read_backend(run)["name"] == backend
        weights.append(parameters_of(run.final_model)["parameters"]["policy"])
    for name, values in weights[0].items():
        assert np.allclose(values, weights[1][name], atol=1e-4), name


def test_backend_and_processor_are_recorded(train_run):
    run = train_run("sac", "Tiny-v0", "-n", "60")
    content = json.loads(run.record_file.read_text())
    assert content["backend"]["name"] == "native"
    assert content["backend"]["library"].startswith("learner-")
    assert content["cpu"]["threads"] == 1
    assert content["cpu"]["variables"]["OMP_WAIT_POLICY"] == "passive"
    assert load_saved_yaml(run.args_file)["backend"] == "auto"


def test_model_of_a_native_run_is_a_model_of_sb3(train_run):
    run = train_run("sac", "Tiny-v0", "-n", "80")
    agent = SAC.load(run.final_model, device="cpu")
    assert type(agent) is SAC
    assert agent.num_timesteps == 80 and agent._n_updates == 40


def test_resumed_run_may_take_the_other_backend_of_the_same_state(train, train_run):
    run = train_run("sac", "Tiny-v0", "-n", "80", "--save-freq", "40")
    code, _, err = train("--resume", run.path, "-n", "120", "--backend", "sb3")
    assert code == 0, err
    assert read_backend(run)["name"] == "sb3"
    code, _, err = train("--resume", run.path, "-n", "160", "--backend", "jax")
    assert code == 2
    assert "--backend jax: the run was trained with sb3" in err


def test_enjoy_never_asks_for_the_native_learner(train_run, monkeypatch):
    from rl_zoo.enjoy import main

    run = train_run("sac", "Tiny-v0", "-n", "60", "--backend", "native")
    asked = []
    monkeypatch.setattr("rl_zoo.agents.native.backend.enable_native", asked.append)
    folder = str(run.path.parents[1])
    flags = ["--algo", "sac", "--env", "Tiny-v0", "-f", folder, "--no-render"]
    assert main([*flags, "-n", "20", "--gym-packages", "tests.probe_envs"]) == 0
    assert asked == []


def test_uncovered_run_says_why_in_one_line(arguments, train):
    params = ["policy_kwargs.activation_fn:nn.Softplus"]
    command = arguments("sac", "Tiny-v0", "-n", "60", params=params)
    code, _, err = train(*command)
    assert code == 0
    told = [line for line in err.splitlines() if line.startswith("backend")]
    assert len(told) == 1 and told[0].startswith("backend sb3 (layers other than")


def test_trials_of_a_study_have_the_backend_asked_for(arguments, train, monkeypatch):
    from rl_zoo.tuning import training

    seen = []
    build = training.build_agent

    def build_agent(config, env, settings):
        agent = build(config, env, settings)
        seen.append((settings.backend, isinstance(agent, NativeUpdates)))
        return agent

    monkeypatch.setattr(training, "build_agent", build_agent)
    for backend in ("sb3", "native"):
        code, _, err = train(*arguments("sac", "Tiny-v0", *STUDY, "--backend", backend))
        assert code == 0, err
    assert seen == [("sb3", False), ("native", True)]


def test_misspelled_backend_names_the_nearest(train):
    code, _, err = train("--algo", "sac", "--env", "Pendulum-v1", "--backend", "nativ")
    assert code == 2
    assert "'nativ'" in err and "'native'" in err
