"""Where studies are stored: a journal file (``*.log``), a database URL, or nowhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rl_zoo.errors import ConfigError, DamagedFileError, ZooError
from rl_zoo.suggest import did_you_mean

if TYPE_CHECKING:
    import optuna


def open_storage(storage: str, *, must_exist: bool) -> optuna.storages.BaseStorage:
    """Open the storage that ``--storage`` names.

    Args:
        storage: ``<file>.log`` for a journal, else a URL such as ``sqlite:///study.db``.
        must_exist: Refuse a file that is not there instead of creating it.

    Raises:
        ConfigError: If it is neither a journal nor a URL, or cannot be reached.
        DamagedFileError: If its content cannot be read.
    """
    quiet()
    file = _file_of(storage)
    if file is None and "://" not in storage:
        raise ConfigError(
            f"--storage {storage}: must be a journal file (*.log) or a URL such as "
            f"sqlite:///{storage}.db"
        )
    if file is not None and must_exist and not file.is_file():
        others = [str(path) for path in file.parent.glob(f"*{file.suffix}")]
        hint = did_you_mean(str(file), others) if others else ""
        raise ConfigError(f"--storage {storage}: no such file{hint}")
    try:
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
        return _open(storage)
    except ZooError:
        raise
    except Exception as error:  # every driver and the journal reader have their own exceptions
        raise _storage_error(storage, error) from error


def require_study(storage: optuna.storages.BaseStorage, place: str, name: str) -> None:
    """Check that the storage holds the study ``name``.

    Args:
        storage: The opened storage.
        place: What the user calls it.
        name: Name of the study.

    Raises:
        ConfigError: If it does not; names the nearest study.
    """
    names = study_names(storage)
    if name not in names:
        hint = did_you_mean(name, names) if names else "; it holds no study"
        raise ConfigError(f"--study-name {name}: no such study in {place}{hint}")


def study_names(storage: optuna.storages.BaseStorage) -> list[str]:
    """Return the names of all studies in a storage."""
    return [study.study_name for study in storage.get_all_studies()]


def quiet() -> None:
    """Keep Optuna's own log lines off the terminal; ours say the same."""
    import warnings

    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)


def _open(storage: str) -> optuna.storages.BaseStorage:
    import optuna
    from optuna.storages.journal import JournalFileBackend, JournalStorage

    if "://" in storage:
        return optuna.storages.RDBStorage(storage)
    return JournalStorage(JournalFileBackend(storage))


def _file_of(storage: str) -> Path | None:
    if storage.startswith("sqlite:///"):
        return Path(storage.removeprefix("sqlite:///").partition("?")[0])
    return Path(storage) if storage.endswith(".log") and "://" not in storage else None


def _storage_error(storage: str, error: Exception) -> ZooError:
    if isinstance(error, ModuleNotFoundError):
        return ConfigError(
            f"--storage {storage}: needs the package '{error.name}', which is not installed: "
            f"pip install {error.name}"
        )
    reason: Any = getattr(error, "strerror", None) or str(error).strip() or type(error).__name__
    first_line = str(reason).splitlines()[0]
    if isinstance(error, OSError) and not isinstance(error, ConnectionError):
        return ConfigError(f"--storage {storage}: cannot be opened ({first_line})")
    return DamagedFileError(f"--storage {storage}: cannot be read as a study storage: {first_line}")
