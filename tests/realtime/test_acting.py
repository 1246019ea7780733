"""The actor in this process: what it stores, tells and obeys."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import spaces

from rl_zoo.agents.algorithms import algorithm_class
from rl_zoo.config.model import ActionNoise, Component, RunConfig
from rl_zoo.errors import ConfigError, NonFiniteError, RobotFault
from rl_zoo.realtime.acting import Acting
from rl_zoo.realtime.acting_env import ActingEnv
from rl_zoo.realtime.board import Board, Phase
from rl_zoo.realtime.events import EventReader, EventWriter, event_pipe
from rl_zoo.realtime.fit import ALGORITHMS
from rl_zoo.realtime.launch import Task
from rl_zoo.realtime.parameters import ParameterWriter, create_parameter_memory
from rl_zoo.realtime.ring import Ring
from rl_zoo.robots.control.owner_watch import OwnerWatch
from rl_zoo.runs.folder import RunFolder
from rl_zoo.train_options import TrainOptions

LOG: list[dict[str, Any]] = []
"""What the environment itself saw."""
BOARDS: list[Board] = []


class Logged(gym.Env[Any, Any]):
    """Writes down everything; episodes of four steps, every second one terminates."""

    observation_space = spaces.Box(-np.inf, np.inf, (2,), np.float32)
    action_space = spaces.Box(np.array([-2.0, 0.0]), np.array([2.0, 1.0]), dtype=np.float32)

    def __init__(self, fails_at: int = -1, nan_at: int = -1, discards_at: int = -1) -> None:
        self.fails_at, self.nan_at, self.discards_at = fails_at, nan_at, discards_at
        self.stop_at = self.n = self.episode = 0

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.k, self.episode = 0, self.episode + 1
        self.observation = np.array([self.episode, 0], np.float32)
        return self.observation, {}

    def step(self, action: Any) -> Any:
        self.n += 1
        self.k += 1
        if self.n == self.fails_at:
            raise OSError("no answer from motor 3")
        before = self.observation
        self.observation = np.array([self.episode, self.k], np.float32)
        if self.n == self.nan_at:
            self.observation = self.observation * np.float32(np.nan)
        terminated = self.k == 4 and self.episode % 2 == 0
        truncated = self.k == 4 and not terminated
        info = {"discard": True} if self.n == self.discards_at else {}
        reward = float(np.sum(action)) + self.n
        row = (before, np.array(action), reward, self.observation)
        keys = ("observation", "action", "reward", "next_observation")
        LOG.append({**dict(zip(keys, row, strict=True)), "terminated": terminated})
        return self.observation, reward, terminated, truncated, info


@pytest.fixture(autouse=True)
def _registered() -> Iterator[None]:
    gym.register("Logged-v0", Logged)
    LOG.clear()
    yield
    del gym.registry["Logged-v0"]


class Stage:
    """Everything that a supervisor gives an actor."""

    def __init__(self, folder: Path, n_timesteps: int, **config: Any) -> None:
        kwargs = {"algo": "sac", "env_id": "Logged-v0", "policy": "MlpPolicy"}
        self.options = TrainOptions(
            RunConfig(**{**kwargs, "n_timesteps": n_timesteps, "hyperparams": {}, **config}),
            seed=3,
            eval_episodes=2,
        )
        self.folder = RunFolder(folder / "sac" / "Logged-v0_1", "Logged-v0")
        self.folder.realtime.mkdir(parents=True)
        self.board = Board()
        reading, writing = event_pipe()
        self.reader = EventReader(reading)
        alive_reading, self.alive_writing = os.pipe()
        self.task = Task(
            self.options,
            self.folder,
            self.board.descriptor,
            create_parameter_memory(),
            writing,
            os.getpid(),
            alive_reading,
        )

    def acting(self) -> Acting:
        env = ActingEnv(self.options, self.folder)
        owner = OwnerWatch(os.getpid(), self.task.owner_pipe)
        return Acting(self.task, env, self.board, EventWriter(self.task.events), owner)

    def rows(self) -> Any:
        ring = Ring(self.folder.ring)
        return ring.read(0, ring.committed)

    def publish(self, bias: float = 0.25, version: int = 1) -> None:
        """Publish a policy whose mean is the same everywhere."""
        weight = np.zeros((2, 2), np.float32)
        arrays = {"w": weight, "b": np.full(2, bias, np.float32), "v": np.full(2, -20.0, "f4")}
        description = {
            "kind": "gaussian",
            "normalization": None,
            "latent": [],
            "mean": [["Linear", "w", "b"]],
            "log_std": [["Linear", "w", "v"]],
        }
        ParameterWriter(self.task.parameters).publish(description, arrays, version)


def test_every_transition_is_stored_as_the_environment_saw_it(tmp_path: Path) -> None:
    stage = Stage(tmp_path, 10)
    stage.acting().run()
    rows = stage.rows()
    assert len(rows) == len(LOG) == 10
    for row, seen in zip(rows, LOG, strict=True):
        for name in ("observation", "next_observation"):
            assert np.array_equal(row[name], seen[name])
        assert row["reward"] == np.float32(seen["reward"])
        executed = np.array([-2.0, 0.0]) + (row["action"] + 1) / 2 * np.array([4.0, 1.0])
        np.testing.assert_allclose(executed, seen["action"], atol=1e-6)
        assert bool(row["terminated"]) == seen["terminated"]
    assert rows["start"].tolist() == [1, 0, 0, 0, 1, 0, 0, 0, 1, 0]
    assert rows["truncated"].tolist() == [0, 0, 0, 1, 0, 0, 0, 0, 0, 1], "the budget's end too"
    first, second, third = stage.reader.read()
    assert (first["end_reason"], first["is_termination"], first["l"]) == ("time_limit", False, 4)
    assert first["r"] == pytest.approx(sum(item["reward"] for item in LOG[:4]))
    assert (second["end_reason"], second["is_termination"]) == ("terminated", True)
    assert (third["end_reason"], third["cut"], third["step"]) == ("end_of_budget", 1, 10)


def test_a_discarded_transition_is_marked(tmp_path: Path) -> None:
    stage = Stage(tmp_path, 6, env_kwargs={"discards_at": 2})
    stage.acting().run()
    assert stage.rows()["discard"].tolist() == [0, 1, 0, 0, 0, 0]
    assert stage.rows()["start"].tolist() == [1, 0, 1, 0, 0, 0], "it ends its episode"
    assert stage.reader.read()[0]["discarded"] == 1


def test_actions_are_random_until_learning_starts(tmp_path: Path) -> None:
    stage = Stage(tmp_path, 12, algo_kwargs={"learning_starts": 5})
    stage.publish(bias=0.25)
    stage.acting().run()
    actions = stage.rows()["action"]
    assert len(np.unique(actions[:5], axis=0)) == 5
    np.testing.assert_allclose(actions[5:], np.tanh(0.25), atol=1e-6)
    assert int(stage.board.actor["policy_version"]) == 1
    assert int(stage.board.actor["first_policy_step"]) == 5


@pytest.mark.parametrize("algo", sorted(ALGORITHMS))
def test_what_a_configuration_leaves_out_is_the_algorithm_s_default(
    tmp_path: Path, algo: str
) -> None:
    defaults = inspect.signature(algorithm_class(algo)).parameters
    acting = Stage(tmp_path, 1, algo=algo).acting()
    assert acting.explorer.learning_starts == defaults["learning_starts"].default
    assert acting.ring.spec.buffer_size == defaults["buffer_size"].default


def test_without_a_policy_the_warm_up_goes_on(tmp_path: Path) -> None:
    stage = Stage(tmp_path, 12, algo_kwargs={"learning_starts": 5})
    stage.acting().run()
    assert len(np.unique(stage.rows()["action"], axis=0)) == 12


def test_action_noise_is_added_within_the_bounds(tmp_path: Path) -> None:
    noise = ActionNoise(kind="normal", std=3.0)
    stage = Stage(tmp_path, 40, algo_kwargs={"learning_starts": 0}, action_noise=noise)
    stage.publish(bias=0.0)
    stage.acting().run()
    actions = stage.rows()["action"]
    assert np.abs(actions).max() == 1.0
    assert np.std(actions) > 0.5


def test_a_resumed_actor_goes_on_after_the_last_row(tmp_path: Path) -> None:
    stage = Stage(tmp_path, 5)
    acting = stage.acting()
    acting.run()
    acting.ring.close()
    config = replace(stage.options.config, n_timesteps=8)
    stage.task = replace(stage.task, options=replace(stage.options, config=config))
    stage.acting().run()
    assert stage.rows()["sequence"].tolist() == list(range(8))
    assert stage.rows()["start"][5] == 1
    first, second = (stage.rows()["action"][index] for index in (0, 5))
    assert not np.array_equal(first, second)


def test_a_stop_truncates_the_episode_and_stores_it(tmp_path: Path) -> None:
    stage = Stage(tmp_path, 100)
    acting = stage.acting()
    stage.board.supervisor["stop_signal"] = 2
    genuine = acting.ring.append

    def append(*arguments: Any) -> int:
        number = genuine(*arguments)
        if number == 5:
            stage.board.supervisor["stop"] = 1
        return number

    acting.ring.append = append  # type: ignore[method-assign]
    acting.run()
    assert len(stage.rows()) == 7
    last = stage.reader.read()[-1]
    assert (last["end_reason"], last["cut"]) == ("SIGINT", 1)


class Endless(Logged):
    """Its episodes never end by themselves."""

    def step(self, action: Any) -> Any:
        observation, reward, *_, info = super().step(action)
        return observation, reward, False, False, info


def test_hold_ends_an_episode_without_a_time_limit_and_waits(tmp_path: Path) -> None:
    gym.register("Endless-v0", Endless)
    try:
        stage = Stage(tmp_path, 20, env_id="Endless-v0")
        acting = stage.acting()
    finally:
        del gym.registry["Endless-v0"]
    genuine, phases = acting.ring.append, set()

    def append(*arguments: Any) -> int:
        if genuine(*arguments) == 5:
            stage.board.supervisor["pause"] = 1
            threading.Thread(target=wait_and_release).start()
        return int(acting.ring.committed)

    def wait_and_release() -> None:
        while stage.board.actor["phase"] != Phase.HOLDING:
            time.sleep(0.001)
        phases.add((int(stage.board.actor["phase"]), acting.ring.committed))
        stage.board.supervisor["pause"] = 0

    acting.ring.append = append  # type: ignore[method-assign]
    acting.run()
    episodes = [event for event in stage.reader.read() if event["kind"] == "episode"]
    told = [(event["l"], event["end_reason"], event["cut"]) for event in episodes]
    assert told[0] == (7, "learner", 1) and sum(length for length, *_ in told) == 20
    assert phases == {(Phase.HOLDING, 7)}
    assert stage.rows()["truncated"].nonzero()[0].tolist() == [6, 19]


def test_the_end_of_the_supervisor_is_the_end(tmp_path: Path) -> None:
    stage = Stage(tmp_path, 100)
    acting = stage.acting()
    os.close(stage.alive_writing)
    acting.run()
    assert len(stage.rows()) == 0


@pytest.mark.parametrize(
    ("told", "flag", "wanted"),
    [({}, None, None), ({"render_fps": 40}, None, 40.0), ({"render_fps": 40}, 10.0, 10.0)],
)
def test_the_rate_is_what_the_flag_or_the_environment_says(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    told: dict[str, Any],
    flag: float | None,
    wanted: float | None,
) -> None:
    monkeypatch.setattr(Logged, "metadata", told)
    stage = Stage(tmp_path, 1)
    env = ActingEnv(replace(stage.options, control_frequency=flag), stage.folder)
    assert env.frequency == wanted
    assert env.period == (None if wanted is None else 1.0 / wanted)
    monkeypatch.setattr(Logged, "dt", 0.02, raising=False)
    assert ActingEnv(stage.options, stage.folder).frequency == 50.0


@pytest.mark.parametrize("kind", [RobotFault, NonFiniteError])
def test_a_fault_loses_no_transition_before_it(tmp_path: Path, kind: type[Exception]) -> None:
    failure = {"fails_at": 6} if kind is RobotFault else {"nan_at": 6}
    stage = Stage(tmp_path, 100, env_kwargs=failure)
    with pytest.raises(kind, match=r"step 6"):
        stage.acting().run()
    assert len(stage.rows()) == 5


def test_an_evaluation_stores_nothing(tmp_path: Path) -> None:
    stage = Stage(tmp_path, 8, algo_kwargs={"learning_starts": 0})
    stage.publish(bias=0.5, version=4)
    stage.board.supervisor["evaluation"] = 1
    stage.acting().run()
    assert len(stage.rows()) == 8
    event = next(item for item in stage.reader.read() if item["kind"] == "evaluation")
    assert (event["number"], event["version"], event["lengths"]) == (1, 4, [4, 4])
    wanted = sum(item["reward"] for item in LOG[:4])
    assert event["returns"][0] == pytest.approx(wanted)
    assert np.array_equal(LOG[0]["action"], LOG[7]["action"]), "without exploration"
    assert int(stage.board.actor["evaluation"]) == 1


def test_safe_actions_are_stored_on_request(tmp_path: Path) -> None:
    limits = {"limits": {"max_action_change": 0.1}}
    wrapper = Component("SafetyWrapper", {**limits, "store_action": "executed"})
    stage = Stage(tmp_path, 20, env_wrappers=(wrapper,))
    stage.acting().run()
    executed = np.array([item["action"] for item in LOG])
    scaled = 2 * (executed - [-2.0, 0.0]) / [4.0, 1.0] - 1
    np.testing.assert_allclose(stage.rows()["action"], scaled, atol=1e-6)


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ({"action_space": spaces.Discrete(2)}, "a bounded Box is needed"),
        ({"observation_space": spaces.Discrete(2)}, "a Box of one axis"),
    ],
)
def test_other_spaces_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, space: dict[str, Any], message: str
) -> None:
    for name, value in space.items():
        monkeypatch.setattr(Logged, name, value)
    with pytest.raises(ConfigError, match=message):
        Stage(tmp_path, 5).acting()


def test_the_actor_imports_no_learning_library() -> None:
    code = (
        "import sys, rl_zoo.realtime.actor; "
        "print([m for m in ('torch', 'stable_baselines3', 'jax', 'onnxruntime', 'scipy', 'pandas') "
        "if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_no_episode_begins_before_the_policy_it_was_given(tmp_path: Path) -> None:
    stage = Stage(tmp_path, 8)
    stage.task = replace(stage.task, begins_with_policy=True)
    acting, seen = stage.acting(), []

    def publish_late() -> None:
        seen.append(len(LOG))
        stage.publish(bias=0.25)

    late = threading.Timer(0.2, publish_late)
    late.start()
    acting.run()
    late.join()
    assert seen == [0]
    actions = stage.rows()["action"]
    np.testing.assert_allclose(actions, np.full((8, 2), np.tanh(0.25)), atol=1e-4)


def test_waiting_for_a_policy_ends_when_the_run_does(tmp_path: Path) -> None:
    stage = Stage(tmp_path, 8)
    stage.task = replace(stage.task, begins_with_policy=True)
    late = threading.Timer(0.2, lambda: stage.board.supervisor.__setitem__("stop", 1))
    late.start()
    stage.acting().run()
    late.join()
    assert LOG == [] and len(stage.rows()) == 0


def test_a_baseline_comes_before_a_repeated_warm_up(tmp_path: Path) -> None:
    stage = Stage(tmp_path, 8)
    stage.board.supervisor["evaluation"] = 1
    late = threading.Timer(0.2, stage.publish)
    late.start()
    stage.acting().run()
    late.join()
    (first, *_) = (event for event in stage.reader.read() if event["kind"] == "evaluation")
    assert first["step"] == 0 and first["lengths"] == [4, 4]
    assert first["end_reasons"] == {"time_limit": 1, "terminated": 1}
    assert len(LOG) == 16 and len(stage.rows()) == 8
    assert len(np.unique(stage.rows()["action"])) == 16, "random"


def test_a_resumed_run_does_not_repeat_the_ramp_of_a_prior(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    ramp = lambda env, n_steps: seen.append(n_steps)  # noqa: E731
    monkeypatch.setattr(Logged, "continue_ramp", ramp, raising=False)
    stage = Stage(tmp_path, 6)
    first = stage.acting()
    first.run()
    first.ring.close()
    assert seen == []
    stage.acting()
    assert seen == [6]


def test_an_old_policy_has_its_full_influence_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rl_zoo.realtime import actor

    finished: list[int] = []
    monkeypatch.setattr(Logged, "finish_ramp", lambda env: finished.append(env.n), raising=False)
    stage = Stage(tmp_path, 6)
    actor._act(stage.task, stage.board, EventWriter(stage.task.events))
    assert finished == []
    (stage.folder.path / "realtime" / "transitions.ring").unlink()
    stage.publish()
    task = replace(stage.task, begins_with_policy=True)
    actor._act(task, stage.board, EventWriter(stage.task.events))
    assert finished == [0], "before the first step"
    (told,) = (event for event in stage.reader.read() if event["kind"] == "restored")
    assert told["lines"]["ramp of the prior"].startswith("over")
