"""The page on the simulated robot has every fault with its defaults."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rl_zoo.robots.simulated.fault_kinds import FAULT_KINDS

PAGE = (Path(__file__).parents[2] / "docs" / "simulated_robot.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", FAULT_KINDS)
def test_every_fault_is_on_the_page(name: str) -> None:
    row = re.search(rf"^\| `{name}` \| (.*?) \|", PAGE, re.MULTILINE)
    assert row is not None
    kind = FAULT_KINDS[name]
    if kind.duration:
        assert f"{kind.duration:g} s" in row[1]
    for key, parameter in kind.parameters.items():
        default = parameter.default
        text = f"{default:g}" if isinstance(default, float) else str(default)
        assert f"`{key}={text}`" in row[1]
