"""Scores against arithmetic by hand; what cannot be scored is told, never shown raw."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from rl_zoo.errors import NothingFoundError, UsageError
from rl_zoo.plots.normalization import normalize
from rl_zoo.plots.reference_scores import ReferenceScore
from rl_zoo.plots.results import AlignedSeries, Results
from rl_zoo.plots.statistics import summarize_seeds

TABLE = {
    "A-v0": ReferenceScore(-100.0, 100.0),
    "B-v0": ReferenceScore(0.0, 10.0),
    "Robot-v0": ReferenceScore(0.0, 1.0),
    "OnlyRandom-v0": ReferenceScore(0.0),
    "ns/C-v0": ReferenceScore(0.0, 2.0),
}


def make_series(
    env: str,
    per_seed: Sequence[Sequence[float]],
    *,
    algo: str = "ppo",
    x: Sequence[float] = (1000, 2000, 3000),
) -> AlignedSeries:
    values = np.array(per_seed, dtype=float)
    last = np.array([row[np.isfinite(row)][-1] for row in values])
    return AlignedSeries(
        env, algo, "", np.array(x, dtype=float), values, summarize_seeds(values), last
    )


def test_random_is_zero_and_the_reference_is_one() -> None:
    results = Results(
        (
            make_series("A-v0", [[-100, 0, 100], [0, 50, 300]]),
            make_series("B-v0", [[0, 5, 10], [1, 2, 3]]),
        )
    )
    scores = normalize(results, TABLE)
    on_a, on_b = scores.last["ppo", ""]
    np.testing.assert_allclose(on_a, [1.0, 2.0])
    np.testing.assert_allclose(on_b, [1.0, 0.3])
    curve_a, _ = scores.curves["ppo", ""]
    np.testing.assert_allclose(curve_a, [[0.0, 0.5, 1.0], [0.5, 0.75, 2.0]])
    np.testing.assert_allclose(scores.x, [1000, 2000, 3000])
    assert scores.axis_label == "Score (0 = random, 1 = reference)"
    assert scores.notes == ()


def test_min_max_is_over_all_evaluations_of_all_methods_and_the_label_says_it() -> None:
    results = Results(
        (
            make_series("X-v0", [[-7, 0, 3], [0, 1, 1]]),
            make_series("X-v0", [[0, 13, 8]], algo="sac"),
        )
    )
    scores = normalize(results, "min-max")
    np.testing.assert_allclose(scores.last["ppo", ""][0], [0.5, 0.4])
    np.testing.assert_allclose(scores.last["sac", ""][0], [0.75])
    assert scores.axis_label == "Score (0 = worst evaluation shown, 1 = best)"


def test_min_max_of_equal_evaluations_has_no_range() -> None:
    with pytest.raises(UsageError, match=r"X-v0: its evaluations are all 500.*no range"):
        normalize(Results((make_series("X-v0", [[500, 500, 500]]),)), "min-max")


def test_an_environment_without_a_reference_is_an_error_with_the_way_out() -> None:
    results = Results(
        (make_series("Robot-v1", [[1, 2, 3]]), make_series("OnlyRandom-v0", [[1, 2, 3]]))
    )
    with pytest.raises(UsageError) as caught:
        normalize(results, TABLE)
    missing, half = str(caught.value).splitlines()
    assert missing.startswith("Robot-v1: no reference score (there is one of Robot-v0, another env")
    assert "--reference FILE.yml" in missing
    assert "--normalize min-max" in missing
    assert half.startswith("OnlyRandom-v0: the table holds the score of random actions only")


def test_ids_with_a_namespace_are_found_as_folders_spell_them() -> None:
    scores = normalize(Results((make_series("ns-C-v0", [[0, 1, 2]]),)), TABLE)
    np.testing.assert_allclose(scores.last["ppo", ""][0], [1.0])


def test_a_method_missing_on_an_environment_is_left_out_and_told() -> None:
    results = Results(
        (
            make_series("A-v0", [[0, 0, 0]]),
            make_series("A-v0", [[0, 0, 0]], algo="sac"),
            make_series("B-v0", [[0, 0, 0]]),
        )
    )
    scores = normalize(results, TABLE)
    assert list(scores.last) == [("ppo", "")]
    assert scores.notes == ("SAC: left out of the scores, it has no runs on B-v0",)


def test_no_method_on_every_environment_is_nothing_found() -> None:
    results = Results(
        (make_series("A-v0", [[0]], x=[1]), make_series("B-v0", [[0]], algo="sac", x=[1]))
    )
    with pytest.raises(NothingFoundError, match="no method has runs on all of A-v0, B-v0"):
        normalize(results, TABLE)


def test_curves_end_where_the_first_run_of_a_method_does_and_it_is_told() -> None:
    nan = np.nan
    results = Results(
        (
            make_series("A-v0", [[0, 0, 0, 0], [0, 0, nan, nan]], x=[10, 20, 30, 40]),
            make_series("A-v0", [[100, 100, 100, 100]], algo="sac", x=[10, 20, 30, 40]),
        )
    )
    scores = normalize(results, TABLE)
    known = np.isfinite(scores.curves["ppo", ""][0])
    np.testing.assert_array_equal(known, [[True, True, False, False]] * 2)
    assert np.isfinite(scores.curves["sac", ""][0]).all()
    assert len(scores.curve_notes) == 1
    assert "PPO: the curve of scores ends at 20 steps, where" in scores.curve_notes[0]
    assert "A-v0" in scores.curve_notes[0]
    np.testing.assert_allclose(scores.last["ppo", ""][0], [0.5, 0.5])


def test_grids_that_differ_are_brought_to_one_by_interpolation() -> None:
    results = Results(
        (
            make_series("A-v0", [[0, 100, 100, 100]], x=[10, 20, 30, 40]),
            make_series("B-v0", [[1, 2, 3, 4]], x=[12, 22, 32, 42]),
        )
    )
    scores = normalize(results, TABLE)
    on_a, on_b = scores.curves["ppo", ""]
    assert on_a.shape == on_b.shape == (1, len(scores.x))
    inside = (scores.x >= 12) & (scores.x <= 40)
    np.testing.assert_allclose(on_b[0][inside], np.interp(scores.x[inside], [12, 42], [0.1, 0.4]))


def test_a_file_with_summaries_only_has_scores_but_no_curves() -> None:
    full = make_series("A-v0", [[0, 0, 100]])
    summary = AlignedSeries(
        "A-v0", "ppo", "", full.x, np.zeros((0, 3)), full.statistics, full.last_values
    )
    scores = normalize(Results((summary,)), TABLE)
    np.testing.assert_allclose(scores.last["ppo", ""][0], [1.0])
    assert not scores.curves
    assert scores.x.size == 0


def test_numbers_that_are_none_do_not_count_and_are_told() -> None:
    good = make_series("A-v0", [[0, 0, 100], [0, 0, 0]])
    damaged = AlignedSeries(
        "A-v0", "ppo", "", good.x, good.per_seed, good.statistics, np.array([100.0, np.nan])
    )
    scores = normalize(Results((damaged,)), TABLE)
    np.testing.assert_allclose(scores.last["ppo", ""][0], [1.0])
    assert scores.notes == ("PPO: 1 last evaluations are not numbers and do not count",)
