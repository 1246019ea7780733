"""A pouring task in the plane, learned inside its constraints."""

from __future__ import annotations

from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
import yaml
from gymnasium import spaces
from gymnasium.utils.env_checker import check_env
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rl_zoo.config.model import Component
from rl_zoo.envs.robot_env import RobotEnv
from rl_zoo.envs.single_env import wrap_env
from rl_zoo.errors import ConfigError
from rl_zoo.wrappers.action_smoothing import ActionSmoothingWrapper
from rl_zoo.wrappers.task_constraints import TaskConstraintsWrapper
from rl_zoo.wrappers.task_phases import project


class BottleEnv(gym.Env):
    """A bottle at (x, y) with a tilt; the cup is at x = 1. Actions are changes per step."""

    def __init__(self):
        self.action_space = spaces.Box(-1.0, 1.0, (3,), np.float32)
        self.observation_space = spaces.Box(-5.0, 5.0, (3,), np.float32)
        self.spilled = False
        self.actions = []

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.state = np.zeros(3)
        self.spilled = False
        return self.state.astype(np.float32), {}

    def step(self, action):
        self.actions.append(np.asarray(action, dtype=np.float64))
        self.state = np.clip(self.state + 0.1 * self.actions[-1], -5.0, 5.0)
        x, _, tilt = self.state
        self.spilled |= tilt > 0.2 and abs(x - 1.0) > 0.1
        info = {"distance": abs(x - 1.0), "poured": float(tilt > 0.9)}
        return self.state.astype(np.float32), 0.0, False, False, info


POURING = {
    "n_inputs": 2,
    "quantities": {
        "x": {"observation": 0},
        "tilt": {"observation": 2},
        "distance": {"info": "distance"},
        "poured": {"info": "poured"},
    },
    "phases": [
        {
            "name": "reach",
            "inputs": [[1, 0], [0, 1], [0, 0.5]],  # the second input also tilts
            "constraints": [
                {"name": "no_spill", "quantity": "tilt", "weights": {2: 0.1}, "high": 0.2},
                {"name": "stay_left", "quantity": "x", "weights": {0: 0.1}, "high": 1.0},
                {"name": "slowly", "weights": [1, 1, 0], "low": -1.2, "high": 1.2},
            ],
            "transitions": [{"to": "pour", "when": {"quantity": "distance", "below": 0.05}}],
        },
        {
            "name": "pour",
            "inputs": [[0.2, 0], [0, 0], [0, 1]],
            "constraints": [
                {"name": "above_cup", "quantity": "x", "weights": {0: 0.1}, "low": 0.9, "high": 1.1}
            ],
            "transitions": [
                {"to": "done", "when": {"quantity": "poured", "above": 0.5}, "for_steps": 3},
                {"to": "reach", "after_steps": 60},
            ],
        },
        {"name": "done", "end": "terminated"},
    ],
}


def make():
    return TaskConstraintsWrapper(BottleEnv(), **POURING)


def act(*values):
    return np.array(values, np.float32)


def test_the_agent_sees_its_inputs_and_the_phase():
    env = make()
    assert env.action_space == spaces.Box(-1.0, 1.0, (2,), np.float32)
    observation, info = env.reset(seed=0)
    assert observation.tolist() == [0, 0, 0, 1, 0, 0]
    assert info["phase"] == "reach"
    env.step(act(0.5, 0.4))
    np.testing.assert_allclose(env.unwrapped.actions[0], [0.5, 0.4, 0.2], atol=1e-7)


def test_a_phase_follows_the_other_and_the_last_one_ends_the_episode():
    env = make()
    env.reset(seed=0)
    phases = []
    for _ in range(40):
        observation, _, terminated, truncated, info = env.step(act(1.0, 1.0))
        phases.append(info["phase"])
        if terminated or truncated:
            break
    assert list(dict.fromkeys(phases)) == ["reach", "pour", "done"]
    assert (terminated, truncated, info["termination_reason"]) == (True, False, "done")
    assert observation[3:].tolist() == [0, 0, 1]
    assert env.unwrapped.state[0] <= 1.1
    assert not env.unwrapped.spilled
    assert env.reset()[1]["phase"] == "reach"


@pytest.mark.parametrize(
    ("end", "expected"), [("terminated", (True, False)), ("truncated", (False, True))]
)
def test_the_end_of_a_task_in_the_last_step_of_a_time_limit(end, expected):
    """A termination wins; a truncation is one anyway."""
    phases = [
        {"name": "go", "transitions": [{"to": "done", "after_steps": 2}]},
        {"name": "done", "end": end},
    ]
    env = TaskConstraintsWrapper(gym.wrappers.TimeLimit(BottleEnv(), 2), phases, n_inputs=1)
    env.reset(seed=0)
    for _ in range(2):
        *_, terminated, truncated, info = env.step(act(0.0))
    assert (terminated, truncated) == expected
    assert info.get("termination_reason") == ("done" if end == "terminated" else None)


def test_random_inputs_never_break_a_constraint():
    env = make()
    rng = np.random.default_rng(0)
    for episode in range(20):
        env.reset(seed=episode)
        for _ in range(100):
            phase, before = env.phase.name, env.unwrapped.state.copy()
            *_, terminated, truncated, info = env.step(rng.uniform(-1, 1, 2).astype(np.float32))
            sent, after = env.unwrapped.actions[-1], env.unwrapped.state
            if phase == "reach":
                assert after[2] <= 0.2
                assert after[0] <= 1.0
                assert abs(sent[0] + sent[1]) <= 1.2
            else:
                assert 0.9 <= after[0] <= 1.1 or not 0.9 <= before[0] <= 1.1
            assert info["constraints_met"]
            if terminated or truncated:
                break
        assert not env.unwrapped.spilled


def test_without_the_constraints_the_same_inputs_spill():
    phases = [{**POURING["phases"][0], "constraints": []}, *POURING["phases"][1:]]
    env = TaskConstraintsWrapper(BottleEnv(), **{**POURING, "phases": phases})
    env.reset(seed=0)
    for _ in range(6):
        env.step(act(0.0, 1.0))
    assert env.unwrapped.spilled


def test_what_a_constraint_held_back_is_in_info():
    env = make()
    env.reset(seed=0)
    for _ in range(4):
        info = env.step(act(0.0, 1.0))[4]
    assert info["constraint/no_spill"] == pytest.approx(0.0, abs=1e-6)
    info = env.step(act(0.0, 1.0))[4]  # the tilt is at its limit
    assert info["constraint/no_spill"] == pytest.approx(0.05, abs=1e-4)
    assert info["action_executed"][2] == pytest.approx(0.0, abs=1e-4)
    assert info["action_proposed"].tolist() == [0.0, 1.0]


def test_a_transition_back_after_a_time():
    env = make()
    env.reset(seed=0)
    for _ in range(12):
        env.step(act(1.0, 0.0))
    assert env.phase.name == "pour"
    for _ in range(57):
        env.step(act(0.0, 0.0))
    assert env.phase.name == "pour"
    for _ in range(5):
        env.step(act(-1.0, 0.0))
    assert env.phase.name == "reach"


def test_a_filter_outside_starts_from_the_input_and_not_from_the_inner_action():
    inner = BottleEnv()
    inner.current_action = np.zeros(3)
    env = ActionSmoothingWrapper(TaskConstraintsWrapper(inner, **POURING), smoothing_coef=0.5)
    env.reset(seed=0)
    env.step(act(1.0, 0.0))
    assert inner.actions[0].tolist() == [0.5, 0.0, 0.0]


def test_gymnasium_accepts_it():
    with pytest.warns(UserWarning, match="different from the unwrapped version"):
        check_env(make(), skip_render_check=True)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.floats(-3, 3), min_size=3, max_size=3),
    st.lists(
        st.tuples(
            st.lists(st.floats(-2, 2), min_size=3, max_size=3).filter(
                lambda row: max(map(abs, row)) > 0.1
            ),
            st.floats(0.01, 1),
            st.floats(0.01, 1),
        ),
        max_size=3,
    ),
)
@example([0.0, 0.0, 3.0], [([0.0, 2.0, 2.0], 1.0, 1.0)])  # the point stood still on the way
@example([0.0, -2.0, 1.0], [([0.0, 1.30078125, 1.2890625], 0.01, 1.0)])  # for 500 projections
def test_the_projection_is_feasible_idempotent_and_the_nearest(action, rows):
    """All slabs contain the origin; the nearest point is compared with random feasible ones."""
    action = np.array(action)
    box = (-np.ones(3), np.ones(3))
    slabs = [(np.array(weights), -low, high) for weights, low, high in rows]
    point = project(action, box, slabs)
    assert (np.abs(point) <= 1.0).all()
    for weights, low, high in slabs:
        assert low <= weights @ point <= high
    assert project(point, box, slabs).tobytes() == point.tobytes()
    others = np.random.default_rng(0).uniform(-1, 1, (500, 3))
    for weights, low, high in slabs:
        values = others @ weights
        others = others[(values >= low) & (values <= high)]
    if len(others):
        nearest = np.linalg.norm(others - action, axis=1).min()
        assert np.linalg.norm(point - action) <= nearest + 1e-4


def test_contradicting_constraints_are_reported():
    constraints = [
        {"name": "up", "weights": {0: 1.0}, "low": 0.5},
        {"name": "down", "weights": {0: 1.0}, "high": -0.5},
    ]
    phase = {"name": "stuck", "inputs": np.eye(3).tolist(), "constraints": constraints}
    env = TaskConstraintsWrapper(BottleEnv(), [phase], n_inputs=3)
    env.reset()
    info = env.step(act(0.0, 0.0, 0.0))[4]
    assert info["constraints_met"] is False
    assert env.action_space.contains(info["action_executed"])


def test_the_example_of_the_documentation_stands_up_and_walks():
    page = (Path(__file__).parents[2] / "docs" / "safety.md").read_text()
    blocks = [block.split("```")[0] for block in page.split("```yaml")[1:]]
    entry = yaml.safe_load(next(b for b in blocks if "TaskConstraints" in b))["Bert-v0"]
    env = RobotEnv("bert", **entry["env_kwargs"])
    components = tuple(Component(*next(iter(item.items()))) for item in entry["env_wrapper"])
    env = wrap_env(env, components)
    _, info = env.reset(seed=0)
    phases = [info["phase"]]
    for step in range(200):
        inputs = np.sin(0.4 * step + np.array([0.0, 1.5, np.pi, np.pi + 1.5])).astype(np.float32)
        _, _, terminated, truncated, info = env.step(inputs)
        assert not (terminated or truncated)
        phases.append(info["phase"])
        assert info["constraints_met"]
    assert list(dict.fromkeys(phases)) == ["tuck", "rise", "walk"]
    assert phases.count("walk") > 50


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"phases": []}, r"phases: \[\] is not a list of phases"),
        ({"phases": [{}]}, "each needs a name"),
        ({"phases": [{"name": "a", "inputs": [[1, 0]]}]}, r"phases.a.inputs: has shape \(1, 2\)"),
        ({"phases": [{"name": "a", "transition": []}]}, "did you mean 'transitions'"),
        ({"phases": [{"name": "a", "end": "over"}]}, "a.end: 'over' is unknown"),
        (
            {"phases": [{"name": "reach", "transitions": [{"to": "reech", "after_steps": 1}]}]},
            "no phase 'reech'; did you mean 'reach'",
        ),
        (
            {"phases": [{"name": "a", "transitions": [{"to": "a"}]}]},
            "needs 'when' or 'after_steps'",
        ),
        (
            {"phases": [{"name": "a", "constraints": [{"weights": {3: 1}, "low": 0}]}]},
            "the action has no entry 3",
        ),
        (
            {"phases": [{"name": "a", "constraints": [{"weights": {0: 1}}]}]},
            "needs 'low' or 'high'",
        ),
        (
            {"phases": [{"name": "a", "constraints": [
                {"weights": {0: 1}, "low": 0, "quantity": "tild"}]}]},
            "no quantity 'tild'; did you mean 'tilt'",
        ),
        ({"phases": [{"name": "a", "constraints": 3}]}, "phases.a.constraints: 3 is not a list"),
        ({"phases": [{"name": "a", "transitions": 3}]}, "phases.a.transitions: 3 is not a list"),
        (
            {"phases": [{"name": "a", "transitions": [{"to": "a", "when": 3}]}]},
            r"transitions\[0\].when: 3 is not a list",
        ),
        (
            {"phases": [{"name": "a", "transitions": [
                {"to": "a", "when": {"quantity": ["x"], "above": 1}}]}]},
            r"when.quantity: no quantity '\['x'\]'",
        ),
        (
            {"phases": [{"name": "a", "constraints": [{"weights": {0: "a"}, "low": 0}]}]},
            "weights.0: 'a' is not an array of numbers",
        ),
        (
            {"phases": [{"name": "a", "constraints": [{"weights": {True: 1}, "low": 0}]}]},
            "the action has no entry True",
        ),
        ({"quantities": {"x": {"observation": True}}}, "quantities.x: .* is neither"),
        ({"quantities": {"x": {"observation": 9}}}, "the observation has no entry 9"),
        ({"n_inputs": 0}, "TaskConstraintsWrapper.n_inputs: 0 is not a whole number"),
    ],
)  # fmt: skip
def test_a_mistake_is_named(change, text):
    with pytest.raises(ConfigError, match=text):
        TaskConstraintsWrapper(BottleEnv(), **{**POURING, **change})


def test_a_constraint_on_a_number_that_info_lacks_is_named():
    constraint = {"quantity": "distance", "weights": {0: 0.1}, "high": 1.0}
    phases = [{"name": "a", "constraints": [constraint]}]
    env = TaskConstraintsWrapper(BottleEnv(), **{**POURING, "phases": phases})
    env.reset()
    with pytest.raises(ConfigError, match="info has no 'distance'"):
        env.step(act(0.0, 0.0))
