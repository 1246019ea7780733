"""The limits of the house style are noticed when they are exceeded."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def sizes() -> ModuleType:
    path = Path(__file__).parents[2] / "scripts" / "check_sizes.py"
    spec = importlib.util.spec_from_file_location("check_sizes", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("name", "source", "problem"),
    [
        ("long.py", "x = 1\n" * 401, "401 lines"),
        ("long.py", "def run():\n" + "    x = 1\n" * 60, "run has 61 lines"),
        ("wide.py", "def run(a, b, c, d, e, f, *, g): ...\n", "run has 7 parameters"),
        ("utils.py", "x = 1\n", "'utils' says nothing"),
    ],
)
def test_limit_is_noticed(sizes: ModuleType, name: str, source: str, problem: str) -> None:
    [found] = sizes.find_problems(Path(name), source)

    assert problem in found
    assert found.startswith(f"{name}:1: ")


@pytest.mark.parametrize(
    "source",
    [
        "x = 1\n" * 400,
        "def run():\n" + "    x = 1\n" * 59,
        "class A:\n    def run(self, a, b, c, d, e, f): ...\n",
        "@override\ndef run(a, b, c, d, e, f, g): ...\n",
    ],
)
def test_limit_itself_is_allowed(sizes: ModuleType, source: str) -> None:
    assert list(sizes.find_problems(Path("good.py"), source)) == []
