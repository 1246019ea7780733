"""The learning curve of one run."""

from __future__ import annotations

import pytest

from rl_zoo.errors import NothingFoundError, UsageError
from rl_zoo.plots.learning_curve import plot_learning_curve

EPISODES = [(float(i), 10, float(i + 1)) for i in range(50)]


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_figure_is_written_where_asked(make_run, tmp_path, suffix):
    run = make_run(tmp_path / "logs", episodes=EPISODES)
    output = tmp_path / "figures" / f"curve.{suffix}"
    assert plot_learning_curve(run, output) == output
    assert output.stat().st_size > 1000


def test_baseline_and_both_curves_are_in_the_legend(make_run, tmp_path):
    run = make_run(tmp_path, episodes=EPISODES)
    output = tmp_path / "curve.svg"
    plot_learning_curve(run, output, baseline=12.5, baseline_label="standing")
    text = output.read_text()
    assert "standing (12.5)" in text
    assert "evaluation, mean and range of 2 episodes" in text
    assert "training, mean of 10 episodes" in text


def test_training_or_evaluations_alone_are_enough(make_run, tmp_path):
    run = make_run(tmp_path, "A-v0_1", timesteps=None, episodes=EPISODES)
    assert plot_learning_curve(run, tmp_path / "a.png").is_file()
    run = make_run(tmp_path, "B-v0_1")
    assert plot_learning_curve(run, tmp_path / "b.png").is_file()


def test_nothing_to_draw_writes_nothing(make_run, tmp_path):
    run = make_run(tmp_path, timesteps=None, episodes=[])
    with pytest.raises(NothingFoundError, match="CartPole-v1_1"):
        plot_learning_curve(run, tmp_path / "a.png")
    assert not (tmp_path / "a.png").exists()


def test_unknown_format_is_named(make_run, tmp_path):
    with pytest.raises(UsageError, match=r"\.png, \.pdf, \.svg"):
        plot_learning_curve(make_run(tmp_path), tmp_path / "a.jpeg")
