"""Tiny runs, built with SB3 directly: what the zoo or rl_zoo would have left on disk."""

import json
import os
import shutil
from pathlib import Path

import pytest

from rl_zoo.runs.checkpoints import write_manifest
from rl_zoo.runs.folder import RunFolder
from rl_zoo.runs.record import RunRecord, write_record

CONFIG = "n_steps: 32\nbatch_size: 32\nn_epochs: 1\npolicy: MlpPolicy\nn_timesteps: 64\n"

TINY_ENV = '''
import gymnasium as gym
import numpy as np


class PixelEnv(gym.Env):
    """Ends after 7 steps; falls at step 3 of every second episode; draws itself with NumPy."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": 25}
    observation_space = gym.spaces.Box(-1, 1, (2,), np.float32)
    action_space = gym.spaces.Discrete(2)

    def __init__(self, render_mode=None, reward=1.0):
        self.render_mode = render_mode
        self.reward = reward
        self.episode = 0

    def reset(self, seed=None, options=None):
        super().reset(seed=seed)
        self.steps, self.episode = 0, self.episode + 1
        return np.zeros(2, np.float32), {}

    def step(self, action):
        self.steps += 1
        fell = self.episode % 2 == 0 and self.steps == 3
        info = {"is_success": not fell}
        if fell:
            info["termination_reason"] = "fell"
        return np.zeros(2, np.float32), self.reward, fell, self.steps == 7, info

    def render(self):
        return np.full((48, 64, 3), 40 * (self.steps % 5), np.uint8)


class Shift(gym.ObservationWrapper):
    def observation(self, observation):
        return observation


gym.register("Pixel-v0", entry_point=PixelEnv)
'''


@pytest.fixture(autouse=True)
def _restored_environment(monkeypatch):
    """Undo what the commands set for the libraries they import; there is never a display."""
    before = dict(os.environ)
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        os.environ.pop(name, None)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="session")
def cartpole_template(tmp_path_factory):
    """A run of PPO on CartPole as the zoo leaves it, with two checkpoints."""
    from stable_baselines3 import PPO

    path = tmp_path_factory.mktemp("template") / "ppo" / "CartPole-v1_1"
    folder = RunFolder(path, "CartPole-v1")
    folder.params.mkdir(parents=True)
    agent = PPO("MlpPolicy", "CartPole-v1", n_steps=32, batch_size=32, n_epochs=1, seed=1)
    for steps in (32, 64):
        agent.learn(32)
        agent.save(folder.checkpoint_model(steps))
    agent.save(folder.final_model)
    agent.save(folder.best_model)
    write_config(folder, CONFIG)
    return path


@pytest.fixture
def logs(cartpole_template, tmp_path, monkeypatch):
    """A log folder ``logs`` in the working directory with the run ``ppo/CartPole-v1_1``."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(cartpole_template, tmp_path / "logs" / "ppo" / "CartPole-v1_1")
    return tmp_path / "logs"


@pytest.fixture
def cartpole_run(logs):
    return RunFolder(logs / "ppo" / "CartPole-v1_1", "CartPole-v1")


@pytest.fixture(scope="session")
def pendulum_template(tmp_path_factory):
    """A run of PPO on normalised Pendulum with the zoo's HistoryWrapper, as the zoo leaves it."""
    import gymnasium
    from stable_baselines3 import PPO
    from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

    from rl_zoo.wrappers.history import HistoryWrapper

    path = tmp_path_factory.mktemp("template") / "ppo" / "Pendulum-v1_1"
    folder = RunFolder(path, "Pendulum-v1")
    folder.params.mkdir(parents=True)
    made = DummyVecEnv([lambda: HistoryWrapper(gymnasium.make("Pendulum-v1"), horizon=2)])
    env = VecNormalize(made)
    agent = PPO("MlpPolicy", env, n_steps=32, batch_size=32, n_epochs=1, seed=1)
    agent.learn(32)
    for file in (folder.final_model, folder.best_model, folder.checkpoint_model(32)):
        agent.save(file)
    env.save(str(folder.final_normalizer))
    wrapper = "env_wrapper:\n- rl_zoo3.wrappers.HistoryWrapper:\n    horizon: 2\n"
    write_config(folder, CONFIG + wrapper + "normalize: true\n")
    return path


@pytest.fixture
def pendulum_run(pendulum_template, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "logs" / "ppo" / "Pendulum-v1_1"
    shutil.copytree(pendulum_template, path)
    return RunFolder(path, "Pendulum-v1")


@pytest.fixture
def pixel_run(tmp_path, monkeypatch):
    """A run on an environment of a module ``tiny_pixels`` outside rl_zoo."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "tiny_pixels.py").write_text(TINY_ENV)
    import gymnasium
    import tiny_pixels  # noqa: F401
    from stable_baselines3 import PPO

    folder = RunFolder(tmp_path / "logs" / "ppo" / "Pixel-v0_1", "Pixel-v0")
    folder.params.mkdir(parents=True)
    agent = PPO("MlpPolicy", gymnasium.make("Pixel-v0"), n_steps=32, batch_size=32)
    agent.save(folder.final_model)
    agent.save(folder.checkpoint_model(32))
    write_config(folder, CONFIG)
    return folder


@pytest.fixture
def write():
    """Functions that change a run on disk."""
    return Writers


class Writers:
    """What a test does to a run."""

    @staticmethod
    def config(folder, text):
        write_config(folder, text)

    @staticmethod
    def ours(folder, *checkpoints):
        """Make it a run of ours, with manifests for the given checkpoints."""
        write_record(folder, RunRecord("ppo", folder.env_name, seed=1, n_timesteps=64))
        for steps in checkpoints:
            write_manifest(folder, steps, [folder.checkpoint_model(steps)])

    @staticmethod
    def args(folder, **values):
        folder.args_file.write_text(json.dumps(values))


def write_config(folder: RunFolder, text: str) -> None:
    folder.config_file.write_text(text)


@pytest.fixture
def enjoy(capsys):
    """Run ``enjoy`` in this process; return exit code, stdout and stderr."""
    from rl_zoo.enjoy import main

    def run(*arguments):
        code = main(["--no-render", *map(str, arguments)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def mark(tmp_path):
    """A file that planted code would create."""
    return Path(tmp_path) / "executed"
