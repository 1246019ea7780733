"""Training curves from monitor files."""

from __future__ import annotations

import numpy as np
import pytest

from rl_zoo.plots.statistics import Bootstrap
from rl_zoo.plots.training import TrainingRequest, load_training_curves
from rl_zoo.plots.training_figure import (
    fitting_window,
    plot_training,
    training_over_seeds,
    window_notes,
)
from rl_zoo.runs.search import find_runs


def load(folder, y_axis="reward", max_timesteps=None, x_axis="steps"):
    request = TrainingRequest(y_axis, x_axis, max_timesteps)
    return load_training_curves(find_runs([folder]), "", request)


def episodes(n, start=0.0):
    return [(start + i, 10, 36.0 * (i + 1)) for i in range(n)]


def test_axes_by_hand(make_run, tmp_path):
    make_run(tmp_path, episodes=episodes(3))
    (curve,), notes = load(tmp_path)
    assert curve.values.tolist() == [0.0, 1.0, 2.0]
    assert curve.x.tolist() == curve.steps.tolist() == [10.0, 20.0, 30.0]
    assert load(tmp_path, x_axis="episodes")[0][0].x.tolist() == [1.0, 2.0, 3.0]
    assert load(tmp_path, x_axis="time")[0][0].x == pytest.approx([0.01, 0.02, 0.03])
    assert notes == []


def test_continuation_is_drawn_after_its_parent(make_run, tmp_path):
    first = make_run(tmp_path, "E-v0_1", timesteps=None, episodes=episodes(2))
    agent = str(first / "E-v0.zip")
    make_run(tmp_path, "E-v0_2", timesteps=None, episodes=episodes(2, 5.0), trained_agent=agent)
    (curve,), notes = load(tmp_path)
    assert curve.values.tolist() == [0.0, 1.0, 5.0, 6.0]
    assert curve.steps.tolist() == [10.0, 20.0, 30.0, 40.0]
    (timed,), _ = load(tmp_path, x_axis="time")
    assert timed.x == pytest.approx([0.01, 0.02, 0.03, 0.04])
    (counted,), _ = load(tmp_path, x_axis="episodes")
    assert counted.x.tolist() == [1.0, 2.0, 3.0, 4.0]
    assert curve.name == "E-v0_1 → E-v0_2"
    assert "drawn as one" in notes[0]


def test_parent_ends_where_its_checkpoint_was_taken(make_run, tmp_path):
    first = make_run(tmp_path, "E-v0_1", timesteps=None, episodes=episodes(4))
    agent = str(first / "rl_model_20_steps.zip")
    make_run(tmp_path, "E-v0_2", timesteps=None, episodes=episodes(1, 9.0), trained_agent=agent)
    assert load(tmp_path)[0][0].values.tolist() == [0.0, 1.0, 9.0]


@pytest.mark.parametrize("x_axis", ["episodes", "time"])
def test_a_continuation_does_not_begin_at_zero_where_its_parent_is_unknown(
    make_run, tmp_path, x_axis
):
    first = make_run(tmp_path, "E-v0_1", timesteps=[20], results=[[0.0]])
    agent = str(first / "E-v0.zip")
    make_run(tmp_path, "E-v0_2", timesteps=None, episodes=episodes(2), trained_agent=agent)
    assert load(tmp_path)[0][0].x.tolist() == [30.0, 40.0]
    curves, notes = load(tmp_path, x_axis=x_axis)
    assert curves == []
    assert f"left out of -x {x_axis}" in notes[-1]


def test_a_continuation_goes_on_where_no_episode_of_its_parent_is_drawn(make_run, tmp_path):
    first = make_run(tmp_path, "E-v0_1", timesteps=None, episodes=episodes(2))
    file = first / "0.monitor.csv"
    lines = file.read_text().splitlines()
    file.write_text("\n".join([lines[0], "r,l,t,cut", *(f"{line},1" for line in lines[2:])]))
    agent = str(first / "E-v0.zip")
    make_run(tmp_path, "E-v0_2", timesteps=None, episodes=episodes(1), trained_agent=agent)
    (curve,), _ = load(tmp_path, x_axis="time")
    assert curve.x == pytest.approx([0.03])


def test_returns_that_are_not_numbers_are_left_out_aloud(make_run, tmp_path):
    make_run(tmp_path, episodes=[(1.0, 10, 1.0), (float("nan"), 10, 2.0), (3.0, 10, 3.0)])
    (curve,), notes = load(tmp_path)
    assert curve.values.tolist() == [1.0, 3.0]
    assert curve.steps.tolist() == [10.0, 30.0]
    assert notes == ["ppo/CartPole-v1_1: left out: 1 episodes whose reward is not a number"]


def test_max_timesteps_cuts_aloud(make_run, tmp_path):
    make_run(tmp_path, episodes=episodes(5))
    (curve,), notes = load(tmp_path, max_timesteps=30)
    assert curve.steps[-1] == 30
    assert "cut at step 30 of 50" in notes[0]


def test_success_needs_its_column(make_run, tmp_path):
    path = make_run(tmp_path, episodes=episodes(2))
    curves, notes = load(tmp_path, "success")
    assert curves == []
    assert "no column 'is_success'" in notes[0]
    rows = "0.0,10,1.0,False\n1.0,10,2.0,True\n"
    (path / "0.monitor.csv").write_text('#{"t_start": 0.0}\nr,l,t,is_success\n' + rows)
    assert load(tmp_path, "success")[0][0].values.tolist() == [0.0, 1.0]


def test_runs_without_episodes_are_named(make_run, tmp_path):
    make_run(tmp_path, "E-v0_1")
    make_run(tmp_path, "E-v0_2", episodes=[])
    curves, notes = load(tmp_path)
    assert curves == []
    assert [note.split(": ")[-1] for note in notes] == ["no monitor.csv", "no episode has ended"]


def test_a_run_of_cut_episodes_only_is_named(make_run, tmp_path):
    path = make_run(tmp_path)
    (path / "0.monitor.csv").write_text('#{"t_start": 0.0}\nr,l,t,cut\n1.0,10,1.0,1\n')
    curves, notes = load(tmp_path)
    assert curves == [] and "every episode was cut short" in notes[0]


def test_window_longer_than_the_run_shrinks_and_says_so(make_run, tmp_path):
    make_run(tmp_path, episodes=episodes(10))
    curves, _ = load(tmp_path)
    figure = plot_training("title", curves, ("steps", "reward"), 100)
    assert "10 episodes are too few for -w 100: mean of 2" in window_notes(curves, 100)[0]
    mean_line = figure.axes[0].get_lines()[0]
    assert np.asarray(mean_line.get_ydata()) == pytest.approx(np.arange(9) + 0.5)
    assert np.asarray(mean_line.get_xdata()) == pytest.approx(np.arange(20, 101, 10))


@pytest.mark.parametrize(("n", "window", "used"), [(10, 100, 2), (3, 100, 1), (1, 1, 1), (9, 4, 4)])
def test_fitting_window(n, window, used):
    assert fitting_window(n, window) == used


@pytest.mark.parametrize(
    ("x_axis", "label"), [("steps", "Environment steps"), ("episodes", "Training episodes")]
)
def test_axes_are_labelled(make_run, tmp_path, x_axis, label):
    make_run(tmp_path, episodes=episodes(10))
    curves, _ = load(tmp_path, "length", x_axis=x_axis)
    figure = plot_training("t", curves, (x_axis, "length"), 2)
    assert figure.axes[0].get_xlabel() == label
    assert figure.axes[0].get_ylabel() == "Training episode length (steps)"


def test_time_axis_chooses_its_unit(make_run, tmp_path):
    make_run(tmp_path / "short", episodes=episodes(10))
    make_run(tmp_path / "long", episodes=episodes(200))
    for name, label, last in (
        ("short", "Training time (min)", 6.0),
        ("long", "Training time (h)", 2.0),
    ):
        curves, _ = load(tmp_path / name, x_axis="time")
        figure = plot_training("t", curves, ("time", "reward"), 2)
        assert figure.axes[0].get_xlabel() == label
        assert figure.axes[0].get_lines()[0].get_xdata()[-1] == pytest.approx(last)


def test_parallel_environments_step_together(make_run, tmp_path):
    """Two environments: an episode of 10 steps ends when both together have done 20."""
    path = make_run(tmp_path, episodes=[(1.0, 10, 1.0), (2.0, 20, 3.0)])
    lines = (path / "0.monitor.csv").read_text().splitlines()[:2]
    (path / "1.monitor.csv").write_text("\n".join([*lines, "5.0,25,2.5"]) + "\n")
    (curve,), _ = load(tmp_path)
    assert curve.values.tolist() == [1.0, 5.0, 2.0]
    assert curve.steps.tolist() == [20.0, 50.0, 60.0]


def test_seeds_are_averaged_where_they_are(make_run, tmp_path):
    make_run(tmp_path, "E-v0_1", episodes=[(0.0, 10, 1.0 + i) for i in range(20)])
    make_run(tmp_path, "E-v0_2", episodes=[(4.0, 10, 1.0 + i) for i in range(20)])
    make_run(tmp_path, "E-v0_3", episodes=[(8.0, 10, 1.0 + i) for i in range(10)])
    series = training_over_seeds(load(tmp_path)[0], 5, "mean", Bootstrap(resamples=200))
    assert series.n == 3
    assert series.x[0] == 50.0 and series.x[-1] == 200.0
    assert series.statistics.center[0] == pytest.approx(4.0)
    assert series.statistics.n[0] == 3 and series.statistics.n[-1] == 2
    assert series.statistics.center[-1] == pytest.approx(2.0)


def test_trainings_of_equal_length_keep_all_seeds_to_the_end(make_run, tmp_path):
    make_run(tmp_path, "E-v0_1", episodes=[(0.0, 10, 1.0 + i) for i in range(20)])
    make_run(tmp_path, "E-v0_2", episodes=[(4.0, 11, 1.0 + i) for i in range(18)])
    series = training_over_seeds(load(tmp_path)[0], 2, "mean", Bootstrap(resamples=200))
    assert series.x[-1] == 198.0
    assert series.statistics.n[-1] == 2


def test_lines_of_several_methods_are_told_apart_by_method(make_run, tmp_path):
    for algo in ("ppo", "sac"):
        for number in (1, 2):
            make_run(tmp_path, f"E-v0_{number}", algo=algo, episodes=episodes(10))
    runs = find_runs([tmp_path])
    groups = [[run for run in runs if run.algo == algo] for algo in ("ppo", "sac")]
    curves = [curve for group in groups for curve in load_training_curves(group)[0]]
    axes = plot_training("t", curves, ("steps", "reward"), 2).axes[0]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["PPO (n=2)", "SAC (n=2)"]
    colors = [line.get_color() for line in axes.get_lines()]
    assert colors[0] == colors[1] != colors[2] == colors[3]


def test_more_runs_than_colours_share_one_entry(make_run, tmp_path):
    for number in range(1, 14):
        make_run(tmp_path, f"E-v0_{number}", timesteps=None, episodes=episodes(5))
    figure = plot_training("t", load(tmp_path)[0], ("steps", "reward"), 2)
    legend = figure.axes[0].get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["PPO (n=13)"]
