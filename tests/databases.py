"""Real database servers on loopback, started and stopped by the tests."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

_FOLDERS = [str(path) for path in sorted(Path("/usr/lib/postgresql").glob("*/bin"))]
PASSWORD = "s3cret-Word"


class Postgres:
    """A PostgreSQL server with an empty data folder of its own.

    It refuses to run as root; root runs it as the user ``postgres`` (or ``nobody``).

    Attributes:
        port: Its port on 127.0.0.1.
    """

    def __init__(self):
        self._programs = {name: _find(name) for name in ("initdb", "pg_ctl")}
        self._user = _unprivileged("postgres", "nobody")
        self.folder = Path(tempfile.mkdtemp(prefix="zoo-pg-"))
        if self._user is not None:
            os.chown(self.folder, self._user.pw_uid, self._user.pw_gid)
        self.folder.chmod(0o700)
        password = self.folder / "password"
        password.write_text(PASSWORD)
        if self._user is not None:
            os.chown(password, self._user.pw_uid, self._user.pw_gid)
        self.port = free_port()
        try:
            self._run(
                *("initdb", "-D", self.folder / "data", "-U", "zoo", "--auth=scram-sha-256"),
                *(f"--pwfile={password}", "--no-sync", "--locale=C", "--encoding=UTF8"),
            )
            self.start()
        except BaseException:
            self.remove()
            raise

    @classmethod
    def or_skip(cls):
        """Start a server, or skip the test and say why."""
        pytest.importorskip("psycopg", reason='no driver: pip install "rl_zoo[databases]"')
        if _find("initdb") is None or _find("pg_ctl") is None:
            pytest.skip("no PostgreSQL server here (apt-get install postgresql)")
        if os.geteuid() == 0 and _unprivileged("postgres", "nobody") is None:
            pytest.skip("PostgreSQL refuses to run as root; there is no user postgres or nobody")
        return cls()

    def url(self, database="postgres", password=PASSWORD):
        return f"postgresql://zoo:{password}@127.0.0.1:{self.port}/{database}"

    def create(self, database):
        """Create an empty database and return its URL."""
        import psycopg

        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{database}"')
        return self.url(database)

    def start(self):
        options = f"-p {self.port} -h 127.0.0.1 -k {self.folder} -c fsync=off -c max_connections=60"
        log = self.folder / "server.log"
        self._run("pg_ctl", "-D", self.folder / "data", "-l", log, "-w", "-o", options, "start")

    def stop(self):
        self._run("pg_ctl", "-D", self.folder / "data", "-m", "immediate", "-w", "stop")

    def remove(self):
        if (self.folder / "data/postmaster.pid").exists():
            self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, program, *arguments):
        user = {} if self._user is None else {"user": self._user.pw_uid, "group": self._user.pw_gid}
        done = subprocess.run(
            [self._programs[program], *map(str, arguments)],
            **user,
            extra_groups=[] if user else None,
            cwd=self.folder,
            # The server would keep a pipe open for as long as it lives.
            stdout=subprocess.DEVNULL,
            stderr=(self.folder / "errors").open("ab"),
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, (self.folder / "errors").read_text()


class MySql:
    """A MariaDB (or MySQL) server with an empty data folder of its own.

    Attributes:
        port: Its port on 127.0.0.1.
    """

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="zoo-my-"))
        user = _unprivileged("mysql", "nobody")
        self.port = free_port()
        data, log = self.folder / "data", (self.folder / "errors").open("ab")
        data.mkdir()
        if user is not None:
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            os.chown(data, user.pw_uid, user.pw_gid)
        shared = ["--no-defaults", f"--datadir={data}"]
        shared += [] if user is None else [f"--user={user.pw_name}"]
        install = [_find("mariadb-install-db"), *shared, "--auth-root-authentication-method=normal"]
        subprocess.run(install, stdout=log, stderr=log, timeout=120, check=True)
        options = [f"--port={self.port}", "--bind-address=127.0.0.1", "--skip-log-bin"]
        options += [f"--socket={self.folder}/socket", f"--pid-file={self.folder}/pid"]
        self._server = subprocess.Popen([_find("mariadbd"), *shared, *options], stderr=log)
        try:
            self._wait()
        except BaseException:
            self.remove()
            raise

    @classmethod
    def or_skip(cls):
        """Start a server, or skip the test and say why."""
        pytest.importorskip("pymysql", reason='no driver: pip install "rl_zoo[databases]"')
        if _find("mariadbd") is None or _find("mariadb-install-db") is None:
            pytest.skip("no MySQL server here (apt-get install mariadb-server)")
        return cls()

    def url(self, database=""):
        return f"mysql://zoo:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    def create(self, database):
        """Create an empty database and return its URL."""
        with self._connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {database}")
        return self.url(database)

    def remove(self):
        self._server.kill()
        self._server.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _connect(self):
        import pymysql

        return pymysql.connect(unix_socket=f"{self.folder}/socket", user="root")

    def _wait(self):
        deadline = time.monotonic() + 60
        while not (self.folder / "socket").exists():
            assert self._server.poll() is None, (self.folder / "errors").read_text()
            assert time.monotonic() < deadline, "the server did not start"
            time.sleep(0.05)
        with self._connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE USER zoo@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'")
            cursor.execute("GRANT ALL ON *.* TO zoo@'127.0.0.1'")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _find(name):
    return shutil.which(
        name, path=os.pathsep.join([*_FOLDERS, os.environ.get("PATH", ""), "/usr/sbin"])
    )


def _unprivileged(*names):
    """Return the first of these users if this process is root's; None if it is not, or none is."""
    if os.geteuid() != 0:
        return None
    for name in names:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    return None
