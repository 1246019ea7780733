"""Training from the command line: what a user typed is either obeyed or refused with a reason."""

import os
import signal
import sys

import gymnasium as gym
import pytest

from rl_zoo.runs.folder import open_run_folder
from rl_zoo.runs.record import read_record
from tests.probe_envs import TinyEnv

EVALUATION_ONLY = ["StopTrainingOnRewardThreshold", "StopTrainingOnNoModelImprovement"]


class ResigningEnv(TinyEnv):
    """A driver that gives up with ``sys.exit`` in its 60th step."""

    steps = 0

    def step(self, action):
        self.steps += 1
        if self.steps == 60:
            sys.exit(3)
        return super().step(action)


class ImpatientEnv(TinyEnv):
    """While it is being closed, the user presses Ctrl-C once more."""

    put_to_rest = 0

    def close(self):
        os.kill(os.getpid(), signal.SIGINT)
        ImpatientEnv.put_to_rest += 1


class TableEnv(TinyEnv):
    """Actions in rows and columns."""

    def __init__(self):
        super().__init__()
        self.action_space = gym.spaces.Box(-1.0, 1.0, (3, 2), "float32")

    def step(self, action):
        assert action.shape == (3, 2)
        return super().step(action.mean())


@pytest.fixture(autouse=True)
def environments(monkeypatch):
    for env in (ResigningEnv, ImpatientEnv, TableEnv):
        name = f"{env.__name__.removesuffix('Env')}-v0"
        spec = gym.envs.registration.EnvSpec(name, entry_point=env, disable_env_checker=True)
        monkeypatch.setitem(gym.registry, name, spec)


def test_an_environment_that_exits_is_a_fault(train, arguments, tmp_path):
    code, _, err = train(*arguments("sac", "Resigning-v0"))
    assert code == 4
    assert "failed at step 60: SystemExit: 3" in err
    assert "resume with" in err
    (path,) = (tmp_path / "logs/sac").iterdir()
    assert read_record(open_run_folder(path)).state == "crashed"


def test_a_signal_does_not_interrupt_the_closing_of_an_environment(train, arguments):
    code, _, err = train(*arguments("ppo", "Impatient-v0"))
    assert code == 0, err
    assert ImpatientEnv.put_to_rest == 1


def test_action_noise_has_the_shape_of_the_action(train, arguments):
    noise = ["noise_type:normal", "noise_std:0.1"]
    code, _, err = train(*arguments("td3", "Table-v0", "-n", 60, params=noise))
    assert code == 0, err


@pytest.mark.parametrize("device", ["meta", "mps", "cuda:99", "toaster"])
def test_a_device_that_is_not_there_is_refused(device, train, arguments):
    code, _, err = train(*arguments("ppo", "Tiny-v0", "--device", device))
    assert code == 2
    assert f"--device {device}" in err


@pytest.mark.parametrize("name", EVALUATION_ONLY)
def test_a_callback_of_an_evaluation_is_refused(name, train, arguments):
    keywords = "reward_threshold" if "Threshold" in name else "max_no_improvement_evals"
    callback = f"callback:{{'{name}':{{'{keywords}':1}}}}"
    code, _, err = train(*arguments("ppo", params=[callback]))
    assert code == 2
    assert f"{name}: works only inside SB3's EvalCallback" in err


def test_monitor_keywords_of_the_zoo_are_accepted(train, arguments):
    code, _, err = train(*arguments("ppo", params=["monitor_kwargs:{override_existing: false}"]))
    assert code == 0, err


def test_classes_in_the_policy_of_a_zoo_run_are_taken_over(train_run, train, arguments, tmp_path):
    parent = train_run("ppo", params=["policy_kwargs.activation_fn:nn.ELU"])
    ours = parent.config_file.read_text().splitlines()
    zoo_style = [
        "policy_kwargs:",
        "  activation_fn: !!python/name:torch.nn.modules.activation.ELU ''",
        "  net_arch: [8, 8]",
    ]
    kept = [line for line in ours if not line.startswith("policy_kwargs")]
    parent.config_file.write_text("\n".join([*kept, *zoo_style]))
    code, _, err = train(*arguments("ppo", "Tiny-v0", "-i", parent.path, folder=tmp_path / "child"))
    assert code == 0, err
    (child,) = (tmp_path / "child/ppo").iterdir()
    assert "ELU" in open_run_folder(child).config_file.read_text()


def test_weights_without_their_normaliser_are_announced(train_run, train, arguments):
    parent = train_run("ppo")
    code, _, err = train(*arguments("ppo", "Tiny-v0", "-i", parent.path, normalize=False))
    assert code == 0, err
    assert "normaliser: not used" in err
