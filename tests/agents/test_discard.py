"""An interrupted transition enters no buffer, and nothing learned reaches across it."""

import itertools
import pickle
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from gymnasium import spaces
from sb3_contrib.common.recurrent.buffers import (
    RecurrentDictRolloutBuffer,
    RecurrentRolloutBuffer,
)
from sb3_contrib.common.recurrent.type_aliases import RNNStates
from stable_baselines3.common.buffers import (
    DictReplayBuffer,
    DictRolloutBuffer,
    NStepReplayBuffer,
    ReplayBuffer,
    RolloutBuffer,
)
from stable_baselines3.common.vec_env import DummyVecEnv
from stable_baselines3.her.her_replay_buffer import HerReplayBuffer

from rl_zoo.agents.buffers import copy_transitions, read_buffer, write_buffer
from rl_zoo.agents.discard import honour_discards
from rl_zoo.envs.guarded import GuardedVecEnv
from rl_zoo.errors import RobotFault
from tests.probe_envs import CountingEnv, GoalEnv

BOX = spaces.Box(-1e6, 1e6, (1,), np.float32)
DICTIONARY = spaces.Dict(observation=BOX, achieved_goal=BOX, desired_goal=BOX)
REPLAY = ["plain", "memory-efficient", "dict", "her", "n-step"]
ROLLOUT = ["plain", "dict", "recurrent", "recurrent dict"]


def make_replay(kind, size=60, n_envs=1):
    if kind == "dict":
        memory = DictReplayBuffer(size, DICTIONARY, BOX, "cpu", n_envs)
    elif kind == "her":
        env = DummyVecEnv([GoalEnv] * n_envs)
        memory = HerReplayBuffer(size, DICTIONARY, BOX, env, "cpu", n_envs)
    elif kind == "n-step":
        memory = NStepReplayBuffer(size, BOX, BOX, "cpu", n_envs, n_steps=3, gamma=0.5)
    else:
        efficient = kind == "memory-efficient"
        memory = ReplayBuffer(size, BOX, BOX, "cpu", n_envs, efficient, not efficient)
    honour_discards(SimpleNamespace(replay_buffer=memory), DummyVecEnv([CountingEnv] * n_envs))
    return memory


def shown(memory, values):
    values = np.asarray(values, np.float32).reshape(-1, 1)
    if isinstance(memory.observation_space, spaces.Dict):
        return {key: values.copy() for key in DICTIONARY.spaces}
    return values


class Feeder:
    """Feed every environment with episodes of 5 steps that a gap can end early.

    A step is known by its action, 1000 * environment + number of the step; the observation counts
    the steps too, and jumps by 100 at a reset. The reward is 1.
    """

    def __init__(self, memory):
        self.memory = memory
        self.time = np.zeros(memory.n_envs)
        self.length = np.zeros(memory.n_envs)
        self.steps = 0
        self.discarded = set()

    def step(self, *gaps):
        n_envs = self.memory.n_envs
        names = 1000 * np.arange(n_envs) + self.steps
        infos = [{} for _ in range(n_envs)]
        following = self.time + 1
        self.length += 1
        done = self.length == 5
        for env in gaps:
            infos[env] = {"discard": True}
            self.discarded.add(int(names[env]))
            following[env], done[env] = -7777, True
        for env in np.flatnonzero(done):
            infos[env]["TimeLimit.truncated"] = True
        reward = np.where([bool(info.get("discard")) for info in infos], -7777, 1.0)
        observations = shown(self.memory, self.time), shown(self.memory, following)
        action = names.reshape(-1, 1).astype(np.float32)
        self.memory.add(*observations, action, reward, done, infos)
        self.time = np.where(done, np.ceil((self.time + 1) / 100) * 100, self.time + 1)
        self.length[done] = 0
        self.steps += 1

    def run(self, steps, gaps):
        for _ in range(steps):
            self.step(*gaps.get(self.steps, ()))


def names_in(sample):
    return sample.actions.flatten().numpy().astype(int)


@pytest.mark.parametrize("kind", REPLAY)
@pytest.mark.parametrize("n_envs", [1, 2])
@pytest.mark.parametrize("steps", [21, 90], ids=["filling", "wrapped"])
def test_a_discarded_transition_is_never_sampled(kind, n_envs, steps):
    memory = make_replay(kind, 60 * n_envs, n_envs)
    feeder = Feeder(memory)
    last = n_envs - 1
    feeder.run(steps, {0: (0,), 3: (last,), 7: range(n_envs), 8: (0,), 35: (0,), 70: (last,)})
    np.random.seed(0)
    counts = np.zeros(2000, int)
    for _ in range(40):
        sample = memory.sample(256)
        names, number = np.unique(names_in(sample), return_counts=True)
        counts[names] += number
        for values in (sample.rewards, rows_of(sample.next_observations)):
            assert (values > -7000).all(), "nothing from after the gap"
    assert not counts[list(feeder.discarded)].any()
    if kind != "her":  # which cannot sample episodes under way, or partly overwritten
        oldest = max(0, steps - 60) + (kind == "memory-efficient" and steps > 60)
        every = {1000 * env + step for env in range(n_envs) for step in range(oldest, steps)}
        valid = counts[sorted(every - feeder.discarded)]
        assert valid.sum() == counts.sum()
        expected = counts.sum() / len(valid)
        assert np.abs(valid - expected).max() < 6 * np.sqrt(expected), "all are as likely"


def rows_of(value):
    return value["observation"] if isinstance(value, dict) else value


@pytest.mark.parametrize("kind", REPLAY)
def test_the_step_before_a_gap_is_bootstrapped_from_its_own_next_observation(kind):
    memory = make_replay(kind)
    feeder = Feeder(memory)
    feeder.run(14, {3: (0,), 7: (0,)})
    if kind == "her":
        sample = memory._get_real_samples(np.array([2]), np.array([0]))
    else:
        sample = memory._get_samples(np.array([2]))
    assert rows_of(sample.next_observations).item() == 3, "not 100, where the next episode starts"
    assert sample.dones.item() == 0
    assert sample.rewards.item() == 1


def test_n_step_returns_end_before_the_gap():
    memory = make_replay("n-step")
    Feeder(memory).run(14, {3: (0,)})
    found = [memory._get_samples(np.array([start])) for start in range(3)]
    assert [sample.rewards.item() for sample in found] == [1.75, 1.5, 1]
    assert [sample.discounts.item() for sample in found] == [0.125, 0.25, 0.5]
    assert [sample.next_observations.item() for sample in found] == [3, 3, 3]
    assert [sample.dones.item() for sample in found] == [0, 0, 0]


@pytest.mark.parametrize("strategy", ["future", "final", "episode"])
def test_hindsight_goals_come_from_before_the_gap(strategy):
    memory = make_replay("her", 120, 2)
    memory.goal_selection_strategy = {
        item.name.lower(): item for item in type(memory.goal_selection_strategy)
    }[strategy]
    feeder = Feeder(memory)
    feeder.run(30, {3: (0,), 4: (1,), 11: (0, 1)})
    for _ in range(20):
        sample = memory.sample(64)
        goals = sample.observations["desired_goal"].flatten().numpy()
        states = sample.observations["observation"].flatten().numpy()
        assert (goals >= 0).all()
        virtual = goals != states
        same_episode = goals[virtual] // 100 == states[virtual] // 100
        assert same_episode.all()
        assert not set(names_in(sample)) & feeder.discarded


@pytest.mark.parametrize("kind", REPLAY)
def test_a_memory_of_gaps_alone_is_a_fault_and_not_a_loop(kind):
    memory = make_replay(kind)
    Feeder(memory).run(4, {step: (0,) for step in range(4)})
    with pytest.raises(RuntimeError if kind == "her" else RobotFault, match=r"interrupted|episode"):
        memory.sample(8)


@pytest.mark.parametrize("kind", REPLAY)
def test_holes_survive_a_checkpoint(kind, tmp_path):
    memory = make_replay(kind)
    feeder = Feeder(memory)
    feeder.run(17, {3: (0,), 9: (0,)})
    with (tmp_path / "buffer.npz").open("wb") as stream:
        write_buffer(memory, stream)
    loaded = make_replay(kind)
    read_buffer(loaded, tmp_path / "buffer.npz")
    np.testing.assert_array_equal(loaded.discarded, memory.discarded)
    np.random.seed(1)
    first = memory.sample(64)
    np.random.seed(1)
    assert names_in(loaded.sample(64)).tolist() == names_in(first).tolist()
    copied = make_replay(kind)
    copy_transitions(memory, copied)
    assert copied.discarded.sum() == 2


def test_a_buffer_of_before_this_existed_can_be_read(tmp_path):
    old = NStepReplayBuffer(60, BOX, BOX, "cpu", n_steps=3)
    Feeder(old).run(9, {})
    with (tmp_path / "buffer.npz").open("wb") as stream:
        write_buffer(old, stream)
    for fill in (
        lambda memory: read_buffer(memory, tmp_path / "buffer.npz"),
        lambda memory: copy_transitions(pickle.loads(pickle.dumps(old)), memory),
    ):
        memory = make_replay("n-step")
        fill(memory)
        assert memory.size() == 9
        assert not memory.discarded.any()


@pytest.mark.parametrize("kind", REPLAY)
def test_the_pickled_buffer_is_sb3s(kind):
    memory = make_replay(kind)
    Feeder(memory).run(9, {3: (0,)})
    loaded = pickle.loads(pickle.dumps(memory))
    assert type(loaded).__module__.startswith("stable_baselines3")
    assert type(loaded).__name__ == type(memory).__name__
    np.testing.assert_array_equal(loaded.actions, memory.actions)


@pytest.mark.parametrize("kind", ["plain", "memory-efficient", "dict", "n-step"])
@pytest.mark.parametrize("n_envs", [1, 3])
def test_without_gaps_every_sample_is_sb3s(kind, n_envs):
    ours, theirs = (
        make_replay(kind, 60, n_envs),
        pickle.loads(pickle.dumps(make_replay(kind, 60, n_envs))),
    )
    for memory in (ours, theirs):
        Feeder(memory).run(25, {})
    for size in (7, 64):
        np.random.seed(2)
        expected = theirs.sample(size)
        state = np.random.get_state()[1]
        np.random.seed(2)
        found = ours.sample(size)
        assert np.array_equal(np.random.get_state()[1], state)
        for left, right in zip(found, expected, strict=True):
            if isinstance(left, torch.Tensor):
                assert torch.equal(left, right)


def make_rollout(kind, size=8, n_envs=2, smallest=1):
    arguments = {"device": "cpu", "gae_lambda": 0.9, "gamma": 0.98, "n_envs": n_envs}
    space = DICTIONARY if "dict" in kind else BOX
    if "recurrent" in kind:
        plain = RecurrentDictRolloutBuffer if "dict" in kind else RecurrentRolloutBuffer
        memory = plain(size, space, BOX, (size, 1, n_envs, 2), **arguments)
    else:
        memory = (DictRolloutBuffer if "dict" in kind else RolloutBuffer)(
            size, space, BOX, **arguments
        )
    guard = GuardedVecEnv(DummyVecEnv([CountingEnv] * n_envs))
    agent = SimpleNamespace(rollout_buffer=memory, normalize_advantage=smallest > 1)
    honour_discards(agent, guard)
    return memory, guard


def fill_rollout(memory, guard, ends, gaps):
    """Fill with random rewards and values; return them. ``ends`` and ``gaps``: (step, env)."""
    generator = np.random.default_rng(0)
    size, n_envs = memory.buffer_size, memory.n_envs
    rewards, values = generator.normal(size=(2, size + 1, n_envs)).astype(np.float32)
    starts = np.zeros(n_envs)
    recurrent = hasattr(memory, "hidden_state_shape")
    zeros = torch.zeros(1, n_envs, 2)
    more = {"lstm_states": RNNStates((zeros, zeros), (zeros, zeros))} if recurrent else {}
    for step in range(size):
        guard.discarded = np.array([(step, env) in gaps for env in range(n_envs)])
        reward = np.where(guard.discarded, -7777.0, rewards[step])
        names = (1000 * np.arange(n_envs) + step).reshape(-1, 1).astype(np.float32)
        memory.add(
            shown(memory, names), names, reward, starts, torch.tensor(values[step]),
            torch.zeros(n_envs), **more,
        )  # fmt: skip
        starts = np.array([(step, env) in {*ends, *gaps} for env in range(n_envs)], float)
    memory.compute_returns_and_advantage(torch.tensor(values[size]), starts)
    return rewards, values


def advantages_by_hand(rewards, values, ends, gaps, size, n_envs):
    """Generalised advantages, summed up step by step along each stretch without interruption."""
    found = {}
    for env, start in itertools.product(range(n_envs), range(size)):
        if (start, env) in gaps:
            continue
        total, factor = 0.0, 1.0
        for step in range(start, size):
            if (step, env) in gaps:
                break  # the value of this step's observation is already in the last difference
            over = (step, env) in ends
            following = 0.0 if over else values[step + 1, env]
            total += factor * (rewards[step, env] + 0.98 * following - values[step, env])
            factor *= 0.98 * 0.9
            if over:
                break
        found[start, env] = total
    return found


@pytest.mark.parametrize("kind", ROLLOUT)
@pytest.mark.parametrize("gaps", [{(3, 0)}, {(0, 1), (1, 1), (5, 0)}, {(7, 0), (7, 1)}])
def test_advantages_do_not_cross_a_gap(kind, gaps):
    memory, guard = make_rollout(kind)
    ends = {(2, 1), (6, 0)}
    rewards, values = fill_rollout(memory, guard, ends, gaps)
    expected = advantages_by_hand(rewards, values, ends, gaps, 8, 2)
    for cell, advantage in expected.items():
        assert memory.advantages[cell] == pytest.approx(advantage, abs=1e-5)
    for cell in gaps:
        assert memory.advantages[cell] == 0


@pytest.mark.parametrize("kind", ROLLOUT)
@pytest.mark.parametrize("batch_size", [None, 4, 5])
def test_every_valid_step_is_in_one_minibatch_and_no_other(kind, batch_size):
    memory, guard = make_rollout(kind)
    gaps = {(3, 0), (0, 1), (1, 1)}
    fill_rollout(memory, guard, {(6, 0)}, gaps)
    seen = []
    for batch in memory.get(batch_size):
        mask = batch.mask > 0 if hasattr(batch, "mask") else torch.ones(len(batch.returns)) > 0
        seen += batch.actions[mask].flatten().int().tolist()
        assert batch.returns[mask].abs().max() < 100
    every = {1000 * env + step for env in range(2) for step in range(8) if (step, env) not in gaps}
    assert sorted(seen) == sorted(every)
    assert memory.generator_ready


def test_without_gaps_minibatches_are_sb3s():
    memory, guard = make_rollout("plain")
    fill_rollout(memory, guard, {(2, 1)}, set())
    np.random.seed(0)
    found = [batch.actions for batch in memory.get(5)]
    np.random.seed(0)
    expected = np.random.permutation(16)
    assert torch.equal(torch.cat(found).flatten(), torch.tensor(memory.actions[expected].flatten()))


def test_a_rollout_of_gaps_alone_is_a_fault():
    memory, guard = make_rollout("plain", n_envs=1)
    fill_rollout(memory, guard, set(), {(step, 0) for step in range(8)})
    with pytest.raises(RobotFault, match="every transition of this rollout was interrupted"):
        list(memory.get(4))


@pytest.mark.parametrize("kind", ["plain", "recurrent"])
def test_a_single_step_is_not_divided_by_its_deviation(kind):
    """A minibatch with one valid step has no standard deviation of advantages."""
    memory, guard = make_rollout(kind, n_envs=1, smallest=2)
    fill_rollout(memory, guard, set(), {(0, 0), (3, 0)})
    for seed in range(10):
        np.random.seed(seed)
        for batch in memory.get(2):
            valid = batch.mask > 0 if hasattr(batch, "mask") else torch.ones(len(batch.returns)) > 0
            assert valid.sum() > 1


def test_discarded_steps_survive_a_checkpoint_in_mid_rollout(tmp_path):
    memory, guard = make_rollout("plain")
    guard.discarded = np.array([True, False])
    zeros = np.zeros((2, 1), np.float32)
    memory.add(zeros, zeros, np.zeros(2), np.zeros(2), torch.zeros(2), torch.zeros(2))
    with (tmp_path / "buffer.npz").open("wb") as stream:
        write_buffer(memory, stream)
    loaded, _ = make_rollout("plain")
    read_buffer(loaded, tmp_path / "buffer.npz")
    assert loaded.discarded[0].tolist() == [True, False]
    memory.reset()
    assert not memory.discarded.any()
