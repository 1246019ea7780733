"""The journal file: cut lines, full disks, foreign files, killed holders of its lock."""

import errno
import json
import multiprocessing
import os
import signal
import time

import optuna
import pytest
from optuna.storages.journal import JournalFileBackend, JournalStorage

from rl_zoo.errors import DamagedFileError, ZooError
from rl_zoo.tuning import journal as journal_module
from rl_zoo.tuning.journal import Journal
from rl_zoo.tuning.journal_lock import JournalLock
from rl_zoo.tuning.process import this_process
from tests.processes import wait_until


def _study(file):
    return optuna.create_study(
        study_name="s", storage=JournalStorage(Journal(file)), load_if_exists=True
    )


def _run(file, n_trials):
    _study(file).optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=n_trials)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "deep/study.log"


@pytest.mark.parametrize("kept", [1, 10, -1])
def test_a_cut_last_line_costs_nothing_else(file, kept):
    """What a process that was killed while it wrote leaves; Optuna's own backend breaks on it."""
    _run(file, 2)
    line = json.dumps({"op_code": 4, "worker_id": "w", "study_id": 0}).encode()
    before = file.read_bytes()
    file.write_bytes(before + line[:kept])
    assert len(_study(file).trials) == 2
    _run(file, 1)
    assert [trial.state.name for trial in _study(file).trials] == ["COMPLETE"] * 3
    assert file.read_bytes().startswith(before)
    theirs = optuna.load_study(
        study_name="s", storage=JournalStorage(JournalFileBackend(str(file)))
    )
    assert len(theirs.trials) == 3, "Optuna's own tools read it"


def test_a_cut_first_line_is_an_empty_journal(file):
    file.parent.mkdir()
    file.write_bytes(b'{"op_code":0,"work')
    _run(file, 1)
    assert len(_study(file).trials) == 1


def test_full_disk_leaves_the_file_as_it_was(file, monkeypatch):
    _run(file, 1)
    before = file.read_bytes()
    write = journal_module._write_all

    def write_a_part(stream, content):
        write(stream, content[:7])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(journal_module, "_write_all", write_a_part)
    with pytest.raises(OSError, match="No space left"):
        _run(file, 1)
    assert file.read_bytes() == before
    assert not file.with_name("study.log.lock").exists()
    monkeypatch.undo()
    _run(file, 1)
    assert len(_study(file).trials) == 2


@pytest.mark.parametrize("is_replaced", [False, True])
def test_a_deleted_journal_is_not_begun_again_in_the_middle(file, is_replaced):
    study = _study(file)
    study.ask()
    file.unlink()
    if is_replaced:
        _study(file)
    there = file.read_bytes() if is_replaced else None
    for use in (study.ask, study.get_trials):
        with pytest.raises(ZooError, match="was deleted or replaced"):
            use()
    assert (file.read_bytes() if file.exists() else None) == there


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"hello\n", "line 1"),
        (b"hello", "line 1"),
        (b'{"level": "info"}\n{"level": "warn"}\n', "line 1"),
        (b"[1, 2]\n", "line 1"),
        (bytes(range(256)) * 4, "line 1"),
        (b'{"op_code":0,"worker_id":"w","study_name":"a","directions":[1]}\nhello\n', "line 2"),
    ],
)
def test_what_is_no_journal_is_refused_and_untouched(file, content, message):
    file.parent.mkdir()
    file.write_bytes(content)
    with pytest.raises(DamagedFileError, match=message):
        _study(file)
    assert file.read_bytes() == content


def test_opening_creates_nothing(file):
    assert JournalStorage(Journal(file)).get_all_studies() == []
    assert not file.parent.exists()


def _hold(lock_of, ready):
    JournalLock(lock_of).__enter__()
    ready.set()
    time.sleep(300)


def test_lock_of_a_killed_process_is_released_at_once(file, monkeypatch, tmp_path):
    """Also by a relative path, with which Optuna's default lock waits for ever."""
    monkeypatch.chdir(tmp_path)
    file.parent.mkdir()
    relative = file.relative_to(tmp_path)
    context = multiprocessing.get_context("fork")
    ready = context.Event()
    holder = context.Process(target=_hold, args=(relative, ready))
    holder.start()
    try:
        assert ready.wait(60)
        os.kill(holder.pid, signal.SIGSTOP)
        lock = JournalLock(relative)
        monkeypatch.setattr("rl_zoo.tuning.journal_lock.time.sleep", _Impatient(20))
        with pytest.raises(TimeoutError):  # stopped is not dead
            lock.__enter__()
        monkeypatch.undo()
        monkeypatch.chdir(tmp_path)
    finally:
        holder.kill()
        holder.join()
    _run(relative, 1)
    assert not file.with_name("study.log.lock").exists()


def test_lock_of_another_machine_is_respected_for_a_while(file, monkeypatch):
    file.parent.mkdir()
    file.with_name("study.log.lock").write_text("elsewhere/0/1:1:1 token")
    monkeypatch.setattr("rl_zoo.tuning.journal_lock.GRACE_SECONDS", 0.3)
    started = time.monotonic()
    _run(file, 1)
    assert time.monotonic() - started >= 0.3
    assert len(_study(file).trials) == 1


class _Impatient:
    def __init__(self, times):
        self.times = times

    def __call__(self, seconds):
        self.times -= 1
        if self.times < 0:
            raise TimeoutError


def _append(file, number):
    storage = JournalStorage(Journal(file))
    study = optuna.load_study(study_name="s", storage=storage)
    for _ in range(15):
        study.add_trial(
            optuna.trial.create_trial(value=number, state=optuna.trial.TrialState.COMPLETE)
        )


def test_processes_write_side_by_side(file):
    _study(file)
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_append, args=(file, number)) for number in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(120)
    assert [writer.exitcode for writer in writers] == [0] * 4
    trials = _study(file).trials
    assert [trial.number for trial in trials] == list(range(60))


def test_a_process_is_known_by_more_than_its_id():
    me = this_process()
    assert me.is_of_this_machine()
    assert me.is_alive()
    context = multiprocessing.get_context("fork")
    child = context.Process(target=time.sleep, args=(300,))
    child.start()
    from dataclasses import replace

    from rl_zoo.tuning.process import _read_stat

    started = _read_stat(child.pid)[1]
    process = replace(me, pid=child.pid, started=started)
    assert process.is_alive()
    assert not replace(process, started=started + 1).is_alive(), "its id was used again"
    os.kill(child.pid, signal.SIGSTOP)
    wait_until(lambda: _read_stat(child.pid)[0] == "T")
    assert process.is_alive()
    os.kill(child.pid, signal.SIGKILL)
    wait_until(lambda: not process.is_alive())  # a zombie until it is waited for
    child.join()
    assert not process.is_alive()
