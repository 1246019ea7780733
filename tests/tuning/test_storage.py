"""What ``--storage`` names: one clear sentence for whatever cannot be used, and no passwords."""

import sqlite3

import pytest

from rl_zoo.errors import ZooError
from rl_zoo.tuning.databases import _with_driver
from rl_zoo.tuning.storage import open_storage, redacted
from tests.databases import free_port


def _error(storage, **choices):
    with pytest.raises(ZooError) as caught:
        open_storage(str(storage), must_exist=choices.get("must_exist", False))
    assert caught.value.exit_code == 2
    text = str(caught.value)
    assert "\n" not in text
    assert "secret" not in text
    return text


@pytest.mark.parametrize(
    ("storage", "message"),
    [
        ("study", "must be a journal file (*.log), a URL such as sqlite:///study.db"),
        ("postgresql://zoo:secret@127.0.0.1:1/s", "Connection refused"),
        ("postgresql://zoo:secret@nowhere.invalid/s", "nowhere.invalid"),
        ("mysql://zoo:secret@127.0.0.1:1/s", "Connection refused"),
        ("grpc://127.0.0.1:1", "no server answers there (Connection refused)"),
        ("grpc://localhost:abc", "its port is no number"),
        ("grpc://:13000", "name a host"),
        ("nonsense://zoo:secret@host/s", "nonsense"),
        ("/proc/nowhere/study.db", "must be a journal file"),
    ],
)
def test_what_cannot_be_used(storage, message):
    assert message in _error(storage)


def test_files_that_are_no_storage(tmp_path):
    (tmp_path / "folder.log").mkdir()
    assert "is a directory" in _error(tmp_path / "folder.log")
    assert "is a directory" in _error(f"sqlite:///{tmp_path}/folder.log")
    (tmp_path / "text.db").write_text("secret" * 1000)
    assert "file is not a database" in _error(f"sqlite:///{tmp_path}/text.db")
    (tmp_path / "newer.log").write_text('{"op_code":77,"worker_id":"w"}\n')
    assert "another version of Optuna" in _error(tmp_path / "newer.log")
    assert "no such file" in _error(tmp_path / "none.log", must_exist=True)
    assert "no such file" in _error(f"sqlite:///{tmp_path}/none.db", must_exist=True)


def test_looking_creates_no_tables(tmp_path):
    file = tmp_path / "other.db"
    with sqlite3.connect(file) as other:
        other.execute("CREATE TABLE mine (x)")
    before = file.read_bytes()
    _error(f"sqlite:///{file}", must_exist=True)
    assert file.read_bytes() == before


def test_database_of_an_incompatible_optuna(tmp_path):
    place = f"sqlite:///{tmp_path}/old.db"
    open_storage(place, must_exist=False)
    with sqlite3.connect(tmp_path / "old.db") as database:
        database.execute("UPDATE alembic_version SET version_num = 'v1.3.0.a'")
    text = _error(place)
    assert "no longer compatible" in text
    assert "optuna storage upgrade" in text


@pytest.mark.parametrize(
    ("url", "driver"),
    [
        ("postgresql://h/s", "postgresql+psycopg"),
        ("postgres://h/s", "postgresql+psycopg"),
        ("mysql://h/s", "mysql+pymysql"),
        ("mariadb://h/s", "mysql+pymysql"),
        ("mysql+pymysql://h/s", "mysql+pymysql"),
    ],
)
def test_drivers(url, driver):
    pytest.importorskip("psycopg")
    pytest.importorskip("pymysql")
    assert _with_driver(url).drivername == driver


@pytest.mark.parametrize("url", ["postgresql://zoo:secret@h/s", "mysql://zoo:secret@h/s"])
def test_missing_driver_names_the_extra(url, monkeypatch):
    monkeypatch.setattr("rl_zoo.tuning.databases.find_spec", lambda name: None)
    assert 'pip install "rl_zoo[databases]"' in _error(url)


def test_missing_grpc_names_the_extra(monkeypatch):
    monkeypatch.setattr("rl_zoo.tuning.grpc_library.find_spec", lambda name: None)
    assert 'pip install "rl_zoo[databases]"' in _error(f"grpc://localhost:{free_port()}")


@pytest.mark.parametrize(
    "text",
    [
        "--storage postgresql://zoo:secret@host:5432/s",
        "--storage=mysql+pymysql://zoo:se@cret@host/s?charset=utf8",
        "postgresql://host/s?user=zoo&password=secret&sslmode=require",
        "first mysql://a:secret@b/c then postgresql://d:secret@e/f",
    ],
)
def test_passwords_are_redacted(text):
    told = redacted(text)
    assert "secret" not in told
    assert "cret@" not in told
    assert "***" in told
    assert (
        redacted("grpc://host:13000 me@host --port 5:6") == "grpc://host:13000 me@host --port 5:6"
    )
