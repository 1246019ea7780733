"""How jerky the actions of a run were, and what its motors and feet had to bear."""

from __future__ import annotations

import numpy as np

from rl_zoo.plots.report.metrics import metric_panels, metric_table
from rl_zoo.plots.report.panels import Metric, Panel, draw_panels, logged_lines
from rl_zoo.plots.report.reported_run import ReportedRun
from rl_zoo.plots.report.sections import Block, Paragraph, Section

_AGENT = Metric("motion/continuity_cost", "Continuity cost, agent")
_EXECUTED = Metric("motion/continuity_cost_executed", "Continuity cost, executed")
_WEAR = (
    Metric("motion/direction_changes", "Changes of direction", "1/s per joint"),
    Metric("motion/touch_downs", "Touch-downs of all feet", "1/s"),
    Metric("motion/peak_foot_force", "Peak foot force", "N"),
)


def smoothness(run: ReportedRun) -> Section | None:
    """Return the continuity cost and the wear over time; None if nothing was measured."""
    metrics = (_AGENT, _EXECUTED, *_WEAR)
    table = metric_table(run, metrics)
    if table is None:
        return None
    blocks: list[Block] = [
        Paragraph(
            "The continuity cost C = 100 E[((a(t+1) − a(t)) / (a_max − a_min))²] is 0 for a "
            "constant action and 100 for one that jumps between its bounds at every step "
            "(Raffin et al., CoRL 2021). Agent: what the policy asked for; executed: what was left "
            "of it after filters, oscillators and the safety layer."
        )
    ]
    panels: list[Panel] = []
    lines, title = logged_lines(run, _AGENT), "Continuity cost"
    if _are_alike(run):
        title += " (agent and executed: the same)"  # one line would hide the other
    else:
        lines += logged_lines(run, _EXECUTED, ", executed")
    if lines:
        panels.append(Panel(title, lines, from_zero=True))
    panels += metric_panels(run, _WEAR)
    blocks += draw_panels(run, panels)
    blocks.append(table)
    return Section("smoothness", "Smoothness of actions", tuple(blocks))


def _are_alike(run: ReportedRun) -> bool:
    for prefix in ("", "eval/"):
        _, asked = run.log(prefix + _AGENT.key)
        _, done = run.log(prefix + _EXECUTED.key)
        if len(asked) != len(done) or not np.allclose(asked, done, rtol=0.01):
            return False
    return True
