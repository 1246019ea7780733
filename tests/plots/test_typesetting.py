"""TeX where it is installed and works, one line and Matplotlib's fonts where not."""

from __future__ import annotations

import matplotlib
import pytest
from matplotlib.figure import Figure

from rl_zoo.plots import typesetting
from rl_zoo.plots.typesetting import escape_label, prepare_for_tex, tex_problem, tex_text


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """Return a function that puts programs on an otherwise empty PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))

    def put(script):
        for name in ("latex", "dvipng", "kpsewhich"):
            (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
            (tmp_path / name).chmod(0o755)

    return put


@pytest.mark.usefixtures("programs")
def test_without_tex_one_line_says_so(capsys):
    with tex_text() as used:
        assert not used and not matplotlib.rcParams["text.usetex"]
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(
        "-latex: TeX is not installed here (no latex, dvipng, kpsewhich on PATH)"
    )


def test_tex_that_does_not_work_is_not_used(programs, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr("matplotlib.texmanager.TexManager._cache_dir", tmp_path, raising=False)
    programs("exit 1")
    with tex_text() as used:
        assert not used and not matplotlib.rcParams["text.usetex"]
    assert "TeX is installed but does not work" in capsys.readouterr().err


def test_not_asked_for_nothing_is_tried(capsys, monkeypatch):
    monkeypatch.setattr(typesetting, "tex_problem", lambda: pytest.fail("tried"))
    with tex_text(wanted=False) as used:
        assert not used
    assert capsys.readouterr().err == ""


def test_settings_last_as_long_as_the_block(monkeypatch):
    monkeypatch.setattr(typesetting, "tex_problem", lambda: None)
    with tex_text() as used:
        assert used and matplotlib.rcParams["text.usetex"]
    assert not matplotlib.rcParams["text.usetex"]


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("PPO my_run (n=5)", r"PPO my\_run (n=5)"),
        ("95 % CI", r"95 \% CI"),
        (r"Score $\tau$", r"Score $\tau$"),
        ("a_b $x_1$", r"a\_b $x_1$"),
        ("costs 5 $", r"costs 5 \$"),
        (r"done\_already", r"done\_already"),
        ("a → b", r"a $\rightarrow$ b"),
    ],
)
def test_what_tex_would_take_for_commands_is_escaped(label, expected):
    assert escape_label(label) == expected


def test_all_text_of_a_figure_is_escaped_tick_labels_too(monkeypatch):
    monkeypatch.setitem(matplotlib.rcParams, "text.usetex", True)
    figure = Figure()
    axes = figure.subplots()
    axes.plot([0, 1], label="my_label")
    axes.set_title("50 %")
    axes.set_xticks([0, 1], ["a_b", "c"])
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0f} %")
    axes.legend()
    prepare_for_tex([figure])
    assert axes.get_title() == r"50 \%"
    assert axes.get_legend().get_texts()[0].get_text() == r"my\_label"
    assert axes.xaxis.get_major_formatter()(0, 0) == r"a\_b"
    assert axes.yaxis.get_major_formatter()(1.0, 0) == r"1 \%"


@pytest.mark.skipif(tex_problem() is not None, reason=str(tex_problem()))
def test_a_figure_set_by_tex(tmp_path):
    with tex_text() as used:
        assert used
        figure = Figure(figsize=(2, 2))
        figure.subplots().set_title("50 % of my_label")
        prepare_for_tex([figure])
        figure.savefig(tmp_path / "x.png")
    assert (tmp_path / "x.png").stat().st_size > 0
