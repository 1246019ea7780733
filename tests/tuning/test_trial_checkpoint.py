"""A trial that is interrupted goes on where it was, in whoever takes it up again."""

import os
import signal

import gymnasium as gym
import pytest

from tests.probe_envs import TinyEnv

SAC = """\
default:
  policy: MlpPolicy
  n_timesteps: 200
  learning_starts: 30
  buffer_size: 1000
  batch_size: 16
  train_freq: 1
  gradient_steps: 1
  learning_rate: 0.003
  tau: 0.02
  gamma: 0.98
  policy_kwargs: dict(net_arch=[64, 64])
  normalize: true
"""


class SignallingEnv(TinyEnv):
    """Sends its process a signal in the ``at``-th step of all instances together."""

    at = 0
    number = signal.SIGTERM
    steps = 0

    def step(self, action):
        SignallingEnv.steps += 1
        if SignallingEnv.steps == SignallingEnv.at:
            os.kill(os.getpid(), self.number)
        return super().step(action)


gym.register("Signalling-v0", entry_point=SignallingEnv)


@pytest.fixture
def interrupted_at(tune, stored, load, tmp_path, monkeypatch):
    """Run a study of one trial that is interrupted at some steps; return its trials."""

    def run(*steps, algo="sac", text=SAC, flags=()):
        name = f"at_{'_'.join(map(str, steps))}.log"
        conf = tmp_path / f"{algo}.yml"
        conf.write_text(text)
        shared = ["--storage", tmp_path / name, "--study-name", "s", "--reevaluate", 0]
        shared += ["--n-trials", 1, "--n-evaluations", 3, "-f", tmp_path / name.replace(".", "_")]
        errors = ""
        for step in (*steps, 0):
            monkeypatch.setattr(SignallingEnv, "steps", 0)
            monkeypatch.setattr(SignallingEnv, "at", step)
            code, _, err = tune(*shared, *flags, env="Signalling-v0", algo=algo, conf=conf)
            assert code == (130 if step else 0), err
            errors += err
        return load(name).trials, errors

    return run


@pytest.fixture
def uninterrupted(interrupted_at):
    (trial,), _ = interrupted_at()
    return trial


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param((60,), id="training", marks=pytest.mark.slow),
        pytest.param((155,), id="second-evaluation"),
        pytest.param((40, 90), id="twice"),
    ],
)
def test_an_interrupted_trial_ends_with_the_value_of_an_uninterrupted_one(
    steps, uninterrupted, interrupted_at, tmp_path
):
    trials, err = interrupted_at(*steps)
    assert len(trials) == len(steps) + 1
    *parts, last = trials
    assert all(trial.user_attrs["interrupted"] for trial in parts)
    assert "is saved at step" in err
    assert f"trial {last.number} goes on with trial {last.number - 1} at step" in err
    assert last.value == uninterrupted.value
    assert last.intermediate_values == uninterrupted.intermediate_values
    for name in ("seed", "measures", "n_steps"):
        assert last.user_attrs[name] == uninterrupted.user_attrs[name]
    assert not list(tmp_path.rglob("rl_model_*")), "checkpoints of ended trials are removed"
    assert not list(tmp_path.rglob("unfinished.json"))


@pytest.mark.slow
def test_finished_trainings_of_a_trial_are_kept(interrupted_at):
    flags = ("--seeds-per-trial", 2)
    (whole,), _ = interrupted_at(flags=flags)
    trials, _ = interrupted_at(330, flags=flags)
    assert trials[1].value == whole.value
    assert trials[1].user_attrs["seed_values"] == whole.user_attrs["seed_values"]
    assert trials[1].user_attrs["seeds"] == whole.user_attrs["seeds"]


@pytest.mark.parametrize("algo", ["ppo", "ars"])
def test_an_on_policy_trial_goes_on_from_a_new_episode(algo, interrupted_at, small):
    text = (
        small.read_text()
        if algo == "ppo"
        else "default:\n  policy: LinearPolicy\n  n_timesteps: 400\n  n_delta: 4\n"
    )
    (whole,), _ = interrupted_at(algo=algo, text=text)
    trials, err = interrupted_at(70, algo=algo, text=text)
    assert trials[1].state.name == "COMPLETE"
    assert "goes on with trial 0 at step" in err
    assert trials[1].user_attrs["n_steps"] == whole.user_attrs["n_steps"]
