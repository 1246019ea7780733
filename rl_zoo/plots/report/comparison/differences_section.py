"""What the compared methods were trained with: where they differ, and what is the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rl_zoo.plots.report.comparison.methods import ComparedMethod, ComparedRun, ComparedRuns
from rl_zoo.plots.report.comparison.settings import ABSENT, Settings, differing
from rl_zoo.plots.report.sections import Block, Folded, Paragraph, Section, Table


def hyperparameters_section(compared: ComparedRuns) -> Section | None:
    """Return per environment what differs, marked, and what does not; None without any config."""
    blocks: list[Block] = []
    for env in compared.env_names():
        blocks.extend(_of_env(env, compared.of_env(env)))
    return Section("hyperparameters", "Hyperparameters", tuple(blocks)) if blocks else None


def versions_section(compared: ComparedRuns) -> Section | None:
    """Return versions, hosts and threads; None if no run recorded them."""
    facts = [(run.name, _facts(run)) for run in compared.runs() if run.run.record is not None]
    if not facts:
        return None
    every = [found for _, found in facts]
    names = differing(every)
    blocks: list[Block] = []
    if names:
        rows = [(run, *(found.get(name, ABSENT) for name in names)) for run, found in facts]
        caption = "What is not the same in all runs."
        blocks.append(Table(("Run", *names), tuple(rows), caption, n_text_columns=len(names) + 1))
    else:
        blocks.append(Paragraph("All runs that recorded them have the same versions and host."))
    shared = tuple((key, value) for key, value in every[0].items() if key not in names)
    if shared:
        blocks.append(Folded("The same in all runs", (Table((), shared),)))
    return Section("versions", "Versions and machines", tuple(blocks))


def _of_env(env: str, methods: Sequence[ComparedMethod]) -> Iterator[Block]:
    per_method = [_joined([run.settings for run in method.runs]) for method in methods]
    if not any(per_method):
        return
    names = differing(per_method)
    if len(methods) == 1:
        yield Paragraph(f"{env}: one method, {methods[0].name}.")
    elif not names:
        yield Paragraph(f"{env}: all hyperparameters are the same.")
    else:
        yield _differences(env, methods, per_method, names)
    every = sorted({name for one in per_method for name in one})
    shared = tuple((name, per_method[0][name]) for name in every if name not in names)
    if shared:
        where = " that are the same in all methods" if len(methods) > 1 else ""
        title = f"{env}: {len(shared)} hyperparameters{where}"
        yield Folded(title, (Table((), shared),))


def _differences(
    env: str,
    methods: Sequence[ComparedMethod],
    per_method: Sequence[Settings],
    names: Sequence[str],
) -> Table:
    """Return the table of what differs; cells that are not as in the first method are marked.

    Of several algorithms only what both have: that each has hyperparameters of its own is no news.
    """
    several = len({method.algo for method in methods}) > 1
    rows = tuple((name, *(one.get(name, ABSENT) for one in per_method)) for name in names)
    marked = {
        (row, column)
        for row, cells in enumerate(rows)
        for column, cell in enumerate(cells)
        if column > 1 and cell != cells[1] and not (several and ABSENT in (cell, cells[1]))
    }
    caption = (
        f"{env}: hyperparameters that differ; marked where not as in {methods[0].name}. "
        f"{ABSENT}: not set, so the algorithm's default, or not one of its hyperparameters."
    )
    headers = ("", *(method.name for method in methods))
    return Table(headers, rows, caption, len(headers), frozenset(marked))


def _joined(settings: Sequence[Settings]) -> Settings:
    """Return the settings of runs that share a label; values that differ stand side by side."""
    names = sorted({name for one in settings for name in one})
    joined = {}
    for name in names:
        values = dict.fromkeys(one.get(name, ABSENT) for one in settings)
        joined[name] = " | ".join(values)
    return joined


def _facts(run: ComparedRun) -> Settings:
    record = run.run.record
    if record is None:
        return {}
    dirty = " with changes" if record.git_dirty else ""
    return {
        **record.versions,
        "commit": f"{record.git_commit[:8]}{dirty}" if record.git_commit else ABSENT,
        "host": record.host or ABSENT,
        "threads": str(record.threads),
    }
