"""Training from the command line: what a user typed is either obeyed or refused with a reason."""

import os
import signal
import sys

import gymnasium as gym
import pytest
from stable_baselines3.common.callbacks import BaseCallback

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


@pytest.mark.parametrize("algo", ["ars", "crossq"])
def test_dict_observations_are_refused_by_those_who_cannot_read_them(algo, train, arguments):
    code, _, err = train(*arguments(algo, "TinyDict-v0"))
    assert code == 2
    assert "FlattenObservation" in err
    flat = ["env_wrapper:gymnasium.wrappers.FlattenObservation"]
    code, _, err = train(*arguments(algo, "TinyDict-v0", params=flat))
    assert code == 0, err


@pytest.mark.parametrize(
    ("algo", "normalize", "code"), [("sac", True, 2), ("sac", False, 0), ("ppo", True, 0)]
)
def test_a_stack_of_normalised_observations_in_a_replay_buffer_is_refused(
    algo, normalize, code, train, arguments
):
    command = arguments(algo, params=["frame_stack:3"], normalize=normalize)
    answer, _, err = train(*command)
    assert answer == code, err
    assert ("cannot store normalised observations" in err) == (code == 2)


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


def test_gsde_is_taken_over_with_the_weights(train_run, train, arguments):
    parent = train_run("ppo", "Tiny-v0", params=["use_sde:true"])
    code, _, err = train(*arguments("ppo", "Tiny-v0", "-i", parent.path))
    assert code == 0, err


def test_weights_that_do_not_fit_are_refused_with_what_differs(train_run, train, arguments):
    parent = train_run("ppo")
    code, _, err = train(*arguments("ppo", "TinyDiscrete-v0", "-i", parent.path))
    assert code == 2
    assert "action_net" in err or "log_std" in err


def test_a_resumed_run_goes_on_in_its_own_tensorboard_folder(train_run, train, arguments, tmp_path):
    pytest.importorskip("tensorboard")
    board = tmp_path / "board"
    first = train_run("ppo", "Tiny-v0", "-tb", board, "--save-freq", 50)
    train_run("ppo", "Tiny-v0", "-tb", board)
    code, _, err = train("--resume", first.path, "-n", 200)
    assert code == 0, err
    files = {folder.name: len(list(folder.iterdir())) for folder in board.glob("*/*")}
    assert files == {"PPO_1": 2, "PPO_2": 1}


@pytest.mark.parametrize("flags", [["--algo", "ppo"], ["--env", "CartPole-v1"], ["--seed", "-1"]])
def test_a_default_is_a_change_too_when_resuming(flags, train_run, train):
    run = train_run("sac", "Tiny-v0", "--save-freq", 50)
    code, _, err = train("--resume", run.path, "-n", 150, *flags)
    assert code == 2
    assert f"{flags[0]}: cannot change when resuming" in err


def test_flags_that_change_nothing_may_be_repeated_when_resuming(train_run, train, arguments):
    run = train_run("sac", "Tiny-v0", "--save-freq", 50)
    code, _, err = train(*arguments("sac", "Tiny-v0"), "--resume", run.path, "-n", 150)
    assert code == 0, err


class StopAt50(BaseCallback):
    """Stops and says so at the end."""

    ended = 0

    def _on_step(self):
        return self.num_timesteps < 50

    def _on_training_end(self):
        StopAt50.ended += 1


def test_a_callback_that_stops_sees_the_end_of_training(train, arguments):
    code, _, err = train(*arguments("ppo", params=[f"callback:{__name__}.StopAt50"]))
    assert code == 0, err
    assert "stopped by callback" in err
    assert StopAt50.ended == 1


def test_a_study_cannot_resume_a_run(train, tmp_path):
    code, _, err = train("--resume", tmp_path, "-optimize")
    assert code == 2
    assert "--resume and -optimize: choose one" in err
