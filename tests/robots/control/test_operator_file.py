"""A word that a command leaves reaches the operator's side of the process that drives the robot."""

import os

from rl_zoo.envs.operator import Operator, OperatorSettings
from rl_zoo.robots.control.operator_file import leave_word, operator_file
from rl_zoo.robots.control.settings import ControlSettings


def test_a_word_is_heard_once_by_the_process_it_is_for(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    operator = Operator(OperatorSettings(terminal=False), ControlSettings(), tmp_path)
    leave_word(os.getpid() + 1, "stop")
    assert operator.listen(frozenset()) == []
    file = leave_word(os.getpid(), "pause")
    (tmp_path / "operator.txt").write_text("yes")
    assert sorted(operator.listen(frozenset())) == ["pause", "yes"]
    assert not file.exists(), "whoever left it sees that it was heard"
    assert operator.listen(frozenset()) == []


def test_what_was_left_for_an_earlier_session_is_not_heard(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    leave_word(os.getpid(), "yes")
    operator = Operator(OperatorSettings(terminal=False), ControlSettings(), tmp_path)
    assert operator.listen(frozenset()) == []
    assert not operator_file(os.getpid()).exists()
