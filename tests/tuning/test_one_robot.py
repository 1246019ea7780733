"""Studies on the one robot there is: opened once, used for a counted time, recovered."""

import csv

import gymnasium as gym
import pytest

from rl_zoo.envs.real_robot_env import RealRobotEnv
from rl_zoo.robots.control.local_link import LocalLink
from rl_zoo.robots.control.modes import Mode
from rl_zoo.robots.drivers.mock import MockDriver
from rl_zoo.tuning.wear import USE_ATTRIBUTE, robot_minutes
from tests.probe_envs import TinyEnv

MOCK = ["--env-kwargs", "driver:'mock'", "max_episode_steps:30"]
ROBOT = {"env": "Bert-Real-v0"}


@pytest.fixture
def robot(monkeypatch):
    """Note what happens to the mocked robot: connections, modes at a connection's end, trials."""

    class Notes:
        connected = 0
        closed = 0
        opened = 0
        modes_before_trials = ()

    connect, close = MockDriver.connect, LocalLink.close
    make, begin = RealRobotEnv.__init__, RealRobotEnv.begin_activity

    def note_connect(driver):
        Notes.connected += 1
        connect(driver)

    def note_close(link):
        Notes.closed += 1
        close(link)

    def note_make(env, *args, **kwargs):
        Notes.opened += 1
        make(env, *args, **kwargs)

    def note_begin(env, name):
        Notes.modes_before_trials += ((name, env.link.snapshot().mode),)
        begin(env, name)

    monkeypatch.setattr(MockDriver, "connect", note_connect)
    monkeypatch.setattr(LocalLink, "close", note_close)
    monkeypatch.setattr(RealRobotEnv, "__init__", note_make)
    monkeypatch.setattr(RealRobotEnv, "begin_activity", note_begin)
    return Notes


def uses(study):
    return [trial.user_attrs[USE_ATTRIBUTE] for trial in study.trials]


def states(study):
    return [trial.state.name for trial in study.trials]


def test_a_robot_is_connected_once_and_rests_between_trials(tune, stored, load, robot, tmp_path):
    pauses = "driver_options.faults:[[5.0,'press','select'],[5.5,'release']]"
    code, _, err = tune(
        *(*stored, "-n", 64, "--n-trials", 2, "--reevaluate", 2, "--reevaluate-seeds", 1),
        *(*MOCK, pauses, "operator.assume_yes:True"),
        **ROBOT,
    )
    assert code == 0, err
    assert "pruner none" in err
    assert "trial 0: pause. Go on?" in err, "the operator is not told which trial asks"
    assert (robot.opened, robot.connected, robot.closed) == (1, 1, 1)
    names = [name for name, _ in robot.modes_before_trials]
    assert names[1:3] == ["trial 0", "trial 1"]
    assert sorted(names[3:]) == ["re-evaluation of trial 0", "re-evaluation of trial 1"]
    assert {mode for _, mode in robot.modes_before_trials} == {Mode.IDLE}
    study = load()
    assert states(study) == ["COMPLETE"] * 2
    for use in uses(study):
        assert use["minutes"] == use["minutes_powered"] > use["minutes_running"]
        assert use["minutes_running"] >= 64 * 0.02 / 60
        assert use["episodes"] >= 4
    assert [use["operator_prompts"] for use in uses(study)] == [1, 0]
    searched = sum(use["minutes"] for use in uses(study))
    assert robot_minutes(study) > 1.5 * searched, "re-evaluations count"
    assert "the study used the robot for" in err
    (table,) = (tmp_path / "logs").rglob("trials.csv")
    rows = list(csv.DictReader(table.open()))
    assert [float(row["robot minutes"]) for row in rows] == [u["minutes"] for u in uses(study)]


def test_a_trial_is_what_it_is_on_a_robot_of_its_own(tune, stored, load, robot):
    """What the trial before left on the open environment changes nothing but the start pose."""
    tune(*stored, "--n-trials", 2, "--reevaluate", 0, "--one-robot", env="Tiny-v0")
    shared = [trial.value for trial in load().trials]
    flags = ("--n-trials", 2, "--reevaluate", 0, "--pruner", "none", "--n-evaluations", 2)
    tune("--storage", stored[1] + ".log", "--study-name", "s", *flags, "--eval-on-train-env")
    assert shared == [trial.value for trial in load("study.log.log").trials]


def test_a_dead_control_loop_fails_its_trial_and_the_next_one_recovers(
    tune, stored, load, robot, monkeypatch
):
    from rl_zoo.errors import RobotFault

    snapshot, looked = LocalLink.snapshot, []

    def dies_once(link):
        looked.append(link)
        if len(looked) > 300 and link is looked[0]:
            raise RobotFault("the control process is gone")
        return snapshot(link)

    monkeypatch.setattr(LocalLink, "snapshot", dies_once)
    code, _, err = tune(*stored, "-n", 64, "--n-trials", 3, "--reevaluate", 0, *MOCK, **ROBOT)
    assert code == 0, err
    study = load()
    assert states(study).count("FAIL") == 1
    assert states(study).count("COMPLETE") == 2
    assert "the control process is gone" in err
    assert "opened anew" in err
    assert (robot.connected, robot.closed) == (2, 2)


def test_a_robot_that_stays_dead_ends_the_study(tune, stored, load, robot, monkeypatch):
    from rl_zoo.errors import RobotFault

    begin = RealRobotEnv.reset

    def fails(env, **kwargs):
        raise RobotFault("the motors do not answer")

    monkeypatch.setattr(RealRobotEnv, "reset", fails)
    code, _, err = tune(
        *stored, "--n-trials", 9, "--max-failures", 2, "--reevaluate", 0, *MOCK, **ROBOT
    )
    assert code == 4, err
    assert "the motors do not answer" in err
    assert robot.opened == robot.closed
    assert set(states(load())) == {"FAIL"}
    assert begin is not fails


def test_a_robot_that_does_not_answer_at_first_costs_no_trial(tune, stored, load, monkeypatch):
    from rl_zoo.errors import RobotFault

    def silent(driver):
        raise RobotFault("the mock does not answer")

    monkeypatch.setattr(MockDriver, "connect", silent)
    code, _, err = tune(*stored, "--n-trials", 3, *MOCK, **ROBOT)
    assert code == 4
    assert "the mock does not answer" in err
    assert load().trials == []


def test_the_operator_ends_the_study(tune, stored, load, robot, monkeypatch):
    from rl_zoo.envs.operator import Operator

    listen, heard = Operator.listen, []

    def says_stop(operator, buttons):
        heard.append(operator)
        return ["stop"] if len(heard) == 600 else listen(operator, buttons)

    monkeypatch.setattr(Operator, "listen", says_stop)
    flags = (*stored, "--n-trials", 2, "--reevaluate", 0, *MOCK)
    code, _, err = tune(*flags, **ROBOT)
    assert code == 130, err
    study = load()
    assert [trial.user_attrs.get("interrupted") for trial in study.trials] == [True, None]
    assert states(study) == ["FAIL", "WAITING"]
    assert (robot.connected, robot.closed) == (1, 1)


@pytest.mark.slow
def test_options_of_the_task_change_while_the_robot_stays_connected(tune, stored, load, robot):
    searched = ["env_kwargs.target_speed", "env_kwargs.max_episode_steps"]
    spaces = ("dict(low=0.1, high=0.5)", "dict(type='int', low=20, high=30)")
    space = [f'{key}:"{values}"' for key, values in zip(searched, spaces, strict=True)]
    flags = (*stored, "--n-trials", 3, "--reevaluate", 0, "--env-kwargs", "driver:'mock'")
    code, _, err = tune(*flags, "--search-space", *space, **ROBOT)
    assert code == 0, err
    assert robot.connected == 1
    assert "opened anew" not in err
    values = [trial.user_attrs["values"] for trial in load().trials]
    assert len({str([value.get(key) for key in searched]) for value in values}) == 3


def test_wear_budget_ends_trials_cleanly_and_over_sessions(tune, stored, load, robot):
    flags = (*stored, "--n-trials", 3, "--reevaluate", 0, *MOCK)
    code, _, err = tune(*flags, "--wear-budget", 0.1, **ROBOT)
    assert code == 0, err
    assert "the wear budget of 0.1 minutes is used up" in err
    study = load()
    first = study.trials[0]
    assert first.state.name == "FAIL"
    assert first.user_attrs["interrupted"]
    assert "0 failed" in err
    assert robot_minutes(study) == pytest.approx(0.1, abs=0.03)
    assert (robot.connected, robot.closed) == (1, 1)

    code, _, err = tune(*flags, "--wear-budget", 0.1, **ROBOT)
    assert code == 0, err
    assert "of the 0.1 minutes of --wear-budget" in err
    assert robot.connected == 1, "there was nothing to connect for"
    assert robot_minutes(load()) == robot_minutes(study)

    code, _, err = tune(*flags, "--wear-budget", 0.65, **ROBOT)
    assert code == 0, err
    assert "another trial takes about" in err
    study = load()
    complete = [trial for trial in study.trials if trial.state.name == "COMPLETE"]
    assert len(complete) == 2
    assert complete[0].params == first.params, "the interrupted one was queued again"
    assert robot_minutes(study) <= 0.65
    assert (robot.connected, robot.closed) == (2, 2)


def test_the_use_of_a_simulation_is_counted_in_control_periods(tune, stored, load):
    class Timed(TinyEnv):
        dt = 0.5

    if "Timed-v0" not in gym.registry:
        gym.register("Timed-v0", entry_point=Timed)
    code, _, err = tune(*stored, "--n-trials", 1, "--one-robot", "--reevaluate", 0, env="Timed-v0")
    assert code == 0, err
    (use,) = uses(load())
    assert use["minutes"] * 60 / 0.5 == pytest.approx(128 + 2 * 9, abs=2 * 17)


@pytest.mark.parametrize(
    ("flags", "env", "message"),
    [
        (["--wear-budget", 3], "Tiny-v0", "--wear-budget 3: is the budget of one robot"),
        (["--wear-budget", 0], "Single-v0", "--wear-budget"),
        (["--workers", 2], "Single-v0", "leave out --workers"),
        (["--no-eval-on-train-env"], "Single-v0", "leave out --no-eval-on-train-env"),
    ],
)
def test_what_one_robot_refuses(flags, env, message, tune):
    try:
        code, _, err = tune(*flags, env=env)
    except SystemExit as end:  # argparse
        assert end.code == 2
        return
    assert code == 2
    assert message in err
    assert "Traceback" not in err
