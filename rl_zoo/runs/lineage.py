"""Which runs continue which: a run started from another one's weights is not a new seed.

A run resumed in place is one folder and needs nothing here. A run started with ``-i`` names the
model it started from in ``args.yml`` (also the zoo's) or ``run.json`` (ours).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rl_zoo.errors import DamagedFileError, NothingFoundError
from rl_zoo.runs.folder import RunFolder
from rl_zoo.runs.record import read_record
from rl_zoo.runs.results import load_evaluations, load_training_episodes
from rl_zoo.runs.search import FoundRun

_CHECKPOINT = re.compile(r"^rl_model_(\d+)_steps(?:\.zip)?$")


@dataclass(frozen=True)
class Origin:
    """The model a run started from.

    Attributes:
        parent: Folder of the run that trained the model (it may be gone).
        model: File name of the model, if known.
    """

    parent: Path
    model: str | None


@dataclass(frozen=True)
class Segment:
    """One run's part of a training that spans several runs.

    Attributes:
        run: The run.
        start: Steps trained before this run, over the whole training.
        offset: Steps to add to the run's own step counter: ``start``, or 0 if the counter went on.
        until: Step of the whole training at which the next segment branched off; None for the last.
    """

    run: FoundRun
    start: int = 0
    offset: int = 0
    until: int | None = None


@dataclass(frozen=True)
class Lineage:
    """One independently started training: what statistics call a seed.

    Attributes:
        runs: All its runs.
        branches: Its courses from the first run to each last one; several if a run was continued
            more than once.
        origin: What its first run was started from, if that is not among the runs looked at.
    """

    runs: tuple[FoundRun, ...]
    branches: tuple[tuple[Segment, ...], ...]
    origin: Origin | None = None


def group_lineages(runs: Sequence[FoundRun]) -> list[Lineage]:
    """Group runs that continue each other, in the order of their first runs.

    Raises:
        DamagedFileError: If the record of a run cannot be read, so that what it continues is
            unknown.
    """
    by_path = {run.folder.path.resolve(): run for run in runs}
    origins = {path: find_origin(run.folder) for path, run in by_path.items()}
    parents = {
        path: origin.parent if origin and origin.parent in by_path else None
        for path, origin in origins.items()
    }
    children: dict[Path, list[Path]] = {path: [] for path in by_path}
    roots = []
    for path, parent in parents.items():
        if parent is None or _is_ancestor(path, parent, parents):
            roots.append(path)
        else:
            children[parent].append(path)

    def extend(branch: tuple[Segment, ...], path: Path) -> Iterator[tuple[Segment, ...]]:
        if not children[path]:
            yield branch
        for child in children[path]:
            yield from extend(_continue(branch, by_path[child], origins[child]), child)

    lineages = []
    for root in roots:
        branches = tuple(extend((Segment(by_path[root]),), root))
        found = {segment.run: None for branch in branches for segment in branch}
        outside = origins[root] if parents[root] is None else None
        lineages.append(Lineage(tuple(found), branches, outside))
    return lineages


def find_origin(folder: RunFolder) -> Origin | None:
    """Return which run ``folder`` was started from; None if from scratch.

    Raises:
        DamagedFileError: If ``run.json`` or ``args.yml`` cannot be read.
    """
    record = read_record(folder)
    for text in (_read_trained_agent(folder.args_file), record.parent if record else None):
        if not text:
            continue
        path = Path(text).expanduser()
        place, model = (path.parent, path.name) if path.suffix == ".zip" else (path, None)
        found = next(_places(place, folder.path.resolve()), None)
        return Origin(found or place, model)
    return None


def _places(path: Path, run: Path) -> Iterator[Path]:
    """Yield where the folder ``path``, written down at the time of training, may be now.

    A relative path was relative to a folder above the run; a log folder that was moved as a whole
    still has the same last three folders (log folder, algorithm, run).
    """
    if path.is_absolute():
        tails = [Path(*path.parts[i:]) for i in range(1, len(path.parts) - 2)]
        candidates = [path, *(above / tail for tail in tails for above in run.parents)]
    else:
        candidates = [above / path for above in run.parents]
    for candidate in candidates:
        if candidate.is_dir():
            yield candidate.resolve()


def _is_ancestor(path: Path, start: Path, parents: dict[Path, Path | None]) -> bool:
    """Say whether ``path`` is among ``start`` and its parents (a cycle in damaged records)."""
    seen = set()
    place: Path | None = start
    while place is not None and place not in seen:
        if place == path:
            return True
        seen.add(place)
        place = parents.get(place)
    return False


def _continue(
    branch: tuple[Segment, ...], child: FoundRun, origin: Origin | None
) -> tuple[Segment, ...]:
    """Return ``branch`` with ``child`` after its last run."""
    last = branch[-1]
    counter = _branch_step(last, origin.model if origin else None)
    start = counter + last.offset
    offset = 0 if _counter_goes_on(child, counter) else start
    closed = Segment(last.run, last.start, last.offset, until=start)
    return (*branch[:-1], closed, Segment(child, start, offset))


def _branch_step(parent: Segment, model: str | None) -> int:
    """Return the parent's own step counter when the model was saved."""
    folder = parent.run.folder
    checkpoint = _CHECKPOINT.match(model or "")
    if checkpoint:
        return int(checkpoint[1])
    if model in ("best_model", "best_model.zip"):
        best = _best_step(folder)
        if best is not None:
            return best
    record = read_record(folder)
    if record is not None and record.num_timesteps > 0:
        return record.num_timesteps
    return max(_last_evaluation(folder), _trained_steps(folder) + parent.start - parent.offset)


def _counter_goes_on(child: FoundRun, parent_counter: int) -> bool:
    """Say whether the child's step counter starts where its parent's stood (else from 0)."""
    record = read_record(child.folder)
    if record is not None and record.sessions:
        return bool(record.sessions[0].get("from_step"))
    last = _last_evaluation(child.folder)
    trained = _trained_steps(child.folder)
    if trained:
        return last - trained > parent_counter / 2
    return _first_evaluation(child.folder) > parent_counter > 0


def _best_step(folder: RunFolder) -> int | None:
    import numpy as np

    try:
        evaluations = load_evaluations(folder.evaluations)
    except (NothingFoundError, DamagedFileError):
        return None
    if evaluations.results.size == 0:
        return None
    means = evaluations.results.mean(axis=1)
    # A return that is not a number is never the best one.
    return int(evaluations.timesteps[np.where(np.isnan(means), -np.inf, means).argmax()])


def _first_evaluation(folder: RunFolder) -> int:
    return _evaluation_steps(folder)[0]


def _last_evaluation(folder: RunFolder) -> int:
    return _evaluation_steps(folder)[-1]


def _evaluation_steps(folder: RunFolder) -> list[int]:
    try:
        return load_evaluations(folder.evaluations).timesteps.tolist() or [0]
    except (NothingFoundError, DamagedFileError):
        return [0]


def _trained_steps(folder: RunFolder) -> int:
    try:
        return int(load_training_episodes(folder).lengths.sum())
    except (NothingFoundError, DamagedFileError):
        return 0


def _read_trained_agent(args_file: Path) -> str | None:
    """Return the ``trained_agent`` of an ``args.yml``; no object of the file is constructed."""
    import yaml

    try:
        root = yaml.compose(args_file.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise DamagedFileError(
            f"{args_file}: cannot be read, so it is unknown whether the run continues another; "
            "repair the file or move the run away"
        ) from error
    pending = [root]
    while pending:
        node = pending.pop()
        pairs: list[tuple[Any, Any]] = []
        if isinstance(node, yaml.MappingNode):
            pairs = node.value
        elif isinstance(node, yaml.SequenceNode):
            # The zoo writes an OrderedDict as a list of [key, value] lists.
            pairs = [(node.value[0], node.value[1])] if len(node.value) == 2 else []
            pending.extend(node.value)
        for key, value in pairs:
            if isinstance(key, yaml.ScalarNode) and key.value == "trained_agent":
                return value.value or None if isinstance(value, yaml.ScalarNode) else None
            pending.append(value)
    return None
