"""Everything a bundle says about itself, in sections of lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rl_zoo.deploy.inspection.joints import joint_lines, joint_names
from rl_zoo.deploy.inspection.layers import layer_lines, layer_title
from rl_zoo.deploy.inspection.onnx_file import GraphSize
from rl_zoo.deploy.inspection.text import (
    UNKNOWN,
    duration_text,
    pairs_table,
    range_text,
    text_table,
    value_text,
)
from rl_zoo.deploy.metadata import ArrayLayout, Metadata, Part

_TRAINED = "trained_with"
_FEW = 4
"""Names of entries that fit into a table."""


@dataclass(frozen=True)
class Section:
    """A title and what stands below it."""

    title: str
    lines: Sequence[str]


def sections_of(metadata: Metadata, size: GraphSize) -> list[Section]:
    """Return what a person checks before a policy moves a robot, in order of use."""
    sections = [
        Section("run", pairs_table({k: v for k, v in metadata.run.items() if k != _TRAINED})),
        Section("versions", _versions(metadata)),
        _environment(metadata),
        Section("observation", _observation(metadata)),
        Section("action", _action(metadata)),
        *_layers(metadata),
        _network(metadata, size),
    ]
    if metadata.robot is not None:
        sections.append(Section("robot", joint_lines(metadata.robot)))
    sections.append(Section("parity with the original", _parity(metadata.parity)))
    n_examples = len(metadata.examples)
    sections.append(Section("examples", [f"{n_examples} recorded steps; replay them with --check"]))
    return [section for section in sections if section.lines]


def _versions(metadata: Metadata) -> list[str]:
    trained = metadata.run.get(_TRAINED) or {}
    names = dict.fromkeys((*metadata.versions, *trained))
    rows = [(name, str(trained.get(name, "")), metadata.versions.get(name, "")) for name in names]
    return text_table(("package", "trained_with", "exported_with"), rows)


def _parity(parity: Mapping[str, Any]) -> list[str]:
    """Return a table of the comparisons and the latencies, then whatever else is said."""
    errors, counts = parity.get("max_error"), parity.get("n")
    others = dict(parity)
    lines: list[str] = []
    if isinstance(errors, Mapping) and isinstance(counts, Mapping):
        rows = [(stage, str(counts.get(stage, "")), f"{e:.2g}") for stage, e in errors.items()]
        lines = [*text_table(("what", "actions", "largest_error"), rows), ""]
        del others["max_error"], others["n"]
    return [*lines, *pairs_table(others)]


def _environment(metadata: Metadata) -> Section:
    record, period = metadata.environment, metadata.control_period
    wrappers = [
        f"{item['name']}({', '.join(f'{k}: {value_text(v)}' for k, v in item['kwargs'].items())})"
        for item in record.wrappers
    ]
    pairs = {
        "id": record.id,
        "control period": None if period is None else duration_text(period),
        "max_episode_steps": record.max_episode_steps,
        "packages": " ".join(record.packages),
        "wrappers that stay with it": ", ".join(wrappers),
        **{f"kwargs.{key}": value_text(value) for key, value in record.kwargs.items()},
    }
    return Section("environment", pairs_table(pairs))


def _observation(metadata: Metadata) -> list[str]:
    names = _robot_joints(metadata)
    lines: list[str] = []
    for layout in metadata.observation:
        lines += [f"{layout.name}: {_array_text(layout)}"]
        lines += _indented(_parts_table(layout, names))
    return lines


def _action(metadata: Metadata) -> list[str]:
    action, array = metadata.action, metadata.action.array
    choices = f" of {value_text(action.n)} choices" if action.n else ""
    head = f"{action.kind.replace('_', '-')}{choices}: {_array_text(array)}"
    if not any(part.entries for part in array.parts):
        return [head, *_indented(_parts_table(array, []))]
    rows = [row for part in array.parts for row in _entry_rows(array, part)]
    header = ("index", "entry", "part", "range", "means", "note")
    notes = {row[-1] for row in rows}
    if len(rows) > 1 and len(notes) == 1:  # said once instead of in every row
        table = text_table(header[:-1], [row[:-1] for row in rows])
        return [head, *_indented([*table, *filter(None, notes)])]
    return [head, *_indented(text_table(header, rows))]


def _entry_rows(array: ArrayLayout, part: Part) -> Iterable[tuple[str, ...]]:
    for offset in range(part.size):
        index = part.start + offset
        entry = part.entries[offset] if offset < len(part.entries) else ""
        bounds = [_slice(values, index, 1) for values in (array.low, array.high)]
        in_unit = range_text(*([_divided(values, part.scale) for values in bounds]))
        yield (
            str(index),
            entry,
            "" if part.name == entry else part.name,
            range_text(*bounds),
            f"{in_unit} {part.unit}" if part.unit else _scale_text(part),
            part.note,
        )


def _divided(values: Any, scale: float) -> list[float]:
    numbers = values if isinstance(values, (list, tuple)) else [values]
    return [number / scale for number in numbers if number is not None]


def _parts_table(layout: ArrayLayout, joints: Sequence[str]) -> list[str]:
    if not layout.parts:
        return []
    rows = [
        (
            str(part.start) if part.size == 1 else f"{part.start}-{part.start + part.size - 1}",
            part.name,
            _entries_text(part, joints),
            part.unit,
            part.frame,
            _scale_text(part),
            range_text(
                _slice(layout.low, part.start, part.size),
                _slice(layout.high, part.start, part.size),
            ),
            part.note,
        )
        for part in layout.parts
    ]
    header = ("entries", "part", "of", "unit", "frame", "scale", "range", "note")
    return text_table(header, rows)


def _entries_text(part: Part, joints: Sequence[str]) -> str:
    if not part.entries:
        return ""
    if list(part.entries) == list(joints):
        return "joints"
    if len(part.entries) <= _FEW:
        return " ".join(part.entries)
    return f"{part.entries[0]} .. {part.entries[-1]} ({len(part.entries)})"


def _scale_text(part: Part) -> str:
    return "" if part.scale == 1.0 else f"{part.scale:g}"


def _slice(bounds: Any, start: int, size: int) -> Any:
    return bounds[start : start + size] if isinstance(bounds, (list, tuple)) else bounds


def _array_text(layout: ArrayLayout) -> str:
    shape = " x ".join(map(str, layout.shape)) if layout.shape else "one number"
    bounds = range_text(layout.low, layout.high)
    text = f"{shape}, {layout.dtype}"
    return text if bounds == UNKNOWN else f"{text}, {bounds}"


def _layers(metadata: Metadata) -> list[Section]:
    n = len(metadata.layers)
    title = "layer {} of {}, from the environment: {}"
    return [
        Section(title.format(index + 1, n, layer_title(plain)), layer_lines(plain) or ["-"])
        for index, plain in enumerate(metadata.layers)
    ]


def _network(metadata: Metadata, size: GraphSize) -> Section:
    layout = metadata.network
    rows = [
        ("input", item.name, item.key, _shape_text(item.shape), item.dtype)
        for item in layout.inputs
    ]
    rows += [
        ("state", f"{state.input} -> {state.output}", "", _shape_text(state.shape), state.dtype)
        for state in layout.states
    ]
    rows.append(
        ("output", layout.output, "action", _shape_text(layout.output_shape), layout.output_dtype)
    )
    operators = ", ".join(f"{name} {count}" for name, count in size.operators.items())
    return Section(
        "network",
        [
            *text_table(("", "name", "holds", "shape", "dtype"), rows),
            "",
            f"{size.n_parameters} parameters, {size.n_nodes} nodes, operator set {size.opset}",
            operators,
        ],
    )


def _shape_text(shape: Sequence[int]) -> str:
    return " x ".join(map(str, ("batch", *shape)))


def _robot_joints(metadata: Metadata) -> list[str]:
    return [] if metadata.robot is None else joint_names(metadata.robot)


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"  {line}".rstrip() for line in lines]
