"""The actor as a process: a robot (its mock), the end of the supervisor, faults."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rl_zoo.config.resolve import resolve_saved
from rl_zoo.realtime.board import Board, Phase
from rl_zoo.realtime.events import EventReader, event_pipe
from rl_zoo.realtime.launch import Task, start
from rl_zoo.realtime.parameters import create_parameter_memory
from rl_zoo.realtime.ring import Ring
from rl_zoo.runs.folder import create_run_folder
from rl_zoo.runs.record import RunRecord, write_record
from rl_zoo.train_options import TrainOptions

ACTOR = "rl_zoo.realtime.actor"
MOCK = {"driver": "mock"}
IN_REAL_TIME = {
    "driver": "mock",
    "driver_options": {"clock": "real"},
    "control": {"stand_time": 0.3, "sit_time": 0.3},
}


class Supervising:
    """What the supervisor gives an actor, and what comes back."""

    def __init__(self, place: Path, env_id: str, n_timesteps: int, **values: Any) -> None:
        given = {"policy": "MlpPolicy", "n_timesteps": n_timesteps, "buffer_size": 5000, **values}
        config = resolve_saved(given, "test", "sac", env_id)
        self.options = TrainOptions(config, seed=3, verbose=0, log_folder=place)
        self.folder = create_run_folder(place, "sac", env_id)
        self.folder.realtime.mkdir()
        self.board = Board()
        self._reading, writing = event_pipe()
        self._reader = EventReader(self._reading)
        owner_pipe, self.alive = os.pipe()
        self.task = Task(
            self.options,
            self.folder,
            self.board.descriptor,
            create_parameter_memory(),
            writing,
            os.getpid(),
            owner_pipe,
        )

    def start(self) -> subprocess.Popen[bytes]:
        return start(ACTOR, self.task)

    def n_rows(self) -> int:
        return Ring(self.folder.ring).committed if self.folder.ring.is_file() else 0

    def wait_for_rows(self, n_rows: int, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + 60.0
        while self.n_rows() < n_rows:
            assert process.poll() is None, self.events()
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def events(self) -> dict[str, Any]:
        """Return the last event of every kind."""
        return {event["kind"]: event for event in self._reader.read()}


def test_a_robot_is_moved_described_and_put_to_rest(tmp_path: Path) -> None:
    run = Supervising(tmp_path, "Bert-Real-v0", 40, env_kwargs=MOCK)
    process = run.start()
    assert process.wait(60) == 0
    events = run.events()
    assert run.n_rows() == 40 and events["episode"]["end_reason"] == "end_of_budget"
    assert events["descriptor"]["robot"]["name"] == "bert"
    assert events["cadence"]["n_ticks"] == 40
    assert events["robot_use"]["use"]["minutes_powered"] > 0.0
    assert list(run.folder.path.glob("episodes/*")), "a robot's episodes are recorded"
    assert int(run.board.actor["phase"]) == Phase.DONE

    # The run goes on with the robot it knows; with another one it does not begin to move.
    config = replace(run.options.config, n_timesteps=60)
    run.task = replace(run.task, options=replace(run.options, config=config, resume=run.folder))
    robot = events["descriptor"]["robot"]
    write_record(
        run.folder, RunRecord("sac", "Bert-Real-v0", 3, 40, robot={**robot, "name": "solo8"})
    )
    assert run.start().wait(60) == 2
    fault = run.events()["fault"]
    assert fault["error"] == "UsageError" and "the robot has changed" in fault["message"]
    assert run.n_rows() == 40
    write_record(run.folder, RunRecord("sac", "Bert-Real-v0", 3, 40, robot=robot))
    assert run.start().wait(60) == 0
    assert run.n_rows() == 60


def test_without_a_supervisor_the_episode_is_truncated_and_the_actor_ends(tmp_path: Path) -> None:
    run = Supervising(tmp_path, "Pendulum-v1", 100_000)
    process = run.start()
    run.wait_for_rows(3, process)
    mapped = Path(f"/proc/{process.pid}/maps").read_text()
    assert not any(name in mapped for name in ("/torch/", "/jaxlib/", "/pandas/"))
    os.close(run.alive)
    assert process.wait(30) == 0
    ring = Ring(run.folder.ring)
    last = ring.read(ring.committed - 1, ring.committed)
    assert (
        last["truncated"][0] == 1.0 and run.events()["episode"]["end_reason"] == "supervisor_gone"
    )


def test_a_robot_sits_while_the_run_is_paused(tmp_path: Path) -> None:
    run = Supervising(tmp_path, "Bert-Real-v0", 20, env_kwargs=MOCK)
    run.board.supervisor["pause"] = 1
    process = run.start()
    deadline = time.monotonic() + 60.0
    while int(run.board.actor["phase"]) != Phase.HOLDING:
        assert process.poll() is None and time.monotonic() < deadline, run.events()
        time.sleep(0.01)
    assert run.n_rows() == 0
    run.board.supervisor["pause"] = 0
    assert process.wait(60) == 0
    assert run.n_rows() == 20


def test_what_cannot_be_made_is_said_in_one_sentence(tmp_path: Path) -> None:
    run = Supervising(tmp_path, "Bert-Real-v0", 40, env_kwargs={"driver": "mok"})
    assert run.start().wait(60) == 2
    fault = run.events()["fault"]
    assert fault["error"] == "ConfigError"
    assert "unknown driver 'mok'; did you mean 'mock'?" in fault["message"]


@pytest.mark.slow
def test_a_robot_whose_control_process_dies_ends_the_run_with_its_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    run = Supervising(tmp_path, "Bert-Real-v0", 100_000, env_kwargs=IN_REAL_TIME)
    process = run.start()
    run.wait_for_rows(10, process)
    control = _child_of(process.pid, "rl_zoo.robots.control.process")
    os.kill(control, 9)
    assert process.wait(60) == 4
    assert run.events()["fault"]["error"] == "RobotFault" and run.n_rows() >= 10


@pytest.mark.slow
def test_a_robot_sits_when_the_supervisor_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    run = Supervising(tmp_path, "Bert-Real-v0", 100_000, env_kwargs=IN_REAL_TIME)
    process = run.start()
    run.wait_for_rows(10, process)
    control = _child_of(process.pid, "rl_zoo.robots.control.process")
    os.close(run.alive)
    assert process.wait(30) == 0
    events = run.events()
    assert events["episode"]["end_reason"] == "supervisor_gone"
    assert events["cadence"]["rate"] == 50.0
    assert not Path(f"/proc/{control}").exists(), "it sits, and its control process has ended"


def _child_of(pid: int, module: str) -> int:
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
            words = (folder / "cmdline").read_text().split("\0")
        except OSError:
            continue
        if parent == pid and module in words:
            return int(folder.name)
    raise AssertionError(f"{pid} has no {module}")
