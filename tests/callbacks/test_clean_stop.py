"""A callback that wants to stop loses no transition and leaves no false one."""

import numpy as np
import pytest
from stable_baselines3 import SAC
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.vec_env import DummyVecEnv

import rl_zoo.callbacks.registry as registry
from rl_zoo.runs.checkpoints import complete_checkpoints
from rl_zoo.runs.folder import open_run_folder
from rl_zoo.runs.record import read_record
from tests.probe_envs import CountingEnv


class StopAt(BaseCallback):
    """Return False at step ``at``."""

    def __init__(self, at=50):
        super().__init__()
        self.at = at

    def _on_step(self):
        return self.num_timesteps < self.at


@pytest.fixture
def stopped(arguments, train, tmp_path, monkeypatch):
    monkeypatch.setattr(registry.CALLBACKS, "_built_in", {"StopAt": f"{__name__}:StopAt"})
    monkeypatch.setitem(__import__("sys").modules, __name__, __import__("sys").modules[__name__])
    params = ["callback:StopAt", "normalize:False"]
    kwargs = ("--env-kwargs", "length:20", "--save-freq", 1000)
    code, _, err = train(*arguments("sac", "Counting-v0", "-n", 200, *kwargs, params=params))
    assert code == 0, err
    assert "stopped by callback (StopAt)" in err
    return open_run_folder(tmp_path / "logs/sac/Counting-v0_1")


def test_every_step_is_stored_and_none_is_false(stopped, train):
    (steps,) = complete_checkpoints(stopped)
    assert steps == 51, "one more step, which ends the episode"
    with np.load(stopped.checkpoint_buffer(steps)) as memory:
        assert len(memory["rewards"]) == 51
        before, after = memory["observations"].flatten(), memory["next_observations"].flatten()
        assert (after - before == 1).all()
        assert memory["dones"].flatten()[-1] == 1
        assert memory["timeouts"].flatten()[-1] == 1
    assert read_record(stopped).state == "finished"


def test_sb3_alone_loses_one_and_stores_a_false_one():
    """The mistake this avoids; if SB3 corrects it, CleanStopCallback can go."""
    env = DummyVecEnv([lambda: CountingEnv(length=20)])
    agent = SAC("MlpPolicy", env, learning_starts=100, buffer_size=100, device="cpu")
    agent.learn(200, callback=StopAt(7))
    assert (agent.num_timesteps, agent.replay_buffer.size()) == (7, 6)
    agent.learn(2, reset_num_timesteps=False)
    memory = agent.replay_buffer
    jumps = (memory.next_observations - memory.observations)[: memory.pos].flatten()
    assert (jumps != 1).any()
