"""What the operator says reaches the environment once, whichever way it is said."""

import os
import pty
import signal
import sys
import time

import pytest

from rl_zoo.envs.operator import Operator, OperatorSettings
from rl_zoo.robots.control.operator_file import leave_word
from rl_zoo.robots.control.settings import ControlSettings

NOTHING = frozenset()


@pytest.fixture
def operator(tmp_path):
    return Operator(OperatorSettings(), ControlSettings(), tmp_path)


def test_a_word_in_the_file_is_heard_once(operator, tmp_path):
    (tmp_path / "operator.txt").write_text("pause\n")
    assert operator.listen(NOTHING) == ["pause"]
    assert operator.listen(NOTHING) == []
    (tmp_path / "operator.txt").write_text("Y Stop")
    assert operator.listen(NOTHING) == ["yes", "stop"]


def test_what_was_said_before_the_session_does_not_count(tmp_path):
    (tmp_path / "operator.txt").write_text("stop")
    assert Operator(OperatorSettings(), ControlSettings(), tmp_path).listen(NOTHING) == []


def test_a_typo_is_answered_with_the_nearest_word(operator, tmp_path, capsys):
    (tmp_path / "operator.txt").write_text("resme")
    assert operator.listen(NOTHING) == []
    assert "'resme' is not understood; did you mean 'resume'?" in capsys.readouterr().err


START = frozenset({"start"})


def test_a_button_counts_when_it_is_pressed_not_while_it_is_held(operator):
    start = START
    assert operator.listen(NOTHING) == []
    assert operator.listen(start) == ["yes"]
    assert operator.listen(start) == []
    assert operator.listen(NOTHING) == []
    assert operator.listen(start | {"A"}) == ["yes"]
    assert operator.listen(frozenset({"select"})) == ["pause"]


def test_a_question_names_every_way_to_answer(operator, tmp_path, capsys):
    operator.ask("ready?")
    told = capsys.readouterr().err
    assert told.startswith("ready? [")
    assert f"echo yes > {tmp_path / 'operator.txt'}" in told
    assert "start on the remote" in told


def test_an_answer_given_before_the_question_is_none(operator, tmp_path, capsys):
    (tmp_path / "operator.txt").write_text("yes resume battery no pause stop")
    operator.ask("re-arm?")
    assert operator.listen(NOTHING) == ["pause", "stop"], "these are no answers, but wishes"
    assert operator.listen(NOTHING) == []
    (tmp_path / "operator.txt").write_text("yes")
    assert operator.listen(NOTHING) == ["yes"]


def test_a_word_of_a_command_before_the_question_is_no_answer(operator):
    leave_word(os.getpid(), "yes")
    operator.ask("re-arm?")
    assert operator.listen(NOTHING) == []
    leave_word(os.getpid(), "yes")
    assert operator.listen(NOTHING) == ["yes"]


def test_a_button_held_before_the_question_is_no_answer(operator):
    assert operator.listen(START) == [], "held since before this session"
    assert operator.listen(NOTHING) == []
    assert operator.listen(START) == ["yes"]
    operator.ask("again?")
    assert operator.listen(START) == []
    operator.ask("and again?")
    assert operator.listen(NOTHING) == []
    assert operator.listen(START) == ["yes"]


def test_a_pause_that_is_held_when_a_question_is_asked_counts(operator):
    operator.ask("again?")
    assert operator.listen(frozenset({"select"})) == ["pause"]


def on_terminal(tmp_path, body):
    """Run ``body(operator)`` on a terminal of its own; return the terminal's other end."""
    pid, terminal = pty.fork()
    if pid == 0:
        code = 1
        try:
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            sys.stdin = open(0, closefd=False)  # noqa: SIM115 - pytest has replaced it
            body(Operator(OperatorSettings(), ControlSettings(), tmp_path))
            code = 0
        finally:
            os._exit(code)
    return pid, terminal


def heard(operator, seconds=10.0):
    """Return the first words."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if words := operator.listen(NOTHING):
            return words
        time.sleep(0.01)
    return []


def see(file, seconds=30.0):
    deadline = time.monotonic() + seconds
    while not file.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("typed", "words"), [("y\n", "yes"), ("\n", "no"), ("\x04", "no"), ("n\n", "no")]
)
def test_the_terminal_answers_and_defaults_to_the_safe_side(tmp_path, typed, words):
    def body(operator):
        time.sleep(0.01)
        (tmp_path / "typed").touch()
        see(tmp_path / "go")
        operator.ask("go on?")
        (tmp_path / "asked").touch()
        (tmp_path / "answer.tmp").write_text(" ".join(heard(operator)))
        (tmp_path / "answer.tmp").rename(tmp_path / "answer")

    pid, terminal = on_terminal(tmp_path, body)
    try:
        see(tmp_path / "typed")
        os.write(terminal, b"yes\n")  # before anything was asked
        time.sleep(0.1)
        (tmp_path / "go").touch()
        see(tmp_path / "asked")
        os.write(terminal, typed.encode())
        see(tmp_path / "answer")
        assert (tmp_path / "answer").read_text() == words
        assert os.waitpid(pid, 0)[1] == 0
    finally:
        os.close(terminal)


def test_a_closed_terminal_is_no_yes_and_no_error(tmp_path):
    def body(operator):
        operator.ask("go on?")
        (tmp_path / "asked").touch()
        see(tmp_path / "closed")
        (tmp_path / "answer.tmp").write_text(" ".join(heard(operator, 0.3)))
        (tmp_path / "answer.tmp").rename(tmp_path / "answer")

    pid, terminal = on_terminal(tmp_path, body)
    see(tmp_path / "asked")
    os.close(terminal)
    (tmp_path / "closed").touch()
    see(tmp_path / "answer")
    assert (tmp_path / "answer").read_text() in ("", "no")
    assert os.waitpid(pid, 0)[1] == 0
