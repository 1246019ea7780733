"""Tables as files: numbers against NumPy and SciPy, TeX that compiles, nothing where nothing is."""

from __future__ import annotations

import csv
import re

import numpy as np
import pytest
from scipy import stats

from rl_zoo.errors import UsageError
from rl_zoo.plots.results import AlignedSeries
from rl_zoo.plots.statistics import summarize_seeds
from rl_zoo.plots.table_files import escape_tex, render_table, to_csv, to_latex, write_tables
from rl_zoo.plots.tables import results_table

FIRST = [80.0, 90.0, 130.0, 100.0]
SECOND = [1.0, 2.0]


def series(values, *, env="A-v0", algo="sac", label="", steps=None, name=""):
    per_seed = np.array(values)[:, None]
    ends = tuple(steps or [1000] * len(values))
    grid = np.array([float(max(ends))])
    summary = summarize_seeds(per_seed)
    return AlignedSeries(env, algo, label, grid, per_seed, summary, per_seed[:, 0], ends, name=name)


@pytest.fixture
def items():
    return [
        series(FIRST),
        series(SECOND, env="B_x-v0"),
        series([5.0], env="B_x-v0", algo="ppo_lstm"),
    ]


def read_csv(text):
    return list(csv.DictReader(text.splitlines()))


@pytest.mark.parametrize(
    ("statistic", "expected"),
    [("mean", np.mean(FIRST)), ("median", np.median(FIRST)), ("iqm", stats.trim_mean(FIRST, 0.25))],
)
def test_csv_has_every_number_in_full(items, statistic, expected):
    rows = read_csv(to_csv(results_table(items, statistic)))
    assert len(rows) == 3, "one row per pair that has runs, none for PPO_LSTM on A-v0"
    first = rows[0]
    assert float(first["value"]) == pytest.approx(expected, rel=1e-14)
    assert float(first["standard_error"]) == pytest.approx(stats.sem(FIRST), rel=1e-14)
    assert float(first["ci_low"]) < expected < float(first["ci_high"])
    assert (first["n"], first["statistic"], first["confidence"]) == ("4", statistic, "0.95")
    assert (first["first_end_step"], first["last_end_step"]) == ("1000", "1000")
    alone = rows[2]
    assert alone["algorithm"] == "ppo_lstm" and alone["value"] == "5.0"
    assert alone["standard_error"] == alone["ci_low"] == alone["ci_high"] == ""


def test_latex_is_a_booktabs_table(items):
    text = to_latex(results_table(items), "Last & 95 % of A_b.")
    assert r"\caption{Last \& 95 \% of A\_b.}" in text
    assert r"Environment & SAC & PPO\_LSTM \\" in text
    assert r"A-v0 & $100 \pm 11$ ($n=4$) & -- \\" in text
    assert r"B\_x-v0 & $1.50 \pm 0.50$ ($n=2$) & $5.000$ ($n=1$) \\" in text
    assert [text.count(rf"\{rule}") for rule in ("toprule", "midrule", "bottomrule")] == [1, 1, 1]
    begun = re.findall(r"\\begin\{(\w+)\}", text)
    assert begun == ["table", "tabular"]
    assert re.findall(r"\\end\{(\w+)\}", text) == begun[::-1]


def test_latex_shows_intervals_and_steps_where_they_matter():
    items = [series(FIRST), series(FIRST, algo="ppo", steps=[500, 2000, 2000, 2000])]
    text = to_latex(results_table(items, "median"), "x")
    assert r"$95\;[80, 130]$ ($n=4$, 1k steps)" in text
    assert r"$95\;[80, 130]$ ($n=4$, 500--2k steps)" in text


def test_the_best_is_bold_only_where_two_compare(items):
    table = results_table(items)
    markdown = render_table(table, "md", "What it shows.", best=True)
    assert markdown.startswith("What it shows.\n\n|")
    assert re.findall(r"\*\*(.+?)\*\*", markdown) == ["5.000 (n=1)"]
    assert "**" not in render_table(table, "md", "x")
    assert r"$\mathbf{5.000}$ ($n=1$)" in to_latex(table, "x", best=True)


def test_names_cannot_break_the_tables():
    name = r"50% a_b {c} #1 $x$ \d | ~^<>"
    table = results_table([series(FIRST, name=name)])
    header = table.to_markdown().splitlines()[0]
    assert len(re.findall(r"(?<!\\)\|", header)) == 3
    assert read_csv(to_csv(table))[0]["name"] == name
    escaped = escape_tex(name)
    assert escaped in to_latex(table, "x")
    assert not re.search(r"(?<!\\)[%#_]", escaped)


def test_files_are_written_together_with_their_folder(items, tmp_path):
    table = results_table(items)
    paths = write_tables(table, tmp_path / "new" / "t", ["md", "csv", "latex"], "x")
    assert [path.name for path in paths] == ["t.md", "t.csv", "t.tex"]
    assert paths[1].read_text() == to_csv(table)
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"t\.md: cannot be written"):
        write_tables(table, tmp_path / "file" / "t", ["md"], "x")
