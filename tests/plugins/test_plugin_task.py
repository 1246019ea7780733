"""A task of an installed third-party package is chosen by name like one of ours."""

import json
import sys
from pathlib import Path

import pytest

from rl_zoo.cli import main
from rl_zoo.envs.robot_env import RobotEnv
from rl_zoo.errors import ConfigError

SITE = Path(__file__).parent / "site"


@pytest.fixture
def _installed(monkeypatch):
    monkeypatch.syspath_prepend(str(SITE))
    for name in ("rl_zoo_example", "rl_zoo_example.tasks"):
        monkeypatch.delitem(sys.modules, name, raising=False)


@pytest.mark.usefixtures("_installed")
@pytest.mark.parametrize("name", ["tall", "rl_zoo_example.tasks:make_tall"])
def test_its_terms_make_the_reward(name):
    env = RobotEnv(task=name, reward_weights={"tall": 2.0}, reset_noise=0.0)
    env.reset(seed=0)
    _, reward, _, _, info = env.step([0.0] * 8)
    assert reward == pytest.approx(2.0, abs=0.05)
    assert set(info) >= {"reward/tall", "reward/fall"}
    assert "heading" not in env.observation_parts


@pytest.mark.usefixtures("_installed")
def test_its_mistyped_name_is_answered_with_it():
    with pytest.raises(ConfigError, match=r"unknown task 'tal'; did you mean 'tall'\?"):
        RobotEnv(task="tal")


def test_without_the_package_there_is_no_such_task():
    with pytest.raises(ConfigError, match="task: unknown task 'tall'"):
        RobotEnv(task="tall")


@pytest.mark.usefixtures("_installed")
def test_it_trains(tmp_path):
    (tmp_path / "ppo.yml").write_text(
        "Bert-v0:\n  policy: MlpPolicy\n  n_timesteps: 64\n  n_steps: 32\n  batch_size: 16\n"
        "  env_kwargs: {task: tall}\n"
    )
    flags = ["--algo", "ppo", "--env", "Bert-v0", "-conf", str(tmp_path / "ppo.yml"), "--seed", "1"]
    flags += ["-f", str(tmp_path / "logs"), "--eval-freq", "-1", "--verbose", "0"]
    assert main(["train", *flags]) == 0
    record = json.loads((tmp_path / "logs/ppo/Bert-v0_1/run.json").read_text())
    assert record["state"] == "finished"
