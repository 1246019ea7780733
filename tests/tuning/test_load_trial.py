"""``train --storage S --study-name N --trial-id K``: the right values, or one clear sentence."""

import optuna
import pytest
from optuna.storages.journal import JournalFileBackend, JournalStorage

from rl_zoo.errors import ConfigError, DamagedFileError
from rl_zoo.tuning.load_trial import load_trial_values


@pytest.fixture
def journal(tmp_path):
    """A journal with a study ``walk`` of TD3 as RL Zoo leaves it: without our records."""
    file = tmp_path / "study.log"
    study = optuna.create_study(
        storage=JournalStorage(JournalFileBackend(str(file))), study_name="walk"
    )
    study.enqueue_trial(
        {
            "one_minus_gamma": 0.02,
            "batch_size_pow": 8,
            "learning_rate": 1e-3,
            "train_freq": 4,
            "tau": 0.01,
            "noise_type": None,
            "noise_std": 0.2,
            "net_arch": "big",
            "n_sampled_goal": 3,
            "goal_selection_strategy": "future",
        }
    )

    def objective(trial):
        trial.suggest_float("one_minus_gamma", 1e-4, 0.03, log=True)
        trial.suggest_int("batch_size_pow", 2, 11)
        trial.suggest_float("learning_rate", 1e-5, 2e-3, log=True)
        trial.suggest_int("train_freq", 1, 10)
        trial.suggest_float("tau", 1e-3, 0.08, log=True)
        trial.suggest_categorical("noise_type", ["ornstein-uhlenbeck", "normal", None])
        trial.suggest_float("noise_std", 0, 0.5)
        trial.suggest_categorical("net_arch", ["small", "medium", "big"])
        trial.suggest_int("n_sampled_goal", 1, 5)
        trial.suggest_categorical("goal_selection_strategy", ["final", "episode", "future"])
        return 1.0

    study.optimize(objective, n_trials=2)
    return str(file)


def test_trial_of_the_zoo(journal):
    assert load_trial_values(journal, "walk", 0, "td3") == {
        "gamma": pytest.approx(0.98),
        "batch_size": 256,
        "learning_rate": 1e-3,
        "train_freq": 4,
        "gradient_steps": 4,
        "tau": 0.01,
        "noise_type": None,
        "noise_std": None,
        "policy_kwargs.net_arch": [400, 300],
        "replay_buffer_kwargs.n_sampled_goal": 3,
        "replay_buffer_kwargs.goal_selection_strategy": "future",
    }


@pytest.mark.parametrize(
    ("study", "number", "message"),
    [
        ("walk", -1, "--trial-id -1: the study walk has the trials 0 to 1"),
        ("walk", 2, "--trial-id 2: the study walk has the trials 0 to 1"),
        ("wlak", 0, "no such study in .*; did you mean 'walk'"),
    ],
)
def test_what_does_not_exist_is_told(journal, study, number, message):
    with pytest.raises(ConfigError, match=message):
        load_trial_values(journal, study, number, "td3")


@pytest.mark.parametrize("storage", ["studi.log", "sqlite:///{}/studi.db"])
def test_missing_storage_is_not_created(storage, journal, tmp_path):
    name = storage.format(tmp_path) if "://" in storage else str(tmp_path / storage)
    with pytest.raises(ConfigError, match="no such file"):
        load_trial_values(name, "walk", 0, "td3")
    assert [path.name for path in tmp_path.iterdir() if "studi" in path.name] == []


def test_damaged_journal(tmp_path):
    file = tmp_path / "study.log"
    file.write_text("this is no journal\n{}\n")
    with pytest.raises(DamagedFileError, match=r"study\.log"):
        load_trial_values(str(file), "walk", 0, "td3")


def test_study_of_another_algorithm(journal):
    study = optuna.load_study(
        study_name="walk", storage=JournalStorage(JournalFileBackend(journal))
    )
    study.set_user_attr("algo", "td3")
    with pytest.raises(ConfigError, match="is a study of td3, not of sac; use --algo td3"):
        load_trial_values(journal, "walk", 0, "sac")
