"""``tune --workers`` and ``--cluster``: real worker processes on a shared study."""

import contextlib
import os
import signal
import threading
from collections import Counter

import pytest
from optuna.trial import TrialState

from rl_zoo.commands import tune_workers
from rl_zoo.executors.job import Job
from rl_zoo.tuning.heartbeat import PROCESS_ATTRIBUTE
from tests.executors.conftest import is_alive, wait_for
from tests.executors.fake_slurm import install

SLOW = ["--env-kwargs", "delay:0.006"]
"""Trials that take a second: they can be interrupted."""


@pytest.fixture
def study(tmp_path):
    """Return the study in a folder of the log folder, once it is there."""
    import optuna
    from optuna.storages.journal import JournalFileBackend, JournalStorage

    def read(number=1):
        name = f"ppo_Tiny-v0_{number}"
        file = tmp_path / "logs/studies" / name / "study.log"
        if not file.exists():
            return None
        storage = JournalStorage(JournalFileBackend(str(file)))
        with contextlib.suppress(KeyError):
            return optuna.load_study(study_name=name, storage=storage)
        return None

    return read


def workers_of(study, states=(TrialState.RUNNING,)):
    """Return the processes that run (or ran) trials."""
    trials = [] if study is None else study.get_trials(deepcopy=False, states=states)
    signed = [trial.system_attrs.get(PROCESS_ATTRIBUTE) for trial in trials]
    return [int(text.rsplit(":", 2)[1]) for text in signed if text]


@pytest.fixture
def meanwhile():
    """Call something in a thread while the test's own thread runs a study."""
    threads = []

    def start(function):
        threads.append(threading.Thread(target=function, daemon=True))
        threads[-1].start()

    yield start
    for thread in threads:
        thread.join(180)
        assert not thread.is_alive()


def check_that_none_ran_twice(study, n_trials):
    """Check that the study has its trials, and no values were trained twice."""
    trials = study.get_trials(deepcopy=False)
    complete = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    assert len(complete) == n_trials
    assert not any(trial.state == TrialState.RUNNING for trial in trials)
    values = Counter(tuple(sorted(trial.params.items())) for trial in complete)
    assert max(values.values()) == 1


def test_a_killed_worker_is_replaced_and_no_trial_is_lost(tune, study, meanwhile, tmp_path):
    def kill_one():
        (worker, *_) = wait_for(lambda: workers_of(study()))
        os.kill(worker, signal.SIGKILL)

    meanwhile(kill_one)
    flags = ["--pruner", "none", "--reevaluate", "1", "--reevaluate-seeds", "1"]
    code, out, err = tune("--workers", "2", "--n-trials", "5", *SLOW, *flags)
    assert code == 0, err
    assert "was killed; it is replaced" in err
    assert "5 of 5 trials" in err
    assert "over 1 fresh seed" in out
    check_that_none_ran_twice(study(), 5)
    lost = [t for t in study().get_trials() if "ended" in t.user_attrs.get("lost", "")]
    assert len(lost) == 1
    assert not any(is_alive(pid) for pid in workers_of(study(), tuple(TrialState)))
    folder = tmp_path / "logs/studies/ppo_Tiny-v0_1"
    logs = sorted((folder / "workers").glob("*.log"))
    assert [log.name for log in logs] == ["worker_1.log", "worker_2.log"]
    assert "trial 4 (" in "".join(log.read_text() for log in logs)
    assert list((folder / "report").glob("*.md"))


@pytest.mark.slow
def test_ctrl_c_ends_the_workers_and_the_same_command_continues(tune, study, meanwhile):
    flags = ["--workers", "2", "--n-trials", "3", *SLOW, "--pruner", "none", "--reevaluate", "0"]

    def interrupt():
        wait_for(lambda: len(workers_of(study())) == 2)
        os.kill(os.getpid(), signal.SIGINT)

    meanwhile(interrupt)
    code, _, err = tune(*flags)
    assert code == 130, err
    assert "the same command continues it" in err
    assert not any(is_alive(pid) for pid in workers_of(study(), tuple(TrialState)))
    assert not workers_of(study())
    assert tune(*flags)[0] == 0
    check_that_none_ran_twice(study(), 3)
    assert study(2) is None


@pytest.mark.slow
def test_workers_of_a_killed_parent_end(start, arguments, study, tmp_path):
    more = ["-optimize", "--n-trials", "9", "--workers", "2", *SLOW, "--no-optim-plots"]
    command = start(*arguments("ppo", "Tiny-v0", *more, params=["n_timesteps:600"]))
    workers = wait_for(lambda: len(found := workers_of(study())) == 2 and found)
    command.send(signal.SIGKILL)
    command.wait()
    wait_for(lambda: not any(map(is_alive, workers)))


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("fail", "worker_1 failed: libGL is not installed"),
        ("die", "workers are killed again and again"),
        ("count", "worker_1 failed: TypeError"),
    ],
)
def test_workers_that_cannot_work_do_not_start_for_ever(tune, monkeypatch, word, sentence):
    def jobs(command, options, total, n_workers):
        log = options.study_folder / "workers/worker_1.log"
        return [Job("worker_1", "tests.job_command", (word,), log)]

    monkeypatch.setattr(tune_workers, "worker_jobs", jobs)
    code, _, err = tune("--workers", "1", "--n-trials", "2")
    assert code == 1
    assert sentence in err
    assert "worker_1.log" in err
    assert "Traceback" not in err or word == "count"


@pytest.mark.slow
def test_failures_in_a_row_of_all_workers_stop_the_study(tune, study):
    flags = ["--env-kwargs", "fault:raise_in_step", "at:10", "--max-failures", "3"]
    code, _, err = tune("--workers", "2", "--n-trials", "50", *flags, env="Faulty-v0")
    assert code == 4
    assert "3 trials failed in a row" in err
    assert "motor driver lost" in err


def test_an_objective_that_no_worker_can_judge_is_refused(tune):
    code, _, err = tune("--workers", "1", "--n-trials", "3", "--objective", "energy")
    assert code == 2
    assert "error: --objective energy: evaluation on Tiny-v0 delivers no energy" in err


def test_debug_workers_run_in_this_process(tune, study):
    code, _, err = tune("--cluster", "debug", "--workers", "2", "--n-trials", "3")
    assert code == 0, err
    check_that_none_ran_twice(study(), 3)
    assert set(workers_of(study(), (TrialState.COMPLETE,))) == {os.getpid()}


def test_local_jobs_go_on_after_ctrl_c_and_the_same_command_finds_them(tune, study, meanwhile):
    flags = ["--cluster", "local", "--n-trials", "4", *SLOW, "--reevaluate", "0"]

    def interrupt():
        wait_for(lambda: workers_of(study()))
        os.kill(os.getpid(), signal.SIGINT)

    meanwhile(interrupt)
    code, _, err = tune(*flags)
    assert code == 130
    (worker,) = wait_for(lambda: workers_of(study()))
    assert is_alive(worker)
    assert "the study goes on: job " in err
    assert "End its jobs with: kill " in err
    code, _, err = tune(*flags)
    assert code == 0, err
    assert "(1 went on from before)" in err
    assert set(workers_of(study(), tuple(TrialState))) == {worker}
    check_that_none_ran_twice(study(), 4)


@pytest.mark.slow
def test_a_preempted_job_of_slurm_continues_its_study(
    tune, study, meanwhile, tmp_path, monkeypatch
):
    folder = install(tmp_path / "slurm")
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")

    def preempt():
        wait_for(lambda: workers_of(study()))
        task = int((folder / "jobs/1_0.task").read_text())
        os.kill(task, signal.SIGTERM)
        os.kill(task, signal.SIGUSR2)

    meanwhile(preempt)
    flags = ["--cluster", "slurm", "--workers", "2", "--n-trials", "4", *SLOW]
    code, _, err = tune(*flags, "--cluster-time", "60", "--cluster-option", "qos:long")
    assert code == 0, err
    assert "2 SLURM jobs" in err
    check_that_none_ran_twice(study(), 4)
    assert (folder / "jobs/1_0.runs").read_text() == "again\n"
    assert "#SBATCH --qos=long" in (folder / "jobs/1.sh").read_text()


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--workers", "2", "--storage", "memory"], "--workers: workers cannot share --storage"),
        (["--workers", "2", "--n-jobs", "2"], "--n-jobs 2: workers run one trial each"),
        (["--workers", "0"], "--workers 0: must be at least 1"),
        (["--workers", "2", "--one-robot"], "leave out --workers and --cluster"),
        (["--cluster", "slurm"], "--cluster slurm: there is no sbatch on the PATH"),
        (["--cluster", "slrm"], "unknown cluster 'slrm'; did you mean 'slurm'?"),
        (["--cluster", "local", "--cluster-option", "qos"], "--cluster-option qos: must be key"),
        (["--cluster", "local", "--cluster-option", "qos:a"], "--cluster-option qos: is for"),
        (
            ["--cluster", "slurm", "--storage", "sqlite:///study.db"],
            "--storage sqlite:///study.db: SQLite loses data on a folder",
        ),
    ],
)
def test_what_workers_cannot_do_is_refused_first(tune, tmp_path, flags, sentence):
    code, _, err = tune(*flags)
    assert code == 2
    assert sentence in err
    assert not (tmp_path / "logs").exists()
    assert not (tmp_path / "study.db").exists()


def test_workers_get_the_command_typed_tied_to_the_study(tmp_path):
    from rl_zoo.config.model import RunConfig
    from rl_zoo.tuning.options import TuneOptions

    options = TuneOptions(
        config=RunConfig(algo="ppo", env_id="Tiny-v0", n_timesteps=1, policy="MlpPolicy"),
        resolve=lambda trial: None,
        seed=5,
        storage="s.log",
        study_name="walk",
        study_folder=tmp_path,
    )
    command = ["python", "-m", "rl_zoo.tune", "--workers", "2", "--seed", "-1"]
    first, second = tune_workers.worker_jobs(command, options, 9, 2)
    assert first.module == "rl_zoo.tune"
    assert first.argv[:4] == ("--workers", "2", "--seed", "-1")
    tied = "--as-worker --storage s.log --study-name walk --max-total-trials 9 --seed 5"
    assert first.argv[4:] == tuple(tied.split())
    assert (first.name, second.name) == ("worker_1", "worker_2")
    assert second.log == tmp_path / "workers/worker_2.log"
