"""How a run learned: returns, what the return is made of, losses."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rl_zoo.plots import style
from rl_zoo.plots.curves import latest_rows
from rl_zoo.plots.learning_curve import draw_evaluations, draw_training, training_window
from rl_zoo.plots.report.metrics import metric_panels, metric_table
from rl_zoo.plots.report.panels import (
    EVALUATION,
    Line,
    Metric,
    Panel,
    draw_panels,
    drop_common_factor,
    label_steps,
)
from rl_zoo.plots.report.reported_run import ReportedRun
from rl_zoo.plots.report.sections import Block, Drawing, Folded, Section
from rl_zoo.plots.statistics import Floats, rolling_mean

_SIZE = (5.6, 3.3)
_FONT_SIZE = 9.5
_LENGTH = Metric("rollout/ep_len_mean", "Episode length", "steps")
_SUCCESS = Metric("rollout/success_rate", "Success rate", "%", 100.0)
_NO_LOSSES = ("train/n_updates", "train/learning_rate")


def learning(run: ReportedRun) -> Section | None:
    """Return the curves of a run; None if no episode ended and nothing was evaluated."""
    blocks = [*_curve(run), *_lengths(run), *_reward_terms(run), *_losses(run)]
    return Section("learning", "Learning", tuple(blocks)) if blocks else None


def _curve(run: ReportedRun) -> Iterator[Block]:
    episodes, evaluations = run.episodes, run.evaluations
    has_episodes = episodes is not None and bool(episodes.whole.any())
    has_evaluations = evaluations is not None and evaluations.results.size > 0
    if not has_episodes and not has_evaluations:
        return
    with style.zoo_style(_FONT_SIZE):
        figure, axes = style.new_axes(_SIZE)
        ends = [float(episodes.steps[-1])] if episodes is not None and has_episodes else []
        if evaluations is not None and has_evaluations:
            ends.append(float(evaluations.timesteps.max()))
        divisor = label_steps(axes, run, max(ends))
        if episodes is not None and has_episodes:
            draw_training(axes, episodes, divisor, style.algorithm_color(run.algo))
        if evaluations is not None and has_evaluations:
            draw_evaluations(axes, evaluations, divisor)
        axes.set_ylabel("Return per episode")
        drop_common_factor(axes)
        axes.set_xlim(0.0, max(ends) / divisor * 1.02)
        figure.legend(loc="outside lower center", ncols=2)
    what = " and ".join(
        name for name, there in (("training", has_episodes), ("evaluations", has_evaluations))
        if there
    )  # fmt: skip
    yield Drawing(
        figure,
        f"Return per episode of {what}.",
        f"Line chart of the return over environment steps: {what} of {run.name}.",
    )


def _lengths(run: ReportedRun) -> Iterator[Block]:
    episodes, evaluations = run.episodes, run.evaluations
    panels = []
    if episodes is not None:
        evaluated = None if evaluations is None else evaluations.ep_lengths
        lengths = episodes.lengths.astype(float)
        panels.append(_panel(run, _LENGTH, lengths, evaluated))
        if "is_success" in episodes.columns:
            evaluated = None if evaluations is None else evaluations.successes
            panels.append(_panel(run, _SUCCESS, episodes.columns["is_success"], evaluated))
    drawn = [panel for panel in panels if panel is not None]
    yield from draw_panels(run, drawn)


def _panel(
    run: ReportedRun, metric: Metric, values: Floats, evaluated: Floats | None
) -> Panel | None:
    """Return the rolling mean over whole episodes; None where every episode has the same value."""
    assert run.episodes is not None
    shown = run.episodes.whole & np.isfinite(values)
    lines = []
    if shown.any():
        window = training_window(int(shown.sum()))
        steps = run.episodes.steps[shown].astype(float)[window - 1 :]
        means = metric.scale * rolling_mean(values[shown], window)
        place = style.color_index(run.algo)
        lines.append(Line(f"training, mean of {window} episodes", steps, means, place))
    if evaluated is not None and evaluated.size and run.evaluations is not None:
        rows = latest_rows(run.evaluations.timesteps)
        steps = run.evaluations.timesteps[rows].astype(float)
        means = metric.scale * evaluated[rows].mean(axis=1)
        lines.append(Line(EVALUATION, steps, means, is_evaluation=True))
    seen = [np.unique(line.values) for line in lines]
    if not seen or len(np.unique(np.concatenate(seen))) == 1:
        return None
    return Panel(metric.title, tuple(lines), metric.unit, from_zero=True)


def _reward_terms(run: ReportedRun) -> Iterator[Block]:
    prefix = "reward/"
    metrics = [
        Metric(key, key.removeprefix(prefix).replace("_", " ").capitalize())
        for key in run.logged
        if key.startswith(prefix)
    ]
    table = metric_table(run, metrics)
    if table is not None:
        drawings = draw_panels(run, metric_panels(run, metrics))
        title = "What the return is made of: each term of the reward, summed over an episode"
        yield Folded(title, (table, *drawings))


def _losses(run: ReportedRun) -> Iterator[Block]:
    panels = []
    for key in run.logged:
        if not key.startswith("train/") or key in _NO_LOSSES:
            continue
        steps, values = run.log(key)
        name = key.removeprefix("train/").replace("_", " ").capitalize()
        line = Line("", steps, values, style.color_index(run.algo))
        panels.append(Panel(name, (line,)))
    if panels:
        yield Folded("Losses and other numbers of the learner", draw_panels(run, panels))
