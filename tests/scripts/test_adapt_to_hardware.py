"""The comparison of old and new policies on changed hardware asks for the right trainings."""

import json

import numpy as np
import pytest

from scripts import adapt_to_hardware
from scripts.adapt_to_hardware import HALF_CHEETAH, LOADED_HALF_CHEETAH, main

SPEEDS = {1: 0.45, 2: 0.4, 3: 0.1, 4: 0.35, 5: 0.05}
"""m/s of the policy of each run of an algorithm, by number."""


@pytest.fixture
def commands(monkeypatch):
    """Every command that the script gives; each training leaves a folder and a record only."""
    given = []

    def run(name, flags):
        given.append((name, flags))
        if name == "enjoy":
            number = int(flags[flags.index("--run") + 1].rpartition("_")[2])
            metrics = {"motion/forward_speed": SPEEDS[number]}
            ends = {"fall": 2, "time_limit": 3}
            found = {"metrics": metrics, "end_reasons": ends, "n_episodes": 5, "mean_return": 7.0}
            return json.dumps(found)
        algo, env, logs = (flags[flags.index(flag) + 1] for flag in ("--algo", "--env", "-f"))
        parent = adapt_to_hardware.Path(logs) / algo
        number = len(list(parent.glob(f"{env}_*"))) + 1
        folder = parent / f"{env}_{number}"
        folder.mkdir(parents=True)
        baseline = {"mean_return": 3.0, "forward_speed": 0.25, "falls": 1, "n": 5}
        (folder / "run.json").write_text(json.dumps({"baseline": baseline}))
        return ""

    monkeypatch.setattr(adapt_to_hardware, "run_command", run)
    return given


def test_table_and_trainings_of_a_chain(commands, tmp_path, capsys):
    """A moved arm is met by the policy that adapted to the arm before."""
    main(["--algos", "openloop", "--changes", "moved-arm", "-f", str(tmp_path), "--minutes", "2"])
    table = capsys.readouterr().out.splitlines()
    assert "after 2 min from the old policy" in table[0]
    assert table[2:] == [
        "| arm moved to the rear | openloop | 0 | 0.40 (2/5) | 0.25 (1/5) | 0.35 (2/5) | "
        "0.05 (2/5) |"
    ]
    (row,) = json.loads((tmp_path / "adaptation.json").read_text())
    assert (row["before"]["forward_speed"], row["after"]["falls"]) == (0.4, 1)
    trainings = [flags for name, flags in commands if name == "train"]
    parents = [flags[flags.index("-i") + 1] if "-i" in flags else None for flags in trainings]
    runs = [str(tmp_path / f"openloop/Bert-v0_{number}") for number in (1, 2)]
    assert parents == [None, runs[0], None, runs[1], None]
    steps = [flags[flags.index("-n") + 1] for flags in trainings]
    assert steps == ["24000", "6000", "6000", "6000", "6000"], "8 and 2 minutes at 50 Hz"
    arms = [next((flag for flag in flags if "payload" in flag), "") for flags in trainings]
    assert [("0.05" in arm, "-0.06" in arm) for arm in arms] == [
        (False, False),
        *[(True, False)] * 2,
        *[(False, True)] * 2,
    ]


def test_droq_has_the_prior_and_may_keep_its_buffer(commands, tmp_path):
    flags = ["--changes", "stiff-leg", "--algos", "droq", "-f", str(tmp_path), "--keep-buffer"]
    main([*flags, "500", "--params", "droq.batch_size:8", "openloop.n_top:1"])
    trainings = [flags for name, flags in commands if name == "train"]
    for training in trainings:
        assert training[training.index("--env") + 1] == "Bert-CPG-v0"
        assert "batch_size:8" in training
        assert "n_top:1" not in training
    assert ["--keep-buffer" in training for training in trainings] == [False, True, False]


def test_torso_of_the_stand_in_is_heavier():
    import gymnasium as gym

    adapt_to_hardware.register_loaded_half_cheetah()
    plain = gym.make("HalfCheetah-v5").unwrapped.model
    loaded = gym.make(LOADED_HALF_CHEETAH, **HALF_CHEETAH.changes["torso"].env_kwargs).unwrapped
    gained = loaded.model.body_mass - plain.body_mass
    torso = plain.body("torso").id
    assert gained[torso] == pytest.approx(0.32 * plain.body_mass.sum())
    assert np.count_nonzero(gained) == 1
    ratio = loaded.model.body_inertia[torso] / plain.body_inertia[torso]
    assert ratio == pytest.approx(loaded.model.body_mass[torso] / plain.body_mass[torso])


@pytest.mark.slow
def test_with_real_trainings(tmp_path, capsys):
    tiny = ["openloop.n_top_episodes:1", "openloop.n_top:1", "openloop.population_size:4"]
    tiny += ["droq.learning_starts:100", "droq.n_envs:1", "droq.policy_kwargs.net_arch:[8]"]
    times = ["--learn-minutes", "0.1", "--minutes", "0.1", "--n-episodes", "1"]
    main(["--changes", "weak-motor", "-f", str(tmp_path), *times, "--params", *tiny])
    table = capsys.readouterr().out.splitlines()
    assert [line.split(" | ")[1] for line in table[2:]] == ["openloop", "droq"]
