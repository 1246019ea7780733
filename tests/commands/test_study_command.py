"""``rl_zoo study``: list, show, serve."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import optuna
import pytest

from rl_zoo.commands.study import main
from rl_zoo.tuning.storage import open_storage
from tests.databases import free_port
from tests.processes import wait_until

ROOT = Path(__file__).parents[2]


def _study(storage, name, n_trials):
    study = optuna.create_study(
        study_name=name,
        storage=open_storage(str(storage), must_exist=False),
        direction="maximize",
        load_if_exists=True,
    )
    study.set_user_attr("algo", "ppo")
    study.set_user_attr("env", "Tiny-v0")
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1) + trial.number, n_trials=n_trials)
    return study


@pytest.fixture
def logs(tmp_path):
    for number in (1, 2):
        folder = tmp_path / f"logs/studies/walk_{number}"
        _study(folder / "study.log", folder.name, number)
        about = {"name": folder.name, "storage": str(folder / "study.log")}
        (folder / "study.json").write_text(json.dumps(about))
    away = tmp_path / "logs/studies/away"
    away.mkdir()
    about = {"name": "away", "storage": "postgresql://me:***@server/studies"}
    (away / "study.json").write_text(json.dumps(about))
    return tmp_path / "logs"


def test_list(logs, capsys):
    assert main(["list", "-f", str(logs), "--json"]) == 0
    told = capsys.readouterr()
    rows = json.loads(told.out)
    assert [(row["study"], row["done"], row["algo"]) for row in rows] == [
        ("walk_1", "1", "ppo"),
        ("walk_2", "2", "ppo"),
    ]
    assert rows[1]["best"].endswith("(trial 1)")
    assert "postgresql://me:***@server/studies: give it with --storage" in told.err
    assert main(["list", "--storage", str(logs / "studies/walk_2/study.log")]) == 0
    assert "walk_2" in capsys.readouterr().out


def test_show(logs, capsys):
    assert main(["show", str(logs / "studies/walk_2"), "-f", str(logs)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["trial", "0", "1"]
    assert main(["show", "wlk_2", "-f", str(logs)]) == 3
    assert "did you mean 'walk_2'" in capsys.readouterr().err


def test_nothing_is_there(tmp_path, capsys):
    assert main(["list", "-f", str(tmp_path)]) == 3
    assert main(["list", "--storage", f"{tmp_path}/none.log"]) == 2
    assert "no such file" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_serve(tmp_path):
    pytest.importorskip("grpc")
    port = free_port()
    command = [sys.executable, "-m", "rl_zoo.cli", "study", "serve", "--port", str(port)]
    command += ["--storage", f"sqlite:///{tmp_path}/s.db"]
    output = (tmp_path / "output").open("w+")
    server = subprocess.Popen(command, cwd=ROOT, stderr=output)
    try:
        wait_until(lambda: "is shared" in (tmp_path / "output").read_text(), 120)
        study = _study(f"grpc://localhost:{port}", "s", 2)
        assert [trial.state.name for trial in study.trials] == ["COMPLETE"] * 2
        assert main(["serve", "--storage", f"{tmp_path}/x.log", "--port", str(port)]) == 2
        os.kill(server.pid, signal.SIGTERM)
        assert server.wait(60) == 0, (tmp_path / "output").read_text()
    finally:
        server.kill()
        server.wait()
        output.close()
    assert "Traceback" not in (tmp_path / "output").read_text()
    direct = open_storage(f"sqlite:///{tmp_path}/s.db", must_exist=True)
    assert len(optuna.load_study(study_name="s", storage=direct).trials) == 2
