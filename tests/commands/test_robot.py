"""``rl_zoo robot``: what each command shows, sends and answers, on robots of virtual time."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from rl_zoo.cli import main
from rl_zoo.commands import robot
from rl_zoo.errors import RobotFault
from rl_zoo.robots.bert import BERT
from rl_zoo.robots.driver import Capabilities, RobotCommand
from rl_zoo.robots.drivers.catalog import load_driver, make_driver
from rl_zoo.robots.drivers.mock import MockDriver
from rl_zoo.robots.drivers.sim import SimDriver
from rl_zoo.robots.postures import crouched_pose, folded_pose
from rl_zoo.robots.recording.session_file import SessionHeader, SessionWriter, read_session
from rl_zoo.robots.sampling import collect_samples
from tests.robots.guarded_robots import make_state

MOCK = ["--robot", "bert", "--driver", "mock"]
FOLDED = folded_pose(BERT)
"""Where a mock starts."""
SIM = ["--robot", "bert", "--driver", "sim"]


@pytest.fixture
def run(capsys):
    """Run ``rl_zoo robot``; return exit code, stdout and stderr."""

    def command(*arguments):
        try:
            code = main(["robot", *map(str, arguments)])
        except SystemExit as end:
            code = end.code
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return command


@pytest.fixture
def drivers(monkeypatch):
    """Keep every mock that a command makes."""
    made = []
    make = MockDriver.__init__

    @functools.wraps(make)
    def remember(self, *arguments, **options):
        make(self, *arguments, **options)
        made.append(self)

    monkeypatch.setattr(MockDriver, "__init__", remember)
    return made


def written(drivers):
    return [command for driver in drivers for _, command in driver.written]


def session_of(make, path, seconds=1.0):
    """Record a driver for some time; return the path."""
    driver = make()
    driver.connect()
    with SessionWriter(path, SessionHeader.of(BERT, "mock", driver.capabilities)) as writer:
        collect_samples(driver, seconds, writer.append)
    driver.close()
    return path


def row(text, name):
    return next(line.split() for line in text.splitlines() if line.startswith(name))


def test_overview_names_every_sub_command(run):
    for arguments in ((), ("--help",)):
        code, out, _ = run(*arguments)
        assert code == 0
        assert all(name in out for name in robot.SUBCOMMANDS)


def test_mistyped_sub_command_is_answered_with_the_nearest(run):
    code, _, err = run("chekc")
    assert (code, err) == (2, "error: robot: unknown sub-command 'chekc'; did you mean 'check'?\n")


def test_a_sub_command_that_is_missing_does_not_break_the_others(run, monkeypatch):
    missing = {**robot.SUBCOMMANDS, "fly": ("rl_zoo.commands.robot_fly", "fly away")}
    monkeypatch.setattr(robot, "SUBCOMMANDS", missing)
    assert run("fly") == (2, "", "error: robot fly: is not part of this installation\n")
    assert run("check", *MOCK, "--seconds", "0.1")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--robot", "brt", "--driver", "mock"], "unknown robot 'brt'; did you mean 'bert'?"),
        (["--robot", "bert", "--driver", "mok"], "unknown driver 'mok'; did you mean 'mock'?"),
        ([*MOCK, "--driver-options", "pse:default"], "driver_options.pse: unknown keyword"),
        ([*MOCK, "--driver-options", "pose"], "--driver-options pose: must be key:value"),
        ([*MOCK, "--control", "stnd_time:1"], "control.stnd_time: unknown; did you mean"),
        ([*MOCK, "--control", "limits:{'max_tlt':1}"], "max_tlt"),
        ([*MOCK, "--control", "rate:0"], "control.rate: must be a positive number"),
        (["--driver", "mock"], "--robot"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_bad_option_is_one_sentence(run, drivers, arguments, sentence):
    code, out, err = run("stand", *arguments)
    assert (code, out) == (2, "")
    assert sentence in err
    assert err.count("error:") == 1
    assert not written(drivers)


def test_check_reads_only_and_shows_everything(run, drivers):
    code, out, _ = run("check", *MOCK, "--seconds", "0.5")
    assert code == 0
    assert out.splitlines()[-1] == "ok"
    assert row(out, "FR_hip")[1] == f"{FOLDED[0]:+.3f}"
    assert row(out, "RL_knee")[4:6] == ["35", "yes"]
    assert "battery        24.0 V" in out
    assert "500.0 Hz of 500 Hz" in out
    assert "not measured   foot_forces" in out
    assert not written(drivers)


def test_check_of_a_robot_with_a_problem_exits_with_4(run):
    faults = "faults:[[0.1,'lose_motor',3],[0.1,'tilt',1.0],[0.1,'heat',0,90.0]]"
    code, out, _ = run("check", *MOCK, "--driver-options", faults, "--seconds", "0.5")
    assert code == 4
    assert "PROBLEM: the motor of 'FL_knee' does not answer" in out
    assert "PROBLEM: the motor of 'FR_hip' has 90 °C" in out
    assert "PROBLEM: the trunk is tilted by 57 degrees" in out
    assert out.splitlines()[-1].endswith("problems")


def test_check_says_that_samples_stop(run):
    silent = "faults:[[0.2,'disconnect']]"
    code, out, _ = run("check", *MOCK, "--driver-options", silent, "--seconds", "1")
    assert code == 4
    assert "PROBLEM: no sample for 80" in out


def test_conformance_asks_first_and_then_reports(run, drivers, monkeypatch):
    monkeypatch.setattr("rl_zoo.commands.robot_prompt.ANSWER_TIME", 0.1)
    code, _, err = run("check", *MOCK, "--conformance", "--seconds", "0.2")
    assert code == 2
    assert "not confirmed: nothing was done; --yes answers the question" in err
    assert not written(drivers)
    code, out, _ = run("check", *MOCK, "--conformance", "--may-move", "--yes", "--seconds", "0.2")
    assert code == 0
    assert "driver MockDriver: 33 checks, none failed" in out


def test_the_control_file_answers_a_question(run, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)

    def answer(word):
        def ask(self, question):
            (tmp_path / "operator.txt").write_text(word)

        monkeypatch.setattr("rl_zoo.envs.operator.Operator.ask", ask)
        return run("check", *MOCK, "--conformance", "--seconds", "0.2")

    assert answer("no")[0] == 2
    assert answer("yes")[0] == 0


def test_stand_reads_first_and_ramps_from_the_measured_pose(run, drivers):
    code, _, err = run("stand", *MOCK, "--seconds", "0.5")
    assert code == 0
    assert err == "'bert' stands.\n'bert' sits and is soft.\n"
    commands = written(drivers)
    stiff = [command for command in commands if command.kp.any()]
    assert not commands[0].kp.any(), "damping at first contact"
    np.testing.assert_allclose(stiff[0].joint_positions, FOLDED, atol=0.05)
    targets = np.array([command.joint_positions for command in stiff])
    assert np.abs(np.diff(targets, axis=0)).max() <= 12.0 / 500 + 1e-9, "at most 12 rad/s"
    assert np.abs(targets - BERT.default_pose).max(axis=1).min() < 1e-3, "it stood"
    assert not commands[-1].kp.any(), "soft at the end"


def test_a_pause_while_the_robot_stands_up_is_not_lost(run, drivers, monkeypatch, tmp_path):
    from rl_zoo.commands import robot_motion

    monkeypatch.chdir(tmp_path)
    stand_up = robot_motion.stand_up

    def stand_up_and_be_paused(*arguments):
        stand_up(*arguments)
        (tmp_path / "operator.txt").write_text("pause")

    monkeypatch.setattr(robot_motion, "stand_up", stand_up_and_be_paused)
    code, _, err = run("stand", *MOCK, "--seconds", 60)
    assert code == 0
    assert "sits and is soft" in err
    assert drivers[-1].clock.now() < 30.0


def test_a_simulated_robot_stands_and_sits(run):
    assert run("stand", *SIM, "--seconds", "0.5")[0] == 0
    assert run("sit", *SIM)[0] == 0


@pytest.mark.parametrize("command", ["stand", "sit"])
def test_dry_run_shows_the_commands_and_sends_none(run, drivers, command):
    code, out, err = run(command, *MOCK, "--dry-run")
    assert code == 0
    assert "Nothing was sent (--dry-run)." in err
    assert not written(drivers)
    if command == "stand":
        cells = row(out, "FR_hip")
        assert [float(cell) for cell in cells[1:6]] == pytest.approx(
            [FOLDED[0], FOLDED[0], 0.5, 0.5, FOLDED[0]], abs=2e-3
        )


@pytest.mark.parametrize("command", ["stand", "sit"])
def test_read_only_shows_the_way_and_sends_nothing(run, drivers, command):
    code, out, err = run(command, *MOCK, "--read-only")
    assert code == 0
    goal = BERT.default_pose if command == "stand" else crouched_pose(BERT)
    way = [FOLDED[0], goal[0], goal[0] - FOLDED[0]]
    assert row(out, "FR_hip")[1:] == [f"{angle:+.3f}" for angle in way]
    assert "Nothing was sent (--read-only)." in err
    assert not written(drivers)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("[1.0,'freeze']", "stale"),
        ("[1.0,'press','L2','B']", "estop"),
        ("[3.0,'tilt',1.5]", "fall"),
        ("[1.0,'lose_motor',2]", "motor"),
    ],
)
def test_a_robot_that_fails_while_standing_up_is_exit_code_4(run, drivers, fault, reason):
    code, _, err = run("stand", *MOCK, "--driver-options", f"faults:[{fault}]", "--seconds", "3")
    assert code == 4
    assert f"error: the robot is soft ({reason})" in err
    assert not written(drivers)[-1].kp.any()


def test_stop_damps_a_robot_that_nobody_drives(run, drivers):
    code, _, err = run("stop", *MOCK)
    assert code == 0
    assert "'bert' is soft (nobody drove it)" in err
    commands = written(drivers)
    assert len(commands) >= 10
    assert not any(command.kp.any() for command in commands)
    assert all((command.kd > 0.0).all() for command in commands)


@pytest.mark.parametrize("command", ["stop", "pause", "resume"])
def test_without_an_owner_there_is_nobody_to_tell(run, monkeypatch, tmp_path, command):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    code, _, err = run(command)
    assert code == 3
    assert "no process of yours drives" in err
    code, _, err = run(command, "--robot", "bert")
    assert code == 2
    assert "give both" in err


def test_zero_needs_a_driver_that_can(run, drivers):
    code, _, err = run("zero", *MOCK)
    assert code == 2
    assert "--driver mock: its motors cannot store a new zero" in err
    assert not written(drivers)


def test_monitor_writes_a_line_per_second_without_a_terminal(run, drivers):
    code, out, _ = run("monitor", *MOCK, "--seconds", "2.5")
    assert code == 0
    times = [float(line.split()[0]) for line in out.splitlines()]
    assert times == [1.0, 2.0, 2.5]
    assert "hottest 35 °C  battery 24.0 V" in out
    assert not written(drivers)


def test_monitor_redraws_a_table_on_a_terminal(run, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    _, out, _ = run("monitor", *MOCK, "--seconds", "0.6")
    assert out.count("\033[H\033[J") == 3
    assert out.count("FR_knee") == 3


def test_what_is_recorded_is_shown_and_checked_by_replay(run, drivers, tmp_path):
    file = tmp_path / "new" / "a.session"
    code, _, err = run("record", *MOCK, "-o", file, "--seconds", "1")
    assert code == 0
    assert f"samples to {file}" in err
    assert not written(drivers)
    session = read_session(file)
    assert len(session) == pytest.approx(500, abs=1)

    code, out, _ = run("replay", file)
    assert code == 0
    assert "session of 'bert' through 'mock': 1.00 s" in out
    assert "readings only" in out
    assert out.splitlines()[-1] == "ok"
    code, _, err = run("record", *MOCK, "-o", file, "--seconds", "1")
    assert code == 2
    assert "exists already" in err


def test_replay_of_what_is_no_session_is_one_sentence(run, tmp_path):
    (tmp_path / "x").write_text("hello")
    code, _, err = run("replay", tmp_path / "x")
    assert code == 2
    assert "is no session of 'rl_zoo robot record'" in err
    assert run("replay", tmp_path / "none")[0] == 2


@pytest.fixture
def wave(tmp_path):
    """A session in which the commands move FL_hip to and fro by 0.2 rad."""
    header = SessionHeader.of(BERT, "mock", Capabilities(100.0))
    with SessionWriter(tmp_path / "wave.session", header) as writer:
        for i in range(100):
            target = BERT.default_pose.copy()
            target[2] += 0.2 * np.sin(2 * np.pi * i / 100)
            writer.append(make_state(BERT, time=i / 100), target)
    return tmp_path / "wave.session"


def test_replay_sends_the_commands_through_the_guard(run, drivers, wave):
    code, out, _ = run("replay", wave, "--send", *MOCK, "--yes")
    assert code == 0
    sent = np.array([c.joint_positions for c in written(drivers) if c.kp.any()])
    standing = np.abs(sent[:, 0] - 0.5) < 1e-6
    assert sent[standing, 2].max() == pytest.approx(0.7, abs=0.01)
    assert sent[standing, 2].min() == pytest.approx(0.3, abs=0.01)
    assert "FL_hip" in out


def test_replay_cannot_send_what_is_outside_of_the_limits(run, drivers, tmp_path):
    header = SessionHeader.of(BERT, "mock", Capabilities(100.0))
    with SessionWriter(tmp_path / "far.session", header) as writer:
        for i in range(100):
            target = BERT.default_pose + np.array([0, 0, 0, 5.0, 0, 0, 0, 0])
            writer.append(make_state(BERT, time=i / 100), target)
    assert run("replay", tmp_path / "far.session", "--send", *MOCK, "--yes")[0] == 0
    sent = np.array([c.joint_positions for c in written(drivers) if c.kp.any()])
    assert sent[:, 3].max() <= BERT.upper_limits[3]


def test_replay_asks_before_it_sends(run, drivers, wave, monkeypatch):
    monkeypatch.setattr("rl_zoo.commands.robot_prompt.ANSWER_TIME", 0.1)
    assert run("replay", wave, "--send", *MOCK)[0] == 2
    assert run("replay", wave, "--send")[0] == 2
    code, out, err = run("replay", wave, "--send", *MOCK, "--dry-run")
    assert code == 0
    smallest, largest = row(out, "FL_hip")[4:6]
    assert float(smallest) == pytest.approx(0.3, abs=0.01)
    assert float(largest) == pytest.approx(0.7, abs=0.01)
    assert "The guard changed 0 of 1" in err
    assert run("replay", wave, "--send", *MOCK, "--read-only")[0] == 0
    assert not written(drivers)


def test_a_session_of_another_robot_is_refused(run, tmp_path, wave, drivers):
    code, _, err = run("replay", wave, "--send", "--robot", "solo8", "--driver", "mock")
    assert code == 2
    assert "is a session of 'bert', whose joints are not those of 'solo8'" in err
    assert not written(drivers)


def test_the_driver_replay_is_checked_like_a_robot(run, tmp_path):
    file = session_of(lambda: SimDriver(BERT), tmp_path / "sim.session")
    replay = ["--robot", "bert", "--driver", "replay", "--driver-options", f"file:'{file}'"]
    code, out, _ = run("check", *replay, "--seconds", "0.9")
    assert code == 0
    assert "bert through 'replay'" in out


def test_drivers_are_listed(capsys):
    assert main(["list", "drivers", "mock"]) == 0
    assert capsys.readouterr().out == "mock  rl_zoo.robots.drivers.mock:MockDriver\n"


@pytest.mark.parametrize(
    ("command", "looks_on"),
    [
        (["check", "--seconds", "0.1"], True),
        (["monitor", "--seconds", "0.1"], True),
        (["stand", "--dry-run"], True),
        (["stand", "--read-only"], True),
        (["stand", "--seconds", "0.1"], False),
        (["stop"], False),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_sends_nothing_connects_as_an_observer(run, drivers, monkeypatch, command, looks_on):
    """Connecting can change a robot (release its motion service), unless it only looks on."""
    monkeypatch.setattr(MockDriver, "OBSERVE_OPTIONS", {"lag": 0.07}, raising=False)
    assert run(command[0], *MOCK, *command[1:])[0] == 0
    connected = [driver for driver in drivers if driver.read() is not None]
    assert connected
    assert all((driver._lag == 0.07) == looks_on for driver in connected)


@pytest.mark.parametrize(
    ("name", "module"), [("remote", "rl_zoo"), ("unitree", "cyclonedds")], ids=["remote", "unitree"]
)
def test_drivers_whose_connecting_changes_a_robot_can_look_on(name, module):
    pytest.importorskip(module)
    options = load_driver(name).OBSERVE_OPTIONS
    assert options
    driver = make_driver(name, BERT, options)
    with pytest.raises(RobotFault):
        driver.write(RobotCommand(np.zeros(8)))
