"""What goes wrong in a trial stays in that trial."""

import errno
import os
import signal
from dataclasses import replace

import gymnasium as gym
import optuna
import pytest
from optuna.trial import TrialState

from rl_zoo.tuning import journal as journal_module
from rl_zoo.tuning.heartbeat import PROCESS_ATTRIBUTE
from rl_zoo.tuning.process import this_process
from rl_zoo.tuning.storage import open_storage
from tests.probe_envs import TinyEnv


class WrongEnv(TinyEnv):
    """Its fourth instance, the second trial's training environment, goes wrong."""

    made = 0

    def __init__(self, what=""):
        super().__init__()
        WrongEnv.made += 1
        self.is_wrong, self.what = WrongEnv.made == 4, what
        if self.is_wrong and what == "build":
            raise OSError("no such device")

    def step(self, action):
        if self.what == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.is_wrong and self.what == "memory":
            raise MemoryError
        if self.is_wrong and self.what == "exit":
            raise SystemExit(3)
        return super().step(action)


gym.register("Wrong-v0", entry_point=WrongEnv)


@pytest.mark.parametrize(
    ("what", "error"),
    [("memory", "MemoryError"), ("build", "no such device"), ("exit", "SystemExit: 3")],
)
def test_one_trial_fails_and_the_study_goes_on(what, error, tune, stored, load, tmp_path):
    WrongEnv.made = 0
    code, _, err = tune(
        *(*stored, "--n-trials", 3, "--reevaluate", 0, "--n-evaluations", 1),
        *("--env-kwargs", f"what:{what}"),
        env="Wrong-v0",
    )
    assert code == 0, err
    assert [trial.state.name for trial in load().trials] == ["COMPLETE", "FAIL", "COMPLETE"], err
    assert error in load().trials[1].user_attrs["error"]
    kept = tmp_path / "logs/studies/s/trials/trial_1/error.txt"
    assert "Traceback" in kept.read_text()
    assert "Traceback" not in err


@pytest.mark.slow
def test_environment_processes_that_die(tune, stored, load):
    code, _, err = tune(
        *(*stored, "--n-trials", 9, "--max-failures", 2, "--vec-env", "subproc"),
        *("-params", "n_envs:2", "--env-kwargs", "what:die"),
        *("--gym-packages", "tests.tuning.test_failures"),
        env="Wrong-v0",
    )
    assert code == 4, err
    assert "2 trials failed in a row; the last: " in err
    assert "process died" in err
    assert len(load().trials) == 2


def test_max_failures(tune, stored, load):
    code, _, err = tune(
        *(*stored, "--n-trials", 9, "--max-failures", 1),
        *("--env-kwargs", "fault:raise_in_step"),
        env="Faulty-v0",
    )
    assert code == 4
    assert "a trial failed: " in err
    assert "motor driver lost" in err
    assert len(load().trials) == 1


def test_full_disk_ends_the_study_and_keeps_it(tune, stored, load, monkeypatch):
    assert tune(*stored, "--n-trials", 1, "--reevaluate", 0)[0] == 0
    writes = []
    write = journal_module._write_all

    def until_full(stream, content):
        writes.append(content)
        if len(writes) > 12:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(stream, content)

    monkeypatch.setattr(journal_module, "_write_all", until_full)
    code, _, err = tune(*stored, "--n-trials", 2, "--reevaluate", 0)
    assert code == 1
    assert "was lost while the study ran (No space left on device)" in err
    assert "the same command continues the study" in err
    assert "Traceback" not in err
    monkeypatch.undo()
    first, cut = load().trials
    assert first.state.name == "COMPLETE"
    assert cut.state.name == "RUNNING"


def test_a_trial_that_others_gave_up_is_no_failure(tune, stored, load, monkeypatch, tmp_path):
    """A machine slept: its trial is run elsewhere meanwhile, and its worker goes on with others."""
    given_up = []

    class Sleeper(TinyEnv):
        def step(self, action):
            if not given_up and len(load().trials) == 2:
                study = optuna.load_study(
                    study_name="s",
                    storage=open_storage(str(tmp_path / "study.log"), must_exist=True),
                )
                trial = study.trials[-1]
                given_up.append(trial.number)
                study._storage.set_trial_user_attr(trial._trial_id, "lost", "no sign of life")
                study._storage.set_trial_state_values(trial._trial_id, TrialState.FAIL)
            return super().step(action)

    if "Sleeper-v0" not in gym.registry:
        gym.register("Sleeper-v0", entry_point=Sleeper)
    code, _, err = tune(*stored, "--n-trials", 3, "--reevaluate", 0, env="Sleeper-v0")
    assert code == 0, err
    assert "trial 1 was given up by another worker" in err
    assert [trial.state.name for trial in load().trials] == ["COMPLETE", "FAIL"] + ["COMPLETE"] * 2


def test_the_entry_is_run_again_if_it_was_lost_before_it_had_values(tune, stored, load, tmp_path):
    storage = open_storage(str(tmp_path / "study.log"), must_exist=False)
    study = optuna.create_study(study_name="s", storage=storage, direction="maximize")
    trial = study.ask()
    dead = str(replace(this_process(), pid=2**22 + 1))
    storage.set_trial_system_attr(trial._trial_id, PROCESS_ATTRIBUTE, dead)
    code, _, err = tune(*stored, "--n-trials", 1, "--reevaluate", 0)
    assert code == 0, err
    lost, again = load().trials
    assert (lost.state.name, again.state.name) == ("FAIL", "COMPLETE")
    assert again.user_attrs["entry"]
    assert again.params["batch_size_pow"] == 5, "the configuration's own"
    assert again.params["one_minus_gamma"] == pytest.approx(0.02)
