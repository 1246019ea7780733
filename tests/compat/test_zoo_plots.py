"""The zoo's plot commands: its flags are ours, its pickle is read, ours is read by it."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from rl_zoo.cli import main
from rl_zoo.commands import all_plots, plot_from_file, plot_train
from rl_zoo.plots.results_file import read_results, read_with_notes

HERE = Path(__file__).parent
PICKLES = HERE / "zoo_pickles"
ZOO_FLAGS = json.loads((HERE / "zoo_plot_flags.json").read_text())
"""Read from the parsers of rl_zoo3 2.9.2 by running its commands."""

PARSERS = {
    "all_plots": all_plots.build_parser,
    "plot_train": plot_train.build_parser,
    "plot_from_file": plot_from_file.build_parser,
}
OTHER_DEFAULTS = {
    ("plot_train", "--exp-folder"),  # the zoo's has none, ours is logs
    ("all_plots", "--exp-folders"),
    ("plot_from_file", "--format"),  # of -o, else PNG, which everything shows; the zoo: SVG
    ("plot_from_file", "--ci-size"),  # that of the file, which is 0.95 unless it says otherwise
    ("plot_from_file", "--fontsize"),  # fits a column of a paper
    ("plot_train", "--fontsize"),
    ("plot_from_file", "--figsize"),
    ("plot_train", "--figsize"),
}
NAMED_SAMPLES = {"--legend-loc": "upper left"}
SAMPLES = {"int": "3", "float": "0.5", "str": "png"}


def sample_of(flag):
    """Return a value that the zoo takes."""
    count = {None: 1, "+": 2}.get(flag["nargs"], flag["nargs"])
    value = flag["choices"][-1] if flag["choices"] else SAMPLES.get(flag["takes"])
    value = NAMED_SAMPLES.get(flag["flags"][-1], value)
    return [] if flag["takes"] == "nothing" else [value] * count


FLAGS = [
    (command, flag, spelling)
    for command, flags in ZOO_FLAGS.items()
    for flag in flags
    for spelling in flag["flags"]
]


@pytest.mark.parametrize(("command", "flag", "spelling"), FLAGS, ids=lambda value: str(value)[:30])
def test_zoo_flag_is_accepted(command, flag, spelling):
    others = [item for item in ZOO_FLAGS[command] if item["required"] and item != flag]
    line = [word for item in others for word in (item["flags"][0], *sample_of(item))]
    if command == "plot_from_file" and "--input" not in flag["flags"]:
        line += ["-i", "results.pkl"]
    parser = PARSERS[command]()
    for value in flag["choices"] or [None]:
        values = sample_of(flag) if value is None else [value]
        parsed = parser.parse_args([*line, spelling, *values])
        name = flag["flags"][-1].lstrip("-").replace("-", "_")
        assert getattr(parsed, name) not in (None, False, [])


@pytest.mark.parametrize("command", sorted(ZOO_FLAGS))
def test_zoo_defaults(command):
    parser = PARSERS[command]()
    for flag in ZOO_FLAGS[command]:
        name = flag["flags"][-1]
        if flag["required"] or (command, name) in OTHER_DEFAULTS:
            continue
        ours = parser.get_default(name.lstrip("-").replace("-", "_"))
        assert (ours or None) == (flag["default"] or None), name


def last_evaluations(results):
    return {(item.env_name, item.algo): item.last_values for item in results.series}


def test_pickle_of_the_zoo_has_the_numbers_it_printed():
    last = last_evaluations(read_results(PICKLES / "classic.pkl"))
    # Read from what the zoo printed when it wrote the file, mean +/- standard error with n.
    printed = {
        ("CartPole-v1", "ppo"): (465, 31),
        ("CartPole-v1", "a2c"): (447, 35),
        ("CartPole-v1", "trpo"): (460, 36),
        ("CartPole-v1", "ars"): (500, 0),
        ("Pendulum-v1", "ppo"): (-172, 19),
        ("Pendulum-v1", "a2c"): (-1166, 45),
        ("Pendulum-v1", "trpo"): (-340, 78),
        ("Pendulum-v1", "ars"): (-1172, 43),
    }
    assert list(last) == list(printed)
    for key, (mean, error) in printed.items():
        assert len(last[key]) == 5
        assert round(float(np.mean(last[key]))) == mean
        assert int(np.std(last[key]) / np.sqrt(5)) == pytest.approx(error, abs=1)


def test_intervals_of_the_zoos_seeds():
    """The zoo stores no interval; ours is over its seeds and its error is that of scipy."""
    results = read_results(PICKLES / "classic.pkl")
    for item in results.series:
        assert item.per_seed.shape == (5, 10)
        assert item.statistics.n.tolist() == [5] * 10
        np.testing.assert_allclose(item.statistics.center, item.per_seed.mean(axis=0))
        np.testing.assert_allclose(item.statistics.standard_error, stats.sem(item.per_seed))
        assert np.all(item.statistics.low <= item.statistics.center + 1e-9)
        assert np.all(item.statistics.high >= item.statistics.center - 1e-9)


def test_pickle_of_a_single_run():
    """The zoo stores a bare number for one seed, and no entry for what it shows as 0.0."""
    results, notes = read_with_notes(PICKLES / "one_run.pkl")
    last = last_evaluations(results)
    assert {key: len(values) for key, values in last.items()} == {
        ("CartPole-v1", "ppo"): 1,
        ("Pendulum-v1", "ppo"): 1,
        ("Pendulum-v1", "sac"): 1,
    }
    assert last["CartPole-v1", "ppo"][0] == pytest.approx(327.8)
    assert all(np.isnan(item.statistics.standard_error).all() for item in results.series)
    assert "does not say which numbers" in notes[0]


def test_what_the_zoo_reads_of_our_pickle(make_logs, tmp_path):
    stem = tmp_path / "ours"
    assert main(["all_plots", "-f", str(make_logs), "--no-display", "-o", str(stem)]) == 0
    ours = pickle.loads(stem.with_suffix(".pkl").read_bytes())
    zoos = pickle.loads((PICKLES / "classic.pkl").read_bytes())
    needed = {"timesteps", "mean", "std_error", "last_evals", "std_error_last_eval"}
    entries = [
        entry for env, of_env in ours.items() if env != "results_table" for entry in of_env.values()
    ]
    assert set(zoos["CartPole-v1"]["PPO-classic"]) >= needed
    assert len(entries) == 4
    for entry in entries:
        assert needed | {"mean_per_eval"} <= set(entry)
        assert entry["mean_per_eval"].shape == (len(entry["timesteps"]), 3)
        np.testing.assert_allclose(entry["mean"], entry["mean_per_eval"].mean(axis=1))
    assert set(ours["results_table"]) == set(zoos["results_table"])


@pytest.mark.slow
@pytest.mark.skipif("ZOO_PYTHON" not in os.environ, reason="ZOO_PYTHON names no RL Zoo")
def test_the_zoo_plots_our_pickle(make_logs, tmp_path):
    """``ZOO_PYTHON=path/to/python pytest ...`` of an installation of rl_zoo3 with its plots."""
    stem = tmp_path / "ours"
    assert main(["all_plots", "-f", str(make_logs), "--no-display", "-o", str(stem)]) == 0
    command = [os.environ["ZOO_PYTHON"], "-m", "rl_zoo3.cli", "plot_from_file"]
    command += ["-i", f"{stem}.pkl", "-r", "-vs", "-iqm", "-b", "-o", "bars", "--format", "png"]
    headless = {**os.environ, "MPLBACKEND": "Agg"}
    done = subprocess.run(command, cwd=tmp_path, env=headless, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "PPO" in done.stdout
    assert (tmp_path / "bars").stat().st_size > 10_000


@pytest.fixture
def make_logs(tmp_path):
    """Write three seeds of two algorithms on two environments."""
    generator = np.random.default_rng(0)
    for algo in ("ppo", "sac"):
        for env in ("CartPole-v1", "Pendulum-v1"):
            for seed in (1, 2, 3):
                path = tmp_path / "logs" / algo / f"{env}_{seed}"
                path.mkdir(parents=True)
                results = generator.normal(100.0, 5.0, (4, 3))
                steps = 100 * np.arange(1, 5)
                np.savez(path / "evaluations.npz", timesteps=steps, results=results)
    return tmp_path / "logs"
