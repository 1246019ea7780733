"""Run folders of ours, as ``train`` leaves them, and what their sections say as plain text."""

from __future__ import annotations

import json

import numpy as np
import pytest

from rl_zoo.plots.report.reported_run import load_reported_run
from rl_zoo.plots.report.sections import Code, Drawing, Folded, Notice, Paragraph, Table


@pytest.fixture
def make_reported(make_run, tmp_path):
    """Return a function that writes a run and reads it as a report does.

    ``record`` goes into run.json (None: there is none), ``progress`` into progress.jsonl.
    """

    def make(name="Bert-v0_1", *, record=(), progress=(), **arguments):
        path = make_run(tmp_path / "logs", name, **{"algo": "sac", **arguments})
        if record is not None:
            about = {"algo": path.parent.name, "env_id": name.rsplit("_", 1)[0], "seed": 7}
            about |= {"n_timesteps": 3000, "num_timesteps": 3000, "state": "finished"}
            (path / "run.json").write_text(json.dumps({**about, **dict(record)}))
        if progress:
            lines = [json.dumps(row) for row in progress]
            (path / "progress.jsonl").write_text("\n".join(lines) + "\n")
        return load_reported_run(path)

    return make


def blocks_of(section, kind):
    """Return all blocks of a kind, folded ones too."""
    found = []
    for block in section.blocks:
        inner = blocks_of(block, kind) if isinstance(block, Folded) else []
        found += [block] if isinstance(block, kind) else inner
    return found


def facts_of(section):
    """Return the cells of all tables of two columns as a dictionary."""
    return {
        row[0]: row[1] for table in blocks_of(section, Table) for row in table.rows if len(row) == 2
    }


def text_of(section):
    """Return paragraphs, notices and code."""
    return "\n".join(block.text for block in blocks_of(section, (Paragraph, Notice, Code)))


def lines_of(section):
    """Return the points of all lines in the drawings as {caption: [(x, y) ...]}."""
    lines = {}
    for drawing in blocks_of(section, Drawing):
        axes = drawing.figure.axes[0]
        lines[drawing.caption] = [np.asarray(line.get_xydata()).tolist() for line in axes.lines]
    return lines


@pytest.fixture
def read():
    """Return the functions that take a section apart."""

    class Read:
        blocks = staticmethod(blocks_of)
        facts = staticmethod(facts_of)
        text = staticmethod(text_of)
        lines = staticmethod(lines_of)

    return Read
