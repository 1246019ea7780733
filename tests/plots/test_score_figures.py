"""Figures and tables over environments: what stands in them, against rliable and by hand."""

from __future__ import annotations

import numpy as np
import pytest

from rl_zoo.errors import NothingFoundError, UsageError
from rl_zoo.plots.aggregate_figure import plot_aggregates
from rl_zoo.plots.catalog import Comparison
from rl_zoo.plots.efficiency_figure import plot_efficiency
from rl_zoo.plots.evaluation_figure import FigureOptions
from rl_zoo.plots.improvement_figure import plot_improvement
from rl_zoo.plots.method_looks import method_looks
from rl_zoo.plots.normalization import normalize
from rl_zoo.plots.profile_figure import plot_profiles
from rl_zoo.plots.reference_scores import ReferenceScore
from rl_zoo.plots.results import AlignedSeries, Results
from rl_zoo.plots.score_tables import aggregate_table, improvement_table, scale_table
from rl_zoo.plots.statistics import summarize_seeds

TABLE = {"A-v0": ReferenceScore(0.0, 10.0), "B-v0": ReferenceScore(-50.0, 50.0)}
X = np.array([1000.0, 2000.0, 3000.0])


def make_results(algos: tuple[str, ...] = ("ppo", "sac"), n_seeds: int = 4) -> Results:
    rng = np.random.default_rng(0)
    series = []
    for place, algo in enumerate(algos):
        for env, scale in (("A-v0", 10.0), ("B-v0", 50.0)):
            per_seed = scale * (0.3 * place + rng.uniform(0.0, 0.7, (n_seeds, 1)) * X / 3000.0)
            summary = summarize_seeds(per_seed)
            series.append(AlignedSeries(env, algo, "", X, per_seed, summary, per_seed[:, -1]))
    return Results(tuple(series))


def compare(results: Results, **settings: object) -> Comparison:
    return Comparison(results, normalize(results, TABLE), resamples=500, **settings)  # type: ignore[arg-type]


def texts(figure: object) -> str:
    figure.draw_without_rendering()  # type: ignore[attr-defined]
    found = figure.findobj(lambda artist: hasattr(artist, "get_text"))  # type: ignore[attr-defined]
    return " | ".join(artist.get_text() for artist in found)


def test_aggregates_show_every_method_its_seeds_and_what_the_scores_are() -> None:
    comparison = compare(make_results())
    figure = plot_aggregates(comparison)[""]
    shown = texts(figure)
    for text in ("PPO (n=4)", "SAC (n=4)", "Median", "IQM", "Mean", "Optimality gap"):
        assert text in shown
    assert "Score (0 = random, 1 = reference)" in shown
    assert "95 % stratified bootstrap CI" in shown
    mean = next(axes for axes in figure.axes if axes.get_title() == "Mean")
    last = comparison.scores.last["ppo", ""]  # type: ignore[union-attr]
    points = [line.get_xdata()[0] for line in mean.lines if len(line.get_xdata()) == 1]
    assert np.mean([values.mean() for values in last]) == pytest.approx(points[0])


def test_one_seed_has_no_interval_anywhere() -> None:
    comparison = compare(make_results(n_seeds=1))
    figure = plot_aggregates(comparison)[""]
    assert all(not axes.patches for axes in figure.axes)
    assert "no interval" in texts(figure)
    assert "[" not in aggregate_table(comparison)


def test_profiles_are_shares_of_runs_above_each_score() -> None:
    comparison = compare(make_results())
    line = comparison.estimates.profiles["sac", ""]
    values = np.concatenate(comparison.scores.last["sac", ""])  # type: ignore[union-attr]
    np.testing.assert_allclose(line.value, [(values > tau).mean() for tau in line.x], atol=1e-12)
    assert line.value[0] == 1.0
    assert line.value[-1] == 0.0
    assert "Runs with a higher score" in texts(plot_profiles(comparison)[""])


def test_runs_beyond_the_axis_of_a_profile_are_counted() -> None:
    per_seed = np.array([[0.0, 5.0, -900.0], [0.0, 5.0, 8.0], [0.0, 5.0, 900.0]])
    summary = summarize_seeds(per_seed)
    series = AlignedSeries("A-v0", "ppo", "", X, per_seed, summary, per_seed[:, -1])
    figure = plot_profiles(compare(Results((series,))))[""]
    assert "2 of 3 runs lie outside the axis" in figure.axes[0].get_xlabel()


def test_improvement_has_one_row_per_pair() -> None:
    comparison = compare(make_results(("ppo", "sac", "tqc")))
    figure = plot_improvement(comparison)[""]
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == ["PPO", "PPO", "SAC"]
    last = comparison.scores.last  # type: ignore[union-attr]
    by_hand = np.mean(
        [
            np.mean(x[:, None] > y) + 0.5 * np.mean(x[:, None] == y)
            for x, y in zip(last["ppo", ""], last["tqc", ""], strict=True)
        ]
    )
    estimate = comparison.estimates.improvements[("ppo", ""), ("tqc", "")]
    assert estimate.value == pytest.approx(by_hand)
    assert f"{by_hand:.3f} [" in improvement_table(comparison)


def test_one_method_has_nothing_to_improve_on() -> None:
    with pytest.raises(NothingFoundError, match="needs two methods"):
        plot_improvement(compare(make_results(("ppo",))))


def test_efficiency_is_over_the_x_axis_of_the_results() -> None:
    figure = plot_efficiency(compare(make_results()))[""]
    (axes,) = figure.axes
    assert axes.get_xlabel() == "Environment steps"
    assert axes.get_ylabel() == "IQM of score (0 = random, 1 = reference)"
    np.testing.assert_allclose(axes.lines[0].get_xdata(), X)


def test_a_method_looks_the_same_as_in_the_other_figures() -> None:
    comparison = compare(make_results())
    looks = method_looks(comparison.results.methods())
    for plot in (plot_profiles, plot_efficiency):
        lines = [line for line in plot(comparison)[""].axes[0].lines if line.get_marker() != "None"]
        assert [line.get_color() for line in lines] == [look.color for look in looks.values()]
        assert [line.get_marker() for line in lines] == [look.marker for look in looks.values()]


def test_algorithms_of_plug_ins_do_not_share_a_color_while_there_are_others() -> None:
    algos = ["mine0", "mine1", "mine2", "mine3", "mine4", "sac", "ppo", "trpo", "a2c"]
    looks = method_looks([(algo, "") for algo in algos])
    assert len({(each.color, each.marker) for each in looks.values()}) == len(algos)
    assert looks["sac", ""] == method_looks([("sac", "")])["sac", ""]


@pytest.mark.parametrize("size", [(6.4, 4.2), (3.3, 2.6)])
@pytest.mark.parametrize("plot", [plot_profiles, plot_efficiency])
def test_title_and_legend_of_many_methods_keep_clear(
    plot: object, size: tuple[float, float]
) -> None:
    algos = ("ppo", "sac", "td3", "tqc", "an_algorithm_with_a_long_name"[: int(4.6 * size[0])])
    options = FigureOptions(size, 11 if size[0] > 4 else 8)
    figure = plot(compare(make_results(algos), options=options))[""]  # type: ignore[operator]
    figure.draw_without_rendering()
    title = figure.axes[0]._left_title
    assert title.get_text()
    assert not title.get_window_extent().overlaps(figure.legends[0].get_window_extent())


@pytest.mark.parametrize("plot", [plot_aggregates, plot_profiles, plot_efficiency])
def test_nothing_is_cut_at_column_width(plot: object) -> None:
    options = FigureOptions((3.3, 2.6), 8)
    figure = plot(compare(make_results(), options=options))[""]  # type: ignore[operator]
    figure.draw_without_rendering()
    box = figure.get_tightbbox()
    assert box.x0 >= -0.02
    assert box.y0 >= -0.02
    assert box.x1 <= figure.get_figwidth() + 0.02
    assert box.y1 <= figure.get_figheight() + 0.02


@pytest.mark.parametrize(("size", "fontsize"), [((6.4, 4.2), 11), ((3.3, 2.0), 8)])
def test_the_label_of_min_max_scores_is_whole(size: tuple[float, float], fontsize: float) -> None:
    results, options = make_results(), FigureOptions(size, fontsize)
    comparison = Comparison(results, normalize(results, "min-max"), options, resamples=500)
    figure = plot_efficiency(comparison)[""]
    figure.draw_without_rendering()
    label = figure.axes[0].yaxis.label
    assert " ".join(label.get_text().split()) == (
        "IQM of score (0 = worst evaluation shown, 1 = best)"
    )
    assert label.get_window_extent().y0 >= 0.0
    assert label.get_window_extent().y1 <= figure.bbox.height


def test_scores_that_were_not_asked_for_are_told() -> None:
    with pytest.raises(UsageError, match="--normalize table or min-max"):
        plot_profiles(Comparison(make_results()))


def test_estimates_are_computed_once() -> None:
    comparison = compare(make_results())
    assert comparison.estimates.aggregates is comparison.estimates.aggregates


def test_rliable_gives_the_same_estimates() -> None:
    pytest.importorskip("rliable.library")
    results = make_results()
    ours, theirs = (compare(results, engine=engine).estimates for engine in ("numpy", "rliable"))
    for method, found in ours.aggregates.items():
        other = theirs.aggregates[method]
        for name in ("median", "iqm", "mean", "optimality_gap"):
            mine, oracle = getattr(found, name), getattr(other, name)
            assert mine.value == pytest.approx(oracle.value)
            assert mine.low == pytest.approx(oracle.low, abs=0.05)
            assert mine.high == pytest.approx(oracle.high, abs=0.05)


def test_rliable_with_unequal_seeds_is_told() -> None:
    first, *others = make_results(("ppo",)).series
    fewer = AlignedSeries(
        "A-v0", "ppo", "", X, first.per_seed[:2], first.statistics, first.last_values[:2]
    )
    comparison = compare(Results((fewer, *others)), engine="rliable")
    with pytest.raises(UsageError, match=r"PPO has 2 on A-v0, 4 on B-v0; use --engine numpy"):
        _ = comparison.estimates.aggregates


def test_the_scale_is_printed() -> None:
    scores = compare(make_results()).scores
    assert scores is not None
    lines = scale_table(scores).splitlines()
    assert "0 (random)" in lines[0]
    assert "1 (reference)" in lines[0]
    assert [cell.strip() for cell in lines[3].strip("|").split("|")] == ["B-v0", "-50.00", "50.00"]
