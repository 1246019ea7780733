"""Replay buffers on disk, and the gap between two sessions."""

import numpy as np
import pytest
from gymnasium import spaces
from stable_baselines3.common.buffers import DictReplayBuffer, NStepReplayBuffer, ReplayBuffer
from stable_baselines3.common.vec_env import DummyVecEnv
from stable_baselines3.her.her_replay_buffer import HerReplayBuffer

from rl_zoo.agents.buffers import (
    copy_transitions,
    cut_last_trajectory,
    read_buffer,
    write_buffer,
)
from rl_zoo.errors import DamagedFileError
from tests.probe_envs import GoalEnv

BOX = spaces.Box(-1e6, 1e6, (1,), np.float32)
ACTION = spaces.Box(-1.0, 1.0, (1,), np.float32)
DICTIONARY = spaces.Dict(observation=BOX, achieved_goal=BOX, desired_goal=BOX)


def make(kind, size=20, n_envs=1):
    if kind == "dict":
        return DictReplayBuffer(size, DICTIONARY, ACTION, "cpu", n_envs)
    if kind == "her":
        env = DummyVecEnv([GoalEnv] * n_envs)
        return HerReplayBuffer(size, DICTIONARY, ACTION, env, "cpu", n_envs)
    if kind == "n-step":
        return NStepReplayBuffer(size, BOX, ACTION, "cpu", n_envs, n_steps=3, gamma=1.0)
    efficient = kind == "memory-efficient"
    return ReplayBuffer(
        size,
        BOX,
        ACTION,
        "cpu",
        n_envs,
        optimize_memory_usage=efficient,
        handle_timeout_termination=not efficient,
    )


def add(memory, episode, times, done_at=None):
    """Add steps whose observation is 100 * episode + time and whose reward is the episode."""
    for time in times:
        values = [np.full((memory.n_envs, 1), 100 * episode + time + i, np.float32) for i in (0, 1)]
        if isinstance(memory.observation_space, spaces.Dict):
            values = [dict.fromkeys(DICTIONARY.spaces, value) for value in values]
        memory.add(
            *values,
            np.zeros((memory.n_envs, 1), np.float32),
            np.full(memory.n_envs, float(episode)),
            np.full(memory.n_envs, time == done_at),
            [{}] * memory.n_envs,
        )


def save_and_load(memory, tmp_path, into=None):
    with (tmp_path / "buffer.npz").open("wb") as stream:
        write_buffer(memory, stream)
    loaded = into or make_like(memory)
    read_buffer(loaded, tmp_path / "buffer.npz")
    return loaded


def make_like(memory):
    kinds = {DictReplayBuffer: "dict", HerReplayBuffer: "her", NStepReplayBuffer: "n-step"}
    kind = kinds.get(type(memory), "plain")
    kind = "memory-efficient" if memory.optimize_memory_usage else kind
    return make(kind, memory.buffer_size * memory.n_envs, memory.n_envs)


def rows_of(value):
    return value["observation"] if isinstance(value, dict) else value


@pytest.mark.parametrize("kind", ["plain", "n-step", "dict", "her", "memory-efficient"])
@pytest.mark.parametrize("n_envs", [1, 2])
def test_reading_gives_what_was_written(kind, n_envs, tmp_path):
    memory = make(kind, 20 * n_envs, n_envs)
    add(memory, 1, range(9), done_at=8)
    add(memory, 2, range(7))
    loaded = save_and_load(memory, tmp_path)
    assert (loaded.pos, loaded.full, loaded.size()) == (memory.pos, memory.full, 16)
    for name in ("rewards", "dones", "timeouts", "ep_start", "ep_length", "_current_ep_start"):
        if hasattr(memory, name):
            np.testing.assert_array_equal(getattr(loaded, name), getattr(memory, name))
    add(memory, 2, range(7, 12))
    add(loaded, 2, range(7, 12))
    assert loaded.full
    np.testing.assert_array_equal(rows_of(loaded.observations), rows_of(memory.observations))


def test_size_on_disk_follows_the_content(tmp_path):
    memory = make("plain", 100_000)
    add(memory, 1, range(10))
    save_and_load(memory, tmp_path)
    assert (tmp_path / "buffer.npz").stat().st_size < 5000


def returns_across_the_gap(memory):
    """Return n-step rewards and next observations of each step of the old session."""
    found = []
    for start in range(6):
        sample = memory._get_samples(np.array([start]))
        found.append((sample.rewards.item(), sample.next_observations.item(), sample.dones.item()))
    return found


def test_n_step_returns_do_not_cross_the_cut(tmp_path):
    """Six steps of episode 1 are stored, the session ends, and episode 7 follows."""
    memory = make("n-step")
    add(memory, 1, range(6))
    as_sb3_does = save_and_load(memory, tmp_path)
    add(as_sb3_does, 7, range(6))
    assert returns_across_the_gap(as_sb3_does)[5] == (15.0, 703.0 - 1, 0.0), "SB3 mends it"

    ours = save_and_load(memory, tmp_path)
    cut_last_trajectory(ours)
    add(ours, 7, range(6))
    # A shorter return at the end of the episode, bootstrapped from its own last observation.
    assert returns_across_the_gap(ours) == [
        (3.0, 103.0, 0.0),
        (3.0, 104.0, 0.0),
        (3.0, 105.0, 0.0),
        (3.0, 106.0, 0.0),
        (2.0, 106.0, 0.0),
        (1.0, 106.0, 0.0),
    ]


@pytest.mark.parametrize("kind", ["plain", "n-step", "dict"])
def test_cut_is_a_timeout_not_a_failure(kind):
    memory = make(kind)
    add(memory, 1, range(5))
    cut_last_trajectory(memory)
    assert memory.dones[:5, 0].tolist() == [0, 0, 0, 0, 1]
    assert memory.timeouts[:5, 0].tolist() == [0, 0, 0, 0, 1]
    assert memory._get_samples(np.array([4])).dones.item() == 0


def test_cut_leaves_an_episode_that_ended_as_it_is():
    memory = make("plain")
    add(memory, 1, range(5), done_at=4)
    cut_last_trajectory(memory)
    assert memory.dones[4, 0] == 1
    assert memory.timeouts[4, 0] == 0, "it terminated"


def test_cut_of_an_empty_buffer_changes_nothing():
    memory = make("plain")
    cut_last_trajectory(memory)
    assert not memory.dones.any()


def test_cut_at_the_seam_of_a_full_ring():
    memory = make("plain", 5)
    add(memory, 1, range(10))
    assert memory.pos == 0
    cut_last_trajectory(memory)
    assert memory.dones[:, 0].tolist() == [0, 0, 0, 0, 1]


def test_her_relabels_within_the_episode_only():
    memory = make("her")
    add(memory, 1, range(6))
    cut_last_trajectory(memory)
    add(memory, 7, range(5), done_at=4)
    np.random.seed(0)
    for _ in range(50):
        sample = memory.sample(16)
        first = (sample.observations["observation"] < 600).numpy()
        goals = sample.observations["desired_goal"].numpy()
        assert (goals[first] <= 106).all()
        assert (goals[~first] >= 700).all()


def test_memory_efficient_buffer_keeps_the_last_next_observation(tmp_path):
    memory = make("memory-efficient")
    add(memory, 1, range(6))
    loaded = save_and_load(memory, tmp_path)
    assert loaded._get_samples(np.array([5])).next_observations.item() == 106


def test_memory_efficient_cut_does_not_bootstrap_across_the_gap(tmp_path):
    """The next observation of the last step is overwritten by the next episode's first one."""
    memory = make("memory-efficient")
    add(memory, 1, range(6))
    cut_last_trajectory(memory)
    add(memory, 7, range(3))
    sample = memory._get_samples(np.array([5]))
    assert sample.dones.item() == 1


@pytest.mark.parametrize("kind", ["plain", "dict", "n-step"])
@pytest.mark.parametrize("by", ["file", "copy"])
def test_full_ring_read_into_a_larger_buffer(kind, by, tmp_path):
    memory = make(kind, 5)
    add(memory, 1, range(7))
    larger = make(kind, 20)
    if by == "file":
        save_and_load(memory, tmp_path, into=larger)
    else:
        copy_transitions(memory, larger)
    assert larger.size() == 5, "nothing but what was stored may be sampled"
    assert rows_of(larger.observations)[:5, 0, 0].tolist() == [102, 103, 104, 105, 106]
    add(larger, 1, [7])
    assert rows_of(larger.observations)[5, 0, 0] == 107


def test_another_shape_is_refused(tmp_path):
    memory = make("plain")
    add(memory, 1, range(3))
    other = ReplayBuffer(20, spaces.Box(-1, 1, (3,), np.float32), ACTION, "cpu")
    with pytest.raises(DamagedFileError, match="another environment"):
        save_and_load(memory, tmp_path, into=other)


def test_larger_than_the_buffer_is_refused(tmp_path):
    memory = make("plain")
    add(memory, 1, range(15))
    with pytest.raises(DamagedFileError, match="larger buffer_size"):
        save_and_load(memory, tmp_path, into=make("plain", 5))


def test_truncated_file_is_refused(tmp_path):
    memory = make("plain")
    add(memory, 1, range(3))
    file = tmp_path / "buffer.npz"
    save_and_load(memory, tmp_path)
    file.write_bytes(file.read_bytes()[:300])
    with pytest.raises(DamagedFileError, match="not a complete buffer"):
        read_buffer(make("plain"), file)


def test_another_kind_of_buffer_is_refused():
    with pytest.raises(DamagedFileError, match="holds a ReplayBuffer"):
        copy_transitions(make("plain"), make("n-step"))
