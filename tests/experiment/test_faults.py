"""A failing environment or a number that is not finite costs nothing but the bad step."""

import json
import os
import signal
from pathlib import Path

import numpy as np
import pytest

from rl_zoo.agents.normalizer_file import load_normalizer
from rl_zoo.runs.checkpoints import complete_checkpoints
from rl_zoo.runs.folder import open_run_folder
from rl_zoo.runs.record import read_record
from tests.processes import wait_until
from tests.same_runs import parameters_of


@pytest.fixture
def broken(tmp_path):
    """The file that makes ``Faulty-v0`` fail."""
    file = tmp_path / "broken"
    file.touch()
    return file


@pytest.fixture
def fail(arguments, train, broken, tmp_path):
    """Train on an environment that fails; return the run, the exit code and the message."""

    def run(algo, fault, at=60, *more, params=()):
        flags = ("--env-kwargs", f"fault:{fault}", f"at:{at}", f"while_exists:{broken}", *more)
        code, out, err = train(*arguments(algo, "Faulty-v0", "-n", 200, *flags, params=params))
        assert "Traceback" not in out + err
        (path,) = (tmp_path / "logs").glob("*/*_1")
        return open_run_folder(path), code, err

    return run


def rewards_of(run):
    (steps,) = complete_checkpoints(run)
    with np.load(run.checkpoint_buffer(steps)) as memory:
        return steps, {name: memory[name] for name in memory.files}


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("nan_observation", "observation is nan at index [0, 1] in step 60"),
        ("inf_observation", "observation is inf at index [0, 0] in step 60"),
        ("nan_reward", "reward is nan at index [0] in step 60"),
    ],
)
def test_number_that_is_not_finite(fault, words, fail, train, broken):
    run, code, err = fail("sac", fault)
    assert code == 4
    assert words in err
    assert "resume with: python -m rl_zoo.train --resume" in err
    steps, memory = rewards_of(run)
    assert steps == 59
    assert memory["rewards"].shape == (59, 1)
    for name in ("observations", "next_observations", "rewards", "actions"):
        assert np.isfinite(memory[name]).all(), name
    statistics = load_normalizer(run.checkpoint_normalizer(steps))
    assert np.isfinite(
        [*statistics.obs_rms.mean, *statistics.obs_rms.var, statistics.ret_rms.var]
    ).all()
    record = read_record(run)
    assert record.state == "crashed"
    assert words in record.reason
    broken.unlink()
    code, _, err = train("--resume", run.path)
    assert code == 0, err
    assert read_record(run).num_timesteps == 200


def test_first_observation_that_is_not_finite(fail):
    run, code, err = fail("sac", "nan_in_reset", 4)
    assert code == 4
    assert "observation is nan" in err
    _, memory = rewards_of(run)
    assert all(np.isfinite(memory[name]).all() for name in ("observations", "next_observations"))
    assert memory["dones"][-1] == 1, "what comes next does not follow from the last transition"


def test_action_that_is_not_finite(arguments, train, monkeypatch, tmp_path):
    from stable_baselines3 import SAC

    choose = SAC._sample_action

    def sample(agent, *args, **kwargs):
        action, stored = choose(agent, *args, **kwargs)
        return (action * np.nan if agent.num_timesteps == 50 else action), stored

    monkeypatch.setattr(SAC, "_sample_action", sample)
    code, _, err = train(*arguments("sac", "Tiny-v0", "-n", 200))
    assert code == 4
    assert "action is nan at index [0, 0]" in err
    run = open_run_folder(tmp_path / "logs/sac/Tiny-v0_1")
    steps, memory = rewards_of(run)
    assert (steps, len(memory["rewards"])) == (50, 50)


def test_weights_that_diverged_are_not_saved(arguments, train, tmp_path):
    command = arguments(
        "sac", "Tiny-v0", "-n", 300, "--save-freq", 60, params=["learning_rate:1e30"]
    )
    code, _, err = train(*command)
    assert code == 4
    assert "not finite" in err
    run = open_run_folder(tmp_path / "logs/sac/Tiny-v0_1")
    assert not run.final_model.exists()
    for steps in complete_checkpoints(run):
        for weights in parameters_of(run.checkpoint_model(steps))["parameters"]["policy"].values():
            assert np.isfinite(weights.numpy()).all()


@pytest.mark.parametrize("algo", ["sac", "ppo"])
@pytest.mark.parametrize(
    ("fault", "at", "words"),
    [
        ("raise_in_step", 60, "the environment failed at step 60: RuntimeError: motor driver lost"),
        ("raise_in_reset", 4, "OSError: the motors do not answer"),
    ],
)
def test_environment_fails(algo, fault, at, words, fail, train, broken):
    run, code, err = fail(algo, fault, at)
    assert code == 4
    assert words in err
    assert "resume with" in err
    assert "motor" in run.crash_report.read_text()
    assert "Traceback" in run.crash_report.read_text()
    assert read_record(run).state == "crashed"
    (steps,) = complete_checkpoints(run)
    assert read_record(run).num_timesteps == steps
    assert train("--resume", run.path)[0] == 4, "it still fails"
    broken.unlink()
    code, _, err = train("--resume", run.path)
    assert code == 0, err
    assert read_record(run).state == "finished"


def test_environment_fails_in_its_first_reset(fail, train, broken):
    run, code, err = fail("sac", "raise_in_reset", 1)
    assert code == 4
    assert "the environment failed in reset" in err
    broken.unlink()
    assert train("--resume", run.path)[0] == 0


def test_debug_shows_the_traceback(arguments, train, broken):
    flags = ("--env-kwargs", "fault:raise_in_step", "--debug")
    code, _, err = train(*arguments("sac", "Faulty-v0", "-n", 200, *flags))
    assert code == 4
    assert "Traceback" in err


@pytest.mark.parametrize(
    ("fault", "at", "words"),
    [
        ("raise_in_step", 30, "the environment failed at step 30: RuntimeError: motor driver lost"),
        ("raise_in_reset", 3, "OSError: the motors do not answer"),
    ],
)
def test_environment_in_a_worker_process_fails(fault, at, words, arguments, start, broken):
    """The exception reaches the main process; the worker lives on and its state is saved."""
    kwargs = (f"fault:{fault}", f"at:{at}", f"while_exists:{broken}")
    more = ("-n", 300, "--vec-env", "subproc", "--env-kwargs", *kwargs)
    command = start(*arguments("ppo", "Faulty-v0", *more, params=["n_envs:2"]))
    assert command.wait() == 4
    assert words in command.err
    assert "Traceback" not in command.err
    assert "could not be saved" not in command.err


def test_worker_process_dies(arguments, start, tmp_path):
    more = ("-n", 100_000, "--vec-env", "subproc", "--env-kwargs", "delay:0.005")
    command = start(*arguments("ppo", "Tiny-v0", *more, params=["n_envs:2"]))
    run_path = tmp_path / "logs/ppo/Tiny-v0_1"
    wait_until(lambda: _rows(run_path / "0.monitor.csv") > 3)
    workers = _children_of(command.process.pid)
    for worker in workers:
        if b"forkserver" not in worker[1] and b"resource_tracker" not in worker[1]:
            os.kill(worker[0], signal.SIGKILL)
            break
    else:
        os.kill(max(_children_of(workers[-1][0]))[0], signal.SIGKILL)
    assert command.wait() == 4
    errors = [line for line in command.err.splitlines() if line.startswith("error:")]
    (line,) = [line for line in errors if "process died" in line]
    assert "the environment failed at step" in line
    assert "Traceback" not in command.err
    assert complete_checkpoints(open_run_folder(run_path))
    assert read_record(open_run_folder(run_path)).state == "crashed"


def _rows(file):
    return len(file.read_text().splitlines()) if file.is_file() else 0


def _children_of(pid):
    """Return ``(pid, command line)`` of the processes started by ``pid``."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                if parent == pid:
                    found.append((int(entry.name), (entry / "cmdline").read_bytes()))
            except OSError:
                continue
    return sorted(found)


def test_crash_of_the_evaluation_environment_does_not_end_training(arguments, train, tmp_path):
    flags = ("--eval-freq", 50, "--eval-env-kwargs", "fault:raise_in_step", "at:20")
    code, _, err = train(*arguments("sac", "Faulty-v0", "-n", 120, *flags))
    assert code == 0, err
    assert "evaluation at step 50 failed: the environment failed" in err
    assert (
        json.loads((tmp_path / "logs/sac/Faulty-v0_1/run.json").read_text())["state"] == "finished"
    )
