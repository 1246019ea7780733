"""``plot_gait`` as a person calls it."""

import gymnasium
import numpy as np
import pytest

from rl_zoo.cli import main
from rl_zoo.runs.folder import RunFolder


@pytest.fixture
def make_run(tmp_path, monkeypatch):
    """Write an untrained PPO run."""

    def make(env_id):
        from stable_baselines3 import PPO

        from rl_zoo.envs.ids import require_env

        monkeypatch.chdir(tmp_path)
        require_env(env_id, ())
        folder = RunFolder(tmp_path / "logs" / "ppo" / f"{env_id}_1", env_id)
        folder.params.mkdir(parents=True)
        agent = PPO("MlpPolicy", gymnasium.make(env_id), n_steps=8, batch_size=8, seed=0)
        agent.save(folder.final_model)
        folder.config_file.write_text("policy: MlpPolicy\nn_timesteps: 64\n")
        return folder

    return make


@pytest.fixture
def bert(make_run):
    pytest.importorskip("mujoco")
    return make_run("Bert-v0")


def test_figure_in_the_run_folder(bert, capsys):
    assert main(["plot_gait", "--algo", "ppo", "--env", "Bert-v0", "-n", "20"]) == 0
    file = bert.path / "gait-final-model.png"
    assert file.stat().st_size > 1000
    assert str(file.name) in capsys.readouterr().out
    assert not list(bert.path.glob("*.npz"))


def test_figure_and_data_where_asked(bert, tmp_path, capsys):
    output = tmp_path / "figures" / "walk.svg"
    flags = ["-n", "30", "-o", str(output), "--save-data", "--stochastic"]
    assert main(["plot_gait", "--run", str(bert.path), *flags]) == 0
    assert "PPO on Bert-v0" in output.read_text()
    out = capsys.readouterr().out
    assert "walk.svg" in out and "walk.npz" in out
    with np.load(output.with_suffix(".npz"), allow_pickle=False) as data:
        assert data["contacts"].shape == (30, 4)
        assert data["joint_positions"].shape == data["joint_targets"].shape == (30, 8)


def test_an_environment_without_a_robot(make_run, capsys):
    run = make_run("Pendulum-v1")
    assert main(["plot_gait", "--run", str(run.path)]) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert "Pendulum-v1: there is no robot with legs in it, so no gait to plot" in error
    assert not list(run.path.glob("gait*"))


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--n-envs", "2"], "--n-envs 2: plot_gait records a single robot"),
        (["-n", "0"], "--n-timesteps 0: must be at least 1"),
        (["-o", "walk.jpg"], "walk.jpg: not a figure format"),
        (["-o", "walk"], "walk: not a figure format"),
    ],
)
def test_flags_that_cannot_be_used(flags, sentence, capsys):
    assert main(["plot_gait", "--env", "Bert-v0", *flags]) == 2
    captured = capsys.readouterr()
    assert sentence in captured.err and captured.out == ""


def test_no_run(tmp_path, capsys):
    assert main(["plot_gait", "--env", "Bert-v0", "-f", str(tmp_path)]) == 3
    assert "Bert-v0" in capsys.readouterr().err


def test_a_figure_that_cannot_be_written(bert, tmp_path, capsys):
    (tmp_path / "file").touch()
    flags = ["-n", "5", "-o", str(tmp_path / "file" / "gait.png")]
    assert main(["plot_gait", "--run", str(bert.path), *flags]) == 2
    assert "cannot be written" in capsys.readouterr().err
