"""Every command that a page shows is one that the program accepts."""

from __future__ import annotations

import importlib
import itertools
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
OTHER_PROGRAMS = {
    "git",
    "cd",
    "pip",
    "uv",
    "python",
    "python3",
    "source",
    "sudo",
    "rl_zoo",
    "make",
    "optuna-dashboard",
}
ASSIGNMENT = re.compile(r"[A-Z_]+=.*")
FENCE = re.compile(r"^```(?:bash|sh|shell|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def shell_commands(text: str) -> Iterator[list[str]]:
    """Yield the words of every command in the shell blocks of a page."""
    for block in FENCE.findall(text):
        for line in block.replace("\\\n", " ").splitlines():
            lexer = shlex.shlex(line.removeprefix("$ "), posix=True, punctuation_chars=";|&")
            lexer.whitespace_split = True
            for is_operator, group in itertools.groupby(lexer, lambda word: word[0] in ";|&"):
                words = list(itertools.dropwhile(ASSIGNMENT.fullmatch, group))
                if words and not is_operator:
                    yield words


def page_commands() -> list[tuple[str, list[str]]]:
    return [
        (page.name, words)
        for page in PAGES
        for words in shell_commands(page.read_text(encoding="utf-8"))
    ]


def is_ours(words: list[str]) -> bool:
    program = Path(words[0]).name
    return program == "rl_zoo" or (
        program.startswith("python") and words[1:2] == ["-m"] and words[2].startswith("rl_zoo")
    )


def split_command(words: list[str]) -> tuple[str, list[str]]:
    """Return the module of one of our commands, and its arguments."""
    from rl_zoo.cli import COMMANDS

    if Path(words[0]).name == "rl_zoo":
        name, arguments = words[1], words[2:]
    elif words[2] == "rl_zoo.cli":
        name, arguments = words[3], words[4:]
    else:
        return words[2], words[3:]
    assert name in COMMANDS, f"'{name}' is not a command: {sorted(COMMANDS)}"
    module = COMMANDS[name][0].partition(":")[0]
    sub_commands = getattr(importlib.import_module(module), "SUBCOMMANDS", {})
    if arguments and arguments[0] in sub_commands:
        return sub_commands[arguments[0]][0], arguments[1:]
    return module, arguments


COMMANDS_OF_PAGES = page_commands()
CASES = [
    pytest.param(page, words, id=" ".join([page, *words])) for page, words in COMMANDS_OF_PAGES
]


@pytest.mark.parametrize(("page", "words"), CASES)
def test_shown_command_is_accepted(page: str, words: list[str]) -> None:
    if is_ours(words):
        module, arguments = split_command(words)
        if arguments in (["--help"], ["--version"]):
            return
        try:
            importlib.import_module(module).build_parser().parse_args(arguments)
        except SystemExit as refused:
            pytest.fail(f"{page}: `{' '.join(words)}` is refused with exit code {refused.code}")
    elif words[0] == "make":
        targets = [word for word in words[1:] if "=" not in word]
        variables = [word.partition("=")[0] for word in words[1:] if "=" in word]
        for target in targets:
            assert re.search(rf"^(?:[a-z-]+ )*{target}(?: [a-z-]+)*:", MAKEFILE, re.MULTILINE), (
                target
            )
        for variable in variables:
            assert re.search(rf"^{variable} \?=", MAKEFILE, re.MULTILINE), (
                f"make {variable}=: unknown"
            )
    else:
        assert Path(words[0]).name in OTHER_PROGRAMS, f"{page}: who runs '{words[0]}'?"


def test_readme_shows_the_two_commands_first() -> None:
    readme = [words for page, words in COMMANDS_OF_PAGES if page == "README.md"]
    of_make = [words for words in readme if words[0] == "make"]

    assert of_make[:2] == [["make", "demo"], ["make", "test"]]
    assert sum(is_ours(words) for words in readme) >= 5


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8")):
        if not re.match(r"[a-z]+:", target):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_index_links_every_page() -> None:
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    for page in sorted((ROOT / "docs").glob("*.md")):
        if page.name != "index.md":
            assert f"({page.name})" in index, f"docs/index.md does not link {page.name}"


def test_commented_and_continued_lines_are_read_as_a_shell_does() -> None:
    lines = [
        "X=1 make demo   # comment; 'quoted",
        "python -m rl_zoo.train \\",
        "  --algo sac && make test",
    ]
    text = "\n".join(["```bash", *lines, "```", ""])

    assert list(shell_commands(text)) == [
        ["make", "demo"],
        ["python", "-m", "rl_zoo.train", "--algo", "sac"],
        ["make", "test"],
    ]
