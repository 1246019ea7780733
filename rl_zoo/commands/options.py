"""The argument parser of every command, and how a command ends.

Standard library only: ``--help`` and a mistyped flag are answered before anything heavy is
imported.
"""

from __future__ import annotations

import argparse
import errno
import re
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from rl_zoo import __version__, console
from rl_zoo.errors import ZooError
from rl_zoo.suggest import nearest_name

_DISK_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO})


class ZooArgumentParser(argparse.ArgumentParser):
    """An ``ArgumentParser`` that answers a mistyped flag or choice with the nearest valid one."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("formatter_class", _HelpFormatter)
        super().__init__(**kwargs)
        self.add_argument("--version", action="version", version=f"rl_zoo {__version__}")
        self.add_argument(
            "--debug", action="store_true", help="show the Python traceback of an error"
        )

    def error(self, message: str) -> NoReturn:
        """Print one sentence that names the nearest valid flag or choice, and exit with code 2."""
        console.error(self._with_nearest(message))
        console.message(f"See: {self.prog} --help")
        raise SystemExit(2)

    def flags(self) -> list[str]:
        """Return every flag, in all its spellings."""
        return [flag for action in self._actions for flag in action.option_strings]

    def _with_nearest(self, message: str) -> str:
        unknown = re.match(r"unrecognized arguments: (.+)", message)
        if unknown:
            flags = self.flags()
            flag = next((w for w in unknown[1].split() if w.startswith("-")), "")
            nearest = nearest_name(flag.split("=")[0], flags) if flag else None
            if nearest:
                return f"unknown flag '{flag}'; did you mean '{nearest}'?"
            return f"unknown argument '{unknown[1]}'"
        choice = re.match(r"argument (.+): invalid choice: '(.+)' \(choose from (.+)\)", message)
        if choice:
            valid = [word.strip(" '") for word in choice[3].split(",")]
            nearest = nearest_name(choice[2], valid)
            hint = f"did you mean '{nearest}'?" if nearest else f"valid: {', '.join(valid)}"
            return f"{choice[1]}: unknown value '{choice[2]}'; {hint}"
        return message


class _NotGiven:
    """Stands for the value of a flag that is not on the command line."""

    def __bool__(self) -> bool:
        return False


def given_flags(parser: argparse.ArgumentParser, argv: Sequence[str] | None) -> set[str]:
    """Return the names (``dest``) of the flags on a command line that ``parser`` can read."""
    missing = _NotGiven()
    names = [action.dest for action in parser._actions]
    found = parser.parse_args(argv, argparse.Namespace(**dict.fromkeys(names, missing)))
    return {name for name in names if getattr(found, name, missing) is not missing}


class _HelpFormatter(argparse.ArgumentDefaultsHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Keep the examples as written and show every default that says something."""

    def __init__(self, prog: str, **kwargs: Any) -> None:
        kwargs["max_help_position"] = 32
        super().__init__(prog, **kwargs)

    def _get_help_string(self, action: argparse.Action) -> str | None:
        if action.default in (None, False, [], ""):
            return action.help
        if isinstance(action.default, list):  # of paths, say, whose type is of no interest
            return f"{action.help} (default: {' '.join(map(str, action.default))})"
        return super()._get_help_string(action)


class ExtendAction(argparse.Action):
    """Collect the values of a repeated ``-params a:1 b:2`` flag; later ones add to earlier ones."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Append ``values`` to what the flag already holds."""
        setattr(namespace, self.dest, [*(getattr(namespace, self.dest) or []), *values])


def parse_boolean(text: str) -> bool:
    """Read ``true/false``, ``yes/no`` or ``1/0`` (for the zoo, 'False' is true here)."""
    lowered = text.lower()
    if lowered in ("true", "yes", "1"):
        return True
    if lowered in ("false", "no", "0"):
        return False
    raise argparse.ArgumentTypeError(f"'{text}' is not a boolean; use true or false")


def parse_kept_part(text: str) -> int | str:
    """Read how much of a replay buffer to keep: ``none``, ``all`` or a number of transitions."""
    if text in ("none", "all"):
        return text
    if text.isdecimal() and int(text) > 0:
        return int(text)
    raise argparse.ArgumentTypeError(
        f"'{text}' is no part of a buffer; use none, all or the number of transitions to keep"
    )


def run_command(
    parser: ZooArgumentParser,
    argv: Sequence[str] | None,
    action: Callable[[argparse.Namespace], int],
) -> int:
    """Parse ``argv``, run ``action`` and return the exit code.

    An error of ours becomes its message and its exit code; any other exception is an internal
    error (code 1) whose traceback is shown with ``--debug``.
    """
    arguments = parser.parse_args(argv)
    try:
        return action(arguments)
    except ZooError as error:
        if arguments.debug:
            traceback.print_exc()
        console.error(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        console.error("interrupted")
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except Exception as error:
        if arguments.debug:
            traceback.print_exc()
        console.error(_unexpected(error))
        return 1


def positive_number(text: str) -> float:
    """Read a positive, finite number (argparse type)."""
    try:
        value = float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number") from error
    if not 0.0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return value


def _unexpected(error: Exception) -> str:
    """Return a sentence for an error that nobody expected; a full disk is nobody's mistake."""
    if isinstance(error, OSError) and error.errno in _DISK_ERRORS:
        place = "" if error.filename is None else f"{error.filename}: "
        return f"{place}{error.strerror}; what was written before is kept"
    summary = f"{type(error).__name__}: {error}".rstrip(": ")
    return f"internal error: {summary} (run again with --debug for the traceback)"
