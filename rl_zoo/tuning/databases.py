"""Studies in databases: SQLite, PostgreSQL, MySQL."""

from __future__ import annotations

import time
from importlib.util import find_spec
from typing import Any

import optuna
import sqlalchemy
from optuna.storages import RDBStorage
from sqlalchemy.engine import URL

from rl_zoo import console
from rl_zoo.errors import ConfigError, MissingDependencyError

INSTALL = 'pip install "rl_zoo[databases]"'
_HEARTBEAT_SECONDS = 20
_CONNECT_SECONDS = 15
_SQLITE_WAIT_SECONDS = 120
"""How long a write waits for those of other workers."""
RECONNECT_SECONDS = 120.0
"""How long a server that was reached before may be away, e.g. while it is started again."""
_RECONNECT_PAUSE = 0.5
_DRIVERS = {
    "postgresql": {"psycopg": "psycopg", "psycopg2": "psycopg2"},
    "mysql": {"pymysql": "pymysql", "mysqldb": "MySQLdb"},
}
"""Database -> SQLAlchemy's name of a driver -> its module; the first that is installed is used."""
_FAMILIES = {"postgres": "postgresql", "mariadb": "mysql"}
_ATTEMPTS = 6


def open_database(place: str, grace_seconds: float, *, may_create: bool) -> RDBStorage:
    """Open a database.

    Args:
        place: Its URL, as SQLAlchemy knows them.
        grace_seconds: How long a trial of another machine may be silent.
        may_create: Create Optuna's tables where there are none.

    Raises:
        ConfigError: If the URL cannot be used.
        MissingDependencyError: If its driver is not installed.
        Exception: What the driver raises if it cannot be reached.
    """
    url = _with_driver(place)
    database = url.get_backend_name()
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return _open(url, database, grace_seconds, may_create=may_create)
        except (sqlalchemy.exc.DBAPIError, optuna.exceptions.StorageInternalError) as error:
            # Workers that start together on an empty database all create its tables.
            if attempt == _ATTEMPTS or not _was_created_meanwhile(error):
                raise
            time.sleep(0.2 * attempt)
    raise AssertionError("unreachable")


def _open(url: URL, database: str, grace_seconds: float, *, may_create: bool) -> RDBStorage:
    connect: dict[str, Any] = {"connect_timeout": _CONNECT_SECONDS}
    if database == "sqlite":
        connect = {"timeout": _SQLITE_WAIT_SECONDS}
    storage = RDBStorage(
        # Optuna fills a template in, and would take braces of a password for its fields.
        url.render_as_string(hide_password=False).replace("{", "{{").replace("}", "}}"),
        engine_kwargs={"connect_args": connect, "pool_pre_ping": True},
        heartbeat_interval=_HEARTBEAT_SECONDS,
        grace_period=max(round(grace_seconds), 1),
        skip_table_creation=not may_create,
    )
    if database == "sqlite":
        _take_turns(storage.engine)
    else:
        _wait_for_server(storage.engine)
    return storage


def _wait_for_server(engine: sqlalchemy.Engine) -> None:
    """Let a server that is started again cost nothing but time."""

    def connect(dialect: Any, record: Any, arguments: Any, named: Any) -> Any:
        deadline = time.monotonic() + RECONNECT_SECONDS
        is_told = False
        while True:
            try:
                return dialect.connect(*arguments, **named)
            except dialect.loaded_dbapi.OperationalError:
                if time.monotonic() > deadline:
                    raise
            if not is_told:
                console.warn(
                    f"the database does not answer; it is tried again for {RECONNECT_SECONDS:.0f} s"
                )
                is_told = True
            time.sleep(_RECONNECT_PAUSE)

    sqlalchemy.event.listen(engine, "do_connect", connect)


def _take_turns(engine: sqlalchemy.Engine) -> None:
    """Let transactions of SQLite follow one another.

    SQLite locks no rows: two workers could both find a queued trial waiting and both run it.
    """

    def leave_transactions_to_us(connection: Any, record: Any) -> None:
        connection.isolation_level = None

    def begin(connection: sqlalchemy.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    sqlalchemy.event.listen(engine, "connect", leave_transactions_to_us)
    sqlalchemy.event.listen(engine, "begin", begin)
    engine.dispose()  # connections made before


def _with_driver(place: str) -> URL:
    try:
        url = sqlalchemy.engine.make_url(place)
    except sqlalchemy.exc.ArgumentError as error:
        raise ConfigError(
            "--storage: is no database URL such as postgresql://user@host/database"
        ) from error
    name, _, driver = url.drivername.partition("+")
    family = _FAMILIES.get(name, name)
    if family not in _DRIVERS:
        return url
    modules = _DRIVERS[family]
    if driver:
        module = modules.get(driver, driver)
        if driver in modules and find_spec(module) is None:
            raise MissingDependencyError(
                f"--storage {url.drivername}://...: needs the package '{module}', which is not "
                f"installed: {INSTALL}, and leave '+{driver}' out"
            )
        return url.set(drivername=f"{family}+{driver}")
    for candidate, module in modules.items():
        if find_spec(module) is not None:
            return url.set(drivername=f"{family}+{candidate}")
    raise MissingDependencyError(f"--storage {name}://...: needs a driver of {family}: {INSTALL}")


def _was_created_meanwhile(error: Exception) -> bool:
    text = f"{error} {error.__cause__}".lower()
    return any(words in text for words in ("already exists", "duplicate", "unique constraint"))
