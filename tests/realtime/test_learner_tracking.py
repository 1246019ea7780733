"""The learner's log goes to Weights & Biases, to one and the same run whoever learns."""

import json
import os
import re
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from rl_zoo.realtime import learner_tracking
from rl_zoo.realtime.learner_tracking import LearnerTracking
from rl_zoo.train import main
from tests.realtime.learner_rig import Rig

FLAGS = {
    "track": True,
    "wandb_project_name": "robots",
    "wandb_entity": None,
    "wandb_group": "week 3",
    "wandb_tags": ["bert"],
    "algo": "sac",
}


class WandbError(Exception):
    """Of the stand-in."""


@pytest.fixture
def wandb(monkeypatch):
    """Stand in for the library, noting what it is asked for."""
    noted = SimpleNamespace(inits=[], saved=[], finished=0, refusal=None)

    def init(**keywords):
        if noted.refusal is not None:
            raise noted.refusal
        noted.inits.append(keywords)

    def save(file, base_path, policy):
        noted.saved.append(str(Path(file).relative_to(base_path)))

    def finish():
        noted.finished += 1

    library = SimpleNamespace(
        init=init,
        save=save,
        finish=finish,
        Settings=lambda **keywords: keywords,
        errors=SimpleNamespace(Error=WandbError),
    )
    monkeypatch.setitem(sys.modules, "wandb", library)
    monkeypatch.setattr("rl_zoo.tracking.require_wandb", lambda: None)
    return noted


@pytest.fixture
def rig(tmp_path):
    rig = Rig(tmp_path / "logs")
    rig.options = replace(rig.options, arguments=FLAGS, tensorboard_log=Path("runs/first"))
    return rig


def track(rig):
    return LearnerTracking(rig.options, rig.folder, rig.events)


def test_flags_and_hyperparameters_are_given(wandb, rig):
    track(rig)
    (given,) = wandb.inits
    assert (given["name"], given["project"], given["group"]) == ("first", "robots", "week 3")
    assert given["sync_tensorboard"] and "bert" in given["tags"]
    assert given["config"]["seed"] == "3" and given["config"]["algo"] == "sac"
    assert given["config"]["saved_hyperparams"]["batch_size"] == "16"


def test_the_next_learner_and_the_next_session_go_on_with_the_same_run(wandb, rig):
    track(rig)
    rig.options = replace(rig.options, tensorboard_log=Path("runs/second"))  # --resume
    track(rig)
    first, second = wandb.inits
    assert (first["id"], first["name"]) == (second["id"], second["name"])
    assert first["resume"] == second["resume"] == "allow"
    assert json.loads(rig.folder.tracking_file.read_text())["id"] == first["id"]


def test_another_run_is_another_run(wandb, rig, tmp_path):
    other = Rig(tmp_path / "others")
    other.options = rig.options
    track(rig), track(other)
    assert wandb.inits[0]["id"] != wandb.inits[1]["id"]


def test_the_final_files_are_handed_over(wandb, rig):
    for file in (rig.folder.final_model, rig.folder.config_file):
        file.parent.mkdir(exist_ok=True)
        file.write_text("x")
    track(rig).finish()
    assert sorted(wandb.saved) == ["Pendulum-v1.zip", "Pendulum-v1/config.yml"]
    assert wandb.finished == 1


@pytest.mark.parametrize("refusal", [WandbError("no route to host."), OSError("disk full")])
def test_the_robot_learns_on_when_they_cannot_be_reached(wandb, rig, refusal):
    wandb.refusal = refusal
    tracking = track(rig)
    tracking.finish()
    (event,) = rig.told.read()
    assert event["kind"] == "warning"
    assert f"not tracked by this learner: --track: {refusal}" in event["text"]
    assert wandb.finished == 0 and not wandb.saved


def test_what_they_do_not_take_in_time_is_told(wandb, rig, monkeypatch):
    ended = []
    monkeypatch.setattr(learner_tracking, "_END_LIMIT", 0.0)
    monkeypatch.setattr(learner_tracking.threading.Thread, "is_alive", lambda self: True)
    monkeypatch.setattr(os, "_exit", ended.append)
    track(rig).finish()
    assert ended == [0]
    assert any("wandb sync" in event["text"] for event in rig.told.read())


def test_without_the_flag_nothing_is_imported(rig, monkeypatch):
    monkeypatch.setitem(sys.modules, "wandb", None)
    rig.options = replace(rig.options, arguments={"track": False})
    track(rig).finish()
    assert not rig.folder.tracking_file.exists()


@pytest.mark.slow
def test_a_real_time_run_is_tracked_as_one_in_lockstep_is(tmp_path, monkeypatch):
    pytest.importorskip("wandb"), pytest.importorskip("tensorboard")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WANDB_MODE", "offline")
    plain = ["--algo", "sac", "--env", "Pendulum-v1", "-f", "logs", "--eval-freq", "-1", "--track"]
    plain += ["--log-interval", "1"]
    plain += ["-params", "learning_starts:100", "batch_size:16", "policy_kwargs.net_arch:[16,16]"]
    assert main([*plain, "-n", "1250", "--realtime", "--control-frequency", "200"]) == 0
    assert main(["--resume", "logs/sac/Pendulum-v1_1", "-n", "2100"]) == 0
    assert main([*plain, "-n", "850", "--lockstep"]) == 0
    sys.modules["wandb"].finish()
    places = sorted(Path("wandb").glob("offline-run-*"), key=lambda place: place.stat().st_mtime)
    first, resumed, lockstep = sorted(places, key=lambda place: place.name[:27])
    kept = json.loads(Path("logs/sac/Pendulum-v1_1/realtime/wandb.json").read_text())
    assert first.name[28:] == resumed.name[28:] == kept["id"] != lockstep.name[28:]
    # On a busy computer the robot is done before the first update is logged.
    trained = {name for name in _logged(lockstep) if name.startswith("train/")}
    assert trained >= {"train/actor_loss"}
    for place in (first, resumed):
        assert _logged(place) | trained == _logged(lockstep)
    for place in (first, resumed, lockstep):
        assert (place / "files/Pendulum-v1.zip").is_file()


def _logged(place):
    (file,) = place.glob("*.wandb")
    names = re.findall(rb"(?:rollout|train|eval)/[a-z_]+", file.read_bytes())
    return {name.decode() for name in names}
