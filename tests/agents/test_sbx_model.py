"""Agents that SBX saved: recognised without executing anything, run with --trust only."""

import json
import zipfile
from importlib.util import find_spec

import numpy as np
import pytest
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import DummyVecEnv

from rl_zoo.agents.load_run import LoadSettings, RunIdentity, load_config, load_run
from rl_zoo.agents.sbx_model import is_sbx_model, load_sbx_agent, sbx_model_of
from rl_zoo.errors import (
    ConfigError,
    DamagedFileError,
    MissingDependencyError,
    UnsafeFileError,
)
from rl_zoo.runs.folder import RunFolder
from rl_zoo.runs.select import SelectedModel
from tests.probe_envs import TinyEnv

ENV = "Pendulum-v1"
CONFIG = """!!python/object/apply:collections.OrderedDict
- - - n_timesteps
    - 100
  - - policy
    - SimbaPolicy
  - - param_resets
    - [50]
  - - qf_learning_rate
    - 0.001
  - - frame_stack
    - 2
"""


def write_zip(file, policy_module):
    data = {"policy_class": {":type:": "x", "__module__": policy_module, ":serialized:": "?"}}
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("data", json.dumps(data))
    return file


@pytest.fixture
def run_folder(tmp_path):
    """Return a folder as the zoo leaves it; its model is one of SBX by name only."""
    folder = RunFolder(tmp_path / "sac" / f"{ENV}_1", ENV)
    folder.config_file.parent.mkdir(parents=True)
    folder.config_file.write_text(CONFIG)
    write_zip(folder.final_model, "sbx.sac.policies")
    return folder


def test_a_model_of_sbx_is_told_from_others(tmp_path):
    assert is_sbx_model(write_zip(tmp_path / "a.zip", "sbx.crossq.policies"))
    assert not is_sbx_model(write_zip(tmp_path / "b.zip", "stable_baselines3.sac.policies"))
    assert not is_sbx_model(write_zip(tmp_path / "c.zip", "sbx_other.sac.policies"))
    assert not is_sbx_model(tmp_path / "none.zip")
    (tmp_path / "d.zip").write_bytes(b"no zip")
    assert not is_sbx_model(tmp_path / "d.zip")
    PPO("MlpPolicy", DummyVecEnv([TinyEnv]), device="cpu").save(tmp_path / "e.zip")
    assert not is_sbx_model(tmp_path / "e.zip")


def test_nothing_is_executed_without_trust(run_folder):
    identity = RunIdentity("sac", ENV)
    with pytest.raises(UnsafeFileError, match="saved by SBX, whose files execute code"):
        load_config(run_folder, identity, LoadSettings())
    with pytest.raises(UnsafeFileError, match="--trust"):
        load_sbx_agent(run_folder.final_model, DummyVecEnv([TinyEnv]), trust=False)


def test_hyperparameters_that_only_sbx_knows_are_left_to_it(run_folder):
    config = load_config(run_folder, RunIdentity("sac", ENV), LoadSettings(trust=True))
    assert config.frame_stack == 2
    assert not config.algo_kwargs


def test_the_last_checkpoint_tells_too(run_folder):
    run_folder.final_model.rename(run_folder.checkpoint_model(100))
    assert sbx_model_of(run_folder) == run_folder.checkpoint_model(100)


@pytest.mark.skipif(find_spec("sbx") is not None, reason="SBX is installed")
def test_without_sbx_the_sentence_says_what_to_install(run_folder):
    settings = LoadSettings(trust=True)
    config = load_config(run_folder, RunIdentity("sac", ENV), settings)
    with pytest.raises(MissingDependencyError, match=r'pip install "rl_zoo\[sbx\]"'):
        load_run(SelectedModel(run_folder, "final"), config, settings)


@pytest.mark.parametrize("name", ["SAC", "DDPG"])
def test_a_saved_agent_acts_as_before(name, run_folder):
    sbx = pytest.importorskip("sbx")
    agent = getattr(sbx, name)("MlpPolicy", ENV, policy_kwargs={"net_arch": [8]}, buffer_size=10)
    agent.save(run_folder.final_model)
    run_folder.config_file.write_text(CONFIG.replace("frame_stack", "n_envs").replace("- 2", "- 1"))
    settings = LoadSettings(trust=True)
    config = load_config(run_folder, RunIdentity("sac", ENV), settings)
    run = load_run(SelectedModel(run_folder, "final"), config, settings)
    observation = run.env.reset()
    expected, _ = agent.predict(observation, deterministic=True)
    found, _ = run.agent.predict(observation, deterministic=True)
    run.env.close()
    np.testing.assert_array_equal(found, expected)


def test_another_environment_is_refused(run_folder):
    sbx = pytest.importorskip("sbx")
    sbx.SAC("MlpPolicy", ENV, buffer_size=10).save(run_folder.final_model)
    with pytest.raises(ConfigError, match="does not fit the environment"):
        load_sbx_agent(run_folder.final_model, DummyVecEnv([TinyEnv]), trust=True)


def test_a_policy_that_cannot_be_read_is_not_replaced_by_a_fresh_one(run_folder):
    pytest.importorskip("sbx")
    with pytest.raises(DamagedFileError, match="cannot be read"):
        load_sbx_agent(run_folder.final_model, DummyVecEnv([TinyEnv]), trust=True)
