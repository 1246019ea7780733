"""The folder of a study: its name, and the same command that continues it."""

import json
import signal

import optuna
import pytest
from optuna.trial import TrialState

from rl_zoo.tuning.process import this_process
from rl_zoo.tuning.storage import open_storage
from tests.processes import Command, wait_until

SLOW = ["--env-kwargs", "delay:0.004"]


@pytest.fixture
def studies(tmp_path):
    return tmp_path / "logs/studies"


def _load(folder):
    storage = open_storage(str(folder / "study.log"), must_exist=True)
    return optuna.load_study(study_name=folder.name, storage=storage)


def _trials_so_far(folder):
    """Return the trials of a study that another process is about to create."""
    if not (folder / "study.log").exists():
        return []
    storage = open_storage(str(folder / "study.log"), must_exist=True)
    if folder.name not in {study.study_name for study in storage.get_all_studies()}:
        return []
    return _load(folder).trials


def _states(folder):
    return [trial.state.name for trial in _load(folder).trials]


@pytest.fixture
def command(small, tmp_path):
    """Start the command ``tune`` of these tests in a process of its own."""
    started = []

    def start(*flags):
        shared = ["--algo", "ppo", "--env", "Tiny-v0", "-conf", small, "-f", tmp_path / "logs"]
        shared += ["--gym-packages", "tests.probe_envs", "-optimize", "--sampler", "random"]
        shared += ["--eval-episodes", 1, "--n-evaluations", 1, "--device", "cpu", "--pruner"]
        shared += ["none", "--num-threads", 1, "--reevaluate", 0, "--no-optim-plots", *flags]
        started.append(Command(shared, tmp_path / f"output_{len(started)}"))
        return started[-1]

    yield start
    for one in started:
        if one.process.is_alive():
            one.process.kill()
            one.process.join()


def test_every_finished_command_has_a_study_of_its_own(tune, studies):
    for _ in range(2):
        code, _, err = tune("--n-trials", 1)
        assert code == 0, err
    assert sorted(path.name for path in studies.iterdir()) == ["ppo_Tiny-v0_1", "ppo_Tiny-v0_2"]
    assert _states(studies / "ppo_Tiny-v0_2") == ["COMPLETE"]
    about = json.loads((studies / "ppo_Tiny-v0_1/study.json").read_text())
    assert (about["algo"], about["env"], about["seed"]) == ("ppo", "Tiny-v0", 7)


def test_a_named_study_is_continued(tune, studies):
    for _ in range(2):
        code, _, err = tune("--n-trials", 1, "--study-name", "walk/1")
        assert code == 0, err
    storage = open_storage(str(studies / "walk-1/study.log"), must_exist=True)
    assert len(optuna.load_study(study_name="walk/1", storage=storage).trials) == 2


def test_memory_keeps_nothing_but_the_report(tune, studies):
    code, _, err = tune("--n-trials", 1, "--storage", "memory")
    assert code == 0, err
    assert not list(studies.glob("*/study.log"))


def test_same_name_in_another_storage_is_another_study(tune, studies, tmp_path):
    for name in ("a", "b"):
        code, _, err = tune(
            "--n-trials", 1, "--study-name", "s", "--storage", tmp_path / f"{name}.log"
        )
        assert code == 0, err
    assert sorted(path.name for path in studies.iterdir()) == ["s", "s_2"]


def test_default_names_in_a_shared_storage_do_not_meet(tune, studies, tmp_path):
    """Somebody else's first study in the same database would be continued."""
    for folder in ("mine", "theirs"):
        flags = ["--storage", tmp_path / "shared.log", "-f", tmp_path / folder]
        code, _, err = tune("--n-trials", 1, *flags)
        assert code == 0, err
    storage = open_storage(str(tmp_path / "shared.log"), must_exist=True)
    names = {study.study_name for study in storage.get_all_studies()}
    assert len({name for name in names if "reevaluation" not in name}) == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_the_same_command_continues_what_was_stopped(number, command, studies):
    """A drawn seed is kept, the interrupted trial is run again, and as many as were left."""
    first = command("--n-trials", 3, *SLOW)
    folder = studies / "ppo_Tiny-v0_1"

    def second_trains():
        trials = _trials_so_far(folder)
        return len(trials) == 2 and "config" in trials[1].user_attrs

    wait_until(second_trains, 120)
    first.send(number)
    code = first.wait()
    if number == signal.SIGINT:
        assert code == 130, first.err
        assert "the same command continues it" in first.err
    second = command("--n-trials", 3, "--verbose", 0, *SLOW)
    assert second.wait() == 0, second.err
    assert [path.name for path in studies.iterdir()] == [folder.name]
    study = _load(folder)
    assert [trial.state.name for trial in study.trials] == [
        "COMPLETE",
        "FAIL",
        "COMPLETE",
        "COMPLETE",
    ]
    again = study.trials[2]
    assert again.user_attrs["retry_of"] == 1
    assert again.params == study.trials[1].params
    assert f"seed {study.user_attrs['seed']}" in second.err


def test_two_ctrl_c_end_a_trial_at_once(command, studies):
    first = command("--n-trials", 3, "--env-kwargs", "delay:0.5")
    folder = studies / "ppo_Tiny-v0_1"

    def trains():
        trials = _trials_so_far(folder)
        return bool(trials) and "config" in trials[0].user_attrs

    wait_until(trains, 120)
    first.send(signal.SIGINT)
    first.send(signal.SIGINT)
    assert first.wait() == 130, first.err
    assert "Traceback" not in first.err
    (trial, again) = _load(folder).trials
    assert (trial.state, again.state) == (TrialState.FAIL, TrialState.WAITING)
    assert trial.user_attrs["interrupted"]


def test_a_refused_study_leaves_nothing(tune, tmp_path):
    code, _, err = tune("--storage", "postgresql://zoo:secret@127.0.0.1:1/none")
    assert code == 2
    assert "Connection refused" in err
    assert "secret" not in err
    assert "Traceback" not in err
    assert not (tmp_path / "logs").exists()


def test_unwritable_log_folder(tune, tmp_path):
    (tmp_path / "file").write_text("")
    code, _, err = tune("-f", tmp_path / "file")
    assert code == 2
    assert "cannot keep a study there" in err


def test_folder_that_cannot_be_written(tune):
    code, _, err = tune("--storage", "/proc/study.log")  # root may write everywhere else
    assert code == 2
    assert "--storage /proc/study.log: cannot be opened" in err


def test_a_command_that_still_runs_is_not_taken_over(tune, studies):
    assert tune("--n-trials", 1)[0] == 0
    (session,) = studies.glob("*/sessions/*.json")
    content = json.loads(session.read_text())
    assert content["state"] == "finished"
    alive = session.with_name("another.json")
    alive.write_text(json.dumps({**content, "state": "running", "process": str(this_process())}))
    assert tune("--n-trials", 1)[0] == 0
    assert len(list(studies.iterdir())) == 2
    dead = {**content, "state": "running", "process": f"{this_process()}7", "done": 0}
    alive.write_text(json.dumps(dead))
    assert tune("--n-trials", 1)[0] == 0
    assert _states(studies / "ppo_Tiny-v0_1") == ["COMPLETE", "COMPLETE"]
