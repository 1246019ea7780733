"""``<log folder>/studies/<study>``: where a study is kept, and how its command continues it."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from rl_zoo.errors import UsageError
from rl_zoo.runs.atomic import write_text
from rl_zoo.runs.folder import file_name_of
from rl_zoo.tuning.options import TuneOptions
from rl_zoo.tuning.process import parse_process, this_process
from rl_zoo.tuning.storage import MEMORY, redacted

STUDIES = "studies"
JOURNAL = "study.log"
_ABOUT = "study.json"
_SESSIONS = "sessions"
FINISHED = "finished"
INTERRUPTED = "interrupted"
_RUNNING = "running"


@dataclass(frozen=True)
class Request:
    """What the command line asks for, beside the study itself."""

    identity: str
    """What makes two commands the same: all their flags that change results."""
    name: str | None = None
    """``--study-name``."""
    storage: str | None = None
    """``--storage``."""
    is_seed_given: bool = False
    is_worker: bool = False


@dataclass
class Session:
    """One process's part of a study: how many trials it was to run, and how many it has."""

    path: Path | None
    """Its file; None for a worker of ``--workers``, whose parent has one."""
    identity: str
    n_trials: int
    done: int = 0
    state: str = _RUNNING
    process: str = ""
    is_new_study: bool = False
    """Whether its folder was made for it."""
    total: int | None = None
    """Trials that the whole study is to have, where several workers run them for the session."""

    @property
    def is_running(self) -> bool:
        """Return whether it has not ended yet."""
        return self.state == _RUNNING

    def trial_ended(self) -> None:
        """Count a trial, so that the same command continues behind it."""
        self.done += 1
        self._write()

    def aim_at(self, total: int) -> None:
        """Say how many trials the whole study is to have."""
        self.total = total
        self._write()

    def end(self, state: str) -> None:
        """Say how it ended: ``FINISHED``, or ``INTERRUPTED`` if its command is to continue it."""
        self.state = state
        self._write()

    def withdraw(self) -> None:
        """Leave nothing behind of a study that could not begin."""
        if self.path is None:
            return
        folder = self.path.parent.parent
        self.path.unlink(missing_ok=True)
        if self.is_new_study and not (folder / JOURNAL).exists():
            shutil.rmtree(folder, ignore_errors=True)
            with contextlib.suppress(OSError):  # other studies, or runs, are there
                folder.parent.rmdir()
                folder.parent.parent.rmdir()

    def _write(self) -> None:
        if self.path is not None and self.path.parent.parent.is_dir():  # nobody deleted the study
            content = {
                name: value
                for name, value in asdict(self).items()
                if name not in ("path", "is_new_study")
            }
            write_text(self.path, json.dumps(content, indent=2) + "\n")


def place_study(options: TuneOptions, request: Request) -> tuple[TuneOptions, Session]:
    """Return the options with name, storage and folder of the study, and the session that begins.

    Without ``--study-name`` the same command continues what it left unfinished, and otherwise
    begins a new study ``<algo>_<env>_<k>``. What a process that was killed (or interrupted) had
    left of its trials is what this one runs.

    Args:
        options: What the flags say.
        request: How the study was named.

    Raises:
        UsageError: If the folder cannot be made.
    """
    studies = options.log_folder / STUDIES
    try:
        return _place(studies, options, request)
    except OSError as error:
        raise UsageError(
            f"--log-folder {options.log_folder}: cannot keep a study there ({error.strerror}); "
            "choose a writable folder with -f"
        ) from error


def folder_name(study_name: str) -> str:
    """Return how the folder of a study is called: what no file system minds."""
    return re.sub(r"[^\w.-]+", "-", study_name).strip(".-") or "study"


def _place(studies: Path, options: TuneOptions, request: Request) -> tuple[TuneOptions, Session]:
    if request.name is None:
        folder, session = _continued(studies, request) or _new_study(studies, options, request)
        name = str(_read(folder / _ABOUT).get("name", folder.name))
    else:
        name = request.name
        folder, is_new = _named_study(studies, name, options, request)
        session = _adopted(folder, request) or _begin(folder, options, request, is_new=is_new)
    storage = request.storage or str(folder / JOURNAL)
    seed = _read(folder / _ABOUT).get("seed", options.seed)
    placed = replace(
        options,
        study_name=name,
        study_folder=folder,
        storage=None if storage == MEMORY else storage,
        seed=options.seed if request.is_seed_given else int(seed),
        n_trials=max(session.n_trials - session.done, 0),
    )
    return placed, session


def _continued(studies: Path, request: Request) -> tuple[Path, Session] | None:
    """Take over an unfinished session of the same command, the newest first."""
    folders = [path.parent for path in studies.glob(f"*/{_ABOUT}")]
    for folder in sorted(folders, key=lambda path: path.stat().st_mtime, reverse=True):
        session = _adopted(folder, request)
        if session is not None:
            return folder, session
    return None


def _adopted(folder: Path, request: Request) -> Session | None:
    """Take over what a process with the same command left; only one process can."""
    if request.storage == MEMORY or request.is_worker:
        return None
    for path, content in _sessions(folder):
        if content.get("identity") != request.identity or content.get("state") == FINISHED:
            continue
        if content.get("state") == _RUNNING and _may_run(content):
            continue
        own = folder / _SESSIONS / _session_name()
        try:
            path.rename(own)
        except FileNotFoundError:  # another process was faster
            continue
        session = Session(
            own,
            request.identity,
            int(content.get("n_trials", 0)),
            done=int(content.get("done", 0)),
            process=str(this_process()),
            total=content.get("total"),
        )
        session.end(_RUNNING)
        return session
    return None


def _may_run(content: dict[str, Any]) -> bool:
    process = parse_process(content.get("process"))
    return process is None or not process.is_of_this_machine() or process.is_alive()


def _new_study(studies: Path, options: TuneOptions, request: Request) -> tuple[Path, Session]:
    stem = f"{options.config.algo}_{file_name_of(options.config.env_id)}"
    # In a storage that others use too, the number could be that of somebody else's study.
    mark = "" if request.storage in (None, MEMORY) else f"_{uuid.uuid4().hex[:4]}"
    studies.mkdir(parents=True, exist_ok=True)
    numbers = [re.match(rf"{re.escape(stem)}_(\d+)(_|$)", path.name) for path in studies.iterdir()]
    number = max((int(match[1]) for match in numbers if match), default=0) + 1
    while True:
        folder = studies / f"{stem}_{number}{mark}"
        try:
            folder.mkdir()
            break
        except FileExistsError:  # another process was faster
            number += 1
    _write_about(folder, folder.name, options, request)
    return folder, _begin(folder, options, request, is_new=True)


def _named_study(
    studies: Path, name: str, options: TuneOptions, request: Request
) -> tuple[Path, bool]:
    """Return the folder of the study called ``name`` in that storage; another gets its own."""
    for number in range(1, 1000):
        suffix = "" if number == 1 else f"_{number}"
        folder = studies / f"{folder_name(name)}{suffix}"
        storage = redacted(request.storage or str(folder / JOURNAL))
        about = _read(folder / _ABOUT)
        if not about:
            is_new = not folder.exists()
            folder.mkdir(parents=True, exist_ok=True)
            _write_about(folder, name, options, request)
            return folder, is_new
        if about.get("name") == name and about.get("storage") == storage:
            return folder, False
    raise UsageError(f"--study-name {name}: there are too many studies of this name in {studies}")


def _write_about(folder: Path, name: str, options: TuneOptions, request: Request) -> None:
    about = {
        "name": name,
        "storage": redacted(request.storage or str(folder / JOURNAL)),
        "algo": options.config.algo,
        "env": options.config.env_id,
        "seed": options.seed,
        "command": redacted(options.command),
    }
    write_text(folder / _ABOUT, json.dumps(about, indent=2) + "\n")


def _begin(folder: Path, options: TuneOptions, request: Request, *, is_new: bool) -> Session:
    session = Session(
        None if request.is_worker else folder / _SESSIONS / _session_name(),
        request.identity,
        options.n_trials,
        process=str(this_process()),
        is_new_study=is_new,
    )
    session.end(_RUNNING)
    return session


def _session_name() -> str:
    return re.sub(r"[^\w.-]+", "-", str(this_process())) + ".json"


def _sessions(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    for path in sorted((folder / _SESSIONS).glob("*.json")):
        yield path, _read(path)


def _read(path: Path) -> dict[str, Any]:
    """Read a file of ours; one that is not there, or damaged, says nothing."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def study_storages(log_folder: Path) -> list[str]:
    """Return where the studies of a log folder are kept, each place once, without passwords."""
    abouts = sorted((log_folder / STUDIES).glob(f"*/{_ABOUT}"))
    places = [str(_read(path).get("storage", "")) for path in abouts]
    return list(dict.fromkeys(place for place in places if place not in ("", MEMORY)))
