"""Colours and files."""

from __future__ import annotations

import itertools
from pathlib import Path

import matplotlib
import numpy as np
import pytest

from rl_zoo.errors import UsageError
from rl_zoo.plots import style

# Machado, Oliveira and Fernandes (2009), severity 1.0, on linear RGB.
DEFICIENCIES = {
    "none": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
XYZ = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]


def lab(color, deficiency):
    srgb = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255.0
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.array(DEFICIENCIES[deficiency]) @ linear, 0.0, 1.0)
    x, y, z = np.cbrt(np.array(XYZ) @ seen / [0.9505, 1.0, 1.089])
    return np.array([116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)])


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
def test_palette_stays_apart_for_every_reader(deficiency):
    colors = [lab(color, deficiency) for color in style.PALETTE]
    nearest = min(np.linalg.norm(a - b) for a, b in itertools.combinations(colors, 2))
    assert nearest > 14.0


def test_every_algorithm_has_one_color_and_names_are_case_blind():
    assert style.algorithm_color("SAC") == style.algorithm_color("sac") == "#0072B2"
    assert style.algorithm_color("my_algo") == style.algorithm_color("my_algo")
    continuous = ["sac", "tqc", "td3", "ddpg", "ppo", "crossq", "a2c", "trpo", "ars"]
    continuous += ["ppo_lstm", "openloop", "droq"]
    discrete = ["dqn", "qrdqn", "ppo", "a2c", "trpo", "ars", "ppo_lstm"]
    for together in (continuous, discrete):
        assert len({style.color_index(algo) for algo in together}) == len(together)
        assert len({style.MARKERS[style.color_index(algo)] for algo in together}) == len(together)


def test_style_does_not_leak():
    before = matplotlib.rcParams["axes.grid"], matplotlib.rcParams["font.size"]
    with style.zoo_style(20):
        assert matplotlib.rcParams["font.size"] == 20
    assert (matplotlib.rcParams["axes.grid"], matplotlib.rcParams["font.size"]) == before


@pytest.mark.parametrize(
    ("largest", "million", "divisor", "label"),
    [
        (2_000_000, True, 1e6, "Environment steps (million)"),
        (20_000, True, 1e3, "Environment steps (thousand)"),
        (500, True, 1.0, "Environment steps"),
        (2_000_000, False, 1.0, "Environment steps"),
    ],
)
def test_step_axis_has_its_unit(largest, million, divisor, label):
    _, axes = style.new_axes((3, 2))
    assert style.step_axis(axes, largest, million=million) == divisor
    assert axes.get_xlabel() == label


def test_files_are_what_their_suffix_says_and_the_same_twice(tmp_path):
    written = []
    for name in ("first", "second"):
        figure, axes = style.new_axes((3, 2))
        axes.plot([0, 1], [0, 1])
        paths = style.save_figure(figure, tmp_path / name / "Env-v1.5", style.FORMATS)
        assert [path.name for path in paths] == ["Env-v1.5.png", "Env-v1.5.pdf", "Env-v1.5.svg"]
        assert len(list(paths[0].parent.iterdir())) == 3
        written.append([path.read_bytes() for path in paths])
    png, pdf, svg = written[0]
    assert png.startswith(b"\x89PNG") and pdf.startswith(b"%PDF") and b"<svg" in svg
    assert written[1] == written[0]


def test_place_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    figure, _ = style.new_axes((3, 2))
    with pytest.raises(UsageError, match="-o"):
        style.save_figure(figure, Path(tmp_path / "file" / "figure"), ["png"])


def test_dollars_that_are_no_formula_are_drawn_as_they_are(tmp_path):
    figure, axes = style.new_axes((3.0, 2.0))
    axes.set_title(r"$\bad$ and $x_1$")
    axes.set_yticks([0, 1], ["$\\worse$", "b"])
    style.save_figure(figure, tmp_path / "figure", ["svg"])
    assert r"$\bad$ and $x_1$" in (tmp_path / "figure.svg").read_text()


def test_letters_that_the_font_lacks_are_told_once(tmp_path, capsys):
    figure, axes = style.new_axes((3.0, 2.0))
    axes.set_title("\u4e2d\u6587")
    style.save_figure(figure, tmp_path / "figure", ["png"])
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 1
    assert told[0].startswith(f"warning: {tmp_path / 'figure.png'}: Glyph 20013")


def test_display_is_looked_for(monkeypatch):
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.delenv("DISPLAY", raising=False)
    assert not style.display_available()
    monkeypatch.setenv("DISPLAY", ":0")
    assert style.display_available()
