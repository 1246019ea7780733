"""Files of results: written and read back, the zoo's pickle, damaged and malicious files."""

from __future__ import annotations

import json
import os
import pickle
import warnings
from pathlib import Path

import numpy as np
import pytest

from rl_zoo.errors import DamagedFileError, NothingFoundError, UnsafeFileError, UsageError
from rl_zoo.plots.export import write_results
from rl_zoo.plots.results import AlignedSeries, Results
from rl_zoo.plots.results_file import read_results, read_with_notes
from rl_zoo.plots.statistics import Bootstrap, summarize_seeds
from rl_zoo.plots.tables import results_table


def series(rows, *, env="A-v0", algo="ppo", label="", statistic="mean", name=""):
    per_seed = np.array(rows, dtype=float)
    x = 1000.0 * np.arange(1, per_seed.shape[1] + 1)
    statistics = summarize_seeds(per_seed, statistic, Bootstrap(resamples=500))
    ends = [np.flatnonzero(np.isfinite(row))[-1] for row in per_seed]
    last = np.array([row[end] for row, end in zip(per_seed, ends, strict=True)])
    steps = tuple(int(x[end]) for end in ends)
    runs = tuple((f"logs/{algo}/{env}_{i}",) for i in range(len(rows)))
    return AlignedSeries(env, algo, label, x, per_seed, statistics, last, steps, runs, name)


def write(results: Results, folder: Path, zoo_labels=None) -> list[Path]:
    table = results_table(results.series)
    return write_results(folder / "r", results, table, zoo_labels or {"": "logs"})


def assert_same(left: AlignedSeries, right: AlignedSeries) -> None:
    assert (left.env_name, left.algo, left.runs) == (right.env_name, right.algo, right.runs)
    assert (left.last_steps, left.name) == (right.last_steps, right.name)
    for mine, other in (
        (left.x, right.x),
        (left.per_seed, right.per_seed),
        (left.last_values, right.last_values),
        *zip(vars(left.statistics).values(), vars(right.statistics).values(), strict=True),
    ):
        np.testing.assert_array_equal(mine, other)


UNEVEN = [[0.1, 1 / 3, 7.0], [5.0, np.pi, np.nan], [2.0, 2.5, 3.0]]


@pytest.mark.parametrize("suffix", [".json", ".pkl"])
def test_what_is_written_is_read_back_to_the_last_bit(tmp_path, suffix):
    items = (
        series(UNEVEN, statistic="median", name="mine"),
        series([[1.0, 2.0]], env="B-v0", algo="ppo_lstm", statistic="median"),
    )
    results = Results(items, "ep_lengths", statistic="median", confidence=0.9, resamples=500)
    write(results, tmp_path)
    found = read_results(tmp_path / f"r{suffix}")
    assert (found.key, found.statistic, found.confidence) == ("ep_lengths", "median", 0.9)
    assert (found.x_axis, found.resamples) == ("steps", 500)
    for mine, other in zip(items, found.series, strict=True):
        assert_same(mine, other)


def test_the_label_is_that_of_the_key_in_the_pickle(tmp_path):
    write(Results((series(UNEVEN),)), tmp_path)
    assert read_results(tmp_path / "r").series[0].label == "logs", "the pickle first, as in the zoo"
    assert read_results(tmp_path / "r.json").series[0].label == ""


def test_mean_in_the_pickle_is_the_mean_whatever_is_shown(tmp_path):
    write(Results((series(UNEVEN, statistic="median"),), statistic="median"), tmp_path)
    entry = pickle.loads((tmp_path / "r.pkl").read_bytes())["A-v0"]["PPO-logs"]
    np.testing.assert_allclose(entry["mean"], np.nanmean(np.array(UNEVEN), axis=0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        error = np.nanstd(np.array(UNEVEN), axis=0, ddof=1) / np.sqrt([3, 3, 2])
    np.testing.assert_allclose(entry["std_error"], error)


def test_no_pickle_over_an_axis_the_zoo_would_call_steps(tmp_path, capsys):
    paths = write(Results((series(UNEVEN),), x_axis="robot-minutes"), tmp_path)
    assert [path.name for path in paths] == ["r.json"]
    assert "no r.pkl: the zoo's layout knows environment steps only" in capsys.readouterr().err
    assert read_results(tmp_path / "r").x_axis == "robot-minutes"


def zoo_entry(per_seed, **changes):
    """Return what the zoo's all_plots stores: population deviations, seeds as columns."""
    values = np.array(per_seed, dtype=float)
    n_seeds = len(values)
    last = values[:, -1]
    entry = {
        "timesteps": np.array([1000, 2000, 3000])[: values.shape[1]],
        "mean": values.mean(axis=0),
        "std_error": values.std(axis=0) / np.sqrt(n_seeds),
        "last_evals": last if n_seeds > 1 else last[0],
        "std_error_last_eval": last.std() / np.sqrt(n_seeds),
        "mean_per_eval": values.T,
    }
    return {**entry, **changes}


def save_zoo(folder: Path, entries: dict, env: str = "Half") -> Path:
    table = {"headers": ["Environments", "SAC"], "value_matrix": [["", "a"], [env, "1 +/- 0"]]}
    path = folder / "zoo.pkl"
    path.write_bytes(pickle.dumps({env: entries, "results_table": table}))
    return path


SEEDS = [[1.0, 2.0, 3.0], [2.0, 4.0, 9.0], [0.0, 0.0, 6.0]]


def test_a_pickle_of_the_zoo(tmp_path):
    path = save_zoo(tmp_path, {"SAC-logs/a-b": zoo_entry(SEEDS)})
    results, notes = read_with_notes(path)
    (found,) = results.series
    assert (found.env_name, found.algo, found.label, found.n) == ("Half", "sac", "logs/a-b", 3)
    assert found.last_values.tolist() == [3.0, 9.0, 6.0]
    assert found.last_steps == (3000, 3000, 3000)
    np.testing.assert_allclose(found.statistics.center, np.mean(SEEDS, axis=0))
    # The zoo divides by n; the standard error of a sample of 3, 9, 6 is 3 / sqrt(3).
    assert found.statistics.standard_error[-1] == pytest.approx(3 / np.sqrt(3))
    assert found.statistics.low[-1] < 6.0 < found.statistics.high[-1]
    assert any("does not say which numbers it holds" in note for note in notes)
    assert read_with_notes(path, key="ep_lengths")[1] == []
    assert read_results(path).key == "results"


def test_a_zoo_without_single_seeds_gives_mean_and_error_but_no_interval(tmp_path):
    entry = zoo_entry(SEEDS)
    del entry["mean_per_eval"]
    results, notes = read_with_notes(save_zoo(tmp_path, {"SAC-a": entry}))
    (found,) = results.series
    assert found.per_seed.shape == (0, 3) and found.n == 3
    assert found.statistics.standard_error[-1] == pytest.approx(3 / np.sqrt(3))
    assert np.isnan(found.statistics.low).all() and np.isnan(found.statistics.high).all()
    assert any("no single seeds" in note for note in notes)


def test_one_seed_stored_as_a_bare_number(tmp_path):
    (found,) = read_results(save_zoo(tmp_path, {"SAC-a": zoo_entry([[1.0, 7.0]])})).series
    assert found.n == 1 and found.last_values.tolist() == [7.0]
    assert np.isnan(found.statistics.standard_error).all(), "the zoo says 0"


def test_one_episode_per_evaluation_is_not_one_seed(tmp_path):
    # The zoo averages the seeds away then; the single seeds are still there.
    entry = zoo_entry(SEEDS, last_evals=np.float64(6.0))
    (found,) = read_results(save_zoo(tmp_path, {"SAC-a": entry})).series
    assert found.last_values.tolist() == [3.0, 9.0, 6.0]


class Evil:
    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self):
        return (os.system, (f"touch {self.file}",))


def test_a_malicious_pickle_runs_nothing(tmp_path):
    trap = tmp_path / "trap"
    path = tmp_path / "evil.pkl"
    path.write_bytes(pickle.dumps({"A-v0": {"PPO-a": Evil(trap)}}))
    with pytest.raises(UnsafeFileError, match=r"evil\.pkl: wants to use posix\.system"):
        read_results(path)
    assert not trap.exists()
    pickle.loads(path.read_bytes())
    assert trap.exists(), "the trap works where a pickle is trusted"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ([1, 2], "not a dictionary of names"),
        ({"A-v0": 3}, "A-v0: expected a dictionary of methods"),
        ({"A-v0": {"PPO-a": 3}}, "PPO-a: expected a dictionary of arrays"),
        ({"A-v0": {"PPO-a": {"timesteps": [1]}}}, r"PPO-a\.mean: missing"),
        ({"A-v0": {"PPO-a": zoo_entry(SEEDS, mean="x")}}, r"PPO-a\.mean: expected numbers"),
        ({"A-v0": {"PPO-a": zoo_entry(SEEDS, mean=np.zeros(2))}}, "3 timesteps, but 2 means"),
        ({"A-v0": {"PPO-a": zoo_entry(SEEDS, mean_per_eval=np.zeros((2, 3)))}}, "expected 3 rows"),
    ],
)
def test_a_pickle_of_something_else(tmp_path, content, sentence):
    path = tmp_path / "other.pkl"
    path.write_bytes(pickle.dumps(content))
    with pytest.raises(DamagedFileError, match=rf"other\.pkl: .*{sentence}|{sentence}"):
        read_results(path)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"x": [3.0, 2.0, 1.0]}, r"series\[0\]\.x: expected ascending numbers"),
        ({"x": []}, r"series\[0\]\.x: expected ascending"),
        ({"center": [1.0]}, r"center: 1 numbers, expected 3"),
        ({"last_evals": [None, 1.0, 2.0]}, r"last_evals: expected one number per seed"),
        ({"per_seed": [[1.0, 2.0, 3.0]]}, r"per_seed: 1 seeds, but last_evals has 3"),
        ({"ci_low": ["a", "b", "c"]}, r"ci_low: expected a list of numbers"),
        ({"env": 3}, r"env: expected a name, found 3"),
    ],
)
def test_a_damaged_json_says_where(tmp_path, change, sentence):
    _, path = write(Results((series(UNEVEN),)), tmp_path)
    content = json.loads(path.read_text())
    content["series"][0].update(change)
    path.write_text(json.dumps(content))
    with pytest.raises(DamagedFileError, match=sentence):
        read_results(path)


def test_truncated_foreign_and_newer_files(tmp_path):
    pkl, path = write(Results((series(UNEVEN),)), tmp_path)
    whole = path.read_text()
    for text in (whole[:300], "[1, 2]", '{"a": 1}'):
        path.write_text(text)
        with pytest.raises(DamagedFileError, match=r"r\.json"):
            read_results(path)
    path.write_text(whole.replace('"format": 2', '"format": 3', 1))
    with pytest.raises(UsageError, match="written by a newer rl_zoo"):
        read_results(path)
    pkl.write_bytes(pkl.read_bytes()[:200])
    with pytest.raises(DamagedFileError, match=r"r\.pkl: damaged or not a pickle"):
        read_results(pkl)


def test_the_first_layout_is_still_read(tmp_path):
    _, path = write(Results((series(UNEVEN),)), tmp_path)
    content = json.loads(path.read_text())
    content["format"] = 1
    for name in ("x_axis", "statistic"):
        del content[name]
    item = content["series"][0]
    for new, old in (("x", "timesteps"), ("center", "mean"), ("n_per_point", "n_per_step")):
        item[old] = item.pop(new)
    del item["name"]
    path.write_text(json.dumps(content))
    assert_same(read_results(path).series[0], series(UNEVEN))


def test_no_such_file_names_the_nearest(tmp_path):
    write(Results((series(UNEVEN),)), tmp_path)
    with pytest.raises(NothingFoundError, match=r"rr\.pkl: no such file; did you mean 'r\.pkl'"):
        read_results(tmp_path / "rr.pkl")
    with pytest.raises(NothingFoundError, match="there is no folder"):
        read_results(tmp_path / "nowhere" / "r.pkl")
    with pytest.raises(NothingFoundError, match="a folder; all_plots -f"):
        read_results(tmp_path)


def test_a_file_without_evaluations_is_nothing_found(tmp_path):
    with pytest.raises(NothingFoundError, match="holds no evaluations"):
        read_results(save_zoo(tmp_path, {}))
