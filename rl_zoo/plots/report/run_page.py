"""The page about one run."""

from __future__ import annotations

from collections.abc import Sequence

from rl_zoo import __version__
from rl_zoo.errors import NothingFoundError, ZooError
from rl_zoo.plots.report.catalog import SECTIONS
from rl_zoo.plots.report.page import Page
from rl_zoo.plots.report.reported_run import ReportedRun
from rl_zoo.plots.report.sections import Notice, Section, SectionMaker
from rl_zoo.runs.record import now


def run_page(run: ReportedRun) -> Page:
    """Return the page about ``run``.

    Raises:
        NothingFoundError: If the folder holds nothing to report.
    """
    record = run.record
    env = run.folder.env_name if record is None else record.env_id
    algo = run.algo if record is None else record.algo
    summary = f"{algo.upper()} on {env}"
    return Page(run.name, summary, run_sections(run), written_by(str(run.folder.path)))


def run_sections(
    run: ReportedRun, makers: Sequence[SectionMaker] | None = None
) -> tuple[Section, ...]:
    """Return the sections about ``run``; what cannot be shown is told in one of its own.

    Raises:
        NothingFoundError: If the folder holds nothing to report.
    """
    if not _holds_anything(run):
        raise NothingFoundError(
            f"{run.folder.path}: nothing to report: no run.json, config.yml, monitor.csv or "
            "evaluations.npz in it"
        )
    sections, problems = [], []
    for maker in SECTIONS if makers is None else makers:
        try:
            section = maker(run)
        except ZooError as error:
            problems.append(Notice(str(error)))
            continue
        if section is not None:
            sections.append(section)
    if problems:
        sections.append(Section("not-shown", "Not shown", tuple(problems)))
    return tuple(sections)


def written_by(source: str) -> str:
    """Return the line at the foot of a page about the folders ``source``."""
    time = now().replace("T", " ").replace("+00:00", " UTC")
    return f"Written {time} by rl_zoo {__version__} from {source}"


def _holds_anything(run: ReportedRun) -> bool:
    read = (run.record, run.episodes, run.evaluations)
    files = run.folder.config_file.is_file() or bool(run.logged) or bool(run.problems)
    return files or any(part is not None for part in read)
