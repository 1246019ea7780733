"""Noise on actions against the classes of SB3, and the scale of actions against its policies'."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gymnasium import spaces
from stable_baselines3 import SAC
from stable_baselines3.common.noise import NormalActionNoise, OrnsteinUhlenbeckActionNoise

from rl_zoo.config.model import ActionNoise, RunConfig
from rl_zoo.realtime.exploration import make_noise
from rl_zoo.realtime.explorer import Explorer


class _Scripted:
    """In the place of a generator: the same numbers for both sides."""

    def __init__(self) -> None:
        self._random = np.random.RandomState(4)

    def standard_normal(self, size: int) -> Any:
        return self._random.normal(size=size)


@pytest.mark.parametrize("kind", ["normal", "ornstein-uhlenbeck"])
def test_noise_is_that_of_sb3(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    scripted: Any = _Scripted()
    noise = make_noise(ActionNoise(kind=kind, std=0.3), 2, scripted)  # type: ignore[arg-type]
    assert noise is not None
    drawn = _Scripted()
    monkeypatch.setattr(
        np.random,
        "normal",
        lambda mean=0.0, sigma=1.0, size=2: mean + sigma * drawn.standard_normal(2),
    )
    mean, sigma = np.zeros(2), np.full(2, 0.3)
    theirs: Any = NormalActionNoise(mean, sigma)
    if kind != "normal":
        theirs = OrnsteinUhlenbeckActionNoise(mean, sigma)
    for step in range(50):
        np.testing.assert_allclose(noise(), theirs(), rtol=1e-6)
        if step == 30:  # the end of an episode
            noise.reset()
            theirs.reset()


def test_no_noise_is_asked_for() -> None:
    assert make_noise(None, 2, np.random.default_rng(0)) is None


class _Nothing:
    """A reader of policies that never come."""

    def newest(self) -> None:
        return None


def test_actions_have_the_scale_of_sb3() -> None:
    low, high = np.array([-1, -2, 0], np.float32), np.array([1, 3, 0.5], np.float32)
    space = spaces.Box(low, high, dtype=np.float32)
    config = RunConfig(algo="sac", env_id="x", policy="MlpPolicy", n_timesteps=1, hyperparams={})
    reader: Any = _Nothing()
    explorer = Explorer(config, space, reader, seed=0)
    policy = SAC.policy_aliases["MlpPolicy"](space, space, lambda _: 0.0)
    space.seed(1)
    for _ in range(50):
        action = space.sample()
        scaled = explorer.scaled(action)
        np.testing.assert_allclose(scaled, policy.scale_action(action), atol=1e-7)
        found = explorer.unscaled(scaled)
        np.testing.assert_allclose(found, policy.unscale_action(scaled), atol=1e-6)
        assert found.dtype == space.dtype and found.shape == space.shape


def test_random_actions_are_the_samples_of_the_space() -> None:
    """SB3's warm-up draws them in the same way: with the same seed they are the same actions."""
    space = spaces.Box(-2.0, 2.0, (3,), np.float32)
    config = RunConfig(algo="sac", env_id="x", policy="MlpPolicy", n_timesteps=1, hyperparams={})
    reader: Any = _Nothing()
    explorer = Explorer(config, space, reader, seed=0)
    space.seed(7)
    found = [explorer.unscaled(explorer.act(np.zeros(1), 0)) for _ in range(5)]
    space.seed(7)
    np.testing.assert_allclose(found, [space.sample() for _ in range(5)], atol=1e-6)
