"""The command line itself: help, configuration, exit codes."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from rl_zoo.cli import COMMANDS, main
from rl_zoo.commands.robot import SUBCOMMANDS
from rl_zoo.train import main as train_main

ROOT = Path(__file__).parents[2]
HEAVY = (
    "torch",
    "gymnasium",
    "numpy",
    "stable_baselines3",
    "optuna",
    "matplotlib",
    "wandb",
    "mujoco",
)


def imports_of(*arguments):
    code = (
        "import json, sys\n"
        "from rl_zoo.cli import main\n"
        "try: code = main(sys.argv[1:])\n"
        "except SystemExit as end: code = end.code\n"
        f"found = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "print(json.dumps([code, found]), file=sys.stderr)\n"
    )
    command = [sys.executable, "-c", code, *arguments]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return json.loads(result.stderr.splitlines()[-1])


@pytest.mark.parametrize("command", COMMANDS)
def test_help_imports_nothing_heavy(command):
    assert imports_of(command, "--help") == [0, []]


@pytest.mark.parametrize("sub_command", SUBCOMMANDS)
def test_help_of_robot_commands_imports_nothing_heavy(sub_command):
    assert imports_of("robot", sub_command, "--help") == [0, []]


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "--show-config"],
        ["train", "-params", "learning_rat:1"],
        ["train", "--env", "CartPole-v1", "-n", "0"],
        ["train", "--evl-freq", "1"],
    ],
    ids=" ".join,
)
def test_configuration_is_checked_without_heavy_imports(arguments):
    code, found = imports_of(*arguments)
    assert code == (0 if "--show-config" in arguments else 2)
    assert found == []


def test_overview_names_every_command(capsys):
    assert main([]) == 0
    text = capsys.readouterr().out
    assert all(command in text for command in COMMANDS)
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("rl_zoo ")


def test_show_config_names_every_origin_and_writes_nothing(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    flags = ["--algo", "ppo", "--env", "Pendulum-v1", "--show-config", "-n", "77"]
    assert train_main([*flags, "-params", "gamma:0.5", "-params", "n_steps:64"]) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if line.strip()}
    assert "0.5" in lines["gamma"]
    assert lines["gamma"].endswith("-params")
    assert "64" in lines["n_steps"], "a repeated -params adds to the first"
    assert "77" in lines["n_timesteps"]
    assert "-n" in lines["n_timesteps"]
    assert "hyperparams/ppo.yml: Pendulum-v1" in lines["n_epochs"]
    assert not list(tmp_path.iterdir())


def test_repeated_params_accumulate_and_the_last_wins(arguments, train, tmp_path):
    command = arguments("ppo", "Tiny-v0", "-n", 32, params=["gamma:0.5"])
    code, _, err = train(*command, "-params", "gae_lambda:0.7", "-params", "gamma:0.6")
    assert code == 0, err
    saved = yaml.safe_load((tmp_path / "logs/ppo/Tiny-v0_1/Tiny-v0/config.yml").read_text())
    assert (saved["gamma"], saved["gae_lambda"], saved["n_steps"]) == (0.6, 0.7, 32)


def test_dry_run_writes_nothing(arguments, train, tmp_path):
    before = set(tmp_path.rglob("*"))
    code, out, err = train(*arguments("sac", "Tiny-v0", "--dry-run"))
    assert code == 0, err
    assert "the run can start" in out
    assert set(tmp_path.rglob("*")) == before


def test_internal_error_is_one_line_with_code_1(monkeypatch, train):
    import rl_zoo.commands.training as training

    def broken(*_):
        raise ZeroDivisionError("a mistake of ours")

    monkeypatch.setattr(training, "train_as_told", broken)
    code, _, err = train("--algo", "ppo")
    assert code == 1
    assert "internal error: ZeroDivisionError: a mistake of ours" in err
    assert "Traceback" not in err
    code, _, err = train("--algo", "ppo", "--debug")
    assert code == 1
    assert "Traceback" in err


def test_full_disk_is_no_internal_error(monkeypatch, train):
    import rl_zoo.commands.training as training

    def broken(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(training, "train_as_told", broken)
    code, _, err = train("--algo", "ppo")
    assert code == 1
    assert err == "error: No space left on device; what was written before is kept\n"
