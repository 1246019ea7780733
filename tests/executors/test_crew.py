"""Workers are replaced when they are killed, not when they fail, and not for ever."""

from pathlib import Path

import pytest

from rl_zoo.executors.crew import Crew, last_error, tail_of
from rl_zoo.executors.job import Job, JobState

JOBS = [Job(f"worker_{k}", "none", (), Path(f"worker_{k}.log")) for k in (1, 2)]


class Handle:
    """A job that ends when a test says so."""

    def __init__(self, job):
        self.job, self.end, self.code, self.is_cancelled = job, JobState.RUNNING, None, False

    def state(self):
        return self.end

    def exit_code(self):
        return self.code

    def describe(self):
        return f"process of {self.job.name}"

    def cancel(self):
        self.is_cancelled = True


class Executor:
    """Keeps what it was given."""

    def __init__(self, earlier=()):
        self.handles, self._earlier = [], list(earlier)

    def submit(self, jobs):
        new = [Handle(job) for job in jobs]
        self.handles += new
        return new

    def earlier(self):
        return self._earlier


@pytest.fixture
def crew():
    crew = Crew(Executor(), JOBS)
    assert crew.start() == 0
    return crew


def kill(handle):
    handle.end = JobState.KILLED


def finish(handle, code=0):
    handle.end, handle.code = (JobState.FAILED if code else JobState.DONE), code


def test_a_killed_worker_is_replaced(crew, capsys):
    kill(crew.executor.handles[0])
    crew.step(1)
    assert [h.job.name for h in crew.executor.handles] == ["worker_1", "worker_2", "worker_1"]
    assert "worker_1 (process of worker_1) was killed; it is replaced" in capsys.readouterr().err
    for handle in crew.executor.handles[1:]:
        finish(handle)
    crew.step(2)
    assert not crew.is_at_work()
    assert crew.failed == []
    assert crew.gave_up is None


def test_a_worker_that_somebody_stopped_is_replaced(crew):
    finish(crew.executor.handles[0], 130)
    crew.step(1)
    assert len(crew.executor.handles) == 3
    assert crew.failed == []


def test_a_worker_that_fails_is_not_replaced(crew):
    finish(crew.executor.handles[0], 1)
    crew.step(0)
    assert len(crew.executor.handles) == 2
    assert [handle.job.name for handle in crew.failed] == ["worker_1"]
    assert crew.is_at_work()


def test_a_worker_that_completed_no_trial_has_not_failed(crew):
    finish(crew.executor.handles[0], 3)
    crew.step(0)
    assert crew.failed == []


def test_workers_that_die_at_once_are_given_up(crew):
    for _ in range(10):
        for handle in crew.executor.handles:
            kill(handle)
        crew.step(0)
    assert crew.gave_up is not None
    assert len(crew.executor.handles) == 6


def test_deaths_with_trials_in_between_do_not_add_up(crew):
    for progress in range(1, 11):
        kill(crew.executor.handles[-1])
        crew.step(progress)
    assert crew.gave_up is None
    assert len(crew.executor.handles) == 12


def test_jobs_that_go_on_from_before_are_workers(capsys):
    crew = Crew(Executor([Handle(JOBS[1])]), JOBS)
    assert crew.start() == 1
    assert [handle.job.name for handle in crew.executor.handles] == ["worker_1"]
    assert crew.places() == "process of worker_2, process of worker_1"
    crew.cancel()
    assert crew.executor.handles[0].is_cancelled


def test_an_interrupted_worker_in_this_process_stops_the_rest(crew):
    crew.executor.handles[0].end = JobState.CANCELLED
    crew.step(0)
    assert crew.is_interrupted


def test_what_a_failed_worker_said(tmp_path):
    log = tmp_path / "log"
    assert last_error(log) == "it printed nothing"
    log.write_text("a\n" * 20 + "error: no such module\n\ngoodbye\n")
    assert last_error(log) == "no such module"
    assert tail_of(log).endswith("error: no such module\ngoodbye")
    log.write_text("Traceback\nImportError: libGL\n")
    assert last_error(log) == "ImportError: libGL"
