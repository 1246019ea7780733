"""Studies from the command line: what is trained, what is told, what is left."""

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
import yaml

from tests.probe_envs import SingleEnv, TinyEnv
from tests.processes import Command

ROOT = Path(__file__).parents[2]


class FlakyEnv(TinyEnv):
    """Its second instance (the first trial's training environment) fails."""

    made = 0

    def __init__(self):
        super().__init__()
        FlakyEnv.made += 1
        self.number = FlakyEnv.made

    def step(self, action):
        if self.number == 2:
            raise RuntimeError("cable pulled")
        return super().step(action)


gym.register("Flaky-v0", entry_point=FlakyEnv)


def test_report_and_best_values(tune, train, tmp_path):
    code, out, err = tune("--n-trials", 3)
    assert code == 0, err
    assert "trial 2 (3 of 3)" in err
    folder = tmp_path / "logs/ppo"
    (table,) = folder.glob("report_Tiny-v0_3-trials-128-tpe-median_*.csv")
    rows = list(csv.DictReader(table.open()))
    assert len(rows) == 3
    best = max(rows, key=lambda row: float(row["value"]))
    report = tmp_path / "logs/studies/ppo_Tiny-v0_1/report"
    file = report / "best.yml"
    assert out == file.read_text()
    assert f"Trial {best['number']} of the study" in out
    assert [path.name for path in folder.iterdir()] == [table.name]
    code, _, err = train(
        *("--algo", "ppo", "--env", "Tiny-v0", "-conf", file, "--show-config"),
        *("--gym-packages", "tests.probe_envs"),
    )
    assert code == 0, err
    values = yaml.safe_load(out)["Tiny-v0"]
    assert values["n_timesteps"] == 128
    assert "log_std_init=-1.0" in values["policy_kwargs"], "the entry's own value is lost"


def test_first_trial_is_the_entry(tune, stored, load):
    code, _, err = tune(*stored, "--n-trials", 2)
    assert code == 0, err
    assert "trial 0 trains the configuration as it is" in err
    assert "cannot be drawn" not in err
    first, second = load().trials
    assert first.user_attrs["values"] == {}
    assert first.params["batch_size_pow"] == 5
    assert first.params["one_minus_gamma"] == pytest.approx(0.02)
    assert second.user_attrs["values"]["batch_size"] == 2 ** second.params["batch_size_pow"] or (
        second.user_attrs["values"]["batch_size"] == second.user_attrs["values"]["n_steps"]
    )


def test_same_seed_same_study(tune, stored, load, tmp_path):
    tune(*stored, "--n-trials", 3)
    tune("--storage", tmp_path / "again.log", "--study-name", "s", "--n-trials", 3)
    first, again = load().trials, load("again.log").trials
    assert [trial.value for trial in first] == [trial.value for trial in again]
    assert [trial.params for trial in first] == [trial.params for trial in again]


def test_study_goes_on(tune, stored, load):
    assert tune(*stored, "--n-trials", 2)[0] == 0
    code, _, err = tune(*stored, "--n-trials", 2)
    assert code == 0, err
    trials = load().trials
    assert [trial.number for trial in trials] == [0, 1, 2, 3]
    assert len({str(trial.params) for trial in trials}) == 4
    code, _, err = tune(*stored, "--max-total-trials", 5)
    assert code == 0, err
    assert len(load().trials) == 5
    code, _, err = tune(*stored, "--max-total-trials", 5)
    assert code == 0
    assert "has its 5 trials already" in err
    assert len(load().trials) == 5


def test_failed_trial_is_kept_and_the_study_goes_on(tune, stored, load, tmp_path):
    FlakyEnv.made = 0
    code, _, err = tune(
        *stored, "--n-trials", 3, "--optimization-log-path", tmp_path / "trials", env="Flaky-v0"
    )
    assert code == 0, err
    states = [trial.state.name for trial in load().trials]
    assert states == ["FAIL", "COMPLETE", "COMPLETE"]
    assert "cable pulled" in load().trials[0].user_attrs["error"]
    assert "trial 0 (1 of 3): failed" in err
    assert "cable pulled" in (tmp_path / "trials/trial_0/error.txt").read_text()


def test_five_failures_in_a_row_stop_the_study(tune, stored, load, tmp_path):
    code, _, err = tune(
        *stored, "--n-trials", 9, "--env-kwargs", "fault:raise_in_step", env="Faulty-v0"
    )
    assert code == 4
    assert "5 trials failed in a row" in err
    assert "motor driver lost" in err
    assert len(load().trials) == 5
    assert list((tmp_path / "logs/ppo").glob("report_*_5-trials-*.csv"))


def test_a_slow_trial_is_pruned(tune, stored, load):
    code, _, err = tune(*stored, "--n-trials", 2, "--trial-minutes", "1e-9")
    assert code == 0, err
    assert "trial 1 (2 of 2): pruned (slower than 1e-09 min)" in err
    assert [trial.state.name for trial in load().trials] == ["COMPLETE", "PRUNED"]
    assert tune(*stored, "--n-trials", 1, "--trial-minutes", 5)[0] == 0
    assert load().trials[2].state.name == "COMPLETE"


def test_the_entry_is_never_pruned(tune, stored, load, monkeypatch):
    monkeypatch.setattr("optuna.Trial.should_prune", lambda trial: True)
    code, _, err = tune(*stored, "--n-trials", 2)
    assert code == 0, err
    assert [trial.state.name for trial in load().trials] == ["COMPLETE", "PRUNED"]


def test_nan_prunes(tune, stored, load):
    code, out, err = tune(
        *stored, "--n-trials", 2, "--env-kwargs", "fault:nan_observation", env="Faulty-v0"
    )
    assert code == 3
    assert "no trial was completed" in err
    assert "Traceback" not in err
    assert out == ""
    assert [trial.state.name for trial in load().trials] == ["PRUNED", "PRUNED"]


def test_median_pruner_acts(tune, stored, load):
    flags = ["--n-trials", 8, "--n-startup-trials", 1, "--sampler", "random"]
    code, _, err = tune(*stored, *flags, "--n-evaluations", 4)
    assert code == 0, err
    pruned = [trial for trial in load().trials if trial.state.name == "PRUNED"]
    assert pruned
    assert all(len(trial.intermediate_values) < 4 for trial in pruned)
    assert "pruned at" in err


def test_stored_trial_is_trained_again(tune, train, stored, small, load, tmp_path):
    """Same values, same seed: the same weights; trial 0 and a sampled one."""
    code, _, err = tune(
        *stored, "--n-trials", 2, "--optimization-log-path", tmp_path / "t", "--n-evaluations", 1
    )
    assert code == 0, err
    for number in (0, 1):
        trial = load().trials[number]
        folder = tmp_path / f"t/trial_{number}"
        names = {path.name for path in folder.iterdir()}
        assert {"best_model.zip", "evaluations.npz", "config.yml"} <= names
        assert np.load(folder / "evaluations.npz")["results"].mean() == pytest.approx(trial.value)
        code, _, err = train(
            *("--algo", "ppo", "--env", "Tiny-v0", "-conf", small, "-f", tmp_path / "runs"),
            *("--gym-packages", "tests.probe_envs", *stored, "--trial-id", number),
            *("--seed", trial.user_attrs["seed"], "--eval-freq", -1, "--device", "cpu"),
        )
        assert code == 0, err
        run = tmp_path / f"runs/ppo/Tiny-v0_{number + 1}"
        assert (run / "Tiny-v0/config.yml").read_text() == (folder / "config.yml").read_text()
        assert _weights(run / "Tiny-v0.zip") == _weights(folder / "best_model.zip")


def test_one_device_is_never_opened_twice(tune, stored, load):
    SingleEnv.is_open = False
    code, _, err = tune(*stored, "--n-trials", 3, env="Single-v0")
    assert code == 0, err
    trials = load().trials
    assert [trial.state.name for trial in trials] == ["COMPLETE"] * 3
    assert all(max(trial.intermediate_values) == 2 for trial in trials)
    assert any(len(trial.intermediate_values) == 2 for trial in trials), "none while training"
    code, _, err = tune("--n-jobs", 2, env="Single-v0")
    assert code == 2
    assert "only one of this environment" in err


def test_one_robot_makes_any_environment_one_of_a_kind(tune, stored, load):
    opened = []

    class Counted(TinyEnv):
        def __init__(self):
            super().__init__()
            opened.append(+1)

        def close(self):
            opened.append(-1)

    if "Counted-v0" not in gym.registry:
        gym.register("Counted-v0", entry_point=Counted)
    code, _, err = tune(*stored, "--n-trials", 2, "--one-robot", env="Counted-v0")
    assert code == 0, err
    assert [trial.state.name for trial in load().trials] == ["COMPLETE"] * 2
    assert opened == [1, -1], "opened once, closed once"
    for wrong in (("--n-jobs", 2), ("-params", "n_envs:2")):
        code, _, err = tune("--one-robot", *wrong, env="Counted-v0")
        assert code == 2
        assert "--one-robot: there is only one of this environment" in err


def test_train_optimize_has_the_zoos_flags(train, small, tmp_path):
    code, _, err = train(
        *("--algo", "ppo", "--env", "Tiny-v0", "-conf", small, "-f", tmp_path / "logs"),
        *(
            "--gym-packages",
            "tests.probe_envs",
            "-optimize",
            "--n-trials",
            2,
            "--sampler",
            "random",
        ),
        *("--pruner", "halving", "--n-jobs", 2, "--n-startup-trials", 0, "--eval-episodes", 1),
        *("--n-evaluations", 2, "--storage", f"sqlite:///{tmp_path}/s.db", "--seed", 3),
    )
    assert code == 0, err
    (table,) = (tmp_path / "logs/ppo").glob("report_Tiny-v0_2-trials-128-random-halving_*.csv")
    names = {path.name for path in table.parent.iterdir()}
    assert list((tmp_path / "logs/studies").glob("*/report/history.png"))
    assert not [name for name in names if name.startswith("Tiny-v0_")], "an empty run folder"


def test_two_workers_of_one_seed_differ(small, stored, load, tmp_path):
    command = ["--algo", "ppo", "--env", "Tiny-v0", "--seed", 7, "--n-trials", 3, *stored]
    command += ["-conf", small, "-f", tmp_path / "logs", "--gym-packages", "tests.probe_envs"]
    command += ["--no-optim-plots", "--eval-episodes", 1, "--n-evaluations", 1]
    command += ["--reevaluate", 0, "--num-threads", 1]
    workers = [Command(command, tmp_path / name, "rl_zoo.tune") for name in ("one", "two")]
    assert [worker.wait(120) for worker in workers] == [0, 0]
    trials = load().trials
    assert len(trials) == 6
    assert len({str(trial.params) for trial in trials}) == 6
    assert [trial.number for trial in trials if "entry" in trial.user_attrs] == [0]


def _first_trial_has_values(folder, load):
    if not (folder / "study.log").is_file():
        return False
    try:
        trials = load().trials
    except (KeyError, ValueError):  # the file is there before the study, or its last line is half
        return False
    return bool(trials) and "values" in trials[0].user_attrs


def test_signal_stops_and_the_same_command_goes_on(small, stored, load, tune, tmp_path):
    command = [sys.executable, "-m", "rl_zoo.tune", "--algo", "ppo", "--env", "Tiny-v0"]
    command += ["-conf", str(small), "-f", str(tmp_path / "logs"), "--n-trials", "3", *stored]
    command += [
        "--gym-packages",
        "tests.probe_envs",
        "--no-optim-plots",
        "--env-kwargs",
        "delay:0.02",
    ]
    worker = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not _first_trial_has_values(tmp_path, load):
        time.sleep(0.1)
    time.sleep(1)
    os.kill(worker.pid, signal.SIGTERM)
    _, err = worker.communicate(timeout=60)
    assert worker.returncode == 130, err
    assert "the same command continues it" in err
    first = load().trials[0]
    assert first.state.name == "FAIL"
    code, _, err = tune(*stored, "--n-trials", 1, "--env-kwargs", "delay:0")
    assert code == 0, err
    assert load().trials[1].params == first.params
    assert load().trials[1].state.name == "COMPLETE"


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--n-trials", 0], "--n-trials 0: must be at least 1"),
        (["--n-evaluations", 0], "--n-evaluations 0"),
        (["--n-jobs", 0], "--n-jobs 0"),
        (["--storage", "study"], "must be a journal file"),
        (["--storage", "mysql+nodriver://x/y"], "--storage mysql"),
        (["--study-name", ""], "--study-name ''"),
        (["--study-name", "../x"], "--study-name '../x'"),
        (["--storage", ""], "--storage ''"),
        (["--device", "tpu"], "--device tpu: not a device"),
        (["--optimization-log-path", __file__], "is a file; name a folder"),
        (["--search-space", "n_steps:[8,x]"], "--search-space n_steps: choice 'x'"),
        (["-params", "batchsize:3"], "did you mean 'batch_size'"),
    ],
)
def test_bad_input(flags, message, tune):
    code, _, err = tune(*flags)
    assert code == 2
    assert message in err
    assert "Traceback" not in err


def test_study_of_another_algorithm_is_untouched(tune, stored, load, tmp_path):
    assert tune(*stored, "--n-trials", 1)[0] == 0
    before = (tmp_path / "study.log").read_text()
    code, _, err = tune(*stored, algo="a2c", conf=_conf(tmp_path))
    assert code == 2
    assert "is a study of ppo, not of a2c" in err
    assert load().user_attrs["algo"] == "ppo"
    assert len(load().trials) == 1
    assert before == (tmp_path / "study.log").read_text()


def test_wrong_action_space_is_told_at_once(tune, tmp_path):
    code, _, err = tune(algo="dqn", conf=_conf(tmp_path))
    assert code == 2
    assert "cannot handle the action space" in err


def _conf(tmp_path):
    file = tmp_path / "plain.yml"
    file.write_text("default:\n  policy: MlpPolicy\n  n_timesteps: 100\n")
    return file


def _weights(file):
    import io
    import zipfile

    import torch

    with zipfile.ZipFile(file) as archive:
        tensors = torch.load(io.BytesIO(archive.read("policy.pth")), weights_only=True)
    return {name: tensor.tolist() for name, tensor in tensors.items()}
