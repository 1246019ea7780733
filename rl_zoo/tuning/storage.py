"""Where studies are stored: a journal file, a database, Optuna's server, or nowhere."""

from __future__ import annotations

import re
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from rl_zoo.errors import ConfigError, DamagedFileError, MissingDependencyError, ZooError
from rl_zoo.suggest import did_you_mean
from rl_zoo.tuning.grpc_library import require_grpc

if TYPE_CHECKING:
    import optuna

MEMORY = "memory"
FAIL_STALE_MINUTES = 2.0
GRPC_PORT = 13000
_GRPC_SECONDS = 15.0
_PASSWORDS = (
    re.compile(r"(\w://[^:/@\s]*:)[^\s]*(?=@)"),
    re.compile(r"([?&](?:password|passwd)=)[^&\s'\"]*", re.IGNORECASE),
)


def open_storage(
    storage: str, *, must_exist: bool, fail_stale: float | None = None
) -> optuna.storages.BaseStorage:
    """Open the storage that ``--storage`` names; a file is created with the first study.

    Args:
        storage: ``<file>.log`` for a journal, a URL such as ``sqlite:///study.db``,
            ``grpc://host:port``, or ``memory``.
        must_exist: Refuse a file that is not there instead of creating it.
        fail_stale: Minutes that a trial of another machine may be silent.

    Raises:
        ConfigError: If it is none of these, or cannot be reached.
        MissingDependencyError: If a package is missing.
        DamagedFileError: If its content cannot be read.
    """
    quiet()
    file = file_of(storage)
    if file is None and "://" not in storage and storage != MEMORY:
        raise ConfigError(
            f"--storage {storage}: must be a journal file (*.log), a URL such as "
            f"sqlite:///{storage}.db or postgresql://user@host/database, grpc://host:port or memory"
        )
    if file is not None and must_exist and not file.is_file():
        others = [str(path) for path in file.parent.glob(f"*{file.suffix}")]
        hint = did_you_mean(str(file), others) if others else ""
        raise ConfigError(f"--storage {storage}: no such file{hint}")
    grace = 60 * (FAIL_STALE_MINUTES if fail_stale is None else fail_stale)
    try:
        return _open(storage, file, grace, may_create=not must_exist)
    except ZooError:
        raise
    except Exception as error:  # every driver and the journal reader have their own exceptions
        raise storage_error(storage, error) from error


def require_study(
    storage: optuna.storages.BaseStorage, place: str, name: str, flag: str = "--study-name"
) -> None:
    """Check that the storage holds the study ``name``.

    Args:
        storage: The opened storage.
        place: What the user calls it.
        name: Name of the study.
        flag: The flag that named it.

    Raises:
        ConfigError: If it does not; names the nearest study.
    """
    names = study_names(storage)
    if name not in names:
        hint = did_you_mean(name, names) if names else "; it holds no study"
        raise ConfigError(f"{flag} {name}: no such study in {redacted(place)}{hint}")


def study_names(storage: optuna.storages.BaseStorage) -> list[str]:
    """Return the names of all studies in a storage."""
    return [study.study_name for study in storage.get_all_studies()]


def quiet() -> None:
    """Keep Optuna's own log lines off the terminal; ours say the same."""
    import warnings

    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    # We send signs of life ourselves, also where a study is not run by Study.optimize.
    warnings.filterwarnings("ignore", message="Heartbeat of storage is supposed to be used")


def file_of(storage: str) -> Path | None:
    """Return the file of a journal or of an SQLite database; None for what lies elsewhere."""
    if storage.startswith("sqlite:///"):
        path = storage.removeprefix("sqlite:///").partition("?")[0]
        return Path(path) if path not in ("", ":memory:") else None
    return Path(storage) if storage.endswith(".log") and "://" not in storage else None


def redacted(text: str) -> str:
    """Return ``text`` with the password of every URL in it replaced by stars."""
    for pattern in _PASSWORDS:
        text = pattern.sub(r"\1***", text)
    return text


def lost_storage() -> tuple[type[Exception], ...]:
    """Return what reading or writing an opened storage may raise: a full disk, a lost server."""
    import optuna
    import sqlalchemy

    errors: list[type[Exception]] = [
        OSError,
        optuna.exceptions.StorageInternalError,
        sqlalchemy.exc.SQLAlchemyError,
    ]
    if "grpc" in sys.modules:  # else nothing of it was opened
        errors.append(sys.modules["grpc"].RpcError)
    return tuple(errors)


def storage_error(storage: str, error: Exception, *, is_open: bool = False) -> ZooError:
    """Return the one sentence that tells a user what is wrong with a storage.

    Args:
        storage: What ``--storage`` names.
        error: What opening, reading or writing it raised.
        is_open: It could be used before.
    """
    if isinstance(error, ZooError):
        return error
    place = f"--storage {redacted(storage)}"
    if isinstance(error, ModuleNotFoundError):
        return MissingDependencyError(
            f"{place}: needs the package '{error.name}', which is not installed: "
            f"pip install {error.name}"
        )
    reason = redacted(_reason(error))
    if is_open:
        return ZooError(
            f"{place}: was lost while the study ran ({reason}); what was stored before is kept, "
            "and the same command continues the study"
        )
    is_server = "://" in storage and not storage.startswith("sqlite")
    if is_server or isinstance(error, ConnectionError):
        return ConfigError(f"{place}: cannot be used: {reason}")
    if isinstance(error, OSError):
        return ConfigError(f"{place}: cannot be opened ({reason})")
    if isinstance(error, AssertionError):
        return DamagedFileError(f"{place}: was written by another version of Optuna")
    return DamagedFileError(f"{place}: cannot be read as a study storage: {reason}")


def _open(
    storage: str, file: Path | None, grace: float, *, may_create: bool
) -> optuna.storages.BaseStorage:
    from optuna.storages import InMemoryStorage
    from optuna.storages.journal import JournalStorage

    if storage == MEMORY:
        return InMemoryStorage()
    if storage.startswith("grpc://"):
        return _open_grpc(storage)
    if file is not None:
        if file.is_dir():
            raise ConfigError(f"--storage {storage}: is a directory; name a file in it")
        if may_create and "://" in storage:
            file.parent.mkdir(parents=True, exist_ok=True)
    if "://" in storage:
        from rl_zoo.tuning.databases import open_database

        return open_database(storage, grace, may_create=may_create)
    from rl_zoo.tuning.journal import Journal

    return JournalStorage(Journal(Path(storage)))


def _open_grpc(storage: str) -> optuna.storages.BaseStorage:
    require_grpc(f"--storage {storage}")
    from optuna.storages import GrpcStorageProxy

    parts = urlsplit(storage)
    try:
        host, port = parts.hostname, parts.port or GRPC_PORT
    except ValueError as error:
        raise ConfigError(f"--storage {storage}: its port is no number") from error
    if not host:
        raise ConfigError(f"--storage {storage}: name a host, e.g. grpc://localhost:{GRPC_PORT}")
    try:
        # gRPC itself would try for a long time.
        socket.create_connection((host, port), timeout=_GRPC_SECONDS).close()
        proxy = GrpcStorageProxy(host=host, port=port)
        proxy.wait_server_ready(timeout=_GRPC_SECONDS)
    except OSError as error:
        raise ConfigError(
            f"--storage {storage}: no server answers there ({_reason(error)}); start one with "
            f"`rl_zoo study serve --storage ... --port {port}`"
        ) from error
    proxy.get_all_studies()  # another program may listen there
    return proxy


def _reason(error: BaseException) -> str:
    """Return what went wrong in one line, without what every library puts around it."""
    origin = getattr(error, "orig", None) or error.__cause__
    if origin is not None and not isinstance(error, OSError):
        return _reason(origin)
    details = getattr(error, "details", None)  # of gRPC
    text = details() if callable(details) else getattr(error, "strerror", None) or str(error)
    lines = [line.strip() for line in str(text).splitlines() if line.strip()]
    if len(error.args) == 2 and isinstance(error.args[0], int):  # of MySQL's drivers
        lines = [str(error.args[1])]
    return lines[0].rstrip(":") if lines else type(error).__name__
