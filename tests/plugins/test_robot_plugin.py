"""A robot with a driver of an installed third-party package is used like one of ours."""

from __future__ import annotations

import importlib
import json

import pytest

from rl_zoo.cli import main
from rl_zoo.robots.catalog import ROBOTS
from rl_zoo.robots.postures import folded_pose
from rl_zoo.testing import check_driver

ROBOT = ["--robot", "my_quadruped", "--driver", "my_bus", "--driver-options"]
VIRTUAL = [*ROBOT, "realtime:False"]

pytestmark = pytest.mark.usefixtures("robot_plugin")


def driver(**options):
    module = importlib.import_module("my_quadruped.driver")
    return module.MyBusDriver(ROBOTS.load("my_quadruped"), **options)


def test_robot_and_driver_are_listed_under_their_kinds(capsys):
    assert main(["list", "robots"]) == 0
    listed = capsys.readouterr().out
    assert "my_quadruped  my_quadruped.robot:MY_QUADRUPED" in listed
    assert "my_bus" not in listed
    assert main(["list", "drivers"]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert any(line.split() == ["my_bus", "my_quadruped.driver:MyBusDriver"] for line in listed)
    assert not any("my_quadruped.robot" in line for line in listed)


@pytest.mark.parametrize(
    ("robot", "driver", "sentence"),
    [
        ("my_bus", "my_bus", "'my_bus' is a driver, not a robot"),
        ("my_quadruped", "my_quadruped", "'my_quadruped' is a robot, not a driver"),
        ("my_quadruped", "my_buss", "unknown driver 'my_buss'; did you mean 'my_bus'?"),
    ],
)
def test_one_kind_for_the_other_is_one_sentence(capsys, robot, driver, sentence):
    assert main(["robot", "check", "--robot", robot, "--driver", driver]) == 2
    error = capsys.readouterr().err
    assert sentence in error
    assert len(error.splitlines()) == 1


def test_its_driver_conforms():
    report = check_driver(
        lambda: driver(realtime=False),
        may_move=True,
        make_unreachable=lambda: driver(port="nowhere"),
    )
    report.raise_if_failed()
    assert "not judged" not in str(report)


def test_its_driver_conforms_in_real_time():
    check_driver(lambda: driver(), seconds=0.5).raise_if_failed()


def test_its_options_are_checked(capsys):
    assert main(["robot", "check", *ROBOT, "prt:x"]) == 2
    assert "driver_options.prt: unknown keyword; did you mean 'port'?" in capsys.readouterr().err
    assert main(["robot", "check", *ROBOT, "port:nowhere"]) == 4
    assert "my_bus: no robot answers on port 'nowhere'" in capsys.readouterr().err


def test_it_is_checked_stands_and_sits(capsys):
    assert main(["robot", "check", *VIRTUAL, "--seconds", "0.5"]) == 0
    table = capsys.readouterr().out
    assert "rf_swing" in table
    assert table.splitlines()[-1] == "ok"
    for command in ("stand", "sit"):
        assert main(["robot", command, *VIRTUAL]) == 0
        assert "'my_quadruped' sits and is soft" in capsys.readouterr().err


def test_its_zero_is_set(capsys):
    assert main(["robot", "zero", *VIRTUAL, "--yes"]) == 0
    captured = capsys.readouterr()
    assert f"lh_bend    {folded_pose(ROBOTS.load('my_quadruped'))[7]:+.3f}" in captured.out
    assert "Every joint reads 0 now." in captured.err


TRAIN = ["--algo", "ppo", "-n", "200", "--seed", "1", "--eval-freq", "-1", "--verbose", "0"]
TRAIN += ["-params", "n_envs:1", "n_steps:100", "batch_size:50", "policy_kwargs.net_arch:[8]"]


@pytest.mark.parametrize(
    ("env", "kwargs"),
    [
        ("my_quadruped:MyQuadruped-Real-v0", ["driver_options:{'realtime':False}"]),
        (
            "Quadruped-Remote-v0",
            ["robot:my_quadruped", "driver:my_bus", "driver_options:{'realtime':False}"],
        ),
    ],
    ids=["its own id", "our id"],
)
def test_it_is_trained(tmp_path, env, kwargs):
    logs = tmp_path / "logs"
    assert main(["train", "--env", env, *TRAIN, "-f", str(logs), "--env-kwargs", *kwargs]) == 0
    (record,) = logs.glob("ppo/*/run.json")
    assert json.loads(record.read_text())["state"] == "finished"


@pytest.mark.slow
def test_it_is_trained_in_real_time(tmp_path):
    """Through a control process of its own, which finds the package by itself."""
    logs = tmp_path / "logs"
    flags = ["--env", "my_quadruped:MyQuadruped-Real-v0", *TRAIN, "-f", str(logs)]
    assert main(["train", *flags, "--env-kwargs", "control:{'stand_time':0.5}"]) == 0
    (record,) = logs.glob("ppo/*/run.json")
    assert json.loads(record.read_text())["num_timesteps"] == 200


@pytest.fixture
def broken(tmp_path, monkeypatch):
    """Install two more packages whose parts cannot be imported."""
    site = tmp_path / "broken_site"
    info = site / "broken_robot-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken_robot\nVersion: 1\n")
    points = "[rl_zoo.robots]\nangry = broken_robot:Driver\nlost = no_such_module:Driver\n"
    (info / "entry_points.txt").write_text(points)
    (site / "broken_robot.py").write_text("raise RuntimeError('needs firmware 7')\n")
    monkeypatch.syspath_prepend(str(site))


@pytest.mark.usefixtures("broken")
def test_a_broken_plugin_names_itself_and_breaks_no_other(capsys):
    assert main(["list", "drivers"]) == 0
    captured = capsys.readouterr()
    assert "my_bus" in captured.out
    assert "angry" not in captured.out
    assert "plug-in 'angry': robot 'broken_robot:Driver'" in captured.err.replace("driver", "robot")
    assert "RuntimeError: needs firmware 7" in captured.err
    assert "plug-in 'lost'" in captured.err

    assert main(["robot", "check", "--robot", "bert", "--driver", "angry"]) == 2
    assert "RuntimeError: needs firmware 7" in capsys.readouterr().err
    assert main(["robot", "check", *VIRTUAL, "--seconds", "0.1"]) == 0
