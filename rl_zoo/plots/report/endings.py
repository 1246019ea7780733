"""How the training episodes of a run ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from matplotlib.figure import Figure

from rl_zoo.plots import style
from rl_zoo.plots.report.metrics import metric_panels
from rl_zoo.plots.report.number_text import count_text, share_text
from rl_zoo.plots.report.panels import Metric, draw_panels
from rl_zoo.plots.report.reported_run import ReportedRun
from rl_zoo.plots.report.sections import Block, Drawing, Paragraph, Section, Table
from rl_zoo.runs.record import RunRecord

_TERMINATION, _TRUNCATION = "termination", "truncation"
_COLORS = {_TERMINATION: style.PALETTE[1], _TRUNCATION: style.PALETTE[0]}

MEANINGS = {
    "terminated": ("termination", "the task ended it and gave no name"),
    "fall": ("termination", "the robot fell"),
    "self_collision": ("termination", "parts of the robot touched each other"),
    "time_limit": ("truncation", "the longest time of an episode was over"),
    "success": ("truncation", "the goal was reached"),
    "end_of_track": ("truncation", "the ground to walk on ended"),
    "hand_over": ("truncation", "the robot was handed over to a person"),
    "battery": ("truncation", "the battery was low"),
    "overheat": ("truncation", "a motor was hot"),
    "pause": ("truncation", "an operator paused the robot"),
    "operator": ("truncation", "an operator ended it"),
    "estop": ("truncation", "emergency stop"),
    "stale": ("truncation", "the readings of the robot were old"),
    "link": ("truncation", "the connection to the robot was lost"),
    "motor": ("truncation", "a motor failed"),
    "late": ("truncation", "an action came too late"),
    "checkpoint": ("truncation", "a checkpoint was written"),
    "learner": ("truncation", "the learner did not answer"),
    "interrupted": ("truncation", "it was interrupted for no named reason"),
    "safety_stop": ("truncation", "a limit of the safety layer ended it"),
    "SIGINT": ("truncation", "the run was told to stop (Ctrl-C)"),
    "SIGTERM": ("truncation", "the run was told to stop"),
    "SIGHUP": ("truncation", "the run lost its terminal"),
}
"""What each reason usually is; a TruncationWrapper can give it another meaning."""

_FALLS = Metric("motion/falls", "Falls among the last 100 episodes, or those evaluated", "%", 100.0)


def endings(run: ReportedRun) -> Section | None:
    """Return how often episodes ended for which reason; None if none was recorded."""
    record = run.record
    if record is None or not (record.end_reasons or record.discarded):
        return None
    blocks: list[Block] = [*_reasons(record), *_left_out(run)]
    interruptions = (record.robot_use or {}).get("interruptions") or {}
    if interruptions:
        rows = tuple((name, str(count)) for name, count in _by_count(interruptions))
        blocks.append(Table(("interruption", "times"), rows, "What stopped the robot, all told."))
    blocks += draw_panels(run, metric_panels(run, [_FALLS]))
    return Section("endings", "Ends of episodes", tuple(blocks))


def _reasons(record: RunRecord) -> Iterator[Block]:
    if not record.end_reasons:
        return
    counts = _by_count(record.end_reasons)
    total = sum(record.end_reasons.values())
    kinds = {name: _kind(record, name) for name, _ in counts}
    yield Drawing(
        _bars(counts, kinds),
        f"Reasons for which {count_text(total)} training episodes ended.",
        "Bar chart: " + ", ".join(f"{count} {name}" for name, count in counts) + ".",
    )
    rows = tuple(
        (name, kinds[name], _meaning(name), count_text(count), share_text(count, total))
        for name, count in counts
    )
    yield Table(
        (
            "reason",
            "usual kind" if record.truncations is None else "kind",
            "meaning",
            "episodes",
            "share",
        ),
        rows,
        "A termination is part of the task; at a truncation the value of the last state is "
        "bootstrapped.",
        n_text_columns=3,
    )


def _kind(record: RunRecord, reason: str) -> str:
    """Return what the ends for a reason were, or, where that was not counted, usually are."""
    if record.truncations is None:
        usual = _TERMINATION if reason.startswith("safety_") else ""
        return MEANINGS.get(reason, (usual, ""))[0]
    n_truncated = record.truncations.get(reason, 0)
    if 0 < n_truncated < record.end_reasons[reason]:
        return f"{_TRUNCATION} ({count_text(n_truncated)}) or {_TERMINATION}"
    return _TRUNCATION if n_truncated else _TERMINATION


def _meaning(reason: str) -> str:
    limit = "a limit of the safety layer ended it" if reason.startswith("safety_") else ""
    return MEANINGS.get(reason, ("", limit))[1]


def _bars(counts: list[tuple[str, int]], kinds: Mapping[str, str]) -> Figure:
    with style.zoo_style(9.0):
        figure, axes = style.new_axes((4.2, 0.85 + 0.27 * len(counts)))
        names = [name for name, _ in counts]
        colors = [_COLORS.get(kinds[name], style.REFERENCE_COLOR) for name in names]
        places = np.arange(len(counts))
        bars = axes.barh(places, [count for _, count in counts], color=colors, height=0.7)
        axes.bar_label(bars, padding=3)
        axes.set_yticks(places, [name.replace("$", r"\$") for name in names])
        axes.invert_yaxis()
        axes.grid(visible=False, axis="y")
        axes.set_xlabel("Episodes")
        axes.margins(x=0.12)
        for kind in dict.fromkeys(kinds.values()):
            if kind in _COLORS:
                axes.barh([0], [0], color=_COLORS[kind], label=kind)
        figure.legend(loc="outside lower center", ncols=3)
        axes.locator_params(axis="x", integer=True)
    return figure


def _left_out(run: ReportedRun) -> Iterator[Block]:
    assert run.record is not None
    sentences = []
    if run.record.discarded:
        what = _counted(run.record.discarded, "transition was", "transitions were")
        sentences.append(f"{what} interrupted and discarded; nothing was learned from that.")
    n_cut = 0 if run.episodes is None else int(np.sum(~run.episodes.whole))
    if n_cut:
        sentences.append(
            f"{_counted(n_cut, 'episode was', 'episodes were')} cut by a checkpoint, a stop or an "
            "interruption of the robot; such returns are in no curve."
        )
    if sentences:
        yield Paragraph(" ".join(sentences))


def _counted(n: int, one: str, several: str) -> str:
    return f"{count_text(n)} {one if n == 1 else several}"


def _by_count(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: -item[1])
