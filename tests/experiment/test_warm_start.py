"""``-i``: a new run from old weights says what it took over, and does not act at random first."""

import numpy as np
import pytest
import torch
from stable_baselines3 import TD3

from rl_zoo.runs.record import read_record


@pytest.fixture
def always_right(tmp_path):
    """A TD3 model whose policy always says +1."""
    import gymnasium as gym

    import tests.probe_envs  # noqa: F401

    agent = TD3(
        "MlpPolicy", gym.make("Counting-v0"), policy_kwargs={"net_arch": [8, 8]}, device="cpu"
    )
    with torch.no_grad():
        agent.actor.mu[-2].bias.fill_(100.0)
    agent.save(tmp_path / "right.zip")
    return tmp_path / "right.zip"


def first_actions(train, arguments, model, *more):
    from tests.probe_envs import CountingEnv

    seen, step = [], CountingEnv.step

    def watched(env, action):
        seen.append(float(np.asarray(action).item()))
        return step(env, action)

    CountingEnv.step = watched
    try:
        params = ["noise_type:None", "normalize:False"]
        code, _, err = train(
            *arguments("td3", "Counting-v0", "-n", 60, "-i", model, *more, params=params)
        )
    finally:
        CountingEnv.step = step
    assert code == 0, err
    return seen, err


def test_policy_acts_from_the_first_step(train, arguments, always_right):
    actions, err = first_actions(train, arguments, always_right)
    assert actions[:40] == [1.0] * 40
    assert "the policy acts from the first step; learning starts after 40 steps" in err
    assert "replay buffer: not restored" in err
    assert "weights and optimisers: restored from" in err
    assert "step counter and schedules: start at 0" in err


def test_warm_up_is_repeated_if_asked(train, arguments, always_right):
    actions, err = first_actions(train, arguments, always_right, "--repeat-warmup")
    assert len(set(actions[:40])) == 40, "random"
    assert "warm-up: repeated, as asked" in err


def test_from_a_run_with_its_buffer_and_statistics(train, arguments, train_run, capsys, tmp_path):
    parent = train_run("sac", "Tiny-v0", "-n", 90, "--save-freq", 40, "--save-replay-buffer")
    checkpoint = parent.checkpoint_model(parent.checkpoint_steps()[0])
    flags = ("-n", 1, "-i", checkpoint, "--save-freq", 1)
    code, _, err = train(*arguments("sac", "Tiny-v0", *flags, folder=tmp_path / "child"))
    assert code == 0, err
    steps = parent.checkpoint_steps()[0]
    assert f"({steps} transitions)" in err, "the checkpoint's buffer, not the final one"
    assert "warm-up: skipped" in err
    from rl_zoo.runs.folder import open_run_folder

    run = open_run_folder(tmp_path / "child/sac/Tiny-v0_1")
    record = read_record(run)
    assert record.parent == str(parent.path.resolve())
    assert record.num_timesteps == 1, "the counter starts at 0"
    assert set(record.restored) >= {
        "weights and optimisers",
        "replay buffer",
        "normaliser",
        "warm-up",
    }


def test_network_comes_from_the_old_run(train, arguments, train_run, tmp_path):
    """Weights fit no other network; the rest comes from the new command."""
    parent = train_run("sac", "Tiny-v0", "-n", 60, params=["policy_kwargs.net_arch:[5]"])
    command = [*arguments("sac", "Tiny-v0", "-n", 50, folder=tmp_path / "child")]
    command = [word for word in command if not word.startswith("policy_kwargs")]
    code, _, err = train(*command, "-i", parent.final_model)
    assert code == 0, err
