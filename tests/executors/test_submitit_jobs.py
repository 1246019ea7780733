"""Jobs through submitit: on this machine, in this process, and with a SLURM made of files."""

import contextlib
import os
import signal
from pathlib import Path

import pytest

from rl_zoo.errors import ConfigError, MissingDependencyError
from rl_zoo.executors import catalog
from rl_zoo.executors.catalog import make_executor
from rl_zoo.executors.job import JobState
from tests.executors.conftest import is_alive, wait_for, wait_for_end
from tests.executors.fake_slurm import install

pytest.importorskip("submitit", reason="submitit is not installed: pip install rl_zoo[slurm]")


def children_of(process_id):
    """Return the processes whose parent is ``process_id``."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parent = stat.read_text().rpartition(")")[2].split()[1]
            found += [int(stat.parent.name)] * (parent == str(process_id))
    return found


@pytest.fixture
def local(options):
    """Return an executor of local jobs; whatever still runs at the end is killed."""
    handles = []

    def make(places=2, **others):
        executor = make_executor(options(places, **others), "local")
        submit = executor.submit
        executor.submit = lambda jobs: handles.extend(submit(jobs)) or handles[-len(jobs) :]
        return executor

    yield make
    for handle in handles:
        if handle.record is not None and not handle.has_ended():
            controller = int(handle.record.job_id)
            tasks = children_of(controller)
            for process_id in [controller, *tasks, *(c for t in tasks for c in children_of(t))]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process_id, signal.SIGKILL)
            handle.submitted._process.wait()


def counting(tmp_path, name):
    """Return the process of a job that counts, once it does."""
    log = tmp_path / f"output/{name}.log"
    wait_for(lambda: log.exists() and "from " in log.read_text())
    return int(log.read_text().split()[1])


def test_local_jobs_run_and_tell_how_they_ended(local, job, tmp_path):
    executor = local(2)
    jobs = [job("a", "count", tmp_path / "a", 5), job("b", "exit", 3), job("c", "exit", 0)]
    handles = executor.submit(jobs)
    assert handles[2].state() is JobState.WAITING
    assert wait_for_end(handles) == [JobState.DONE, JobState.FAILED, JobState.DONE]
    assert [handle.exit_code() for handle in handles] == [0, 3, 0]
    assert "saved 5" in (tmp_path / "output/a.log").read_text()
    assert executor.describe() == "2 local jobs"


def test_a_preempted_local_job_saves_and_continues(local, job, tmp_path):
    (handle,) = local(1).submit([job("a", "count", tmp_path / "n", 60)])
    counting(tmp_path, "a")
    (task,) = children_of(handle.record.job_id)
    os.kill(task, signal.SIGUSR2)
    assert wait_for_end([handle]) == [JobState.DONE]
    saved, end = [
        int(line.split()[1])
        for line in (tmp_path / "output/a.log").read_text().splitlines()
        if line.startswith("saved")
    ]
    assert 0 < saved < end == 60
    assert f"from {saved}" in (tmp_path / "output/a.log").read_text()


@pytest.mark.slow
def test_a_local_job_at_its_time_limit_continues(local, job, tmp_path):
    executor = local(1, minutes=0.2)  # told after 9 of 12 seconds
    (handle,) = executor.submit([job("a", "count", tmp_path / "n", 500)])
    assert wait_for_end([handle]) == [JobState.DONE]
    text = (tmp_path / "output/a.log").read_text()
    assert text.count("from ") > 1
    assert "saved 500" in text


def test_a_cancelled_local_job_saves(local, job, tmp_path):
    (handle,) = local(1).submit([job("a", "count", tmp_path / "n", 9999)])
    process = counting(tmp_path, "a")
    handle.cancel()
    assert wait_for_end([handle]) == [JobState.CANCELLED]
    assert int((tmp_path / "n").read_text()) > 0
    assert not is_alive(process)


def test_a_killed_command_is_told_from_a_failed_one(local, job, tmp_path):
    (handle,) = local(1).submit([job("a", "count", tmp_path / "n", 9999)])
    os.kill(counting(tmp_path, "a"), signal.SIGKILL)
    assert wait_for_end([handle]) == [JobState.KILLED]
    assert handle.exit_code() is None


def test_another_process_finds_the_jobs_that_go_on(local, job, options, tmp_path):
    ended, going = local(2).submit([job("a", "exit", 0), job("b", "count", tmp_path / "n", 60)])
    wait_for(ended.has_ended)
    other = make_executor(options(2), "local")
    (found,) = other.earlier()
    assert found.job.name == "b"
    assert str(tmp_path / "n") not in (options(2).folder / "jobs.json").read_text()
    assert found.state() is JobState.RUNNING
    assert wait_for_end([going, found]) == [JobState.DONE] * 2
    assert make_executor(options(2), "local").earlier() == []


def test_debug_jobs_run_here_one_after_another(options, job, tmp_path):
    executor = make_executor(options(2), "debug")
    jobs = [job("a", "exit", 0), job("b", "exit", 3), job("c", "exit", 130), job("d", "exit", 0)]
    handles = executor.submit(jobs)
    assert [handle.exit_code() for handle in handles] == [0, 3, 130, None]
    states = [JobState.DONE, JobState.FAILED, JobState.CANCELLED, JobState.CANCELLED]
    assert [handle.state() for handle in handles] == states


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    """Put a SLURM of this machine on the PATH; return its folder; kill its jobs at the end."""
    folder = install(tmp_path / "slurm")
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    yield folder / "jobs"
    for file in [*(folder / "jobs").glob("*.pid"), *(folder / "jobs").glob("*.task")]:
        with contextlib.suppress(OSError, ValueError):
            if is_alive(process_id := int(file.read_text())):
                os.kill(process_id, signal.SIGKILL)


def test_jobs_become_an_array_of_slurm(slurm, options, job, tmp_path):
    executor = make_executor(
        options(
            2,
            name="study",
            minutes=90,
            cpus=3,
            gpus=1,
            memory=1.5,
            partition="long",
            more={"qos": "high", "switches": "1", "setup": "module load python"},
        ),
        "slurm",
    )
    jobs = [job(f"j{k}", "count", tmp_path / str(k), 5) for k in range(2)]
    handles = executor.submit(jobs)
    assert [handle.describe() for handle in handles] == ["job 1_0", "job 1_1"]
    assert wait_for_end(handles) == [JobState.DONE] * 2
    assert [(tmp_path / str(k)).read_text() for k in range(2)] == ["5"] * 2
    lines = (slurm / "1.sh").read_text().splitlines()
    wanted = {"job-name=study", "time=90", "cpus-per-task=3", "gpus-per-node=1", "mem=1536MB"}
    wanted |= {"partition=long", "qos=high", "switches=1", "array=0-1%2", "requeue"}
    wanted |= {"signal=USR2@300", "open-mode=append", "ntasks-per-node=1"}
    assert wanted <= {line.removeprefix("#SBATCH --") for line in lines}
    assert "module load python" in lines
    assert not any("wckey" in line for line in lines)
    assert executor.detaches()


def test_a_preempted_job_of_slurm_saves_and_continues(slurm, options, job, tmp_path):
    executor = make_executor(options(1), "slurm")
    (handle,) = executor.submit([job("a", "count", tmp_path / "n", 60)])
    process = counting(tmp_path, "a")
    # SLURM sends SIGTERM first; a job that ended now would count as completed.
    handle.submitted._interrupt()
    assert wait_for_end([handle]) == [JobState.DONE]
    assert not is_alive(process)
    assert (slurm / "1.runs").read_text() == "again\n"
    text = (tmp_path / "output/a.log").read_text()
    assert text.count("saved") == text.count("from ") == 2
    assert "saved 60" in text


def test_a_cancelled_job_of_slurm_saves(slurm, options, job, tmp_path, monkeypatch):
    monkeypatch.setattr("rl_zoo.executors.slurm_queue._GRACE", 0.5)
    executor = make_executor(options(1), "slurm")
    (handle,) = executor.submit([job("a", "count", tmp_path / "n", 9999)])
    counting(tmp_path, "a")
    handle.cancel()
    assert wait_for_end([handle]) == [JobState.CANCELLED]
    assert int((tmp_path / "n").read_text()) > 0


def test_another_process_finds_the_jobs_of_slurm(slurm, options, job, tmp_path):
    make_executor(options(2), "slurm").submit(
        [job("a", "count", tmp_path / "n", 9999), job("b", "exit", 0)]
    )
    counting(tmp_path, "a")
    wait_for(lambda: not (slurm / "1_1.pid").exists())
    (found,) = make_executor(options(2), "slurm").earlier()
    assert found.describe() == "job 1_0"
    assert found.state() is JobState.RUNNING


def test_without_slurm_one_sentence_says_so(options, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match="there is no sbatch on the PATH"):
        make_executor(options(1), "slurm")
    assert not options(1).folder.exists()


def test_jobs_that_slurm_refuses_are_a_configuration_error(slurm, options, job):
    command = slurm.parent / "sbatch"
    command.write_text("#!/bin/sh\necho 'sbatch: error: invalid partition: fast' >&2\nexit 1\n")
    executor = make_executor(options(1, partition="fast"), "slurm")
    with pytest.raises(ConfigError, match=r"--cluster slurm: jobs are refused: .*partition: fast"):
        executor.submit([job("a", "exit", 0)])


def test_without_submitit_the_extra_is_named(options, monkeypatch):
    monkeypatch.setattr(catalog, "find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match=r'pip install "rl_zoo\[slurm\]"'):
        make_executor(options(1), "local")


def test_an_unknown_cluster_is_answered_with_the_nearest(options):
    with pytest.raises(ConfigError, match=r"unknown cluster 'slrum'; did you mean 'slurm'\?"):
        make_executor(options(1), "slrum")
