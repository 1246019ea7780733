"""The errors a user can meet, each with its exit code.

Every message names what is wrong, where (``file:key`` or flag), the nearest valid name where there
is one, and what to do next. The command line prints the message alone; ``--debug`` adds the
traceback.
"""

from __future__ import annotations

from collections.abc import Sequence


class ZooError(Exception):
    """Root of all errors that rl_zoo raises on purpose.

    Attributes:
        exit_code: Exit status of the process that ends with this error.
    """

    exit_code = 1


class UsageError(ZooError):
    """A flag, argument or combination of arguments that cannot be used."""

    exit_code = 2


class ConfigError(ZooError):
    """One or several mistakes in a configuration; all are reported at once.

    Args:
        problems: One sentence per mistake, each starting with its place (``file:key`` or flag).
    """

    exit_code = 2

    def __init__(self, problems: str | Sequence[str]) -> None:
        self.problems = [problems] if isinstance(problems, str) else list(problems)
        super().__init__("\n".join(self.problems))


class UnsafeFileError(ZooError):
    """A file that would execute code when read (pickle or YAML tag off the allow-list)."""

    exit_code = 2


class DamagedFileError(ZooError):
    """A file that is truncated, corrupt or of another kind than its name says."""

    exit_code = 2


class MissingDependencyError(ZooError):
    """An optional package that the chosen feature needs is not installed."""

    exit_code = 2


class NothingFoundError(ZooError):
    """No run, checkpoint or result matches what was asked for."""

    exit_code = 3


class RobotFault(ZooError):
    """The robot (or its environment) failed or was stopped for safety."""

    exit_code = 4


class NonFiniteError(RobotFault):
    """NaN or infinity in an observation, reward, action or in the weights."""


class UnsavedError(ZooError):
    """A result could not be written (full disk, missing rights)."""


class TrainingInterrupted(ZooError):
    """The run was interrupted (signal, operator) after everything was saved."""

    exit_code = 130
