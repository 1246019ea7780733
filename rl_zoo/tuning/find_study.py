"""Find a stored study by its name, its folder or its journal."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rl_zoo.errors import ConfigError
from rl_zoo.suggest import did_you_mean
from rl_zoo.tuning.storage import MEMORY, open_storage, redacted, require_study, study_names
from rl_zoo.tuning.study_folder import JOURNAL, STUDIES
from rl_zoo.tuning.wear import REEVALUATION

if TYPE_CHECKING:
    import optuna

_ABOUT = "study.json"


@dataclass(frozen=True)
class FoundStudy:
    """A stored study."""

    study: optuna.Study
    storage: str
    folder: Path | None
    """Where its report is; None if it has no folder."""


def find_study(text: str, log_folder: Path, storage: str | None = None) -> FoundStudy:
    """Open the study that ``--study`` names; nothing is created.

    Args:
        text: Name of a study of the log folder (or of ``storage``), or path of a study's folder
            or journal.
        log_folder: Folder of all runs and studies.
        storage: ``--storage``, if given.

    Raises:
        ConfigError: If there is no such study.
        DamagedFileError: If it cannot be read.
    """
    if storage is not None:
        return _open(storage, text, _folder_of(log_folder, text, storage))
    path = Path(text)
    if path.suffix == ".log":
        return _open(text, None, path.parent if (path.parent / _ABOUT).is_file() else None)
    if (path / _ABOUT).is_file() or (path / JOURNAL).is_file():
        return _open_folder(path)
    folders = _folders(log_folder)
    for name, folder in folders:
        if text in (name, folder.name):
            return _open_folder(folder)
    if len(path.parts) > 1:
        raise ConfigError(f"--study {text}: is no folder of a study (there is no {_ABOUT} in it)")
    names = [name for name, _ in folders]
    hint = did_you_mean(text, names) if names else "; it holds no study"
    raise ConfigError(f"--study {text}: no such study in {log_folder / STUDIES}{hint}")


def _open_folder(folder: Path) -> FoundStudy:
    about = _about(folder)
    if (folder / JOURNAL).is_file():  # also where the folder was moved
        return _open(str(folder / JOURNAL), about.get("name"), folder)
    storage, name = str(about.get("storage", MEMORY)), str(about.get("name", folder.name))
    if storage == MEMORY:
        raise ConfigError(f"--study {folder}: was kept in memory only and is gone")
    if "***" in storage:
        raise ConfigError(
            f"--study {folder}: is kept in {storage}; give that with its password as --storage, "
            f"and --study {name}"
        )
    return _open(storage, name, folder)


def _open(storage: str, name: str | None, folder: Path | None) -> FoundStudy:
    import optuna

    opened = open_storage(storage, must_exist=True)
    if name is None:
        names = [item for item in study_names(opened) if not item.endswith(REEVALUATION)]
        if len(names) != 1:
            known = f"it holds {', '.join(names)}: add --storage {storage} and name one"
            raise ConfigError(f"--study {storage}: {known if names else 'holds no study'}")
        name = names[0]
    require_study(opened, storage, name, flag="--study")
    return FoundStudy(optuna.load_study(study_name=name, storage=opened), storage, folder)


def _folder_of(log_folder: Path, name: str, storage: str) -> Path | None:
    for known, folder in _folders(log_folder):
        if known == name and _about(folder).get("storage") == redacted(storage):
            return folder
    return None


def _folders(log_folder: Path) -> list[tuple[str, Path]]:
    """Return name and folder of every study of a log folder."""
    abouts = sorted((log_folder / STUDIES).glob(f"*/{_ABOUT}"))
    return [
        (str(_about(file.parent).get("name", file.parent.name)), file.parent) for file in abouts
    ]


def _about(folder: Path) -> dict[str, Any]:
    try:
        content = json.loads((folder / _ABOUT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
