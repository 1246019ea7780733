"""What the operator says reaches the environment once, whichever way it is said."""

import pytest

from rl_zoo.envs.operator import Operator, OperatorSettings
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


def test_a_button_counts_when_it_is_pressed_not_while_it_is_held(operator):
    start = frozenset({"start"})
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
