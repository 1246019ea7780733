"""What the end of an episode is, and which transitions must not be learned from."""

from dataclasses import dataclass

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.wrappers import TimeAwareObservation, TimeLimit
from stable_baselines3.common.vec_env import DummyVecEnv

from rl_zoo.envs.guarded import GuardedVecEnv
from rl_zoo.envs.normalize import RawTerminalVecNormalize
from rl_zoo.envs.robot_env import RobotEnv
from rl_zoo.errors import ConfigError
from rl_zoo.wrappers.episode_control import EpisodeControlWrapper
from rl_zoo.wrappers.monitor import RunMonitor
from rl_zoo.wrappers.truncation import TruncationWrapper


@dataclass
class Reading:
    time: float
    battery_voltage: float | None = None


class TellingEnv(gym.Env):
    """Observation [t, 10 t], reward t; ends and tells what the script says at each step.

    ``script``: by step, a dict of ``terminated``, ``truncated``, ``clock`` (s), ``voltage`` (V) and
    entries of ``info``.
    """

    dt = 0.02

    def __init__(self, script=None):
        self.observation_space = gym.spaces.Box(-1e5, 1e5, (2,), np.float32)
        self.action_space = gym.spaces.Box(-1.0, 1.0, (1,), np.float32)
        self.script = script or {}
        self.robot_state = Reading(0.0)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.time = 0
        self.robot_state = Reading(0.0, self.script.get(0, {}).get("voltage"))
        return self.observe(), {}

    def observe(self):
        return np.array([self.time, 10 * self.time], np.float32)

    def step(self, action):
        self.time += 1
        now = dict(self.script.get(self.time, {}))
        ends = now.pop("terminated", False), now.pop("truncated", False)
        self.robot_state = Reading(now.pop("clock", 0.02 * self.time), now.pop("voltage", None))
        return self.observe(), float(self.time), *ends, now


def run(script, inner=None, **settings):
    """Return the last step of an episode: observation, reward, terminated, truncated, info."""
    env = TellingEnv(script)
    env = TruncationWrapper(env if inner is None else inner(env), **settings)
    env.reset(seed=0)
    for _ in range(20):
        step = env.step(np.zeros(1, np.float32))
        if step[2] or step[3]:
            return step
    raise AssertionError("the episode did not end")


def end_of(*arguments, **settings):
    _, _, terminated, truncated, info = run(*arguments, **settings)
    assert terminated != truncated
    assert ("termination_reason" in info) == terminated
    assert ("truncation_reason" in info) == truncated
    reason = info.get("termination_reason") or info.get("truncation_reason")
    return "terminated" if terminated else "truncated", reason


FALL = {"terminated": True, "termination_reason": "fall"}


@pytest.mark.parametrize(
    ("script", "settings", "expected"),
    [
        ({4: FALL}, {}, ("terminated", "fall")),
        ({4: {"truncated": True}}, {}, ("truncated", "time_limit")),
        ({4: {"terminated": True}}, {}, ("terminated", "terminated")),
        # An environment that reports its own time limit as terminated.
        ({4: {"terminated": True}}, {"max_steps": 4}, ("truncated", "time_limit")),
        ({3: {"terminated": True}}, {"max_steps": 4}, ("terminated", "terminated")),
        ({}, {"max_steps": 4}, ("truncated", "time_limit")),
        (
            {4: {"terminated": True, "timed_out": True}},
            {"flags": {"timed_out": "time_limit"}},
            ("truncated", "time_limit"),
        ),
        (
            {4: {"terminated": True, "timed_out": False}},
            {"flags": {"timed_out": "time_limit"}},
            ("terminated", "terminated"),
        ),
        (
            {4: {"terminated": True, "termination_reason": "timeout"}},
            {"reasons": {"timeout": "truncated"}},
            ("truncated", "timeout"),
        ),
        # A flag alone ends the episode; a success is a termination.
        (
            {4: {"is_success": True}},
            {"flags": {"is_success": "success"}},
            ("terminated", "success"),
        ),
        ({4: {"lost": True}}, {"flags": {"lost": "link"}}, ("truncated", "link")),
        (
            {4: {"truncated": True, "truncation_reason": "left_track"}},
            {"reasons": {"left_track": "terminated"}},
            ("terminated", "left_track"),
        ),
        # Operator, link and battery are never failures of the policy.
        (
            {4: {"terminated": True, "termination_reason": "operator"}},
            {},
            ("truncated", "operator"),
        ),
        # Both flags at once: a termination wins.
        (
            {4: {**FALL, "truncated": True, "truncation_reason": "time_limit"}},
            {},
            ("terminated", "fall"),
        ),
        ({4: FALL}, {"max_steps": 4}, ("terminated", "fall")),
        ({4: {"terminated": True, "truncated": True}}, {}, ("terminated", "terminated")),
        (
            {4: {**FALL, "timed_out": True}},
            {"flags": {"timed_out": "time_limit"}},
            ("terminated", "fall"),
        ),
    ],
)
def test_an_end_is_what_its_reason_says(script, settings, expected):
    assert end_of(script, **settings) == expected


@pytest.mark.parametrize("kind", ["truncated", "terminated"])
def test_a_safety_stop_costs_whatever_it_is(kind):
    script = {4: {"terminated": True, "termination_reason": "safety_stop"}}
    _, reward, terminated, _, info = run(script, reasons={"safety_stop": kind})
    assert terminated == (kind == "terminated")
    assert info["cost"] == 1
    assert reward == 4, "this step really happened"


def test_a_cost_of_the_safety_layer_stays():
    script = {2: {"truncated": True, "truncation_reason": "safety_stop", "cost": 3.0}}
    assert run(script)[4]["cost"] == 3


@pytest.mark.parametrize(
    "script",
    [
        {3: {"time_gap": 0.4}},
        {3: {"clock": 0.5}},
        {3: {"clock": 0.04}},  # the reading is the one of the step before
        {3: {"clock": 0.01}},
        {3: {"discard": True}},
        {3: {"clock": 0.5, "terminated": True, "termination_reason": "fall"}},
        {3: {"clock": 0.5, "truncated": True, "voltage": 1.0}},
    ],
)
def test_a_gap_in_time_discards_the_transition(script):
    settings = {"limits": {"max_gap": 0.1, "min_battery_voltage": 10}, "max_steps": 3}
    observation, reward, terminated, truncated, info = run(script, **settings)
    assert observation.tolist() == [2, 20], "the last valid one"
    assert (reward, terminated, truncated) == (0, False, True)
    assert info["discard"] is True
    assert info["truncation_reason"] == "interrupted"
    assert "termination_reason" not in info


def test_readings_in_time_are_no_gap():
    late = {3: {"clock": 0.139}, 4: {"clock": 0.2}, 5: {"clock": 0.22}}
    assert end_of(late, limits={"max_gap": 0.1}, max_steps=5) == ("truncated", "time_limit")
    assert end_of({3: {"clock": 9.0}}, max_steps=5) == ("truncated", "time_limit")
    assert end_of({3: {"time_gap": 0.05}}, limits={"max_gap": 0.1}, max_steps=5)[1] == "time_limit"


def test_the_clock_starts_anew_after_a_reset():
    env = TruncationWrapper(TellingEnv({5: {"truncated": True}}), limits={"max_gap": 0.1})
    for _ in range(2):
        env.reset()
        for step in range(1, 6):
            assert env.step(np.zeros(1))[3] == (step == 5)


def test_an_empty_battery_truncates_what_was_still_valid():
    script = {3: {"voltage": 10.0}, 4: {"voltage": 9.9}}
    observation, reward, _, truncated, info = run(script, limits={"min_battery_voltage": 10})
    assert observation.tolist() == [4, 40]
    assert (reward, truncated, info["truncation_reason"]) == (4, True, "battery")
    assert "discard" not in info
    assert end_of({4: {**FALL, "voltage": 9.0}}, limits={"min_battery_voltage": 10}) == (
        "terminated",
        "fall",
    )
    assert end_of({}, limits={"min_battery_voltage": 10}, max_steps=5)[1] == "time_limit", (
        "unknown is not empty"
    )


def test_remaining_time_makes_the_limit_a_termination():
    env = TruncationWrapper(TellingEnv(), remaining_time=True, max_steps=4)
    seen = [env.reset()[0]]
    ends = []
    for _ in range(4):
        observation, _, terminated, truncated, info = env.step(np.zeros(1))
        seen.append(observation)
        ends.append((terminated, truncated))
        assert env.observation_space.contains(observation)
    assert [row[-1] for row in seen] == [1, 0.75, 0.5, 0.25, 0]
    assert [row[:2].tolist() for row in seen] == [[t, 10 * t] for t in range(5)]
    assert ends == [(False, False)] * 3 + [(True, False)]
    assert info["termination_reason"] == "time_limit"


def test_remaining_time_takes_the_environments_own_limit():
    env = TruncationWrapper(gym.make("Pendulum-v1"), remaining_time=True)
    assert env.max_steps == 200
    shorter = TruncationWrapper(TimeLimit(gym.make("Pendulum-v1"), 50), remaining_time=True)
    assert shorter.max_steps == 50


def test_an_end_that_the_remaining_time_does_not_show_is_a_truncation():
    assert end_of({3: {"truncated": True}}, remaining_time=True, max_steps=5)[0] == "truncated"


def test_a_gap_shows_the_remaining_time_of_the_last_valid_observation():
    observation = run({3: {"time_gap": 1.0}}, remaining_time=True, max_steps=5)[0]
    np.testing.assert_allclose(observation, [2, 20, 0.6])


def test_a_time_feature_inside_is_used_as_a_finite_horizon():
    script = {4: {"truncated": True}}
    settings = {"reasons": {"time_limit": "terminated"}}

    def show_time(env):
        return TimeAwareObservation(TimeLimit(env, 10))

    assert end_of(script, show_time, **settings) == ("terminated", "time_limit")


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"reasons": {"time_limit": "terminated"}}, "a limit that the agent cannot see is a trunc"),
        (
            {"remaining_time": True, "max_steps": 5, "reasons": {"time_limit": "truncated"}},
            "remaining_time makes the time limit a termination",
        ),
        ({"remaining_time": True}, "remaining_time: this environment has no limit; add max_steps"),
        ({"reasons": {"fall": "terminate"}}, "fall: 'terminate'.*did you mean 'terminated'"),
        ({"reasons": {"interrupted": "terminated"}}, "an interruption is no failure"),
        ({"reasons": {"safety_stop": "stop"}}, "reasons.safety_stop: 'stop' is neither"),
        ({"flags": {"lost": True}}, "flags.lost: True is not the name of a reason"),
        ({"reasons": ["fall"]}, r"TruncationWrapper.reasons: \['fall'\] is not a mapping"),
        ({"flags": 3}, "TruncationWrapper.flags: 3 is not a mapping"),
        ({"limits": [0.1]}, r"TruncationWrapper.limits: \[0.1\] is not a mapping"),
        ({"remaining_time": "yes"}, "remaining_time: 'yes' is neither true nor false"),
        ({"max_steps": 0}, "TruncationWrapper.max_steps: 0 is not a whole number"),
        ({"limits": {"max_gap": -1}}, "max_gap: -1 is not a positive number"),
        (
            {"limits": {"max_gap": 0.02}},
            "max_gap: 0.02 s is no more than a control period of 0.02 s",
        ),
        ({"limits": {"min_battery_voltage": float("nan")}}, "min_battery_voltage: nan"),
        ({"limits": {"max_gaps": 1}}, "limits.max_gaps: unknown; did you mean 'max_gap'"),
    ],
)
def test_a_setting_without_meaning_is_refused(settings, text):
    with pytest.raises(ConfigError, match=text):
        TruncationWrapper(TellingEnv(), **settings)


@pytest.mark.parametrize(
    ("env", "settings", "text"),
    [
        (TimeAwareObservation, {}, "with TimeAwareObservation the horizon is finite"),
        (
            TimeAwareObservation,
            {"remaining_time": True},
            "TimeAwareObservation shows the time already; drop one",
        ),
        (lambda env: env, {"remaining_time": True, "max_steps": 300}, "limit of 200 steps"),
    ],
)
def test_a_setting_that_contradicts_the_environment_is_refused(env, settings, text):
    with pytest.raises(ConfigError, match=text):
        TruncationWrapper(env(gym.make("Pendulum-v1")), **settings)


def test_remaining_time_needs_a_vector():
    with pytest.raises(ConfigError, match="needs a Box observation space"):
        TruncationWrapper(gym.make("FrozenLake-v1"), remaining_time=True)


def monitored(script, **settings):
    return RunMonitor(EpisodeControlWrapper(TruncationWrapper(TellingEnv(script), **settings)))


def steps_of(env, number):
    env.reset(seed=0)
    return [env.step(np.zeros(1)) for _ in range(number)]


def test_monitor_counts_an_interrupted_step_but_does_not_report_its_episode():
    env = monitored({3: {"time_gap": 1.0}})
    info = steps_of(env, 3)[-1][4]
    assert info["cut"] == 1
    assert "episode" not in info
    assert env.get_episode_lengths() == [3]
    assert env.get_episode_rewards() == [1 + 2 + 0]


@pytest.mark.parametrize(
    ("script", "reported"),
    [
        ({3: FALL}, True),
        ({3: {"truncated": True}}, True),
        ({3: {"truncated": True, "truncation_reason": "operator"}}, False),
    ],
)
def test_monitor_reports_what_ended_for_the_tasks_own_reasons(script, reported):
    info = steps_of(monitored(script), 3)[-1][4]
    assert ("episode" in info) == reported
    assert info["cut"] == (not reported)


def test_a_transition_that_the_environment_discards_itself_ends_its_episode():
    env = RunMonitor(EpisodeControlWrapper(TellingEnv({2: {"discard": True}})))
    _, _, terminated, truncated, info = steps_of(env, 2)[-1]
    assert (terminated, truncated) == (False, True)
    assert info["truncation_reason"] == "interrupted"
    assert "episode" not in info


def test_statistics_of_returns_leave_an_interrupted_step_out():
    scripts = [{}, {3: {"discard": True}}]
    guard = GuardedVecEnv(
        DummyVecEnv([lambda s=s: EpisodeControlWrapper(TellingEnv(s)) for s in scripts])
    )
    env = RawTerminalVecNormalize(guard, gamma=0.5)
    env.reset()
    for _ in range(3):
        env.step(np.zeros((2, 1), np.float32))
    # Discounted returns 1, 2.5 of both environments and 4.25 of the first alone.
    returns = [1, 1, 2.5, 2.5, 4.25]
    assert env.ret_rms.count == pytest.approx(5, abs=1e-3)
    assert env.ret_rms.mean == pytest.approx(np.mean(returns), abs=1e-3)


def test_a_simulated_robot_has_no_gaps():
    env = TruncationWrapper(RobotEnv("bert"), limits={"max_gap": 0.1, "min_battery_voltage": 1.0})
    env.reset(seed=0)
    for _ in range(20):
        _, _, terminated, truncated, _ = env.step(np.zeros(8, np.float32))
        assert not (terminated or truncated)
