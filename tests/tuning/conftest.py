"""What the tests of studies share: tiny budgets and the command in this process."""

import pytest

SMALL = """\
default:
  policy: MlpPolicy
  n_timesteps: 128
  n_envs: 1
  n_steps: 32
  batch_size: 32
  n_epochs: 1
  learning_rate: 0.001
  ent_coef: 0.001
  gamma: 0.98
  policy_kwargs: dict(log_std_init=-1.0, net_arch=[64, 64])
"""


@pytest.fixture
def small(tmp_path):
    """A PPO configuration that trains in a moment and lies inside the search space."""
    file = tmp_path / "small.yml"
    file.write_text(SMALL)
    return file


@pytest.fixture
def tune(capsys, small, tmp_path):
    """Run ``rl_zoo.tune`` on PPO in this process; return exit code, stdout and stderr."""
    from rl_zoo.tune import main

    def run(*flags, env="Tiny-v0", algo="ppo", conf=small):
        shared = ["--algo", algo, "--env", env, "-conf", str(conf), "-f", str(tmp_path / "logs")]
        shared += ["--gym-packages", "tests.probe_envs", "--eval-episodes", "1", "--device", "cpu"]
        shared += ["--seed", "7", "--no-optim-plots", "--n-evaluations", "2"]
        shared += ["--reevaluate", "0"]
        code = main([*shared, *map(str, flags)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def load(tmp_path):
    """Return the trials of a journal study called ``s``."""
    import optuna
    from optuna.storages.journal import JournalFileBackend, JournalStorage

    def read(file="study.log"):
        storage = JournalStorage(JournalFileBackend(str(tmp_path / file)))
        return optuna.load_study(study_name="s", storage=storage)

    return read


@pytest.fixture
def stored(tmp_path):
    """The flags that keep a study in a journal."""
    return ["--storage", str(tmp_path / "study.log"), "--study-name", "s"]
