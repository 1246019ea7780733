"""The best model stays the best one that is on disk."""

import math

import pytest

from rl_zoo.callbacks.evaluation_history import EvaluationHistory
from rl_zoo.realtime import candidates
from rl_zoo.realtime.monitor_file import MonitorFile
from rl_zoo.realtime.run_books import RunBooks
from rl_zoo.runs.folder import RunFolder
from rl_zoo.runs.record import RunRecord


@pytest.fixture
def books(tmp_path, monkeypatch):
    monkeypatch.setattr(candidates, "PATIENCE", 0.0)
    folder = RunFolder(tmp_path, "Pendulum-v1")
    folder.realtime.mkdir(parents=True)
    record = RunRecord("sac", "Pendulum-v1", 0, 1000)
    monitor = MonitorFile(folder.monitor_file(0), "Pendulum-v1")
    return RunBooks(folder, record, EvaluationHistory(), monitor)


def evaluate(books, number, mean, *, is_written):
    """Report an evaluation, whose model the learner has written or not."""
    if is_written:
        books.folder.candidate_model(number).write_bytes(b"model %d" % number)
    event = {"kind": "evaluation", "number": number, "step": 100 * number, "version": number}
    books.take([{**event, "returns": [mean], "lengths": [10], "metrics": [], "end_reasons": {}}])
    books.take([])


def test_model_that_was_lost_with_its_learner_does_not_keep_later_ones_from_being_saved(
    books, capfd
):
    evaluate(books, 1, 10.0, is_written=True)
    evaluate(books, 2, 30.0, is_written=False)
    assert "of step 200, was not saved by the learner" in capfd.readouterr().err
    assert books.folder.best_model.read_bytes() == b"model 1" and books.history.best_mean == 10.0
    evaluate(books, 3, 20.0, is_written=True)
    assert books.folder.best_model.read_bytes() == b"model 3"
    evaluate(books, 4, 15.0, is_written=True)
    assert books.folder.best_model.read_bytes() == b"model 3"
    assert not books.folder.candidate_model(4).exists()


def test_lost_first_model_leaves_none_to_beat(books):
    evaluate(books, 1, 10.0, is_written=False)
    assert books.history.best_mean == -math.inf
