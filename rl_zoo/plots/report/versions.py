"""With which software and on which machine a run was trained."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from rl_zoo.plots.report.reported_run import ReportedRun
from rl_zoo.plots.report.sections import Block, Paragraph, Section, Table
from rl_zoo.runs.record import RunRecord

_SYSTEM_INFO = "system_info.txt"
_LONGEST_TEXT = 10_000


def versions(run: ReportedRun) -> Section | None:
    """Return versions, commit and machine; of a zoo folder what SB3 wrote into its model."""
    if run.record is None:
        rows = tuple(_system_info(run))
        if not rows:
            return None
        blocks: list[Block] = [Table((), rows, "As Stable-Baselines3 wrote it into the model.")]
        return Section("versions", "Software and machine", tuple(blocks))
    blocks = [Table((), tuple(_machine(run.record)))]
    packages = tuple(run.record.versions.items())
    if packages:
        blocks.append(Table(("package", "version"), packages, n_text_columns=2))
    else:
        blocks.append(Paragraph("Versions were not recorded."))
    return Section("versions", "Software and machine", tuple(blocks))


def _machine(record: RunRecord) -> Iterator[tuple[str, str]]:
    if record.host:
        yield "Host", record.host
    if record.git_commit:
        changed = ", with changes that are in no commit" if record.git_dirty else ""
        yield "Git commit", record.git_commit + changed
    else:
        yield "Git commit", "none: rl_zoo was not in a checkout"
    yield "Threads", str(record.threads)
    if record.fast_matmul:
        yield "Fast matrix products", "yes"
    yield "Seed", str(record.seed)


def _system_info(run: ReportedRun) -> Iterator[tuple[str, str]]:
    """Yield the lines ``- name: text`` that ``sb3.get_system_info`` puts into a model file."""
    text = next((text for text in map(_read_info, _models(run)) if text), "")
    for line in text.splitlines():
        name, colon, value = line.removeprefix("- ").partition(": ")
        if colon:
            yield name, value.strip()


def _models(run: ReportedRun) -> Iterator[Path]:
    yield run.folder.final_model
    yield run.folder.best_model
    yield from (run.folder.checkpoint_model(steps) for steps in run.folder.checkpoint_steps())


def _read_info(model: Path) -> str:
    try:
        with zipfile.ZipFile(model) as archive, archive.open(_SYSTEM_INFO) as file:
            return file.read(_LONGEST_TEXT).decode("utf-8", errors="replace")
    except (OSError, KeyError, zipfile.BadZipFile, zlib.error, RuntimeError):
        return ""  # the page says less; whoever loads the model is told what is wrong with it
