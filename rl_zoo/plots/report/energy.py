"""What moving cost the robot of a run, and how far it got for it."""

from __future__ import annotations

from rl_zoo.plots.report.metrics import metric_panels, metric_table
from rl_zoo.plots.report.panels import Metric, draw_panels
from rl_zoo.plots.report.reported_run import ReportedRun
from rl_zoo.plots.report.sections import Paragraph, Section

_METRICS = (
    Metric("motion/forward_speed", "Forward speed", "m/s"),
    Metric("motion/cost_of_transport", "Cost of transport"),
    Metric("motion/power", "Mean power of the motors", "W"),
    Metric("motion/energy", "Energy per episode", "J"),
    Metric("motion/mean_torque", "Mean torque", "N m"),
    Metric("motion/peak_torque", "Peak torque", "N m"),
    Metric("motion/velocity_error", "Error of the velocity estimate", "m/s"),
)


def energy(run: ReportedRun) -> Section | None:
    """Return speed, energy and torques over time; None if the run has no robot."""
    table = metric_table(run, _METRICS)
    if table is None:
        return None
    text = (
        "Energy is the positive work of all motors; braking is neither paid for nor paid back. The "
        "cost of transport is energy / (mass · g · distance)."
    )
    drawings = draw_panels(run, metric_panels(run, _METRICS))
    return Section("energy", "Speed and energy", (Paragraph(text), *drawings, table))
