"""Statistics folded from the ring's rows are those of the single-process stack, to the last bit."""

from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.spaces import Box
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

from rl_zoo.envs.guarded import GuardedVecEnv
from rl_zoo.envs.normalize import RawTerminalVecNormalize
from rl_zoo.realtime.ring import Ring, RingWriter, create_ring
from rl_zoo.realtime.ring_layout import DISCARD, START, TERMINATED, TRUNCATED, BoxSpec, RingSpec
from rl_zoo.realtime.ring_replay import RingReplay
from rl_zoo.realtime.statistics import RowStatistics


class RandomEnv(gym.Env[Any, Any]):
    """Observations, rewards and ends at random; one step in ten is interrupted."""

    def __init__(self, kind: Any) -> None:
        self.observation_space = Box(-np.inf, np.inf, (4,), kind)
        self.action_space = Box(-1.0, 1.0, (2,), np.float32)
        self.random = np.random.default_rng(5)

    def reset(self, **kwargs: Any) -> tuple[Any, dict[str, Any]]:
        return self._observation(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        number = self.random.random()
        discard = number > 0.9
        info = {"discard": True} if discard else {}
        return self._observation(), self.random.normal(), number < 0.1, discard, info

    def _observation(self) -> Any:
        return self.random.normal(3.0, 2.0, 4).astype(self.observation_space.dtype)


def stack(kind: Any, **changes: Any) -> RawTerminalVecNormalize:
    env = GuardedVecEnv(DummyVecEnv([lambda: RandomEnv(kind)]))
    return RawTerminalVecNormalize(env, gamma=0.97, **changes)


def store_step(ring: RingWriter, env: VecNormalize, before: Any, *, start: bool) -> bool:
    """Step, store the transition as the actor does, return whether the episode is over."""
    action = np.zeros((1, 2), np.float32)
    _, _, dones, infos = env.step(action)
    info = infos[0]
    following = info.get("terminal_observation_raw", env.get_original_obs()[0])  # type: ignore[index]
    flags = START if start else 0
    if dones[0]:
        flags |= TRUNCATED if info["TimeLimit.truncated"] else TERMINATED
    flags |= DISCARD if info.get("discard") else 0
    ring.append(before[0], action[0], float(env.get_original_reward()[0]), following, flags)
    return bool(dones[0])


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("changes", [{}, {"norm_obs": False}, {"norm_reward": False}])
def test_statistics_are_those_of_the_stack(tmp_path: Path, kind: Any, changes: Any) -> None:
    env, other = stack(kind, **changes), stack(kind, **changes)
    spaces = RandomEnv(kind)
    spec = RingSpec(BoxSpec.of(spaces.observation_space), BoxSpec.of(spaces.action_space), 100)
    create_ring(tmp_path / "replay.ring", spec)
    writer = RingWriter(tmp_path / "replay.ring")
    replay, statistics = RingReplay(Ring(writer.path)), RowStatistics(other)
    env.reset()
    start, is_over = True, False
    for step in range(600):
        if step == 300:  # another session: the episode breaks off without an end
            env.reset()
            start = True
            statistics = RowStatistics(other)
            state = statistics.state()
            other.returns = np.zeros(1)
            statistics.restore(state)
        is_over = store_step(writer, env, env.get_original_obs(), start=start)
        start = is_over
        if step % 70 == 0:
            statistics.fold(replay.advance())
    while is_over:
        is_over = store_step(writer, env, env.get_original_obs(), start=True)
    statistics.fold(replay.advance())
    pairs = [(env.ret_rms, other.ret_rms)]
    pairs += [(env.obs_rms, other.obs_rms)] if env.norm_obs else []  # type: ignore[list-item]
    for expected, found in pairs:
        assert expected.count == found.count > 500
        assert np.array_equal(expected.mean, found.mean)
        assert np.array_equal(expected.var, found.var)
    assert np.array_equal(env.returns, other.returns)


def test_frozen_statistics_stay(tmp_path: Path) -> None:
    other = stack(np.float32)
    other.training = False
    RowStatistics(other).fold(np.zeros(3, [("start", "f4")]))
    assert other.ret_rms.count == pytest.approx(1e-4)
