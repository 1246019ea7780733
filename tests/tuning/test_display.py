"""What is told of a running study, on a terminal and elsewhere."""

import io

import optuna
import pytest
from optuna.trial import TrialState

from rl_zoo.config.model import RunConfig
from rl_zoo.tuning import display
from rl_zoo.tuning.display import StudyDisplay, duration_text, outcome, take_snapshot
from rl_zoo.tuning.options import TuneOptions

OPTIONS = TuneOptions(RunConfig("ppo", "Tiny-v0", 128, "MlpPolicy"), lambda values: None, 7)


@pytest.fixture
def study():
    """Two completed trials (the better one violates a constraint), a pruned, a failed one."""
    study = optuna.create_study(direction="maximize")
    for value, violation in ((3.0, -1.0), (9.0, 1.0)):
        trial = study.ask()
        trial.set_constraint("falls<=0", violation)
        study.tell(trial, value)
    pruned = study.ask()
    pruned.report(0.5, 1)
    study.tell(pruned, state=TrialState.PRUNED)
    for name, value in (("error", "cable"), ("interrupted", True)):
        trial = study.ask()
        trial.set_user_attr(name, value)
        study.tell(trial, state=TrialState.FAIL)
    study.ask()
    return study


def test_snapshot(study):
    snapshot = take_snapshot(study)
    assert snapshot.text() == ("best 3.00 (trial 0); 2 done, 1 pruned, 1 failed, 1 running"), (
        "the best that respects the constraint; what was interrupted has not failed"
    )
    assert take_snapshot(optuna.create_study()).best == "best none yet"


def test_lines(study, capsys):
    with StudyDisplay(OPTIONS, 6, live=False) as shown:
        for trial in study.trials[:5]:
            shown.trial_ended(study, trial)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("trial 0 (1 of 6): 3.00; best 3.00 (trial 0); 2 done")
    assert "trial 1 (2 of 6): 9.00, violates a constraint" in lines[1]
    assert "pruned at 0.50" in lines[2]
    assert "failed (cable)" in lines[3]
    assert "trial 4 (5 of 6): interrupted" in lines[4]


def test_a_lost_trial_is_told_as_lost():
    trial = optuna.trial.create_trial(state=TrialState.FAIL, user_attrs={"lost": "process 7 ended"})
    assert outcome(trial) == "lost (process 7 ended)"


def test_several_workers_are_told_of_once(study, capsys):
    shown = StudyDisplay(OPTIONS, 6, live=False)
    shown.refresh(study)
    shown.refresh(study)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("4 of 6 trials: best 3.00 (trial 0); 2 done")


def test_bar(study, monkeypatch):
    from rich.console import Console

    text = io.StringIO()
    monkeypatch.setattr(
        "rich.console.Console",
        lambda **_: Console(file=text, force_terminal=True, width=120, legacy_windows=False),
    )
    with StudyDisplay(OPTIONS, 6, live=True) as shown:
        shown.trial_ended(study, study.trials[0])
    assert "1 of 6 trials" in text.getvalue()
    assert "best 3.00 (trial 0); 2 done, 1 pruned, 1 failed" in text.getvalue()
    text.truncate(0)
    fresh = optuna.create_study(direction="maximize")
    with StudyDisplay(OPTIONS, 6, live=True) as shown:
        shown.begin_reevaluation(fresh, 4)
    assert "0 of 4 re-evaluations" in text.getvalue()


def test_a_worker_has_no_bar(monkeypatch):
    from dataclasses import replace

    monkeypatch.setattr(display, "_make_bar", lambda status: pytest.fail("a bar"))
    StudyDisplay(replace(OPTIONS, is_worker=True), 3, live=True)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "0 s"), (99, "99 s"), (187, "3:07 min"), (9000, "2:30 h")]
)
def test_durations(seconds, text):
    assert duration_text(seconds) == text


def test_time_left_shrinks_while_a_trial_runs(study, monkeypatch):
    clock = [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[-1])
    shown = StudyDisplay(OPTIONS, 3, live=False)
    clock.append(1100.0)
    shown.trial_ended(study, study.trials[0])
    texts = []
    for now in (1100.0, 1160.0, 1400.0):
        clock.append(now)
        texts.append(shown._status()[1])
    assert "about 3:20 min left" in texts[0], "two more at 100 s each"
    assert "about 2:20 min left" in texts[1]
    assert "about 0 s left" in texts[2]
