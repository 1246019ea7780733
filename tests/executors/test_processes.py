"""Jobs as processes of this machine: places, ends, and no orphan whoever dies."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from rl_zoo.executors.catalog import make_executor
from rl_zoo.executors.job import JobState
from tests.executors.conftest import is_alive, wait_for, wait_for_end


@pytest.fixture
def execute(options, killed_at_end):
    """Return a ``ProcessExecutor`` for so many places; whatever still runs at the end is killed."""
    executors, handles = [], []

    def make(places):
        executors.append(make_executor(options(places), None))
        submit = executors[-1].submit
        executors[-1].submit = lambda jobs: handles.extend(submit(jobs)) or handles[-len(jobs) :]
        return executors[-1]

    yield make
    for handle in handles:
        handle.kill()
    for executor in executors:
        executor.close()


def test_jobs_wait_for_a_place(execute, job, tmp_path):
    executor = execute(2)
    handles = executor.submit([job(f"j{k}", "count", tmp_path / f"{k}", 20) for k in range(4)])
    states = [handle.state() for handle in handles]
    assert states == [JobState.RUNNING] * 2 + [JobState.WAITING] * 2
    most = 0
    while any(handle.state() in (JobState.WAITING, JobState.RUNNING) for handle in handles):
        most = max(most, sum(is_alive(handle.process_id()) for handle in reversed(handles)))
    assert [handle.state() for handle in handles] == [JobState.DONE] * 4
    assert [handle.exit_code() for handle in handles] == [0] * 4
    assert most == 2
    assert [(tmp_path / f"{k}").read_text() for k in range(4)] == ["20"] * 4
    assert "saved 20" in (tmp_path / "output/j3.log").read_text()


def test_what_a_job_prints_is_appended(execute, job, tmp_path):
    executor = execute(1)
    for _ in range(2):
        wait_for_end(executor.submit([job("j", "count", tmp_path / "n", 3)]))
    text = (tmp_path / "output/j.log").read_text()
    assert "from 0" in text
    assert "from 3" in text


def test_how_jobs_end(execute, job, tmp_path):
    executor = execute(3)
    counting = [job(name, "count", tmp_path / name, 9999) for name in "bc"]
    failed, killed, cancelled = executor.submit([job("a", "exit", 3), *counting])
    wait_for(lambda: "from 0" in (tmp_path / "output/c.log").read_text())
    os.kill(killed.process_id(), signal.SIGKILL)
    cancelled.cancel()
    states = wait_for_end([failed, killed, cancelled])
    assert states == [JobState.FAILED, JobState.KILLED, JobState.CANCELLED]
    assert [h.exit_code() for h in (failed, killed, cancelled)] == [3, None, 130]
    assert int((tmp_path / "c").read_text()) > 0  # it saved
    assert not (tmp_path / "b").exists()


def test_a_module_that_cannot_be_imported_fails(execute, job, tmp_path):
    (handle,) = execute(1).submit([job("j", "no-such-word")])
    assert wait_for_end([handle]) == [JobState.FAILED]
    assert "KeyError" in (tmp_path / "output/j.log").read_text()


def test_a_killed_job_leaves_no_children(execute, job, tmp_path, killed_at_end):
    (handle,) = execute(1).submit([job("j", "family", tmp_path / "pid")])
    child = int(wait_for(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text()))
    killed_at_end.append(child)
    assert is_alive(child)
    os.kill(handle.process_id(), signal.SIGKILL)
    assert wait_for_end([handle]) == [JobState.KILLED]
    wait_for(lambda: not is_alive(child))


def test_closing_lets_jobs_save(execute, job, tmp_path):
    executor = execute(1)
    first, second = executor.submit([job(f"j{k}", "count", tmp_path / f"{k}", 9999) for k in "ab"])
    wait_for(lambda: "from 0" in (tmp_path / "output/ja.log").read_text())
    executor.close()
    assert [first.state(), second.state()] == [JobState.CANCELLED] * 2
    assert int((tmp_path / "a").read_text()) > 0
    assert not (tmp_path / "b").exists()
    assert not is_alive(first.process_id())


@pytest.mark.parametrize("threads", [None, "3"])
def test_a_process_gets_one_thread_unless_the_user_said_more(
    execute, job, tmp_path, monkeypatch, threads
):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if threads is not None:
        monkeypatch.setenv("OMP_NUM_THREADS", threads)
    wait_for_end(execute(1).submit([job("j", "environment")]))
    text = (tmp_path / "output/j.log").read_text()
    assert f"OMP_NUM_THREADS {threads or 1}\n" in text
    assert "OMP_WAIT_POLICY passive\n" in text
    assert "leader True\n" in text


PARENT = """
    import sys, time
    from pathlib import Path
    from rl_zoo.executors.catalog import make_executor
    from rl_zoo.executors.job import ExecutorOptions, Job
    folder = Path(sys.argv[1])
    executor = make_executor(ExecutorOptions(places=2, folder=folder), None)
    def job(k):
        argv = (*sys.argv[2:], str(folder / k), "9999")
        return Job(k, "tests.job_command", argv, folder / f"{k}.log")
    executor.submit([job("a"), job("b")])
    try:
        print("started", flush=True)
        while True:
            executor.refresh()
            time.sleep(0.02)
    finally:
        print("closing", flush=True)
        executor.close()
"""


@pytest.fixture
def parent(tmp_path):
    """Start a process that runs two jobs; return it."""
    started = []

    def start(word):
        command = [sys.executable, "-c", textwrap.dedent(PARENT).replace(', "9999")', ENDS[word])]
        process = subprocess.Popen(
            [*command, str(tmp_path), word],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        assert process.stdout.readline() == "started\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


ENDS = {"count": ', "9999")', "stubborn": ")"}


def process_ids(tmp_path):
    """Return the processes of two counting jobs that are counting."""
    logs = [tmp_path / f"{k}.log" for k in "ab"]
    wait_for(lambda: all(log.exists() and "from 0" in log.read_text() for log in logs))
    return [int(log.read_text().split()[1]) for log in logs]


def test_jobs_of_a_killed_parent_save_and_end(parent, tmp_path, killed_at_end):
    process = parent("count")
    killed_at_end += (jobs := process_ids(tmp_path))
    process.kill()
    wait_for(lambda: not any(map(is_alive, jobs)))
    assert all(int((tmp_path / k).read_text()) > 0 for k in "ab")


def test_ctrl_c_reaches_the_parent_which_lets_jobs_save(parent, tmp_path, killed_at_end):
    process = parent("count")
    killed_at_end += (jobs := process_ids(tmp_path))
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    assert process.wait(60) != 0
    assert not any(map(is_alive, jobs))
    assert all("saved" in (tmp_path / f"{k}.log").read_text() for k in "ab")


def test_a_second_ctrl_c_kills(parent, tmp_path, killed_at_end):
    process = parent("stubborn")
    wait_for(lambda: all((tmp_path / k).exists() and (tmp_path / k).read_text() for k in "ab"))
    killed_at_end += (jobs := [int((tmp_path / k).read_text()) for k in "ab"])
    os.killpg(process.pid, signal.SIGINT)
    assert process.stdout.readline() == "closing\n"
    time.sleep(0.3)  # it waits for the jobs now
    assert all(map(is_alive, jobs))
    os.killpg(process.pid, signal.SIGINT)
    process.wait(180)
    wait_for(lambda: not any(map(is_alive, jobs)))
