"""Trials of dead workers: noticed, failed and queued once; living ones are left alone."""

import threading
import time
from dataclasses import replace

import optuna
import pytest
from optuna.trial import TrialState

from rl_zoo.tuning.failures import counted_trials
from rl_zoo.tuning.heartbeat import ALIVE_ATTRIBUTE, PROCESS_ATTRIBUTE, Heartbeat
from rl_zoo.tuning.options import TuneOptions
from rl_zoo.tuning.process import Process, this_process
from rl_zoo.tuning.stale import fail_stale
from rl_zoo.tuning.storage import open_storage

DEAD_HERE = replace(this_process(), pid=2**22 + 1)
ELSEWHERE = Process("elsewhere/0/1", 77, 123)
OPTIONS = TuneOptions(config=None, resolve=None, seed=0, fail_stale=0.005)


def open_study(storage):
    return optuna.create_study(study_name="s", storage=storage, load_if_exists=True)


def begin(study, process, **attributes):
    """Begin a trial as ``process`` would."""
    trial = study.ask()
    if process is not None:
        study._storage.set_trial_system_attr(trial._trial_id, PROCESS_ATTRIBUTE, str(process))
    trial.suggest_float("x", 0, 1)
    for name, value in attributes.items():
        trial.set_user_attr(name, value)
    return trial


@pytest.fixture(params=["journal", "sqlite", "memory"])
def study(request, tmp_path):
    places = {"journal": f"{tmp_path}/s.log", "sqlite": f"sqlite:///{tmp_path}/s.db"}
    place = places.get(request.param, "memory")
    return open_study(open_storage(place, must_exist=False, fail_stale=OPTIONS.fail_stale))


def test_dead_process_of_this_machine_is_noticed_at_once(study):
    lost = begin(study, DEAD_HERE, entry=True)
    alive = begin(study, this_process())
    assert fail_stale(study, replace(OPTIONS, fail_stale=100)) == [lost.number]
    assert fail_stale(study, OPTIONS) == []
    first, second, again = study.trials
    assert (first.state, second.state) == (TrialState.FAIL, TrialState.RUNNING)
    assert "ended" in first.user_attrs["lost"]
    assert (again.state, again.user_attrs) == (
        TrialState.WAITING,
        {"retry_of": 0, "lost_before": True, "entry": True},
    )
    assert len(counted_trials(study)) == 1, "a lost trial does not count"
    retried = study.ask()
    assert retried.number == again.number
    assert retried.suggest_float("x", 0, 1) == first.params["x"]
    assert alive.number == second.number


def test_a_trial_gets_one_second_chance(study):
    begin(study, DEAD_HERE)
    fail_stale(study, OPTIONS)
    begin(study, DEAD_HERE)
    assert fail_stale(study, OPTIONS) == [1]
    assert [trial.state.name for trial in study.trials] == ["FAIL", "FAIL"]


def test_silence_of_another_machine(study):
    begin(study, ELSEWHERE)
    if hasattr(study._storage, "record_heartbeat"):
        study._storage.record_heartbeat(study.trials[0]._trial_id)
        time.sleep(2.1)  # the database counts whole seconds
    else:
        assert fail_stale(study, OPTIONS) == [], "the first look knows nothing"
        time.sleep(0.35)
    assert fail_stale(study, OPTIONS) == [0]
    assert "no sign of life of elsewhere:77" in study.trials[0].user_attrs["lost"]


def test_signs_of_another_machine_keep_its_trial(tmp_path):
    study = open_study(open_storage(f"{tmp_path}/s.log", must_exist=False))
    trial = begin(study, ELSEWHERE)
    for number in range(4):
        assert fail_stale(study, OPTIONS) == []
        study._storage.set_trial_system_attr(trial._trial_id, ALIVE_ATTRIBUTE, number + 1)
        time.sleep(0.2)


def test_a_pause_of_the_watcher_is_not_silence(tmp_path, monkeypatch):
    """Two machines slept (a laptop, a stopped virtual machine): the first look must fail none."""
    study = open_study(open_storage(f"{tmp_path}/s.log", must_exist=False))
    begin(study, ELSEWHERE)
    options = replace(OPTIONS, fail_stale=2)
    now = time.monotonic()
    monkeypatch.setattr("rl_zoo.tuning.stale.time.monotonic", lambda: now)
    assert fail_stale(study, options) == []
    now += 3600
    assert fail_stale(study, options) == []
    now += 60
    assert fail_stale(study, options) == []
    now += 60
    assert fail_stale(study, options) == [0]


@pytest.mark.parametrize("kind", ["journal", "sqlite"])
def test_many_that_notice_queue_it_once(kind, tmp_path):
    place = f"{tmp_path}/s.log" if kind == "journal" else f"sqlite:///{tmp_path}/s.db"
    first = open_study(open_storage(place, must_exist=False))
    for _ in range(3):
        begin(first, DEAD_HERE)
    studies = [open_study(open_storage(place, must_exist=False)) for _ in range(6)]
    together = threading.Barrier(len(studies))
    failed = []

    def look(study):
        together.wait()
        failed.extend(fail_stale(study, OPTIONS))

    threads = [threading.Thread(target=look, args=(study,)) for study in studies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(failed) == [0, 1, 2], "each was failed by one"
    retries = [t.user_attrs["retry_of"] for t in first.trials if t.state == TrialState.WAITING]
    assert sorted(retries) == [0, 1, 2]


@pytest.mark.parametrize("kind", ["journal", "sqlite"])
def test_a_queued_trial_goes_to_one_worker(kind, tmp_path):
    """On SQLite, Optuna alone may hand it to two."""
    place = f"{tmp_path}/s.log" if kind == "journal" else f"sqlite:///{tmp_path}/s.db"
    first = open_study(open_storage(place, must_exist=False))
    for number in range(12):
        first.enqueue_trial({"x": number})
    studies = [open_study(open_storage(place, must_exist=False)) for _ in range(6)]
    together = threading.Barrier(len(studies))
    got = []

    def take(study):
        together.wait()
        got.extend(study.ask().number for _ in range(2))
        study._storage.remove_session()

    threads = [threading.Thread(target=take, args=(study,)) for study in studies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == list(range(12))


def test_heartbeat_goes_on_after_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr("rl_zoo.tuning.heartbeat.HEARTBEAT_SECONDS", 0.05)
    study = open_study(open_storage(f"{tmp_path}/s.log", must_exist=False))
    calls = []

    def break_down():
        calls.append(1)
        raise OSError("the share is gone")

    with Heartbeat(study, break_down) as heartbeat:
        trial = study.ask()
        with heartbeat.of(trial):
            deadline = time.monotonic() + 30
            while study.trials[0].system_attrs.get(ALIVE_ATTRIBUTE, 0) < 4:
                assert time.monotonic() < deadline
                time.sleep(0.02)
    assert len(calls) >= 3
    assert study.trials[0].system_attrs[PROCESS_ATTRIBUTE] == str(this_process())
