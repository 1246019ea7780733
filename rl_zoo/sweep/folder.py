"""The folder of a sweep, ``<log folder>/sweeps/<name>/``, and what is written there."""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from rl_zoo.errors import ConfigError, DamagedFileError, NothingFoundError, UsageError
from rl_zoo.runs.atomic import write_text
from rl_zoo.runs.record import now
from rl_zoo.suggest import did_you_mean
from rl_zoo.sweep.plan import SweepPlan, SweepRow

_FORMAT = 1
_NAME = re.compile(r"\w[\w.+-]*")
_SWEEPS = "sweeps"
ALL = "all"
"""Stands for every sweep, so none is called so."""


@dataclass(frozen=True)
class SweepFolder:
    """The folder of one sweep.

    Attributes:
        path: ``<log folder>/sweeps/<name>``.
    """

    path: Path

    @property
    def name(self) -> str:
        """Name of the sweep."""
        return self.path.name

    @property
    def log_folder(self) -> Path:
        """Where its runs are: ``<log folder>/<algo>/<env id>_<n>``."""
        return self.path.parent.parent

    @property
    def plan_file(self) -> Path:
        """What the sweep consists of."""
        return self.path / "sweep.json"

    @property
    def lock_file(self) -> Path:
        """Locked by the process that runs the sweep."""
        return self.path / "sweep.lock"

    @property
    def jobs(self) -> Path:
        """What executors keep."""
        return self.path / "jobs"

    @property
    def set_aside(self) -> Path:
        """Runs that left nothing to continue from."""
        return self.path / "set_aside"

    def row_lock(self, row: SweepRow) -> Path:
        """File that is locked while ``row`` is trained."""
        return self.path / "rows" / f"{row.key}.lock"

    def log(self, row: SweepRow) -> Path:
        """File that gets what the run of ``row`` prints."""
        return self.path / "output" / f"{row.key}.log"


def sweep_folder(log_folder: Path, name: str) -> SweepFolder:
    """Return the folder of the sweep called ``name``, whether it exists or not.

    Raises:
        ConfigError: If the name cannot be that of a folder.
    """
    if not _NAME.fullmatch(name) or name == ALL:
        raise ConfigError(
            f"--name '{name}': use letters, digits and the signs - _ . + (and not '{ALL}')"
        )
    return SweepFolder(log_folder / _SWEEPS / name)


def list_sweeps(log_folder: Path) -> list[SweepFolder]:
    """Return the sweeps of a log folder, the newest first."""
    found = [SweepFolder(file.parent) for file in (log_folder / _SWEEPS).glob("*/sweep.json")]
    return sorted(found, key=lambda sweep: (-sweep.plan_file.stat().st_mtime, sweep.name))


def find_sweep(log_folder: Path, name: str) -> SweepFolder:
    """Return the sweep called ``name``.

    Raises:
        NothingFoundError: If there is none.
    """
    folder = sweep_folder(log_folder, name)
    if not folder.plan_file.is_file():
        names = [sweep.name for sweep in list_sweeps(log_folder)]
        hint = did_you_mean(name, names)
        raise NothingFoundError(f"{name}: no such sweep in {folder.path.parent}{hint}")
    return folder


def read_plan(folder: SweepFolder) -> SweepPlan:
    """Read ``sweep.json``.

    Raises:
        DamagedFileError: If it is no plan of a sweep.
    """
    file = folder.plan_file
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        values = {item.name: content[item.name] for item in fields(SweepPlan)}
        for name in ("algos", "envs", "seeds", "flags"):
            kind = int if name == "seeds" else str
            if not all(isinstance(item, kind) for item in values[name]):
                raise TypeError(f"'{name}' is wrong")
            values[name] = tuple(values[name])
        return SweepPlan(**{**values, "name": folder.name})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DamagedFileError(f"{file}: not the plan of a sweep ({error})") from error


def write_plan(folder: SweepFolder, plan: SweepPlan) -> None:
    """Write ``sweep.json``."""
    write_text(folder.plan_file, json.dumps({"format": _FORMAT, **asdict(plan)}, indent=2) + "\n")


def create_sweep(log_folder: Path, plan: SweepPlan) -> tuple[SweepFolder, SweepPlan]:
    """Claim a folder for a new sweep and write its plan.

    A plan without name gets ``plan.name`` and the next free number; call this with the log folder's
    sweeps locked (see ``sweeps_lock``).

    Raises:
        UsageError: If the folder cannot be written.
    """
    folder = sweep_folder(log_folder, plan.name)
    plan = replace(plan, id=uuid.uuid4().hex[:6], created_at=now())
    try:
        folder.path.mkdir(parents=True, exist_ok=True)
        write_plan(folder, plan)
    except OSError as error:
        raise unwritable(log_folder, error) from error
    return folder, plan


def unwritable(log_folder: Path, error: OSError) -> UsageError:
    """Return the sentence about a log folder that cannot be written."""
    return UsageError(
        f"--log-folder {log_folder}: no sweep can be kept there ({error.strerror}); choose a "
        "writable folder with -f"
    )


def free_name(log_folder: Path, stem: str) -> str:
    """Return ``<stem>_<k>`` with the first k that no sweep has."""
    number = 1
    while (log_folder / _SWEEPS / f"{stem}_{number}").exists():
        number += 1
    return f"{stem}_{number}"


def sweeps_lock(log_folder: Path) -> Path:
    """Return the file to lock while a sweep is looked for and created."""
    return log_folder / _SWEEPS / ".lock"
