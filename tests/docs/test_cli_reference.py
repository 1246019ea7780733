"""The reference of the commands says what the commands do."""

from __future__ import annotations

import argparse
import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    path = ROOT / "scripts" / "write_cli_reference.py"
    spec = importlib.util.spec_from_file_location("write_cli_reference", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_page_is_up_to_date(reference: ModuleType) -> None:
    assert reference.main(["--check"]) == 0, "run `make reference`"


@pytest.mark.parametrize("command", ["train", "enjoy"])
def test_every_flag_is_on_the_page(reference: ModuleType, command: str) -> None:
    from rl_zoo.cli import COMMANDS

    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    section = page.partition(f"\n## {command}\n")[2].partition("\n## ")[0]
    parser = reference.load_parsers({command: COMMANDS[command]})[command]
    for action in parser._actions:
        if action.help is argparse.SUPPRESS or "--help" in action.option_strings:
            continue
        for flag in action.option_strings:
            assert f"`{flag}`" in section, f"{flag} of {command} is not in docs/cli.md"


def test_every_option_of_every_command_says_what_it_does(reference: ModuleType) -> None:
    from rl_zoo.cli import COMMANDS

    for name, parser in reference.load_parsers(COMMANDS).items():
        for action in parser._actions:
            assert action.help, f"{name}: {action.option_strings or action.dest} has no help text"


def test_a_row_shows_spellings_value_default_and_meaning(reference: ModuleType) -> None:
    parser = argparse.ArgumentParser(prog="x", description="Do a thing.")
    parser.add_argument("-n", "--steps", type=int, default=5, help="steps | default %(default)s")
    parser.add_argument("--kind", choices=["a", "b"], help="which <one>")
    parser.add_argument("--secret", help=argparse.SUPPRESS)

    page = reference.render_page({"x": parser})

    assert "| `-n`, `--steps` STEPS | `5` | steps \\| default 5 |" in page
    assert "| `--kind` {a,b} |  | which &lt;one> |" in page
    assert "secret" not in page
