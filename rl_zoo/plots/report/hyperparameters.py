"""The hyperparameters of a run, each with the place it came from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from rl_zoo.config.literals import format_literal
from rl_zoo.config.model import Symbol
from rl_zoo.config.parameters import COMPONENT_KEYS
from rl_zoo.config.provenance import Setting, read_provenance
from rl_zoo.config.show import shown_key
from rl_zoo.config.yaml import load_saved_yaml
from rl_zoo.errors import DamagedFileError, UnsafeFileError
from rl_zoo.plots.report.reported_run import ReportedRun
from rl_zoo.plots.report.sections import Block, Code, Folded, Notice, Paragraph, Section, Table

_NOT_RECORDED = "not recorded"
_LONG = 30


def hyperparameters(run: ReportedRun) -> Section | None:
    """Return the configuration with the origin of every value; None if it has none."""
    problems: list[Block] = []
    settings = tried_settings(run, problems)
    blocks: list[Block] = [*problems]
    if settings:
        is_known = any(setting.origin != _NOT_RECORDED for setting in settings)
        headers = ("key", "value", "comes from")
        rows = [(shown_key(item.key), _breakable(item.value), item.origin) for item in settings]
        if is_known:
            blocks.append(Table(headers, tuple(rows), _caption(run), n_text_columns=3))
        else:
            blocks.append(Paragraph("Where the values come from was not recorded with this run."))
            short = tuple(row[:2] for row in rows)
            blocks.append(Table(headers[:2], short, _caption(run), n_text_columns=2))
    text = _file_text(run)
    if text:
        blocks.append(Folded("config.yml", (Code(text),)))
    return Section("hyperparameters", "Hyperparameters", tuple(blocks)) if blocks else None


def tried_settings(run: ReportedRun, problems: list[Block]) -> tuple[Setting, ...]:
    """Return every value with its origin; what cannot be read is told in ``problems``."""
    try:
        recorded = read_provenance(run.folder.provenance_file)
    except (DamagedFileError, UnsafeFileError) as error:
        problems.append(Notice(str(error)))
        recorded = None
    if recorded:
        return recorded
    if not run.folder.config_file.is_file():
        return ()
    try:
        content = load_saved_yaml(run.folder.config_file)
    except (DamagedFileError, UnsafeFileError) as error:
        problems.append(Notice(str(error)))
        return ()
    if not isinstance(content, Mapping):
        return ()
    return tuple(Setting(key, value, _NOT_RECORDED) for key, value in _flat("", content))


def _flat(prefix: str, values: Mapping[Any, Any]) -> Iterator[tuple[str, str]]:
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(f"{prefix}{key}.", value)
        elif key in COMPONENT_KEYS and isinstance(value, list):
            yield from ((str(key), _component(item)) for item in value)
        else:
            yield f"{prefix}{key}", _text(value)


def _component(item: Any) -> str:
    """Return a wrapper or callback as ``--show-config`` does: a name, or a name and arguments."""
    if not isinstance(item, Mapping) or len(item) != 1:
        return _text(item)
    ((name, arguments),) = item.items()
    if not isinstance(arguments, Mapping):
        return _text(name)
    inner = ", ".join(f"{key}={_text(value)}" for key, value in arguments.items())
    return f"{name}({inner})"


def _breakable(text: str) -> str:
    """Return ``text`` with places where a browser may break a long line."""
    return re.sub(r"([(=\[/])", "\\1\u200b", text) if len(text) > _LONG else text


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Symbol):
        return value.path
    try:
        return format_literal(value)
    except TypeError:
        return str(value)


def _caption(run: ReportedRun) -> str:
    versions = run.record.versions if run.record is not None else {}
    libraries = ("stable-baselines3", "sb3-contrib", "rl_zoo")
    found = [f"{name} {versions[name]}" for name in libraries if name in versions]
    of = f", that of {', '.join(found)}" if found else ""
    return f"What is not listed has the algorithm's default{of}."


def _file_text(run: ReportedRun) -> str:
    try:
        return run.folder.config_file.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
