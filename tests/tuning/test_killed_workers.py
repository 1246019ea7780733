"""Four workers share a study and one of them is killed: all trials end, none is run twice."""

import signal
import time

import optuna
import pytest
from optuna.trial import TrialState

from rl_zoo.errors import ZooError
from rl_zoo.tuning import databases
from rl_zoo.tuning.heartbeat import PROCESS_ATTRIBUTE
from rl_zoo.tuning.process import parse_process
from rl_zoo.tuning.serve import StorageServer
from rl_zoo.tuning.storage import lost_storage, open_storage, storage_error
from tests.databases import MySql, Postgres, free_port
from tests.processes import Command, wait_until

N_TRIALS = 6


@pytest.fixture(scope="session")
def postgres():
    server = Postgres.or_skip()
    yield server
    server.remove()


@pytest.fixture(scope="session")
def mysql():
    server = MySql.or_skip()
    yield server
    server.remove()


@pytest.fixture
def worker(small, tmp_path):
    """Start a worker of the study ``s``; whatever still runs at the end is killed."""
    started = []

    def start(storage, *flags):
        shared = ["--algo", "ppo", "--env", "Tiny-v0", "-conf", small, "-f", tmp_path / "logs"]
        shared += ["--gym-packages", "tests.probe_envs", "-optimize", "--sampler", "random"]
        shared += ["--eval-episodes", 1, "--n-evaluations", 1, "--device", "cpu", "--seed", 7]
        shared += ["--num-threads", 1, "--pruner", "none", "--reevaluate", 0, "--no-optim-plots"]
        shared += ["--storage", storage, "--study-name", "s", "--env-kwargs", "delay:0.003"]
        command = [*shared, "--max-total-trials", N_TRIALS, *flags]
        started.append(Command(command, tmp_path / f"worker_{len(started)}"))
        return started[-1]

    yield start
    for command in started:
        if command.process.is_alive():
            command.process.kill()
            command.process.join()


def _trials(storage):
    try:
        opened = open_storage(storage, must_exist=True)
        return optuna.load_study(study_name="s", storage=opened).get_trials(deepcopy=False)
    except (ZooError, KeyError):  # nobody has made it yet
        return []


def _kill_one(storage, workers):
    """Kill a worker while it trains; return the number of its trial."""
    by_id = {worker.process.pid: worker for worker in workers}
    victims = []

    def some_train():
        time.sleep(0.1)
        running = [t for t in _trials(storage) if t.state == TrialState.RUNNING]
        victims[:] = [t for t in running if "config" in t.user_attrs]
        return len(victims) >= min(2, len(workers))

    wait_until(some_train, 120)
    victim = victims[-1]
    process = parse_process(victim.system_attrs[PROCESS_ATTRIBUTE])
    by_id[process.pid].send(signal.SIGKILL)
    return victim.number


def _check(storage, workers, killed):
    codes = [worker.wait(240) for worker in workers]
    assert sorted(codes) == [-9] + [0] * (len(workers) - 1), [worker.err for worker in workers]
    trials = _trials(storage)
    states = {trial.state for trial in trials}
    assert not states & {TrialState.RUNNING, TrialState.WAITING}
    done = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    assert len(done) == N_TRIALS
    assert len({str(trial.params) for trial in done}) == N_TRIALS, "one was run twice"
    lost = trials[killed]
    assert lost.state == TrialState.FAIL
    assert "ended" in lost.user_attrs["lost"]
    (again,) = [trial for trial in trials if trial.user_attrs.get("retry_of") == killed]
    assert again.params == lost.params
    assert again.state == TrialState.COMPLETE
    assert [trial.number for trial in done if "entry" in trial.user_attrs] == [
        again.number if killed == 0 else 0
    ]


def test_on_postgresql(postgres, worker):
    storage = postgres.create("killed")
    workers = [worker(storage) for _ in range(4)]
    _check(storage, workers, _kill_one(storage, workers))
    assert all("s3cret" not in w.err for w in workers), "a password is told"
    assert all("zoo:***@" in w.err for w in workers)
    study = optuna.load_study(study_name="s", storage=open_storage(storage, must_exist=True))
    assert "s3cret" not in str(study.user_attrs)


def test_on_a_journal(worker, tmp_path):
    storage = str(tmp_path / "study.log")
    workers = [worker(storage) for _ in range(4)]
    _check(storage, workers, _kill_one(storage, workers))


@pytest.mark.slow
def test_on_sqlite(worker, tmp_path):
    storage = f"sqlite:///{tmp_path}/study.db"
    workers = [worker(storage) for _ in range(4)]
    _check(storage, workers, _kill_one(storage, workers))


@pytest.mark.slow
def test_on_mysql(mysql, worker):
    storage = mysql.create("killed")
    workers = [worker(storage) for _ in range(4)]
    _check(storage, workers, _kill_one(storage, workers))


@pytest.mark.slow
@pytest.mark.parametrize("behind", ["study.log", "sqlite"])
def test_through_optunas_server(behind, worker, tmp_path):
    place = str(tmp_path / behind) if behind == "study.log" else f"sqlite:///{tmp_path}/s.db"
    server = StorageServer(place, "localhost", free_port())
    server.start()
    try:
        storage = f"grpc://localhost:{server.port}"
        workers = [worker(storage) for _ in range(2)]
        _check(storage, workers, _kill_one(storage, workers))
    finally:
        server.stop()


@pytest.mark.slow
def test_server_that_restarts_costs_no_trial(postgres, worker):
    storage = postgres.create("restarted")
    command = worker(storage)
    wait_until(lambda: any("config" in t.user_attrs for t in _trials(storage)), 120)
    postgres.stop()
    wait_until(lambda: "the database does not answer" in command.err, 120)
    postgres.start()
    assert command.wait(240) == 0, command.err
    assert [trial.state for trial in _trials(storage)] == [TrialState.COMPLETE] * N_TRIALS


@pytest.mark.slow
def test_server_that_is_gone_is_given_up(postgres, monkeypatch):
    monkeypatch.setattr(databases, "RECONNECT_SECONDS", 0.1)
    place = postgres.create("gone")
    storage = open_storage(place, must_exist=False)
    postgres.stop()
    try:
        with pytest.raises(lost_storage()) as raised:
            storage.get_all_studies()
    finally:
        postgres.start()
    told = str(storage_error(place, raised.value, is_open=True))
    assert "was lost while the study ran" in told
    assert "s3cret" not in told
