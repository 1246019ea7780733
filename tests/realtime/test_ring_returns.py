"""Returns over several steps from the ring are, bit for bit, those of SB3's n-step buffer."""

from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium.spaces import Box
from stable_baselines3 import SAC
from stable_baselines3.common.buffers import NStepReplayBuffer
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

from rl_zoo.agents.discard_replay import ReplayDiscards
from rl_zoo.agents.extended_buffer import extend
from rl_zoo.agents.native.learner import NativeLearner
from rl_zoo.realtime.ring import Ring, RingWriter, create_ring
from rl_zoo.realtime.ring_export import plain_buffer
from rl_zoo.realtime.ring_layout import DISCARD, START, TERMINATED, TRUNCATED, BoxSpec, RingSpec
from rl_zoo.realtime.ring_returns import ReturnReplay
from tests.realtime.learner_rig import Rig, work_off

N_INPUTS, N_OUTPUTS = 6, 2
GAMMA = 0.97


class Both:
    """A ring and SB3's n-step buffer that are filled with the same episodes."""

    def __init__(self, path: Path, n_steps: int, buffer_size: int, kind: Any = np.float32) -> None:
        observation = Box(-np.inf, np.inf, (N_INPUTS,), kind)
        action = Box(-1.0, 1.0, (N_OUTPUTS,), np.float32)
        create_ring(path, RingSpec(BoxSpec.of(observation), BoxSpec.of(action), buffer_size))
        self.writer = RingWriter(path)
        self.replay = ReturnReplay(Ring(path), n_steps, GAMMA)
        plain: Any = NStepReplayBuffer(
            buffer_size, observation, action, device="cpu", n_steps=n_steps, gamma=GAMMA
        )
        extend(plain, ReplayDiscards)
        plain.prepare()
        self.plain: Any = plain
        self.random = np.random.default_rng(0)
        self.kind, self.is_over = kind, True

    def add(self, n: int, share_of_holes: float = 0.0, share_of_ends: float = 0.2) -> None:
        """Add random transitions to both."""
        for _ in range(n):
            flags = START if self.is_over else 0
            if self.random.random() < share_of_holes:
                flags |= DISCARD
            if self.random.random() < share_of_ends:
                flags |= int(self.random.choice([TERMINATED, TRUNCATED, TERMINATED | TRUNCATED]))
            self.add_one(flags)

    def add_one(self, flags: int, reward: float | None = None) -> None:
        """Add one transition to both."""
        now, following = self.random.normal(size=(2, N_INPUTS)).astype(self.kind)
        action = self.random.uniform(-1, 1, N_OUTPUTS).astype(np.float32)
        reward = float(self.random.normal()) if reward is None else reward
        self.writer.append(now, action, reward, following, flags)
        self.is_over = bool(flags & (TERMINATED | TRUNCATED | DISCARD))
        info = {
            "TimeLimit.truncated": bool(flags & TRUNCATED) and not flags & TERMINATED,
            "discard": bool(flags & DISCARD),
        }
        parts = (now[None], following[None], action[None], np.array([reward], np.float32))
        self.plain.add(*parts, np.array([bool(flags & (TERMINATED | TRUNCATED))]), [info])

    def expect_same_samples(self, env: VecNormalize | None = None) -> None:
        """Sample with the same random numbers."""
        for seed in range(4):
            np.random.seed(seed)
            expected = self.plain.sample(64, env=env)
            after = np.random.random()
            np.random.seed(seed)
            found = self.replay.sample(64, env=env)
            assert np.random.random() == after
            for name, left, right in zip(expected._fields, expected, found, strict=True):
                assert left.dtype == right.dtype and left.shape == right.shape, name
                assert torch.equal(left, right), name


def normalizer() -> VecNormalize:
    """Return statistics of inputs and returns that are far from 0 and 1."""
    env = VecNormalize(DummyVecEnv([lambda: gym.make("Pendulum-v1")]), clip_reward=0.5)
    env.obs_rms.mean, env.obs_rms.var = np.linspace(-1, 1, N_INPUTS), np.linspace(0.1, 9, N_INPUTS)
    env.ret_rms.var = np.array(3.7)
    return env


@pytest.mark.parametrize("share_of_holes", [0.0, 0.2])
@pytest.mark.parametrize(
    ("n_steps", "kind"), [(2, np.float32), (3, np.float64), (5, np.float32), (20, np.float32)]
)
def test_samples_are_those_of_the_buffer(
    tmp_path: Path, n_steps: int, kind: Any, share_of_holes: float
) -> None:
    both, env = Both(tmp_path / "replay.ring", n_steps, 150, kind), normalizer()
    for n in (2, 38, 100, 10, 1, 75, 400, 1200):  # until the ring itself has gone round
        both.add(n, share_of_holes)
        both.replay.advance()
        both.expect_same_samples()
        both.expect_same_samples(env)


def test_returns_without_ends_meet_the_newest_transition(tmp_path: Path) -> None:
    both = Both(tmp_path / "replay.ring", 4, 10)
    for n in (1, 3, 6, 1, 4):
        both.add(n, share_of_ends=0.0)
        both.replay.advance()
        both.expect_same_samples()


def test_what_the_learner_has_not_seen_is_in_no_return(tmp_path: Path) -> None:
    both = Both(tmp_path / "replay.ring", 3, 50)
    for reward in (1.0, 2.0, 4.0, 8.0):
        both.add_one(START if reward == 1.0 else 0, reward)
    both.replay.advance(limit=3)
    found = both.replay.returns(np.arange(3))
    assert found.rewards.ravel() == pytest.approx(
        [1 + GAMMA * 2 + GAMMA**2 * 4, 2 + GAMMA * 4, 4], rel=1e-6
    )
    assert found.discounts.ravel() == pytest.approx([GAMMA**3, GAMMA**2, GAMMA], rel=1e-6)
    assert found.last.tolist() == [2, 2, 2] and not found.terminated.any()


def test_no_return_runs_from_a_killed_episode_into_the_next(tmp_path: Path) -> None:
    both = Both(tmp_path / "replay.ring", 5, 50)
    both.add(8, share_of_ends=0.0)
    # As SB3 marks it when it goes on from a saved buffer (truncate_last_traj).
    both.plain.dones[7] = both.plain.timeouts[7] = True
    both.is_over = True
    both.add(8, share_of_ends=0.0)
    both.replay.advance()
    both.expect_same_samples()
    both.plain = plain_buffer(both.replay.ring, 5, GAMMA)
    both.expect_same_samples()


def test_an_end_needs_no_beginning_after_it(tmp_path: Path) -> None:
    both = Both(tmp_path / "replay.ring", 4, 50)
    for flags in (START, 0, TRUNCATED, 0, 0, TERMINATED, 0, 0):
        both.add_one(flags)
    both.replay.advance()
    both.expect_same_samples()


def test_another_learner_samples_the_same(tmp_path: Path) -> None:
    both = Both(tmp_path / "replay.ring", 3, 150)
    both.add(400, share_of_holes=0.2)
    both.replay = ReturnReplay(Ring(both.writer.path), 3, GAMMA)
    both.replay.n_seen = 390
    both.replay.advance()
    both.expect_same_samples()


@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize("is_native", [False, True])
def test_sac_learns_the_same_weights_from_the_ring(
    tmp_path: Path, is_native: bool, normalize: bool
) -> None:
    env: Any = DummyVecEnv([lambda: gym.make("Pendulum-v1")])
    if normalize:
        env = VecNormalize(env, training=False)  # both agents reset it
        env.obs_rms.mean, env.ret_rms.var = np.array([0.5, -0.5, 1.0]), np.array(6.0)
    spec = RingSpec(BoxSpec.of(env.observation_space), BoxSpec.of(env.action_space), 100)
    create_ring(tmp_path / "replay.ring", spec)
    writer = RingWriter(tmp_path / "replay.ring")
    agents = [
        SAC("MlpPolicy", env, buffer_size=100, n_steps=3, gamma=GAMMA, seed=0, device="cpu")
        for _ in range(2)
    ]
    random = np.random.default_rng(0)
    for step in range(130):
        now, following = random.normal(size=(2, 3)).astype(np.float32)
        action, reward = random.uniform(-1, 1, 1).astype(np.float32), random.normal()
        over, start = step % 20 == 19, step % 20 == 0
        writer.append(now, action, reward, following, TERMINATED * over | START * start)
        parts = (now[None], following[None], action[None], np.array([reward]), np.array([over]))
        agents[0].replay_buffer.add(*parts, [{}])  # type: ignore[union-attr]
    replay = ReturnReplay(Ring(writer.path), 3, GAMMA)
    replay.advance()
    agents[1].replay_buffer = replay
    for agent in agents:
        agent.set_random_seed(1)
        agent._setup_learn(1)
        if is_native and agent is agents[1]:
            NativeLearner(agent, batch_size=64).update(20)
        else:
            agent.train(gradient_steps=20, batch_size=64)
    weights = [agent.policy.state_dict() for agent in agents]
    largest = max(float((weights[0][k] - weights[1][k]).abs().max()) for k in weights[0])
    assert largest <= (1e-5 if is_native else 0.0)


@pytest.mark.parametrize("backend", ["sb3", "native"])
def test_a_learner_of_several_steps_reads_them_from_the_ring(tmp_path: Path, backend: str) -> None:
    rig = Rig(tmp_path, backend=backend, n_steps=3, gamma=0.9)
    learner = rig.learner()
    rig.act(100)
    work_off(learner)
    replay = learner.replay
    assert isinstance(replay, ReturnReplay)
    assert (replay.n_steps, replay.gamma, learner.agent._n_updates) == (3, 0.9, 60)
