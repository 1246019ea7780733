"""Every episode in TensorBoard."""

from __future__ import annotations

import numpy as np
import pytest
from stable_baselines3 import PPO
from stable_baselines3.common.logger import configure

from rl_zoo.callbacks.raw_statistics import RawStatisticsCallback


def make_model(env_id="Pendulum-v1"):
    from stable_baselines3.common.env_util import make_vec_env

    env = make_vec_env(env_id, n_envs=2, env_kwargs={"max_episode_steps": 10}, seed=0)
    return PPO("MlpPolicy", env, n_steps=32, batch_size=32, n_epochs=1, device="cpu")


def read_scalars(folder, tag):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    events = accumulator.EventAccumulator(str(folder))
    events.Reload()
    return [(event.step, event.value) for event in events.Scalars(tag)]


def test_each_episode_is_one_point(tmp_path):
    model = make_model()
    model.set_logger(configure(str(tmp_path), ["tensorboard"]))
    model.learn(64, callback=RawStatisticsCallback())
    lengths = read_scalars(tmp_path, "raw/rollouts/episodic_length")
    assert lengths == [(10 * (i + 1), 10.0) for i in range(6)]
    returns = read_scalars(tmp_path, "raw/rollouts/episodic_return")
    expected = [episode["r"] for episode in model.ep_info_buffer]
    np.testing.assert_allclose([value for _, value in returns], expected, rtol=1e-5)


def test_a_continued_run_goes_on_where_it_was(tmp_path):
    model = make_model()
    model.learn(64)
    model.set_logger(configure(str(tmp_path), ["tensorboard"]))
    model.learn(64, callback=RawStatisticsCallback(), reset_num_timesteps=False)
    assert read_scalars(tmp_path, "raw/rollouts/episodic_length")[0][0] > 64


def test_without_tensorboard_it_warns_once_and_training_goes_on(tmp_path, capsys):
    model = make_model()
    model.set_logger(configure(str(tmp_path), ["csv"]))
    model.learn(64, callback=RawStatisticsCallback())
    assert model.num_timesteps == 64
    error = capsys.readouterr().err
    assert error.count("RawStatisticsCallback logs nothing") == 1
    assert "monitor.csv" in error
