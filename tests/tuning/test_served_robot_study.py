"""A study on a simulated robot in another process, in real time, one of whose workers is killed."""

import contextlib
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rl_zoo.tuning.wear import USE_ATTRIBUTE, robot_minutes
from scripts.served_robot import ServedRobot, wait_for

ROOT = Path(__file__).parents[2]


@pytest.fixture
def robot(tmp_path, monkeypatch):
    pytest.importorskip("mujoco")
    (tmp_path / "runtime").mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "runtime"))
    served = ServedRobot(tmp_path / "r")
    yield served
    assert "0 unsafe, 0 outside limits" in served.close()


@pytest.fixture
def start(robot, small, stored, tmp_path):
    """Start the study; whatever still runs at the end is killed."""
    command = [sys.executable, "-m", "rl_zoo.tune", "--algo", "ppo", "--env", "Bert-Real-v0"]
    command += ["-conf", str(small), "-f", str(tmp_path / "logs"), *stored, "--n-trials", "2"]
    command += ["--eval-episodes", "1", "--reevaluate", "0", "--seed", "7", "--no-optim-plots"]
    command += ["--env-kwargs", f"driver_options.address:'{robot.options['address']}'"]
    command += ["max_episode_steps:40", "operator.assume_yes:True", "reset.auto_rearm:True"]
    command += ["control.hold_after:2.0", "control.stale_after:0.5", "max_gap:50.0"]
    running = []

    def run(name):
        log = tmp_path / name
        with log.open("w") as stream:
            running.append(subprocess.Popen(command, cwd=ROOT, stderr=stream, stdout=stream))
        return running[-1], log

    yield run
    for process in running:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        process.wait()


@pytest.mark.slow
def test_a_killed_study_leaves_the_robot_safe_and_goes_on(robot, start, load, tmp_path):
    first, log = start("first")
    wait_for(lambda: "trial 0 (1 of 2)" in log.read_text() or first.poll() is not None, 120)
    wait_for(lambda: max(robot.status()["kp"]) > 0.0, 60)
    time.sleep(4.0)  # stands up, and is in an episode of the second trial
    first.kill()
    first.wait()
    wait_for(lambda: max(robot.status()["kp"]) == 0.0, 60)
    second, log = start("second")
    assert second.wait(240) == 0, log.read_text()
    study = load()
    states = [trial.state.name for trial in study.trials]
    assert states == ["COMPLETE", "FAIL", "COMPLETE"]
    killed, again = study.trials[1:]
    assert killed.user_attrs["lost"]
    assert again.params == killed.params
    assert again.user_attrs["seed"] == killed.user_attrs["seed"]
    minutes = [trial.user_attrs[USE_ATTRIBUTE]["minutes"] for trial in study.trials]
    assert all(amount > 0.0 for amount in minutes), "the killed trial's time on the robot counts"
    assert robot_minutes(study) == pytest.approx(sum(minutes))
    assert "1 boots" in robot.close()
