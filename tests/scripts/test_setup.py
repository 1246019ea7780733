"""The set-up says in one sentence what is missing, and pins the same PyTorch everywhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TARGETS = [
    *("help", "setup", "demo", "train", "enjoy", "tune", "plots", "test", "test-all"),
    *("lint", "types", "check", "bench", "docs", "clean"),
]


def run_setup(folder: Path, *arguments: str, python: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHON": python, "VENV": str(folder / "venv")}
    command = ["bash", str(ROOT / "scripts" / "setup.sh"), *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def write_interpreter(folder: Path, *, fails_on: str) -> str:
    """Write a stand-in for Python that fails when its code mentions ``fails_on``."""
    path = folder / "python"
    path.write_text(
        "#!/usr/bin/env bash\n"
        '[ "$1" = -V ] && { echo Python 3.9.2; exit 0; }\n'
        f'case "$*" in *"{fails_on}"*) exit 1 ;; esac\n'
        f'exec "{sys.executable}" "$@"\n',
        encoding="utf-8",
    )
    path.chmod(0o755)
    return str(path)


def assert_one_sentence(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert done.returncode == 2
    assert done.stderr.startswith("setup: ")
    assert done.stderr.count("\n") == 1
    for word in words:
        assert word in done.stderr


def test_missing_python(tmp_path: Path) -> None:
    done = run_setup(tmp_path, python="no-such-python")

    assert_one_sentence(done, "'no-such-python' was not found", "make setup PYTHON=")
    assert not (tmp_path / "venv").exists()


def test_old_python(tmp_path: Path) -> None:
    done = run_setup(tmp_path, python=write_interpreter(tmp_path, fails_on="version_info"))

    assert_one_sentence(done, "needs Python 3.10 or newer", "is Python 3.9.2")
    assert not (tmp_path / "venv").exists()


def test_missing_venv_module(tmp_path: Path) -> None:
    done = run_setup(tmp_path, python=write_interpreter(tmp_path, fails_on="ensurepip"))

    assert_one_sentence(done, "venv module is missing", "sudo apt install python3-venv")


def test_unknown_torch_build(tmp_path: Path) -> None:
    done = run_setup(tmp_path, "gpu", python=sys.executable)

    assert_one_sentence(done, "TORCH=gpu is unknown", "auto, cpu or default")


def test_same_torch_everywhere() -> None:
    tested = (ROOT / "constraints" / "tested.txt").read_text(encoding="utf-8")
    cpu = (ROOT / "constraints" / "cpu.txt").read_text(encoding="utf-8")
    version = re.search(r"^torch==([\d.]+)$", tested, re.MULTILINE)

    assert version is not None
    assert f"torch=={version[1]}+cpu" in cpu.splitlines()


def test_dependency_groups_equal_extras() -> None:
    tomllib = pytest.importorskip("tomllib")  # Python 3.11
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

    for name in ("tests", "docs"):
        extra = project["project"]["optional-dependencies"][name]
        assert project["dependency-groups"][name] == extra


@pytest.mark.parametrize("target", TARGETS)
def test_make_help_lists_target(target: str) -> None:
    shown = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert re.search(rf"^  make {target} +\w", shown, re.MULTILINE)
