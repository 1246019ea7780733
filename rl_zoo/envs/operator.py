"""Talk with the person at the robot: terminal, control file, buttons of the remote."""

from __future__ import annotations

import contextlib
import os
import select
import sys
import termios
import time
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from rl_zoo import console
from rl_zoo.errors import ConfigError
from rl_zoo.robots.control.operator_file import operator_file
from rl_zoo.robots.control.settings import ControlSettings
from rl_zoo.suggest import did_you_mean, nearest_name

WORDS = ("yes", "no", "pause", "resume", "stop", "battery")
"""What an operator can say. ``battery``: the battery was changed (as yes, if that was asked)."""
CONTROL_FILE = "operator.txt"
"""Name of the control file in a run's folder."""
_SHORT = {"y": "yes", "n": "no", "": "no"}
"""What is typed for short; Enter alone is the safe answer."""
_ANSWERS = frozenset({"yes", "no", "resume", "battery"})


@dataclass(frozen=True)
class OperatorSettings:
    """How the operator is asked."""

    file: Path | None = None
    """Control file; None: ``operator.txt`` in the run's folder, else in the working directory."""
    terminal: bool = True
    """Ask on the terminal too, if there is one."""
    assume_yes: bool = False
    """Answer every question with yes but that after an emergency stop (unattended tests)."""


def read_operator_settings(given: object) -> OperatorSettings:
    """Return the settings from plain values.

    Raises:
        ConfigError: All problems at once, each starting with ``operator.<key>``.
    """
    names = tuple(item.name for item in fields(OperatorSettings))
    if not isinstance(given, Mapping):
        raise ConfigError(f"operator: must be a mapping of {', '.join(names)}, not {given!r}")
    problems = [
        f"operator.{name}: unknown{did_you_mean(str(name), names)}"
        for name in given
        if name not in names
    ]
    for name in ("terminal", "assume_yes"):
        if not isinstance(given.get(name, True), bool):
            problems.append(f"operator.{name}: must be true or false, not {given[name]!r}")
    file = given.get("file")
    if file is not None and not isinstance(file, (str, Path)):
        problems.append(f"operator.file: must be the name of a file, not {file!r}")
    if problems:
        raise ConfigError(problems)
    return OperatorSettings(
        None if file is None else Path(file),
        given.get("terminal", True),
        given.get("assume_yes", False),
    )


class Operator:
    """Hears what the operator says, whichever way; never waits.

    The control file is taken away when it is read: ``echo pause > operator.txt`` says one thing
    once. The terminal is read only while something is asked, and only from the foreground. What was
    said, pressed or typed before a question is no answer to it.

    Args:
        settings: Where to listen.
        control: Chords of the remote.
        folder: Of the run, or None.

    Attributes:
        activity: What the robot is used for now, e.g. ``trial 3``; empty: not said.
    """

    def __init__(
        self, settings: OperatorSettings, control: ControlSettings, folder: Path | None = None
    ) -> None:
        self.settings = settings
        self.file = settings.file or (folder or Path()) / CONTROL_FILE
        self.activity = ""
        self._chords = (
            ("pause", control.pause_buttons),
            ("yes", control.resume_buttons),
        )
        self._held: frozenset[str] | None = None
        self._is_asked = False
        self._typed = ""
        self._before: list[str] = []
        self._take_file()  # what was said before this session began

    def about_activity(self, question: str) -> str:
        """Return a question that begins with what the robot is used for."""
        return f"{self.activity}: {question}" if self.activity else question

    def ask(self, question: str) -> None:
        """Show a question; ``listen`` hears the answer."""
        said = self._known(self._take_file().split(), str(self.file))
        self._before += [word for word in said if word not in _ANSWERS]
        self._held = None  # the next call of ``listen`` tells what is held already
        self._forget_typed()
        self._is_asked = True
        ways = [f"echo yes > {self.file}", "start on the remote"]
        if self._has_terminal():
            ways.insert(0, "yes and Enter here")
        console.message(f"{question} [{', '.join(ways)}; nothing: it stays as it is]")

    def answered(self) -> None:
        """Stop listening to the terminal."""
        self._is_asked = False

    def listen(self, buttons: frozenset[str]) -> list[str]:
        """Return the words said since the last call, of ``WORDS``.

        Args:
            buttons: Held on the remote now.
        """
        words, self._before = [*self._before, *self._pressed(buttons)], []
        words += self._known(self._take_file().split(), str(self.file))
        if self._is_asked and self._has_terminal():
            words += self._known(self._typed_lines(), "terminal")
        return words

    def _pressed(self, buttons: frozenset[str]) -> list[str]:
        """Return the words of the chords pressed since the last call.

        Of what was held when this began only a pause counts.
        """
        before, self._held = self._held, buttons
        return [
            word
            for word, chords in self._chords
            if (before is not None or word not in _ANSWERS)
            and any(
                buttons.issuperset(chord) and not (before or frozenset()).issuperset(chord)
                for chord in chords
            )
        ]

    def _take_file(self) -> str:
        """Return what the control file holds, and what ``rl_zoo robot pause`` left."""
        return f"{_take(self.file)} {_take(operator_file(os.getpid()))}"

    def _has_terminal(self) -> bool:
        if not self.settings.terminal:
            return False
        try:
            descriptor = sys.stdin.fileno()
            # Reading from the background would stop the whole process.
            return os.isatty(descriptor) and os.tcgetpgrp(descriptor) == os.getpgrp()
        except (AttributeError, OSError, ValueError):
            return False

    def _typed_lines(self) -> list[str]:
        """Return the lines typed since the last call; the end of input is an empty one."""
        descriptor = sys.stdin.fileno()
        try:
            if not select.select([descriptor], [], [], 0.0)[0]:
                return []
            typed = os.read(descriptor, 4096)
        except OSError:  # the terminal was closed
            return []
        if not typed:
            self._typed = ""
            return [""]
        self._typed += typed.decode(errors="replace")
        *lines, self._typed = self._typed.split("\n")
        return lines

    def _forget_typed(self) -> None:
        """Drop what was typed before anything was asked."""
        self._typed = ""
        if self._has_terminal():
            with contextlib.suppress(termios.error, OSError):
                termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)

    @staticmethod
    def _known(said: list[str], where: str) -> list[str]:
        words = []
        for word in (item.strip().lower() for item in said):
            word = _SHORT.get(word, word)
            if word in WORDS:
                words.append(word)
                continue
            nearest = nearest_name(word, WORDS)
            hint = f"; did you mean '{nearest}'?" if nearest else f"; say {', '.join(WORDS)}"
            console.warn(f"{where}: '{word}' is not understood{hint}")
        return words


def _take(file: Path) -> str:
    if not file.is_file():
        return ""
    taken = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        file.replace(taken)
        return taken.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""  # taken away meanwhile
    finally:
        with contextlib.suppress(OSError):
            taken.unlink(missing_ok=True)


def give_a_person_time() -> None:
    """Wait a moment in real time, where the robot's clock is a simulation's."""
    time.sleep(0.005)
