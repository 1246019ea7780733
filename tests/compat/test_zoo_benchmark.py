"""The zoo's benchmark folder gives the zoo's published table."""

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest

from rl_zoo.cli import main
from rl_zoo.runs.benchmark_folder import compare_with_published, read_benchmark, read_published

DATA = Path(__file__).parent / "zoo_benchmark"
LOGS = DATA / "logs"
PUBLISHED = DATA / "benchmark.md"
COUNT = 103
"""Transcribed files, as README.md says."""


def test_every_published_number_follows_from_the_files():
    rows = {row.key: row for row in read_published(PUBLISHED)}
    entries = read_benchmark(LOGS).entries
    assert len(entries) == len(rows) == len(list(LOGS.iterdir())) == COUNT
    for entry in entries:
        assert compare_with_published(entry, rows[entry.algo, entry.env_name]) == []


@pytest.mark.parametrize("path", sorted(LOGS.iterdir()), ids=lambda path: path.name)
def test_numpy_alone_finds_the_same(path):
    table = np.loadtxt(path / "0.monitor.csv", delimiter=",", skiprows=2, ndmin=2)
    algo, _, env = path.name.partition("-")
    (entry,) = read_benchmark(LOGS, [algo], [env]).entries
    assert entry.mean_reward == pytest.approx(table[:, 0].mean(), rel=1e-12, abs=1e-12)
    assert entry.std_reward == pytest.approx(table[:, 0].std(), rel=1e-12, abs=1e-12)
    assert (entry.eval_timesteps, entry.eval_episodes) == (table[:, 1].sum(), len(table))


def test_check_of_the_command(capsys):
    assert main(["benchmark_table", "-f", str(LOGS), "--check", str(PUBLISHED)]) == 0
    out = capsys.readouterr().out
    assert "| tqc   | HalfCheetah-v3 " in out
    assert f"{COUNT} of {COUNT} entries agree with {PUBLISHED} within rounding" in out


def test_a_changed_file_is_found(tmp_path, capsys):
    logs = tmp_path / "logs"
    shutil.copytree(LOGS, logs)
    changed = logs / "ppo-EnduroNoFrameskip-v4" / "0.monitor.csv"
    changed.write_bytes(changed.read_bytes().replace(b"1342.0,", b"1342.1,"))
    assert main(["benchmark_table", "-f", str(logs), "--check", str(PUBLISHED)]) == 1
    out, err = capsys.readouterr()
    assert f"{COUNT - 1} of {COUNT} entries agree" in out
    assert "ppo EnduroNoFrameskip-v4: mean_reward is 996.373, published 996.364" in err


def test_files_of_the_command(tmp_path):
    command = ["benchmark_table", "-f", str(LOGS), "-a", "dqn", "-e", "PongNoFrameskip"]
    command += ["-o", str(tmp_path / "table"), "--table", "md", "csv", "latex"]
    assert main(command) == 0
    with (tmp_path / "table.csv").open(newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert float(row["mean_reward"]) == pytest.approx(1813 / 88)
    assert row["eval_timesteps"] == "598998"
    latex = (tmp_path / "table.tex").read_text()
    assert r"DQN & PongNoFrameskip-v4 & $20.602$ & $0.613$ & $598998$ & $88$ \\" in latex
    assert latex.count(r"\toprule") == latex.count(r"\bottomrule") == 1
    # What was written can be checked like any published table.
    check = ["benchmark_table", "-f", str(LOGS), "--check", str(tmp_path / "table.md")]
    assert main(check) == 0
