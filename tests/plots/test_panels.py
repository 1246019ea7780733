"""Bars and boxes of last evaluations, read back from the figures."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_hex

from rl_zoo.plots.bar_figure import plot_bars
from rl_zoo.plots.box_figure import plot_boxes
from rl_zoo.plots.catalog import Comparison
from rl_zoo.plots.evaluation_figure import FigureOptions
from rl_zoo.plots.method_looks import method_looks
from rl_zoo.plots.panels import break_name, panel_grid
from rl_zoo.plots.results import AlignedSeries, Results
from rl_zoo.plots.statistics import summarize_seeds
from rl_zoo.plots.style import algorithm_color

FIRST = [80.0, 90.0, 130.0, 100.0]


def series(values, env, algo, label=""):
    per_seed = np.array(values)[:, None]
    summary = summarize_seeds(per_seed)
    return AlignedSeries(env, algo, label, np.array([1.0]), per_seed, summary, per_seed[:, 0])


@pytest.fixture
def results():
    items = [
        series(FIRST, "A-v0", "sac"),
        series([-5.0, -7.0], "A-v0", "ppo"),
        series([3.0] * 4, "B-v0", "sac"),
    ]
    return Results(tuple(items))


def panels(figure):
    return {axes.get_title(): axes for axes in figure.axes}


def bars(axes):
    return [patch for patch in axes.patches if patch.get_height()]


def texts(figure):
    (legend,) = figure.legends
    return [legend.get_title().get_text(), *(text.get_text() for text in legend.get_texts())]


def test_bars_are_the_means_in_the_colours_of_the_algorithms(results):
    figure = plot_bars(Comparison(results))[""]
    found = panels(figure)
    assert [bar.get_height() for bar in bars(found["A-v0"])] == [100.0, -6.0]
    assert [bar.get_height() for bar in bars(found["B-v0"])] == [3.0]
    colors = [to_hex(bar.get_facecolor()).upper() for bar in bars(found["A-v0"])]
    assert colors == [algorithm_color("sac"), algorithm_color("ppo")]
    dots = [line.get_ydata().tolist() for line in found["A-v0"].lines if line.get_marker() == "o"]
    assert FIRST in dots, "every seed is shown"
    assert texts(figure) == ["bar: mean over seeds, line: 95 % CI, dots: seeds", "SAC (n=4)", "PPO"]
    ticks = [label.get_text() for label in found["B-v0"].get_xticklabels()]
    assert ticks == ["4", "–"], "PPO has no runs here: a dash, no bar"
    assert "Last evaluation" in figure.get_suptitle()


def test_bars_show_the_statistic_of_the_results(results):
    median = Results(results.series, statistic="median", confidence=0.9)
    figure = plot_bars(Comparison(median))[""]
    assert bars(panels(figure)["A-v0"])[0].get_height() == np.median(FIRST)
    assert texts(figure)[0] == "bar: median over seeds, line: 90 % CI, dots: seeds"


def test_one_seed_has_no_interval():
    results = Results((series([3.0], "A-v0", "sac"),))
    figure = plot_bars(Comparison(results))[""]
    assert not panels(figure)["A-v0"].collections, "no error bar"
    assert "CI" not in texts(figure)[0]


def test_boxes_are_quartiles_and_two_seeds_are_no_box(results):
    axes = panels(plot_boxes(Comparison(results))[""])["A-v0"]
    (box,) = axes.patches
    heights = box.get_path().vertices[:, 1]
    low, high = np.percentile(FIRST, [25, 75])
    assert (heights.min(), heights.max()) == (low, high)
    dots = [sorted(line.get_ydata()) for line in axes.lines if line.get_linestyle() == "None"]
    assert [-7.0, -5.0] in dots


def test_a_method_looks_the_same_wherever_it_is_shown():
    two = method_looks([("sac", "a"), ("sac", "b")])
    assert two["sac", "a"].color == algorithm_color("sac") != two["sac", "b"].color
    four = method_looks([("sac", "a"), ("sac", "b"), ("ppo", "a"), ("ppo", "b")])
    assert four["sac", "a"].color == four["sac", "b"].color == algorithm_color("sac")
    assert four["sac", "a"].hatch != four["sac", "b"].hatch == four["ppo", "b"].hatch


def test_panels_keep_a_readable_width_and_names_fit():
    assert panel_grid(1, 2, 6.4) == (1, 1)
    assert panel_grid(4, 4, 6.4) == (1, 4)
    assert panel_grid(5, 4, 6.4) == (2, 3)
    assert panel_grid(4, 4, 3.3) == (2, 2)
    assert break_name("MountainCarContinuous-v0", 16) == "MountainCar\nContinuous-v0"
    assert break_name("Ant-v5", 3) == "Ant-v5"


def test_no_text_overlaps_in_a_small_figure():
    names = ("MountainCarContinuous-v0", "HalfCheetah-v5", "Ant-v5", "Pendulum-v1")
    results = Results(tuple(series(FIRST, env, algo) for env in names for algo in ("sac", "ppo")))
    options = FigureOptions((3.4, 2.6), 8)
    figure = plot_bars(Comparison(results, options=options))[""]
    figure.draw_without_rendering()
    titles = [axes.title for axes in figure.axes]
    boxes = [text.get_window_extent() for text in titles]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
    width, height = figure.bbox.width, figure.bbox.height
    assert all(box.x0 >= 0 and box.x1 <= width and box.y1 <= height for box in boxes)
