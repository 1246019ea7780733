"""SIGKILL of a run, and of a whole sweep: every run is finished once, with the same bits."""

import contextlib
import os
import signal
import subprocess
import threading

import pytest

from rl_zoo.runs.checkpoints import complete_checkpoints
from rl_zoo.runs.folder import RunFolder
from rl_zoo.runs.record import read_record
from rl_zoo.sweep.folder import find_sweep
from rl_zoo.sweep.locks import is_locked
from tests.executors.fake_slurm import install
from tests.processes import Command, wait_until
from tests.same_runs import assert_same_run

WHAT = ("--name", "walk", "--algo", "sac", "--env", "Tiny-v0", "--seeds", "2")
MORE = ("-n", "400")


@pytest.fixture
def command(logs, flags_of_train, tmp_path):
    """Start ``rl_zoo sweep`` in a process of its own; it and its runs are killed at the end."""
    started = []

    def start(*flags):
        words = ["-f", logs, *WHAT, *flags_of_train, *MORE, *flags]
        started.append(Command(words, tmp_path / "output", "rl_zoo.commands.sweep"))
        return started[-1]

    yield start
    for process in started:
        process.send(signal.SIGKILL)
        process.process.join()
    for run in runs_of(logs):
        if is_locked(run.path):
            kill(run)


def runs_of(logs):
    return [RunFolder(path, "Tiny-v0") for path in sorted((logs / "sac").glob("Tiny-v0_*"))]


def kill(run):
    with contextlib.suppress(ProcessLookupError):
        os.kill(read_record(run).sessions[-1]["process"], signal.SIGKILL)


def has_gone_on(run):
    """Say whether a session of the run is training beyond its first checkpoint."""
    record = read_record(run)
    return record is not None and record.sessions and complete_checkpoints(run)


def assert_like_uninterrupted(runs, train, flags_of_train, tmp_path):
    for run in runs:
        record = read_record(run)
        assert record.state == "finished"
        shared = ["--algo", "sac", "--env", "Tiny-v0", *flags_of_train, *MORE]
        folder = tmp_path / "straight"
        code, _, err = train(*shared, "-f", folder, "--seed", record.seed)
        assert code == 0, err
        number = len(list((folder / "sac").iterdir()))
        assert_same_run(RunFolder(folder / "sac" / f"Tiny-v0_{number}", "Tiny-v0"), run)


def machine_goes_down(process, runs, logs):
    """Kill a sweep and its runs, none of which can react to the end of another."""
    process.send(signal.SIGSTOP)
    for run in runs:
        kill(run)
    process.send(signal.SIGKILL)
    process.wait()
    assert not is_locked(find_sweep(logs, "walk").lock_file)
    wait_until(lambda: not any(is_locked(run.path) for run in runs))


def test_a_killed_sweep_ends_as_if_never_killed(
    command, sweep, train, logs, flags_of_train, tmp_path
):
    process = command()
    wait_until(lambda: bool(runs_of(logs)) and has_gone_on(runs_of(logs)[0]), 120)
    machine_goes_down(process, runs_of(logs), logs)
    (first,) = runs_of(logs)
    assert "1 waiting, 1 lost" in sweep("--status")[1]

    code, out, err = sweep(*WHAT, "--cluster", "debug", *flags_of_train, *MORE)
    assert code == 0, err
    assert "2 finished" in out
    assert runs_of(logs)[0] == first
    assert len(read_record(first).sessions) == 2
    assert [read_record(run).seed for run in runs_of(logs)] == [0, 1]
    assert_like_uninterrupted(runs_of(logs)[:1], train, flags_of_train, tmp_path)


@pytest.mark.slow
def test_a_killed_run_is_continued_by_its_sweep(
    command, sweep, train, logs, flags_of_train, tmp_path
):
    process = command("--workers", "2")
    wait_until(lambda: len(runs_of(logs)) == 2 and all(map(has_gone_on, runs_of(logs))), 120)
    first, second = runs_of(logs)
    kill(first)
    wait_until(lambda: len(read_record(first).sessions) == 2, 120)
    machine_goes_down(process, [first, second], logs)
    assert "is continued" in process.err

    code, out, err = sweep(*WHAT, "--cluster", "debug", *flags_of_train, *MORE)
    assert code == 0, err
    assert "2 finished" in out
    assert runs_of(logs) == [first, second], "a run was started anew"
    assert {read_record(run).seed for run in runs_of(logs)} == {0, 1}
    assert_like_uninterrupted(runs_of(logs), train, flags_of_train, tmp_path)


@pytest.mark.slow
def test_ctrl_c_lets_runs_save_and_the_same_command_continues(command, sweep, logs, flags_of_train):
    process = command("--workers", "1")
    wait_until(lambda: bool(runs_of(logs)) and has_gone_on(runs_of(logs)[0]), 120)
    process.send(signal.SIGINT)
    assert process.wait(120) == 130
    assert "continue with the same command" in process.err
    assert "1 waiting, 1 interrupted" in process.out
    (run,) = runs_of(logs)
    assert read_record(run).state == "interrupted"

    code, out, err = sweep(*WHAT, "--cluster", "debug", *flags_of_train, *MORE)
    assert code == 0, err
    assert "2 finished" in out
    assert len(runs_of(logs)) == 2
    assert len(read_record(run).sessions) == 2


def test_local_jobs_of_submitit_run_a_sweep(command, logs):
    pytest.importorskip("submitit", reason="submitit is not installed: pip install rl_zoo[slurm]")
    process = command("--cluster", "local", "-n", "60", "--seeds", "1")
    assert process.wait(180) == 0, process.err
    assert "1 finished" in process.out
    assert [read_record(run).state for run in runs_of(logs)] == ["finished"]


@pytest.mark.slow
def test_a_preempted_job_of_slurm_continues_its_run(
    sweep, logs, flags_of_train, tmp_path, monkeypatch
):
    pytest.importorskip("submitit", reason="submitit is not installed: pip install rl_zoo[slurm]")
    slurm = install(tmp_path / "slurm")
    monkeypatch.setenv("PATH", f"{slurm}:{os.environ['PATH']}")
    preempted = []

    def preempt():
        wait_until(lambda: bool(runs_of(logs)) and has_gone_on(runs_of(logs)[0]), 120)
        for name in ("SIGTERM", "SIGUSR2"):  # as SLURM does
            preempted.append(subprocess.call(["scancel", "1", "--signal", name]))

    thread = threading.Thread(target=preempt)
    thread.start()
    code, out, err = sweep(*WHAT, "--seeds", "1", "--cluster", "slurm", *flags_of_train, *MORE)
    thread.join()
    assert preempted == [0, 0]
    assert code == 0, err
    assert "1 finished" in out
    (run,) = runs_of(logs)
    assert [session["state"] for session in read_record(run).sessions] == [
        "interrupted",
        "finished",
    ]
