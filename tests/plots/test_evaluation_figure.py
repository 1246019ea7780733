"""What a person reads off the learning curves."""

from __future__ import annotations

import numpy as np
import pytest

from rl_zoo.plots import style
from rl_zoo.plots.catalog import PLOTS, Comparison
from rl_zoo.plots.evaluation_figure import FigureOptions, plot_curves, plot_environment
from rl_zoo.plots.results import AlignedSeries, Results
from rl_zoo.plots.statistics import Bootstrap, summarize_seeds

X = np.array([10.0, 20.0, 30.0, 40.0])


def series(per_seed, algo="ppo", label="", env="E-v0", x=X):
    values = np.array(per_seed, dtype=float)
    last = np.array([row[np.isfinite(row)][-1] for row in values])
    statistics = summarize_seeds(values, "mean", Bootstrap(resamples=200))
    return AlignedSeries(env, algo, label, x, values, statistics, last)


def texts(figure):
    legend = figure.axes[0].get_legend() or figure.legends[0]
    return legend.get_title().get_text(), [text.get_text() for text in legend.get_texts()]


def test_curves_are_one_figure_per_environment():
    shown = (series([[1, 2, 3, 4]]), series([[1, 2, 3, 4]], env="Other-v0"))
    figures = PLOTS.load("curves")(Comparison(Results(shown)))
    assert list(figures) == ["E-v0", "Other-v0"]
    assert PLOTS.load("curves") is plot_curves


def test_n_is_in_the_legend_and_where_it_drops():
    missing = np.nan
    figure = plot_environment(
        Results((series([[1, 2, 3, 4], [3, 4, 5, missing], [5, 6, missing, missing]]),)), "E-v0"
    )
    assert texts(figure) == ("mean, 95 % CI over seeds", ["PPO (n=3, 1 at the end)"])
    notes = {note.get_text(): note.xy for note in figure.axes[0].texts}
    assert notes == {"n=2": (30.0, 4.0), "n=1": (40.0, 4.0)}


def test_drops_too_close_to_read_are_told_once():
    x = np.array([10.0, 980.0, 990.0, 1000.0])
    missing = np.nan
    rows = [[1, 2, 3, 4], [3, 4, 5, missing], [5, 6, missing, missing]]
    figure = plot_environment(Results((series(rows, x=x),)), "E-v0")
    assert [note.get_text() for note in figure.axes[0].texts] == ["n=1"]


def test_one_seed_has_no_interval():
    figure = plot_environment(Results((series([[1, 2, 3, 4]]),)), "E-v0")
    assert texts(figure) == ("one seed, no interval", ["PPO (n=1)"])
    (band,) = figure.axes[0].collections
    assert not band.get_paths() or not np.isfinite(band.get_paths()[0].vertices).any()


@pytest.mark.parametrize(
    ("statistic", "x_axis", "title", "label"),
    [
        ("iqm", "robot-minutes", "IQM, 90 % CI over seeds", "Robot time (min)"),
        ("median", "time", "median, 90 % CI over seeds", "Training time (h)"),
    ],
)
def test_statistic_and_unit_are_said(statistic, x_axis, title, label):
    shown = (series([[1, 2, 3, 4], [2, 3, 4, 5]]),)
    results = Results(shown, "ep_lengths", x_axis, statistic, 0.9)
    axes = plot_environment(results, "E-v0").axes[0]
    assert texts(axes.figure)[0] == title
    assert axes.get_xlabel() == label
    assert axes.get_ylabel() == "Evaluation episode length (steps)"


def test_a_method_looks_the_same_in_every_figure():
    both = (
        series([[1, 2, 3, 4]], "sac"),
        series([[1, 2, 3, 4]], "ppo"),
        series([[1, 2, 3, 4]], "ppo", env="Other-v0"),
    )
    figures = plot_curves(Comparison(Results(both)))
    colors = [
        {line.get_label(): line.get_color() for line in figure.axes[0].get_lines()}["PPO (n=1)"]
        for figure in figures.values()
    ]
    assert colors == [style.algorithm_color("ppo")] * 2


def test_many_methods_leave_the_axes_free():
    shown = tuple(series([[1, 2, 3, 4]], algo) for algo in ("a2c", "ars", "ppo", "sac", "td3"))
    figure = plot_environment(Results(shown), "E-v0", FigureOptions())
    assert figure.axes[0].get_legend() is None and len(figure.legends) == 1
    placed = plot_environment(Results(shown), "E-v0", FigureOptions(legend_location="upper left"))
    assert placed.axes[0].get_legend() is not None
