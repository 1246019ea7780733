"""From run folders to curves over seeds."""

from __future__ import annotations

import numpy as np
import pytest

from rl_zoo.plots.curves import CurveRequest, align, common_grid, latest_rows, load_series
from rl_zoo.runs.search import find_runs


def load(folder, **request):
    return load_series(find_runs([folder]), "", CurveRequest(**request))


def test_mean_per_evaluation_by_hand(make_run, tmp_path):
    make_run(tmp_path, "E-v0_1", timesteps=[10, 20], results=[[1.0, 3.0], [5.0, 7.0]])
    make_run(tmp_path, "E-v0_2", timesteps=[10, 20], results=[[2.0, 2.0], [0.0, 4.0]])
    series, notes = load(tmp_path)
    aligned = align(series)
    assert aligned.x.tolist() == [10, 20]
    assert aligned.per_seed.tolist() == [[2.0, 6.0], [2.0, 2.0]]
    assert aligned.statistics.center.tolist() == [2.0, 4.0]
    assert aligned.last_values.tolist() == [6.0, 2.0]
    assert notes == []


def test_resumed_run_is_one_seed(make_run, tmp_path):
    first = make_run(tmp_path, "E-v0_1", timesteps=[10, 20], results=[[1.0], [2.0]])
    make_run(
        tmp_path,
        "E-v0_2",
        timesteps=[10, 20],
        results=[[3.0], [4.0]],
        trained_agent=str(first / "E-v0.zip"),
    )
    make_run(tmp_path, "E-v0_3", timesteps=[10, 20, 30, 40], results=[[0.0], [0.0], [0.0], [0.0]])
    series, notes = load(tmp_path)
    assert len(series.seeds) == 2
    aligned = align(series)
    assert aligned.x.tolist() == [10, 20, 30, 40]
    assert aligned.per_seed[0].tolist() == [1.0, 2.0, 3.0, 4.0]
    assert aligned.last_values.tolist() == [4.0, 0.0]
    assert notes == ["ppo/E-v0_1 -> ppo/E-v0_2: a run and its continuation, counted as one seed"]


def test_two_continuations_of_one_run_are_averaged_into_one_seed(make_run, tmp_path):
    first = make_run(tmp_path, "E-v0_1", timesteps=[10], results=[[1.0]])
    for number, value in ((2, 4.0), (3, 6.0)):
        agent = str(first / "E-v0.zip")
        make_run(tmp_path, f"E-v0_{number}", timesteps=[10], results=[[value]], trained_agent=agent)
    series, notes = load(tmp_path)
    assert len(series.seeds) == 1
    assert align(series).per_seed.tolist() == [[1.0, 5.0]]
    assert "2 branches, averaged" in notes[0]


def test_shorter_run_stays_in_and_n_drops(make_run, tmp_path):
    make_run(tmp_path, "E-v0_1", timesteps=[10, 20, 30], results=[[1.0], [2.0], [3.0]])
    make_run(tmp_path, "E-v0_2", timesteps=[10, 20], results=[[3.0], [4.0]])
    series, _ = load(tmp_path)
    aligned = align(series)
    assert aligned.statistics.n.tolist() == [2, 2, 1]
    assert aligned.statistics.center.tolist() == [2.0, 3.0, 3.0]
    assert aligned.last_steps == (30, 20)


def test_evaluations_beside_each_other_share_a_grid(make_run, tmp_path):
    """Evaluations at episode ends fall on different steps in every run."""
    make_run(tmp_path, "E-v0_1", timesteps=range(100, 1100, 100), results=[[1.0]] * 10)
    make_run(tmp_path, "E-v0_2", timesteps=range(113, 1113, 100), results=[[3.0]] * 10)
    aligned = align(load(tmp_path)[0])
    assert len(aligned.x) == 10
    assert aligned.statistics.n.min() == 2
    assert aligned.statistics.center == pytest.approx(np.full(10, 2.0))


def test_grid_of_nested_evaluation_frequencies_keeps_the_fine_one():
    fine, coarse = np.arange(10.0, 110.0, 10.0), np.array([50.0, 100.0])
    assert common_grid([fine, coarse]).tolist() == fine.tolist()


def test_a_short_run_with_frequent_evaluations_keeps_its_curve(make_run, tmp_path):
    short, long = range(10, 101, 10), range(1000, 10_001, 1000)
    make_run(tmp_path, "E-v0_1", timesteps=short, results=[[float(step)] for step in short])
    make_run(tmp_path, "E-v0_2", timesteps=long, results=[[0.0] for _ in long])
    aligned = align(load(tmp_path)[0])
    known = np.isfinite(aligned.per_seed[0])
    assert known.sum() == 10
    assert aligned.per_seed[0][known] == pytest.approx(aligned.x[known])


def test_interpolation_between_evaluations_is_linear(make_run, tmp_path):
    make_run(tmp_path, "E-v0_1", timesteps=[10, 20, 30], results=[[0.0], [1.0], [2.0]])
    make_run(tmp_path, "E-v0_2", timesteps=[10, 30], results=[[0.0], [6.0]])
    assert align(load(tmp_path)[0]).per_seed[1].tolist() == [0.0, 3.0, 6.0]


def test_evaluations_repeated_after_a_resume_replace_the_lost_ones():
    assert latest_rows(np.array([10, 20, 30, 20, 30, 40])).tolist() == [0, 3, 4, 5]
    assert latest_rows(np.array([10, 20, 20])).tolist() == [0, 2]
    assert latest_rows(np.array([], dtype=int)).tolist() == []


def test_max_cuts_and_min_leaves_out_and_both_say_so(make_run, tmp_path):
    make_run(tmp_path, "E-v0_1", timesteps=[10, 20, 30], results=[[1.0], [2.0], [3.0]])
    make_run(tmp_path, "E-v0_2", timesteps=[10], results=[[9.0]])
    series, notes = load(tmp_path, max_timesteps=20, min_timesteps=15)
    assert len(series.seeds) == 1
    assert align(series).last_values.tolist() == [2.0]
    assert any("E-v0_1: cut at step 20 of 30" in note for note in notes)
    assert any("E-v0_2: left out, it ends at step 10" in note for note in notes)


def test_damaged_and_empty_runs_are_left_out_aloud(make_run, tmp_path):
    make_run(tmp_path, "E-v0_1", timesteps=[10], results=[[1.0]])
    damaged = make_run(tmp_path, "E-v0_2") / "evaluations.npz"
    damaged.write_bytes(damaged.read_bytes()[:100])
    make_run(tmp_path, "E-v0_3", timesteps=None)
    make_run(tmp_path, "E-v0_4", timesteps=[10], results=np.zeros((1, 0)))
    series, notes = load(tmp_path)
    assert len(series.seeds) == 1
    assert [note.split(":")[0] for note in notes] == ["ppo/E-v0_2", "ppo/E-v0_3", "ppo/E-v0_4"]


def test_evaluations_that_are_not_numbers_do_not_become_numbers(make_run, tmp_path):
    make_run(tmp_path, "E-v0_1", timesteps=[10, 20], results=[[1.0], [np.nan]])
    series, notes = load(tmp_path)
    assert align(series).last_values.tolist() == [1.0]
    assert notes == [
        "ppo/E-v0_1: 1 of 2 evaluations are not numbers; the last that counts is at step 10"
    ]


def test_a_run_without_a_single_number_is_left_out_aloud(make_run, tmp_path):
    make_run(tmp_path, "E-v0_1", timesteps=[10, 20], results=[[np.nan], [np.nan]])
    series, notes = load(tmp_path)
    assert series is None
    assert notes == ["ppo/E-v0_1: 2 of 2 evaluations are not numbers; left out"]


def test_evaluations_after_the_checkpoint_that_was_continued_are_told(make_run, tmp_path):
    first = make_run(tmp_path, "E-v0_1", timesteps=[10, 20, 30], results=[[1.0], [2.0], [9.0]])
    agent = str(first / "rl_model_20_steps.zip")
    make_run(tmp_path, "E-v0_2", timesteps=[10], results=[[3.0]], trained_agent=agent)
    series, notes = load(tmp_path)
    assert align(series).per_seed.tolist() == [[1.0, 2.0, 3.0]]
    assert notes[-1] == (
        "ppo/E-v0_1: continued from its step 20, so 1 evaluations after it do not count"
    )


def test_a_best_model_is_never_one_without_a_return(make_run, tmp_path):
    results = [[1.0], [5.0], [np.nan]]
    first = make_run(tmp_path, "E-v0_1", timesteps=[10, 20, 30], results=results)
    agent = str(first / "best_model.zip")
    make_run(tmp_path, "E-v0_2", timesteps=[10], results=[[6.0]], trained_agent=agent)
    series, _ = load(tmp_path)
    assert align(series).x.tolist() == [10, 20, 30]


def test_one_run_out_of_all_proportion_does_not_fill_the_memory():
    short = np.array([1.0, 2.0, 3.0])
    grid = common_grid([short, short + 0.5, np.array([1.0, 2.0, 1e12])])
    assert len(grid) < 10_000
    assert (grid[0], grid[-1]) == (1.0, 1e12)


def test_a_copied_run_is_told(make_run, tmp_path):
    steps, results = [10, 20, 30, 40], [[1.0], [2.5], [3.1], [2.7]]
    for number in (1, 2):
        make_run(tmp_path, f"E-v0_{number}", timesteps=steps, results=results)
    _, (note,) = load(tmp_path)
    assert note.startswith("ppo/E-v0_2: has the very evaluations of ppo/E-v0_1; if it is a copy")


def test_seeds_that_both_solve_the_task_are_no_copies(make_run, tmp_path):
    steps, results = [10, 20, 30, 40], [[100.0], [500.0], [500.0], [500.0]]
    for number in (1, 2):
        make_run(tmp_path, f"E-v0_{number}", timesteps=steps, results=results)
    assert load(tmp_path)[1] == []


def test_no_evaluations_no_series(make_run, tmp_path):
    make_run(tmp_path, timesteps=None)
    assert load(tmp_path)[0] is None
