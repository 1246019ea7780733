"""A figure of an installed third-party package is chosen by name like one of ours."""

import json
import sys
from pathlib import Path

import pytest

from rl_zoo.cli import main

SITE = Path(__file__).parent / "site"


@pytest.fixture
def _installed(monkeypatch):
    monkeypatch.syspath_prepend(str(SITE))
    for name in ("rl_zoo_example", "rl_zoo_example.plots"):
        monkeypatch.delitem(sys.modules, name, raising=False)


@pytest.fixture
def results(tmp_path):
    def entry(env, algo, last):
        numbers = {name: [last] for name in ("center", "ci_low", "ci_high", "std_error")}
        names = {"env": env, "algo": algo, "label": ""}
        return {**names, **numbers, "x": [1.0], "n_per_point": [1], "last_evals": [last]}

    series = [
        entry("A-v0", "ppo", 1.0),
        entry("A-v0", "sac", 2.0),
        entry("B-v0", "ppo", 1.0),
        entry("B-v0", "sac", 3.0),
    ]
    file = tmp_path / "results.json"
    file.write_text(json.dumps({"format": 2, "series": series}))
    return file


@pytest.mark.usefixtures("_installed")
@pytest.mark.parametrize("name", ["wins", "rl_zoo_example.plots:plot_wins"])
def test_it_is_drawn(results, tmp_path, name, monkeypatch):
    drawn = []
    save = "rl_zoo.plots.style.save_figure"
    monkeypatch.setattr(save, lambda figure, stem, _: drawn.append((figure, stem.name)) or [])
    stem = tmp_path / "out"
    argv = ["plot_from_file", "-i", str(results), "--plots", name, "-o", str(stem)]
    assert main([*argv, "--no-display"]) == 0
    ((figure, file),) = drawn
    assert file == f"out_{name.rpartition(':')[2]}"
    (axes,) = figure.axes
    assert [bar.get_height() for bar in axes.patches] == [0, 2]
    assert axes.get_ylabel() == "Best of 2 environments"


@pytest.mark.usefixtures("_installed")
def test_its_mistyped_name_is_answered_with_it(results, capsys):
    assert main(["plot_from_file", "-i", str(results), "--plots", "wnis"]) == 2
    assert "unknown plot 'wnis'; did you mean 'wins'?" in capsys.readouterr().err
    assert not (results.parent / "plots").exists()


def test_what_draws_nothing_is_refused(results, capsys):
    for name, sentence in (
        ("builtins:repr", "it returned str, no figures by name"),
        ("math:pi", "not a function"),
    ):
        assert main(["plot_from_file", "-i", str(results), "--plots", name]) == 2
        assert f"--plots {name}: {sentence}" in capsys.readouterr().err


@pytest.mark.usefixtures("_installed")
def test_it_is_listed(capsys):
    assert main(["list", "plots"]) == 0
    out = capsys.readouterr().out
    assert "rl_zoo_example.plots:plot_wins" in out and "rl_zoo.plots.bar_figure" in out


def test_without_the_package_there_is_no_such_plot(results, capsys):
    assert main(["plot_from_file", "-i", str(results), "--plots", "wins"]) == 2
    assert "unknown plot 'wins'" in capsys.readouterr().err
