"""Evaluations that somebody interrupts, and environments that reuse their arrays."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import spaces

from rl_zoo.config.model import RunConfig
from rl_zoo.errors import NonFiniteError
from rl_zoo.realtime.acting import Acting
from rl_zoo.realtime.acting_env import ActingEnv
from rl_zoo.realtime.actor_evaluation import MOST_CUT
from rl_zoo.realtime.board import Board, Phase
from rl_zoo.realtime.events import EventReader, EventWriter, event_pipe
from rl_zoo.realtime.launch import Task
from rl_zoo.realtime.parameters import ParameterWriter, create_parameter_memory
from rl_zoo.realtime.ring import Ring
from rl_zoo.robots.control.owner_watch import OwnerWatch
from rl_zoo.runs.folder import RunFolder
from rl_zoo.train_options import TrainOptions

LENGTH = 5


class Counting(gym.Env[Any, Any]):
    """Returns the same array at every step, as some environments do."""

    observation_space = spaces.Box(-np.inf, np.inf, (1,), np.float32)
    action_space = spaces.Box(-1.0, 1.0, (1,), np.float32)
    at_step: Callable[[int], dict[str, Any]] = staticmethod(lambda _: {})
    at_reset: Callable[[], None] = staticmethod(lambda: None)

    def __init__(self) -> None:
        self.buffer = np.zeros(1)  # float64: not what the space says
        self.n = self.place = 0

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.buffer[:], self.place = 100.0, 0
        type(self).at_reset()
        return self.buffer, {}

    def step(self, action: Any) -> Any:
        self.n, self.place = self.n + 1, self.place + 1
        self.buffer += 1.0
        info = type(self).at_step(self.n)
        return self.buffer, 1.0, False, self.place == LENGTH, info


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    gym.register("CountedEpisodes-v0", Counting, disable_env_checker=True)
    yield
    del gym.registry["CountedEpisodes-v0"]


class Given:
    """An actor, between the ends that its supervisor holds."""

    def __init__(self, place: Path, n_timesteps: int = 10) -> None:
        config = RunConfig(
            algo="sac",
            env_id="CountedEpisodes-v0",
            policy="MlpPolicy",
            n_timesteps=n_timesteps,
            hyperparams={},
            algo_kwargs={"learning_starts": 0},
        )
        options = TrainOptions(config, seed=1, eval_episodes=2)
        self.folder = RunFolder(place / "Counting-v0_1", "CountedEpisodes-v0")
        self.folder.realtime.mkdir(parents=True)
        self.board = Board()
        reading, writing = event_pipe()
        self._reader = EventReader(reading)
        owner_pipe, self.alive = os.pipe()
        memory = create_parameter_memory()
        arrays = {"w": np.zeros((1, 1), np.float32), "b": np.zeros(1, np.float32)}
        layer = [["Linear", "w", "b"]]
        description = {"kind": "deterministic", "normalization": None, "mean": layer}
        ParameterWriter(memory).publish(description, arrays, 3)
        task = Task(
            options, self.folder, self.board.descriptor, memory, writing, os.getpid(), owner_pipe
        )
        env = ActingEnv(options, self.folder)
        owner = OwnerWatch(os.getpid(), owner_pipe)
        self.acting = Acting(task, env, self.board, EventWriter(writing), owner)

    def rows(self) -> Any:
        ring = Ring(self.folder.ring)
        return ring.read(0, ring.committed)

    def events(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self._reader.read() if event["kind"] == kind]


def test_an_array_that_the_environment_reuses_is_copied(tmp_path: Path) -> None:
    given = Given(tmp_path)
    given.acting.run()
    rows = given.rows()
    assert rows["observation"][:, 0].tolist() == [100, 101, 102, 103, 104] * 2
    assert rows["next_observation"][:, 0].tolist() == [101, 102, 103, 104, 105] * 2


def test_a_first_observation_must_be_finite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = Given(tmp_path)
    inner = given.acting._env.env.unwrapped
    monkeypatch.setattr(Counting, "at_reset", lambda: inner.buffer.fill(np.nan))
    with pytest.raises(NonFiniteError, match=r"observation is nan at index \[0\] after a reset"):
        given.acting.run()
    assert len(given.rows()) == 0


def test_the_operator_may_end_the_run_in_an_evaluation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask(number: int) -> dict[str, Any]:
        return {"stop_requested": "operator"} if number == 7 else {}

    monkeypatch.setattr(Counting, "at_step", staticmethod(ask))
    given = Given(tmp_path)
    given.board.supervisor["evaluation"] = 1
    given.acting.run()
    assert len(given.rows()) == 0 and given.acting._env.n_steps == 8, "at the next step"
    events = given._reader.read()
    (evaluation,) = [event for event in events if event["kind"] == "evaluation"]
    assert evaluation["error"] == "it was interrupted after 1 of 2 episodes"
    assert {"kind": "stop", "reason": "operator"} in events


def test_an_evaluation_does_not_outlive_the_supervisor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = Given(tmp_path)
    given.board.supervisor["evaluation"] = 1

    def die(number: int) -> dict[str, Any]:
        if number == 2:
            os.close(given.alive)
        return {}

    monkeypatch.setattr(Counting, "at_step", staticmethod(die))
    given.acting.run()
    assert given.acting._env.n_steps == 3 and len(given.rows()) == 0


def test_an_evaluation_that_is_cut_again_and_again_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Counting, "at_step", staticmethod(lambda _: {"discard": True}))
    given = Given(tmp_path, n_timesteps=1)
    given.board.supervisor["evaluation"] = 1
    given.acting.run()
    assert given.acting._env.n_steps == MOST_CUT + 1 + 1, "and the run goes on"
    assert given.events("evaluation")[0]["error"].startswith("it was interrupted after 0 of 2")


def test_while_the_run_is_paused_no_episode_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = Given(tmp_path)
    phases: list[int] = []

    def resume(_: float) -> None:
        phases.append(int(given.board.actor["phase"]))
        given.board.supervisor["pause"] = 0

    monkeypatch.setattr("rl_zoo.realtime.acting.time.sleep", resume)

    given.board.supervisor["pause"] = 1
    given.acting.run()
    assert phases == [Phase.HOLDING] and len(given.rows()) == 10


def test_an_actor_that_cannot_keep_up_leaves_the_processor_to_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = Given(tmp_path)
    given.acting._env.frequency = 100.0
    given.board.ticks["n_ticks"], given.board.ticks["n_missed"] = 100, 20
    left: list[bool] = []
    monkeypatch.setattr(os, "sched_getscheduler", lambda _: 0 if left else os.SCHED_FIFO)
    monkeypatch.setattr("rl_zoo.realtime.acting.leave_fifo", lambda: left.append(True))
    given.acting.run()
    assert left == [True]
    (warning,) = given.events("warning")
    assert "a step takes too long for 100 Hz" in warning["text"]
