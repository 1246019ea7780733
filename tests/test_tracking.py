"""What Weights & Biases need is asked for before anything starts."""

import importlib.util

import pytest

from rl_zoo.train import main

START = ["--algo", "sac", "--env", "Pendulum-v1", "-n", "100", "--track", "-f"]


@pytest.fixture
def stranger(tmp_path, monkeypatch):
    """Be nobody that Weights & Biases know."""
    for name in ("WANDB_API_KEY", "WANDB_MODE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WANDB_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.chdir(tmp_path)


def test_a_real_time_run_without_a_key_is_refused(stranger, tmp_path, capfd):
    pytest.importorskip("wandb")
    assert main([*START, str(tmp_path / "logs"), "--realtime", "--control-frequency", "50"]) == 2
    told = "error: --track: no API key configured; log in with 'wandb login' or set WANDB_MODE=off"
    assert told in capfd.readouterr().err
    assert not (tmp_path / "logs").exists()


@pytest.mark.parametrize("mode", ["--realtime", "--lockstep"])
def test_without_the_library_the_user_is_told_how_to_install_it(
    mode, stranger, tmp_path, capfd, monkeypatch
):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "wandb" else find(name)
    )
    assert main([*START, str(tmp_path / "logs"), mode]) == 2
    assert "error: --track: needs wandb; pip install wandb" in capfd.readouterr().err
    assert not (tmp_path / "logs").exists()


def test_a_dry_run_tracks_nothing(stranger, capfd, tmp_path):
    assert main([*START, str(tmp_path / "logs"), "--dry-run"]) == 0
    assert not {"logs", "runs", "wandb"} & {place.name for place in tmp_path.iterdir()}
