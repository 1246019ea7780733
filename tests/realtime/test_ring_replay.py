"""What the learner samples from the ring is, bit for bit, what SB3's buffer would have given it."""

from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium.spaces import Box
from stable_baselines3 import SAC
from stable_baselines3.common.buffers import ReplayBuffer

from rl_zoo.agents.discard_replay import ReplayDiscards
from rl_zoo.agents.extended_buffer import extend
from rl_zoo.agents.native.learner import NativeLearner
from rl_zoo.errors import DamagedFileError, RobotFault
from rl_zoo.realtime.ring import Ring, RingWriter, create_ring
from rl_zoo.realtime.ring_layout import (
    DISCARD,
    MARGIN,
    START,
    TERMINATED,
    TRUNCATED,
    BoxSpec,
    RingSpec,
)
from rl_zoo.realtime.ring_replay import RingReplay


class Both:
    """A ring and SB3's buffer that are filled with the same transitions."""

    def __init__(self, path: Path, buffer_size: int, kind: Any = np.float32) -> None:
        observation = Box(-np.inf, np.inf, (6,), kind)
        action = Box(-1.0, 1.0, (2,), np.float32)
        create_ring(path, RingSpec(BoxSpec.of(observation), BoxSpec.of(action), buffer_size))
        self.writer = RingWriter(path)
        self.replay = RingReplay(Ring(path))
        plain: Any = ReplayBuffer(buffer_size, observation, action, device="cpu")
        extend(plain, ReplayDiscards)
        plain.prepare()
        self.plain: Any = plain
        self.random = np.random.default_rng(0)

    def add(self, n: int, share_of_holes: float = 0.0) -> None:
        """Add random transitions to both."""
        for _ in range(n):
            kind = self.replay.ring.spec.observation.dtype
            now, following = self.random.normal(size=(2, 6)).astype(kind)
            action = self.random.uniform(-1, 1, 2).astype(np.float32)
            reward = self.random.normal()
            flags = int(self.random.choice([0, 0, 0, START, TERMINATED, TRUNCATED]))
            if self.random.random() < share_of_holes:
                flags = DISCARD | TRUNCATED
            self.writer.append(now, action, reward, following, flags)
            info = {
                "TimeLimit.truncated": bool(flags & TRUNCATED),
                "discard": bool(flags & DISCARD),
            }
            done = np.array([bool(flags & (TERMINATED | TRUNCATED))])
            parts = (now[None], following[None], action[None], np.array([reward], np.float32))
            self.plain.add(*parts, done, [info])

    def expect_same_samples(self, n: int = 5) -> None:
        """Sample with the same random numbers."""
        for seed in range(n):
            np.random.seed(seed)
            expected = self.plain.sample(64)
            after = np.random.random()
            np.random.seed(seed)
            found = self.replay.sample(64)
            assert np.random.random() == after
            for left, right in zip(expected[:5], found[:5], strict=True):
                assert left.dtype == right.dtype
                assert torch.equal(left, right)


@pytest.mark.parametrize("share_of_holes", [0.0, 0.2])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_samples_are_those_of_the_buffer(tmp_path: Path, kind: Any, share_of_holes: float) -> None:
    both = Both(tmp_path / "replay.ring", 150, kind)
    for n in (40, 100, 10, 1, 75, 400, 1200, 3000):
        both.add(n, share_of_holes)
        rows = both.replay.advance()
        assert len(rows) == n or 150 + MARGIN // 2 <= len(rows) < n  # the writer went round
        assert both.replay.size() == both.plain.size()
        assert (both.replay.pos, both.replay.full) == (both.plain.pos, both.plain.full)
        both.expect_same_samples()


def test_new_rows_count_once_the_learner_has_seen_them(tmp_path: Path) -> None:
    both = Both(tmp_path / "replay.ring", 150)
    both.add(100)
    assert len(both.replay.advance(limit=60)) == 60
    assert both.replay.n_seen == both.replay.size() == 60
    rows = both.replay.advance()
    assert rows["sequence"].tolist() == list(range(60, 100))
    assert len(both.replay.advance()) == 0


def test_another_learner_goes_on_where_the_first_stopped(tmp_path: Path) -> None:
    both = Both(tmp_path / "replay.ring", 150)
    both.add(400, share_of_holes=0.3)
    both.replay.advance()
    again = RingReplay(Ring(both.writer.path))
    again.n_seen = 390
    assert again.advance()["sequence"].tolist() == list(range(390, 400))
    both.replay = again
    both.expect_same_samples()


def test_rows_that_a_power_failure_took_are_not_sampled(tmp_path: Path) -> None:
    both = Both(tmp_path / "replay.ring", 150)
    both.add(40)
    both.replay.n_seen = 60  # the checkpoint knew more than the disk kept
    assert both.replay.n_seen == both.replay.size() == 40
    both.expect_same_samples()


def test_a_learner_far_behind_samples_nothing_that_is_overwritten(tmp_path: Path) -> None:
    both = Both(tmp_path / "replay.ring", 2000)
    both.add(2000, share_of_holes=0.1)
    both.replay.advance()
    both.add(MARGIN, share_of_holes=0.1)
    slots = np.concatenate([both.replay.choose_rows(64) for _ in range(50)])
    rows = both.replay.ring.rows[slots]
    assert rows["sequence"].min() >= MARGIN // 2
    assert rows["sequence"].max() < 2000
    assert not rows["discard"].any()
    both.add(2000)  # what it knows is gone
    with pytest.raises(RobotFault, match="all 2000 transitions that the learner knows were overw"):
        both.replay.sample(64)
    assert both.replay.advance()["sequence"][-1] == 4000 + MARGIN - 1
    assert both.replay.sample(64).rewards.shape == (64, 1)


def test_only_interrupted_transitions_are_an_error(tmp_path: Path) -> None:
    both = Both(tmp_path / "replay.ring", 150)
    both.add(10, share_of_holes=1.0)
    both.replay.advance()
    with pytest.raises(RobotFault, match="every transition in the replay buffer was interrupted"):
        both.replay.sample(4)


def test_a_damaged_row_is_not_learned_from(tmp_path: Path) -> None:
    both = Both(tmp_path / "replay.ring", 150)
    both.add(10)
    both.writer.rows["reward"][7] += 1.0
    with pytest.raises(DamagedFileError, match="transition 7 is damaged; train --resume repairs"):
        both.replay.advance()


def test_nothing_is_added_or_forgotten_from_outside(tmp_path: Path) -> None:
    both = Both(tmp_path / "replay.ring", 150)
    for refused in (both.replay.add, both.replay.reset):
        with pytest.raises(TypeError, match="read only"):
            refused()


@pytest.mark.parametrize("is_native", [False, True])
def test_sac_learns_the_same_weights_from_the_ring(tmp_path: Path, is_native: bool) -> None:
    env = gym.make("Pendulum-v1")
    both = Both(tmp_path / "unused.ring", 1)
    spec = RingSpec(BoxSpec.of(env.observation_space), BoxSpec.of(env.action_space), 100)
    create_ring(tmp_path / "replay.ring", spec)
    writer = RingWriter(tmp_path / "replay.ring")
    agents = [SAC("MlpPolicy", env, buffer_size=100, seed=0, device="cpu") for _ in range(2)]
    for step in range(130):
        now, following = both.random.normal(size=(2, 3)).astype(np.float32)
        action, reward = both.random.uniform(-1, 1, 1).astype(np.float32), both.random.normal()
        over = step % 20 == 19
        writer.append(now, action, reward, following, TERMINATED if over else 0)
        parts = (now[None], following[None], action[None], np.array([reward]), np.array([over]))
        agents[0].replay_buffer.add(*parts, [{}])  # type: ignore[union-attr]
    replay = RingReplay(Ring(writer.path), agents[1].device)
    replay.advance()
    agents[1].replay_buffer = replay
    for agent in agents:
        agent.set_random_seed(1)
        agent._setup_learn(1)
        if is_native:
            NativeLearner(agent, batch_size=64).update(20)
        else:
            agent.train(gradient_steps=20, batch_size=64)
    weights = [agent.policy.state_dict() for agent in agents]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
