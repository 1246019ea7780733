"""An on-policy rollout that was interrupted is completed, with the advantages it should have."""

import numpy as np
import pytest
import torch

import tests.probe_envs  # noqa: F401
from rl_zoo.agents.checkpoint import restore_checkpoint, save_checkpoint
from rl_zoo.agents.partial_rollout import close_open_episodes, has_partial_rollout
from rl_zoo.envs.guarded import find_guard
from rl_zoo.errors import TrainingInterrupted
from rl_zoo.runs.folder import create_run_folder
from scripts.truncation_cases import NETWORK, build

GAMMA, LAMBDA, STEPS = 0.98, 0.9, 32
PARAMS = [*NETWORK, f"n_steps:{STEPS}", f"batch_size:{STEPS}", f"gae_lambda:{LAMBDA}", "n_epochs:1"]


def interrupt_after(agent, steps):
    """Learn until a stop that is asked for after ``steps`` steps."""
    guard = find_guard(agent.env)
    guard.stop_when(lambda: "SIGTERM" if guard.steps >= steps else None)
    with pytest.raises(TrainingInterrupted):
        agent.learn(1000)


def advantages_by_hand(rewards, values, starts, last_value, last_done):
    """Return the advantages of one environment, from the definition of GAE."""
    advantages, following = np.zeros(len(rewards)), 0.0
    for t in reversed(range(len(rewards))):
        goes_on = 1 - (last_done if t == len(rewards) - 1 else starts[t + 1])
        next_value = last_value if t == len(rewards) - 1 else values[t + 1]
        delta = rewards[t] + GAMMA * next_value * goes_on - values[t]
        following = delta + GAMMA * LAMBDA * goes_on * following
        advantages[t] = following
    return advantages


def test_no_step_is_lost_and_advantages_are_right(tmp_path):
    first = build("ppo", "Tiny-v0", PARAMS)
    interrupt_after(first, 20)
    before = first.rollout_buffer
    assert has_partial_rollout(first)
    assert before.pos == first.num_timesteps == 21, "the truncated step was stored"
    folder = create_run_folder(tmp_path, "ppo", "Tiny-v0")
    save_checkpoint(folder, first, first.env, {})

    second = build("ppo", "Tiny-v0", PARAMS)
    restore_checkpoint(folder, 21, second, second.env)
    assert second.num_timesteps == 21
    kept = {}

    def train():
        buffer = second.rollout_buffer
        observations = second.policy.obs_to_tensor(second._last_obs)[0]
        with torch.no_grad():
            kept["last_value"] = second.policy.predict_values(observations).item()
        for name in ("rewards", "values", "episode_starts", "advantages", "observations"):
            kept[name] = getattr(buffer, name).copy()

    second.train = train
    second.learn(STEPS - 21, reset_num_timesteps=False)
    assert second.num_timesteps == STEPS
    for name in ("rewards", "values", "episode_starts", "observations"):
        np.testing.assert_array_equal(kept[name][:21], getattr(before, name)[:21])
    assert kept["episode_starts"][21, 0] == 1, "what follows is a new episode"
    expected = advantages_by_hand(
        kept["rewards"][:, 0],
        kept["values"][:, 0],
        kept["episode_starts"][:, 0],
        kept["last_value"],
        float(second._last_episode_starts[0]),
    )
    np.testing.assert_allclose(kept["advantages"][:, 0], expected, rtol=1e-5, atol=1e-6)


def test_next_rollout_after_the_completed_one_is_whole(tmp_path):
    first = build("ppo", "Tiny-v0", PARAMS)
    interrupt_after(first, 20)
    folder = create_run_folder(tmp_path, "ppo", "Tiny-v0")
    save_checkpoint(folder, first, first.env, {})
    second = build("ppo", "Tiny-v0", PARAMS)
    restore_checkpoint(folder, 21, second, second.env)
    second.learn(2 * STEPS - 21, reset_num_timesteps=False)
    assert second.num_timesteps == 2 * STEPS
    assert "collect_rollouts" not in vars(second)
    assert "reset" not in vars(second.rollout_buffer)


def test_interrupted_twice_in_the_same_rollout(tmp_path):
    agent = build("ppo", "Tiny-v0", PARAMS)
    interrupt_after(agent, 8)
    folder = create_run_folder(tmp_path, "ppo", "Tiny-v0")
    for steps in (9, 20):
        save_checkpoint(folder, agent, agent.env, {})
        resumed = build("ppo", "Tiny-v0", PARAMS)
        restore_checkpoint(folder, steps, resumed, resumed.env)
        np.testing.assert_array_equal(
            resumed.rollout_buffer.rewards[:steps], agent.rollout_buffer.rewards[:steps]
        )
        if steps == 9:
            guard = find_guard(resumed.env)
            guard.stop_when(lambda guard=guard: "again" if guard.steps >= 10 else None)
            with pytest.raises(TrainingInterrupted):
                resumed.learn(100, reset_num_timesteps=False)
            assert resumed.rollout_buffer.pos == 20
            agent = resumed


def test_open_episodes_are_closed_with_the_value_of_their_last_state():
    agent = build("ppo", "Counting-v0", PARAMS, length=1000)
    agent._setup_learn(100)
    buffer = agent.rollout_buffer
    for _ in range(3):
        buffer.add(
            np.zeros((1, 1)),
            np.zeros((1, 1)),
            np.ones(1),
            np.zeros(1),
            torch.zeros(1),
            torch.zeros(1),
        )
    agent._last_obs = np.full((1, 1), 3.0, np.float32)
    agent._last_episode_starts = np.zeros(1, bool)
    with torch.no_grad():
        value = agent.policy.predict_values(torch.tensor([[3.0]])).item()
    close_open_episodes(agent)
    assert buffer.rewards[:3, 0] == pytest.approx([1, 1, 1 + GAMMA * value])


def test_whole_rollout_is_not_partial():
    agent = build("ppo", "Tiny-v0", PARAMS)
    assert not has_partial_rollout(agent)
    agent.learn(STEPS)
    assert not has_partial_rollout(agent)
