"""``doctor`` says what this computer offers, without the learning libraries."""

import subprocess
import sys

from rl_zoo.agents.native.build import chosen_isa, library_path
from rl_zoo.commands.doctor import main


def test_one_screen_without_the_learning_libraries():
    code = """
import sys
from rl_zoo.cli import main
assert main(["doctor"]) == 0
assert not {"torch", "jax", "stable_baselines3", "gymnasium"} & set(sys.modules)
"""
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    lines = answer.stdout.splitlines()
    assert len(lines) <= 24 and max(map(len, lines)) <= 160
    subjects = [line.split()[0] for line in lines if not line.startswith(" ")]
    assert {"processor", "threads", "real", "memory", "native", "jax", "gpu"} <= set(subjects)
    assert "SCHED_FIFO" in answer.stdout
    assert "cores usable" in answer.stdout


def test_library_that_is_built_is_named(capsys):
    library_path()
    assert main([]) == 0
    told = capsys.readouterr().out
    assert library_path().name in told and chosen_isa() in told


def test_missing_library_is_told_with_the_command_that_builds_it(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("RL_ZOO_CACHE", str(tmp_path))
    assert main([]) == 0
    assert "not built" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_build_without_compiler_fails_in_one_sentence(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("RL_ZOO_CACHE", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["--build"]) == 1
    assert "no C++ compiler" in capsys.readouterr().err
    assert main([]) == 0
    assert "no compiler" in capsys.readouterr().out


def test_unknown_instruction_set_is_told(monkeypatch, capsys):
    monkeypatch.setenv("RL_ZOO_NATIVE_ISA", "mmx")
    assert main([]) == 0
    assert "RL_ZOO_NATIVE_ISA=mmx" in capsys.readouterr().out
