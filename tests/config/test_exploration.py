"""gSDE in a configuration: reachable wherever it exists, with a word about what undoes it."""

import pytest

from rl_zoo.config.parameters import ALGORITHM_PARAMETERS
from rl_zoo.config.resolve import ConfigRequest, resolve

WITH_SDE = ["a2c", "crossq", "droq", "ppo", "ppo_lstm", "sac", "tqc", "trpo"]


def notes_of(algo, *params):
    base = ["policy:MlpLstmPolicy" if algo == "ppo_lstm" else "policy:MlpPolicy"]
    base += ["n_timesteps:10", "use_sde:True"]
    return resolve(ConfigRequest(algo, "Pendulum-v9", params=(*base, *params))).notes[1:]


def test_every_algorithm_with_sde_has_it():
    found = [algo for algo, rules in ALGORITHM_PARAMETERS.items() if "use_sde" in rules]
    assert sorted(found) == WITH_SDE


@pytest.mark.parametrize("algo", WITH_SDE)
def test_no_note_where_the_noise_is_held_as_asked_for(algo):
    off_policy = ["train_freq:64"] if "train_freq" in ALGORITHM_PARAMETERS[algo] else []
    assert notes_of(algo, "sde_sample_freq:64", *off_policy) == ()


@pytest.mark.parametrize("algo", ["sac", "tqc", "crossq", "droq"])
@pytest.mark.parametrize(
    ("params", "often"),
    [
        (("sde_sample_freq:64",), "at every step, so that sde_sample_freq 64 has no effect"),
        (("sde_sample_freq:64", "train_freq:8"), "every 8 steps, so that sde_sample_freq 64"),
        (("sde_sample_freq:-1", "train_freq:[1,'step']"), "at every step, so that sde_sample_f"),
        ((), "at every step, so that sde_sample_freq -1 has no effect"),
    ],
)
def test_noise_drawn_at_every_rollout_is_noted(algo, params, often):
    (note,) = notes_of(algo, *params)
    assert often in note


@pytest.mark.parametrize(
    "params",
    [
        ("sde_sample_freq:1",),
        ("sde_sample_freq:8", "train_freq:64"),
        ("train_freq:8",),
        ("sde_sample_freq:64", "train_freq:[1,'episode']"),
        ("use_sde:False", "sde_sample_freq:64"),
    ],
)
def test_nothing_to_note(params):
    assert notes_of("sac", *params) == ()
