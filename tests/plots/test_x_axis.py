"""What was counted at an environment step, against numbers worked out by hand."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import get_args

import numpy as np
import pytest
from matplotlib.figure import Figure

from rl_zoo.commands.plot_inputs import X_AXES
from rl_zoo.errors import NothingFoundError
from rl_zoo.plots.curves import CurveRequest, align, load_series
from rl_zoo.plots.results import XAxis
from rl_zoo.plots.x_axis import Clock, Start, label_x_axis, read_clock
from rl_zoo.runs.record import RunRecord
from rl_zoo.runs.search import find_runs

EPISODES = [(1.0, 500, 36.0), (1.0, 250, 54.0), (1.0, 750, 108.0)]


def write_record(path, **fields):
    record = RunRecord("ppo", "CartPole-v1", 0, 3000, num_timesteps=3000, **fields)
    (path / "run.json").write_text(json.dumps(asdict(record)))


def write_progress(path, rows):
    (path / "progress.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def write_config(path, text):
    (path / "CartPole-v1" / "config.yml").write_text(text)


def clock_of(folder, x_axis, start=None):
    (run,) = find_runs([folder])
    return read_clock(run, x_axis, start)


def test_a_clock_grows_on_at_its_last_rate():
    clock = Clock(np.array([0.0, 100.0, 200.0]), np.array([0.0, 0.0, 50.0]))
    assert clock.at(np.array([50.0, 150.0, 200.0, 300.0])).tolist() == [0.0, 25.0, 50.0, 100.0]


def test_episodes_count_when_they_have_ended(make_run, tmp_path):
    make_run(tmp_path, episodes=EPISODES)
    clock = clock_of(tmp_path, "episodes")
    assert clock.at(np.array([0, 499, 500, 1000, 5000])).tolist() == [0, 0, 1, 2, 3]


def test_cut_episodes_are_steps_but_no_episodes(make_run, tmp_path):
    path = make_run(tmp_path)
    rows = "1.0,500,1.0,0\n1.0,100,2.0,1\n1.0,500,3.0,0\n"
    (path / "0.monitor.csv").write_text('#{"t_start": 0.0}\nr,l,t,cut\n' + rows)
    assert clock_of(tmp_path, "episodes").at(np.array([600, 1100])).tolist() == [1, 2]


def test_hours_of_training(make_run, tmp_path):
    make_run(tmp_path, episodes=EPISODES)
    clock = clock_of(tmp_path, "time")
    assert clock.at(np.array([0.0, 250.0, 500.0, 1500.0])) == pytest.approx([0, 0.005, 0.01, 0.03])


def test_robot_minutes_of_a_simulated_and_of_a_real_robot(make_run, tmp_path):
    path = make_run(tmp_path)
    write_record(path, robot={"control_frequency": 50.0})
    assert clock_of(tmp_path, "robot-minutes").at(np.array([3000.0])) == pytest.approx([1.0])
    write_record(path, robot={"control_frequency": 50.0}, robot_use={"minutes_running": 1.5})
    minutes = clock_of(tmp_path, "robot-minutes").at(np.array([1000.0, 3000.0]))
    assert minutes == pytest.approx([0.5, 1.5])


@pytest.mark.parametrize(
    ("algo", "config", "per_update"),
    [
        ("sac", "{}", 1),
        ("a2c", "n_steps: 8\n", 1),
        ("ppo", "n_steps: 32\nn_envs: 8\nbatch_size: 100\n", 3),  # 256 = 100 + 100 + 56
        ("ppo", "n_envs: 2\n", 64),  # SB3's 2048 steps and minibatches of 64
        ("trpo", "n_steps: 512\nn_envs: 2\nbatch_size: 512\nn_critic_updates: 20\n", 41),
    ],
)
def test_gradient_steps(make_run, tmp_path, algo, config, per_update):
    path = make_run(tmp_path, algo=algo)
    write_config(path, config)
    rows = [(500, None), (1000, 10), (2000, 30)]
    write_progress(
        path,
        [
            {"step": step, "time/total_timesteps": step}
            | ({} if n is None else {"train/n_updates": n})
            for step, n in rows
        ],
    )
    clock = clock_of(tmp_path, "gradient-steps")
    found = clock.at(np.array([500.0, 750.0, 1000.0, 1500.0, 2000.0, 2500.0]))
    assert (found / per_update).tolist() == [0, 5, 10, 20, 30, 40]


def test_a_counter_that_went_on_is_that_of_both_runs(make_run, tmp_path):
    path = make_run(tmp_path, algo="sac")
    write_progress(path, [{"step": 1100, "train/n_updates": 1050}])
    clock = clock_of(tmp_path, "gradient-steps", Start(step=1000, count=1000.0))
    assert clock.at(np.array([100.0])).tolist() == [50.0]


@pytest.mark.parametrize(
    ("x_axis", "algo", "reason"),
    [
        ("episodes", "ppo", "no monitor.csv"),
        ("time", "ppo", "no monitor.csv"),
        ("robot-minutes", "ppo", "no run.json"),
        ("gradient-steps", "sac", "no progress.jsonl"),
        ("gradient-steps", "ars", "no gradient steps"),
    ],
)
def test_a_run_that_does_not_tell_says_why(make_run, tmp_path, x_axis, algo, reason):
    make_run(tmp_path, algo=algo)
    with pytest.raises(NothingFoundError, match=reason):
        clock_of(tmp_path, x_axis)


def test_evaluations_stand_at_the_episodes_trained_before_them(make_run, tmp_path):
    make_run(tmp_path, timesteps=[100, 500, 1500], results=[[1], [2], [3]], episodes=EPISODES)
    series, notes = load_series(find_runs([tmp_path]), "", CurveRequest(x_axis="episodes"))
    assert notes == []
    curve = series.seeds[0].branches[0]
    assert curve.x.tolist() == [0, 1, 3] and curve.timesteps.tolist() == [100, 500, 1500]
    assert align(series).last_steps == (1500,)


def test_of_evaluations_with_nothing_counted_between_the_later_counts(make_run, tmp_path):
    make_run(tmp_path, timesteps=[500, 600, 750], results=[[1], [2], [3]], episodes=EPISODES)
    series, _ = load_series(find_runs([tmp_path]), "", CurveRequest(x_axis="episodes"))
    assert series.seeds[0].branches[0].x.tolist() == [1, 2]
    assert series.seeds[0].branches[0].values.tolist() == [2, 3]


def test_a_continuation_counts_on(make_run, tmp_path):
    first = make_run(
        tmp_path, "E-v0_1", timesteps=[500, 750], results=[[1], [2]], episodes=EPISODES[:2]
    )
    make_run(
        tmp_path,
        "E-v0_2",
        timesteps=[500],
        results=[[3]],
        episodes=EPISODES[:1],
        trained_agent=str(first / "E-v0.zip"),
    )
    series, _ = load_series(find_runs([tmp_path]), "", CurveRequest(x_axis="episodes"))
    (curve,) = series.seeds[0].branches
    assert curve.timesteps.tolist() == [500, 750, 1250]
    assert curve.x.tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("x_axis", "largest", "label", "divisor"),
    [
        ("steps", 2e6, "Environment steps (million)", 1e6),
        ("gradient-steps", 5e4, "Gradient steps (thousand)", 1e3),
        ("time", 0.01, "Training time (s)", 1 / 3600),
        ("time", 0.5, "Training time (min)", 1 / 60),
        ("time", 5.0, "Training time (h)", 1),
        ("robot-minutes", 30.0, "Robot time (min)", 1),
        ("robot-minutes", 600.0, "Robot time (h)", 60),
        ("episodes", 30.0, "Training episodes", 1),
    ],
)
def test_labels_have_units(x_axis, largest, label, divisor):
    axes = Figure().add_subplot()
    assert label_x_axis(axes, x_axis, largest) == pytest.approx(divisor)
    assert axes.get_xlabel() == label


def test_the_flag_offers_every_axis():
    assert get_args(XAxis) == X_AXES
