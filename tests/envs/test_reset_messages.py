"""What a reset says on the terminal: every event once, in words that name a remedy."""

import gymnasium
import numpy as np
import pytest

from rl_zoo.envs.ids import register_environments

QUIET = np.zeros(8, np.float32)


@pytest.fixture
def make(tmp_path):
    """Return a function that makes Bert-Real-v0 on a mock with faults at times after connecting."""
    register_environments()
    opened = []

    def env(*faults):
        opened.append(
            gymnasium.make(
                "Bert-Real-v0",
                driver="mock",
                driver_options={"faults": [list(fault) for fault in faults]},
                reset={"auto_rearm": True},
                run_folder=str(tmp_path),
            )
        )
        return opened[-1]

    yield env
    for item in opened:
        item.close()


def step_until_end(env):
    for _ in range(400):
        *_, terminated, truncated, info = env.step(QUIET)
        if terminated or truncated:
            return info["truncation_reason"]
    raise AssertionError("the episode did not end")


def test_a_fault_that_lasts_is_said_once_and_so_is_its_end(make, capsys):
    env = make((6.0, "freeze"), (15.0, "freeze", False))
    env.reset(seed=0)
    assert step_until_end(env) == "stale"
    env.reset()
    lines = capsys.readouterr().err.splitlines()
    assert [line.split("(")[0] for line in lines] == [
        "robot: fault ",
        "robot: it stands again and goes on",
    ]
    assert "goes on when the cause is gone" in lines[0]


def test_an_undisturbed_reset_says_nothing(make, capsys):
    env = make()
    env.reset(seed=0)
    env.step(QUIET)
    env.reset()
    assert capsys.readouterr().err == ""


def test_a_slow_learner_is_told_once_what_to_do(make, capsys):
    env = make()
    link = env.unwrapped.link
    env.reset(seed=0)
    for _ in range(3):
        env.step(QUIET)
        link.wait_until(link.clock.now() + 0.3)  # an update that takes its time
        assert step_until_end(env) == "late"
        env.reset()
    said = capsys.readouterr().err
    assert said.count("an action came too late") == 1
    assert "train_freq: [1, episode]" in said
