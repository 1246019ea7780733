"""The page about several runs side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rl_zoo.plots.report.comparison.differences_section import (
    hyperparameters_section,
    versions_section,
)
from rl_zoo.plots.report.comparison.endings_section import endings_section
from rl_zoo.plots.report.comparison.evaluations_section import evaluations_section
from rl_zoo.plots.report.comparison.methods import ComparedRuns, group_runs
from rl_zoo.plots.report.comparison.metrics_section import metrics_section
from rl_zoo.plots.report.comparison.runs_section import runs_section
from rl_zoo.plots.report.page import Page
from rl_zoo.plots.report.reported_run import ReportedRun
from rl_zoo.plots.report.run_page import run_sections, written_by
from rl_zoo.plots.report.sections import Folded, Section

ComparisonMaker = Callable[[ComparedRuns], "Section | None"]
"""Makes a section about several runs; None where they have nothing of its kind."""

SECTIONS: tuple[ComparisonMaker, ...] = (
    runs_section,
    evaluations_section,
    metrics_section,
    endings_section,
    hyperparameters_section,
    versions_section,
)


def comparison_page(
    runs: Sequence[ReportedRun], labels: Sequence[str] | None = None, *, each: bool = False
) -> Page:
    """Return the page that compares ``runs``.

    Args:
        runs: At least two.
        labels: One per run; equal labels are seeds of one method.
        each: Put the report of every run into the page, folded.

    Raises:
        NothingFoundError: If a folder holds nothing to report.
    """
    compared = group_runs(runs, labels)
    found = (maker(compared) for maker in SECTIONS)
    sections = [section for section in found if section is not None]
    if each:
        sections.append(_each(compared))
    names = list(dict.fromkeys(method.name for method in compared.methods))
    envs = compared.env_names()
    title = f"{', '.join(names[:4])}{' and others' if len(names) > 4 else ''}"
    summary = f"{len(runs)} runs on {', '.join(envs)}"
    folders = dict.fromkeys(str(run.folder.path.parent.parent) for run in runs)
    return Page(title, summary, tuple(sections), written_by(", ".join(folders)))


def _each(compared: ComparedRuns) -> Section:
    folded = []
    for run in compared.runs():
        parts = run_sections(run.run)
        inside = tuple(Folded(part.title, part.blocks) for part in parts)
        folded.append(Folded(run.name, inside))
    return Section("each", "Each run", tuple(folded))
