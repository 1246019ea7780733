"""``train --study S --trial best|N`` trains exactly what the trial trained; ``--write-best``."""

import io
import zipfile

import numpy as np
import optuna
import pytest
from optuna.storages.journal import JournalFileBackend, JournalStorage

from rl_zoo.config.resolve import ConfigRequest, resolve
from rl_zoo.config.yaml import dump_yaml, load_yaml
from rl_zoo.tuning.standing import best_trial, reevaluations
from rl_zoo.tuning.storage import quiet

PACKAGES = ("--gym-packages", "tests.probe_envs")


@pytest.fixture
def stored_study(tmp_path):
    """A study ``walk`` of SAC: the entry, HER with a noise of None, and one that failed."""
    quiet()
    folder = tmp_path / "logs/studies/walk"
    folder.mkdir(parents=True)
    (folder / "study.json").write_text('{"name": "walk"}')
    storage = JournalStorage(JournalFileBackend(str(folder / "study.log")))
    study = optuna.create_study(storage=storage, study_name="walk", direction="maximize")
    study.set_user_attr("algo", "td3")
    study.set_user_attr("env", "Tiny-v0")
    plain = {"policy": "MlpPolicy", "n_timesteps": 300, "gamma": 0.97}
    goal = {
        **plain,
        "noise_type": None,
        "replay_buffer_class": "HerReplayBuffer",
        "replay_buffer_kwargs": {"n_sampled_goal": 3, "goal_selection_strategy": "final"},
        "policy_kwargs": {"net_arch": [16], "n_critics": 1},
        "env_wrapper": [{"ActionSmoothingWrapper": {"smoothing_coef": 0.25}}],
    }
    for values, value in ((plain, 5.0), (goal, 3.0), (plain, None)):
        trial = study.ask()
        trial.set_user_attr("config", dump_yaml(values))
        trial.set_user_attr("seed", 50 + trial.number)
        if value is None:
            study.tell(trial, state=optuna.trial.TrialState.FAIL)
        else:
            study.tell(trial, value)
    return study


def show(train, tmp_path, *flags):
    return train("-f", tmp_path / "logs", *PACKAGES, *flags, "--show-config")


def test_a_trial_is_shown_with_all_it_had(stored_study, train, tmp_path):
    code, out, err = show(train, tmp_path, "--study", "walk", "--trial", 1)
    assert code == 0, err
    assert "trial 1 of the study walk: 3.00 in the search, not re-evaluated" in err
    assert "--seed 51 repeats the trial's training" in err
    lines = {line.split()[0]: line for line in out.splitlines()}
    assert lines["algo"].split()[1:2] == ["td3"]
    assert lines["env_id"].split()[1:2] == ["Tiny-v0"]
    assert "walk: trial 1" in lines["gamma"]
    assert "[16]" in lines["policy_kwargs.net_arch"]
    assert "final" in lines["replay_buffer_kwargs.goal_selection_strategy"]
    assert "ActionSmoothingWrapper(smoothing_coef=0.25)" in lines["env_wrapper"]
    assert "noise_type" not in lines


def test_best_and_zero_and_flags_over_it(stored_study, train, tmp_path):
    _, best, err = show(train, tmp_path, "--study", "walk")
    assert "trial 0 of the study walk: 5.00" in err
    assert best == show(train, tmp_path, "--study", "walk", "--trial", 0)[1]
    _, out, err = show(
        train, tmp_path, "--study", "walk", "-params", "gamma:0.5", "-n", 7, "--seed", 50
    )
    lines = {line.split()[0]: line.split()[1] for line in out.splitlines()}
    assert (lines["gamma"], lines["n_timesteps"]) == ("0.5", "7")
    assert "the trial's own seed" in err


@pytest.mark.parametrize("place", ["logs/studies/walk", "logs/studies/walk/study.log"])
def test_a_study_by_its_path(place, stored_study, train, tmp_path):
    assert show(train, tmp_path / "elsewhere", "--study", tmp_path / place)[0] == 0


def test_a_moved_study(stored_study, train, tmp_path):
    moved = tmp_path / "kept"
    (tmp_path / "logs/studies/walk").rename(moved)
    assert show(train, tmp_path, "--study", moved)[0] == 0


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--study", "wlak"], "--study wlak: no such study in .*; did you mean 'walk'"),
        (["--study", "some/where"], "--study some/where: is no folder of a study"),
        (["--study", "none.log"], "no such file"),
        (["--study", "walk", "--trial", "9"], "the study walk has the trials 0 to 2; or say best"),
        (["--study", "walk", "--trial", "-1"], "or say best"),
        (["--study", "walk", "--algo", "sac"], "--algo sac: the study walk is one of td3"),
        (["--study", "walk", "--env", "Single-v0"], "--env Single-v0: the study walk is one of"),
        (["--study", "walk", "-conf", "x.yml"], "-conf and --study: choose one"),
        (["--study", "walk", "--trial-id", "0"], "choose one of them|needs --storage"),
        (["--trial", "best"], "--trial best: needs --study"),
    ],
)
def test_what_does_not_fit_is_told(flags, message, stored_study, train, tmp_path):
    code, out, err = show(train, tmp_path, *flags)
    assert code == 2
    assert out == ""
    import re

    assert re.search(message, err), err


def test_report_of_a_stored_study_from_the_command_line(stored_study, capsys, tmp_path):
    from rl_zoo.commands.study_report import main

    assert main(["walk", "-f", str(tmp_path / "logs")]) == 0
    page = tmp_path / "logs/studies/walk/report/report.html"
    assert capsys.readouterr().out.strip() == str(page)
    assert "trial 0, the entry" not in page.read_text()
    assert "gamma: 0.97" in (page.parent / "best.yml").read_text()
    assert main(["wlak", "-f", str(tmp_path / "logs")]) == 2
    assert "did you mean 'walk'" in capsys.readouterr().err


def test_the_robot_of_a_simulation_may_be_named(stored_study, train, tmp_path):
    stored_study.set_user_attr("env", "Bert-v0")
    code, out, err = show(train, tmp_path, "--study", "walk", "--env", "Bert-Real-v0")
    assert code == 0, err
    assert "Bert-Real-v0" in out


def test_a_study_of_the_zoo_knows_its_sampled_values_only(train, tmp_path):
    quiet()
    file = tmp_path / "zoo.log"
    study = optuna.create_study(
        storage=JournalStorage(JournalFileBackend(str(file))), study_name="z", direction="maximize"
    )
    trial = study.ask()
    trial.suggest_float("learning_rate", 1e-3, 1e-3)
    study.tell(trial, 1.0)
    flags = ["--study", file, "--trial", 0]
    code, _, err = show(train, tmp_path, *flags)
    assert code == 2
    assert "does not say what it tuned; add --algo and --env" in err
    code, out, err = show(train, tmp_path, *flags, "--algo", "sac", "--env", "Pendulum-v1")
    assert code == 0, err
    lines = {line.split()[0]: line for line in out.splitlines()}
    assert lines["learning_rate"].split()[1:] == ["0.001", "trial"]
    assert "hyperparams/sac.yml" in lines["n_timesteps"]


def test_code_beside_a_study_is_not_run(stored_study, train, tmp_path):
    trial = stored_study.ask()
    values = {"policy": "MlpPolicy", "n_timesteps": 10, "env_wrapper": ["os:system"]}
    trial.set_user_attr("config", dump_yaml(values))
    stored_study.tell(trial, 99.0)
    code, _, err = show(train, tmp_path, "--study", "walk")
    assert code == 2
    assert "names os:system, which is not a part that rl_zoo knows" in err


def test_tuned_reevaluated_written_and_trained_again(tune, train, small, tmp_path):
    """The whole way: the best trial's values are in the file, and its training can be repeated."""
    target = tmp_path / "mine.yml"
    target.write_text("# mine\nOther-v0: {policy: MlpPolicy}  # kept\n")
    flags = ["--n-trials", 3, "--reevaluate", 1, "--reevaluate-seeds", 1, "--write-best", target]
    flags += ["--optimization-log-path", tmp_path / "t", "--n-evaluations", 1, "--study-name", "s"]
    code, _, err = tune(*flags)
    assert code == 0, err
    file = tmp_path / "logs/studies/s/study.log"
    study = optuna.load_study(study_name="s", storage=JournalStorage(JournalFileBackend(str(file))))
    again = reevaluations(study)
    assert 0 in again, "the entry is trained again, too"
    assert f"re-evaluation of trial 0 ({len(again)} of {len(again)})" in err
    best = best_trial(study)
    assert best.mean == max(results[0].values[0] for results in again.values())
    assert "over 1 fresh seed\n" in err
    text = target.read_text()
    assert text.startswith("# mine\nOther-v0: {policy: MlpPolicy}  # kept\n\nTiny-v0:\n")
    assert load_yaml(target)["Tiny-v0"] == load_yaml(_best(tmp_path))["Tiny-v0"]

    for number in (0, best.trial.number):
        trial = study.trials[number]
        code, _, err = train(
            *("-f", tmp_path / "logs", *PACKAGES, "--study", "s", "--trial", number),
            *("--seed", trial.user_attrs["seed"], "--eval-freq", -1, "--device", "cpu"),
        )
        assert code == 0, err
        run = sorted((tmp_path / "logs/ppo").glob("Tiny-v0_*"))[-1]
        folder = tmp_path / f"t/trial_{number}"
        assert (run / "Tiny-v0/config.yml").read_text() == (folder / "config.yml").read_text()
        assert np.load(folder / "evaluations.npz")["results"].mean() == pytest.approx(trial.value)
        assert _weights(run / "Tiny-v0.zip") == _weights(folder / "best_model.zip")
    request = ConfigRequest("ppo", "Tiny-v0", conf_file=target)
    run_config = ConfigRequest("ppo", "Tiny-v0", conf_file=folder / "config.yml")
    assert resolve(request) == resolve(run_config)


def test_unwritable_file_is_told_before_anything_is_created(tune, tmp_path):
    for name, message in (("no/best.yml", "there is no folder"), ("best.txt", "must end in .yml")):
        code, _, err = tune("--n-trials", 1, "--write-best", tmp_path / name)
        assert code == 2
        assert message in err
    assert not (tmp_path / "logs").exists()


def _best(tmp_path):
    return tmp_path / "logs/studies/s/report/best.yml"


def _weights(file):
    import torch

    with zipfile.ZipFile(file) as archive:
        tensors = torch.load(io.BytesIO(archive.read("policy.pth")), weights_only=True)
    return {name: tensor.tolist() for name, tensor in tensors.items()}
