"""The process that leads a real-time run, with stubs in the place of actor and learner."""

import json
import os
import signal
import threading
import time

import numpy as np
import pytest

from rl_zoo.commands import training
from rl_zoo.realtime import actor_watch, supervisor, watchdog
from rl_zoo.realtime.board import Phase
from rl_zoo.realtime.ring import Ring
from rl_zoo.runs.checkpoints import complete_checkpoints
from rl_zoo.runs.folder import open_run_folder
from rl_zoo.runs.record import read_record
from rl_zoo.train import main

FLAGS = ["--algo", "sac", "--env", "Pendulum-v1", "--realtime", "--eval-freq", "-1"]


@pytest.fixture
def train(tmp_path, monkeypatch):
    """Return a function that trains with the stubs and returns exit code and run folder."""
    monkeypatch.setattr(supervisor, "ACTOR", "tests.realtime.stub_actor")
    monkeypatch.setattr(supervisor, "LEARNER", "tests.realtime.stub_learner")
    monkeypatch.setattr(training, "build_ahead", lambda *_: None)

    def run(*flags, resume=False, **wish):
        monkeypatch.setenv("STUB", json.dumps(wish))
        place = tmp_path / "logs/sac/Pendulum-v1_1"
        given = ["--resume", str(place)] if resume else [*FLAGS, "-f", str(tmp_path / "logs")]
        code = main([*given, *map(str, flags)])
        return code, open_run_folder(place) if place.is_dir() else None

    return run


def expect_numbered_rows(folder, n_rows):
    ring = Ring(folder.ring)
    assert ring.committed == n_rows
    np.testing.assert_array_equal(ring.read(0, n_rows)["observation"][:, 0], np.arange(n_rows))


def when(condition, act):
    """Act once ``condition()`` holds, in a thread."""

    def wait():
        while not condition():
            time.sleep(0.002)
        act()

    threading.Thread(target=wait, daemon=True).start()


def test_run_leaves_files_of_the_zoo(train, tmp_path):
    code, folder = train("-n", 120, "--save-freq", 50, "--eval-freq", 40)

    record = read_record(folder)
    assert code == 0 and (record.state, record.num_timesteps) == ("finished", 120)
    assert record.end_reasons == record.truncations == {"time_limit": 12}
    assert record.realtime["n_updates"] == 120 and record.realtime["cadence"]["n_missed"] == 10
    expect_numbered_rows(folder, 120)
    rows = folder.monitor_file(0).read_text().splitlines()
    assert rows[1] == "r,l,t,cut" and len(rows) == 14
    assert [row.split(",")[1] for row in rows[2:]] == ["10"] * 12
    assert complete_checkpoints(folder)[-1] == 120 and folder.final_model.is_file()
    evaluations = np.load(folder.evaluations)
    assert evaluations["timesteps"][0] % 10 == 0 and evaluations["ep_lengths"][0].tolist() == [3, 4]
    n_evaluations = len(evaluations["timesteps"])  # the later ones are better: see the stub
    assert n_evaluations >= 1 and folder.best_model.read_bytes() == b"model %d" % n_evaluations
    assert not list(folder.realtime.glob("candidate*"))


def test_ctrl_c_ends_the_episode_and_resume_goes_on(train, tmp_path):
    ring = tmp_path / "logs/sac/Pendulum-v1_1/realtime/transitions.ring"
    when(
        lambda: ring.is_file() and Ring(ring).committed > 20,
        lambda: os.kill(os.getpid(), signal.SIGINT),
    )
    code, folder = train("-n", 20000, period=0.005)

    record = read_record(folder)
    assert code == 130 and (record.state, record.reason) == ("interrupted", "SIGINT")
    assert 20 < record.num_timesteps < 20000
    assert complete_checkpoints(folder) == [record.num_timesteps]
    assert folder.monitor_file(0).read_text().splitlines()[-1].endswith(",1")

    n_rows = record.num_timesteps + 30
    assert train("-n", n_rows, resume=True)[0] == 0
    expect_numbered_rows(folder, n_rows)
    record = read_record(folder)
    assert [item["state"] for item in record.sessions] == ["interrupted", "finished"]
    assert record.sessions[1]["from_step"] == record.sessions[0]["to_step"]
    times = [
        float(row.split(",")[2]) for row in folder.monitor_file(0).read_text().splitlines()[2:]
    ]
    assert times == sorted(times)


def test_dead_learner_is_replaced_while_the_actor_goes_on(train, tmp_path, monkeypatch, capfd):
    def manifests():
        return tmp_path.glob("logs/sac/Pendulum-v1_1/rl_model_*_steps.json")

    killed = []
    start_member = supervisor.start_member

    def start_and_kill(name, module, task):
        member = start_member(name, module, task)
        if name == "learner" and len(killed) < 2:
            killed.append(member.process.pid)
            n_before = len(list(manifests()))
            when(lambda: len(list(manifests())) > n_before, member.process.kill)
        return member

    monkeypatch.setattr(supervisor, "start_member", start_and_kill)
    code, folder = train("-n", 800, "--save-freq", 100)

    record = read_record(folder)
    assert code == 0 and record.realtime["learner_restarts"] == 2 == len(killed)
    expect_numbered_rows(folder, 800)
    assert "a new one starts from checkpoint" in capfd.readouterr().err


def test_learner_that_always_fails_ends_the_run(train, monkeypatch, capfd):
    monkeypatch.setattr(watchdog, "MOST_FAILURES", 2)
    code, folder = train("-n", 10**6, learner_dies=True)
    record = read_record(folder)
    assert code == 4 and record.state == "crashed"
    assert "the learner's process was ended with exit code 1" in capfd.readouterr().err
    assert Ring(folder.ring).committed == record.num_timesteps > 0


def test_without_a_learner_the_actor_holds(train, monkeypatch, capfd):
    monkeypatch.setattr(watchdog, "MOST_FAILURES", 3)
    code, folder = train("-n", 10**6, "--learner-timeout", "0.3", learner_dies=True)
    assert code == 4 and "no learner for 0.3 s" in capfd.readouterr().err
    assert Ring(folder.ring).committed < 10**4  # it stopped acting long before the end


def test_weights_that_are_not_finite_end_the_run(train, capfd):
    fault = {"error": "NonFiniteError", "message": "a weight is NaN", "traceback": "line 1"}
    code, folder = train("-n", 10**6, learner_error=fault, learner_code=4)
    assert code == 4 and read_record(folder).state == "crashed"
    assert not folder.final_model.is_file() and folder.crash_report.read_text() == "line 1\n"
    assert "a weight is NaN" in capfd.readouterr().err


def test_fault_of_the_robot_saves_everything(train, capfd):
    code, folder = train("-n", 10**6, actor_dies_at=33)
    record = read_record(folder)
    assert code == 4 and record.state == "crashed" and record.reason == "a motor is hot"
    assert complete_checkpoints(folder) == [33] and folder.final_model.is_file()
    assert folder.crash_report.read_text() == "Traceback: motor\n"
    assert "resume with: python -m rl_zoo.train --resume" in capfd.readouterr().err


def shorter_limits(monkeypatch, alarm, end):
    monkeypatch.setitem(actor_watch._LIMITS, Phase.RUNNING, (alarm, end))


def test_actor_that_hangs_is_told_of_and_ended(train, monkeypatch, capfd):
    shorter_limits(monkeypatch, 0.2, 0.6)
    code, folder = train("-n", 10**6, actor_hangs_at=33)
    record, err = read_record(folder), capfd.readouterr().err
    assert code == 4 and record.state == "crashed" and "the actor hung in a step" in record.reason
    assert "no sign of life from the actor" in err and "resume with" in err
    assert [item["step"] for item in record.realtime["actor_silences"]] == [33]
    assert complete_checkpoints(folder) == [33] and folder.final_model.is_file()
    expect_numbered_rows(folder, 33)

    assert train("-n", 60, resume=True)[0] == 0
    expect_numbered_rows(folder, 60)


def test_actor_that_was_stopped_for_a_while_goes_on(train, monkeypatch, capfd):
    shorter_limits(monkeypatch, 0.2, 60.0)
    start_member = supervisor.start_member
    alarm = actor_watch.console.warn

    def start(name, module, task):
        member = start_member(name, module, task)
        if name == "actor":

            def warn(text):
                alarm(text)
                if "no sign of life" in text:
                    member.process.send_signal(signal.SIGCONT)

            monkeypatch.setattr(actor_watch.console, "warn", warn)
        return member

    monkeypatch.setattr(supervisor, "start_member", start)
    code, folder = train("-n", 60, actor_hangs_at=33)
    record, told = read_record(folder), capfd.readouterr()
    assert code == 0 and record.state == "finished"
    assert "The actor goes on after" in told.out + told.err
    assert record.realtime["actor_silences"][0]["step"] == 33
    expect_numbered_rows(folder, 60)


@pytest.mark.parametrize("who", ["actor_error", "learner_error"])
def test_refused_run_leaves_nothing(train, tmp_path, capfd, who):
    fault = {"error": "ConfigError", "message": "x", "problems": ["a.b: no", "c.d: no"]}
    code, folder = train("-n", 10**6, learner_code=2, **{who: fault})
    assert code == 2 and folder is None and not (tmp_path / "logs").exists()
    err = capfd.readouterr().err
    assert "error: a.b: no\n" in err and "error: c.d: no\n" in err


def test_refused_resume_changes_nothing(train, tmp_path):
    _, folder = train("-n", 60)
    before = folder.record_file.read_bytes(), folder.args_file.read_bytes()
    fault = {"error": "UsageError", "message": "another robot"}
    code, _ = train("-n", 100, resume=True, actor_error=fault)
    assert code == 2
    assert before == (folder.record_file.read_bytes(), folder.args_file.read_bytes())
    assert train("-n", 100, resume=True)[0] == 0
    expect_numbered_rows(folder, 100)


def test_resume_keeps_the_mode(train, capfd):
    train("-n", 60)
    assert train("-n", 100, "--lockstep", resume=True)[0] == 2
    assert "was trained with --realtime and continues so" in capfd.readouterr().err
    assert train("-n", 60, resume=True)[0] == 2
    assert "its 60 steps are already trained" in capfd.readouterr().err
