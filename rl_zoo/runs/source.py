"""A model file and what belongs to it: normaliser, replay buffer, run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rl_zoo.errors import UsageError
from rl_zoo.runs.checkpoints import complete_checkpoints
from rl_zoo.runs.folder import RunFolder, open_run_folder
from rl_zoo.runs.record import read_record


@dataclass(frozen=True)
class ModelSource:
    """Where a new run takes its weights from."""

    model: Path
    normalizer: Path | None = None
    """Statistics that belong to these weights; None: there are none."""
    buffer: Path | None = None
    """Replay buffer beside the model; None: there is none."""
    folder: RunFolder | None = None
    """The run the model belongs to, if it lies in a run folder."""


def find_source(model: Path) -> ModelSource:
    """Find what belongs to the model given with ``-i``: a zip file, or a run (its final model).

    Raises:
        UsageError: If there is no such model.
    """
    if model.is_dir():
        folder = open_run_folder(model)
        model = folder.final_model if folder.final_model.is_file() else folder.best_model
    if not model.is_file():
        raise UsageError(f"--trained-agent {model}: no such file; give a model's .zip file")
    if model.suffix != ".zip":
        raise UsageError(f"--trained-agent {model}: not a model; give a .zip file")
    try:
        folder = open_run_folder(model.parent)
    except UsageError:
        return ModelSource(model)
    normalizer, buffer = belongings(folder, model)
    return ModelSource(
        model,
        normalizer if normalizer is not None and normalizer.is_file() else None,
        buffer if buffer.is_file() else None,
        folder,
    )


def parent_of(source: ModelSource) -> str:
    """Return what a run's record names as the origin of its weights: a run, or a lone file."""
    return str((source.folder.path if source.folder else source.model).resolve())


def buffer_to_keep(source: ModelSource) -> Path | None:
    """Return the replay buffer that goes with a model; None: none was saved.

    For a final model without a buffer of its own it is that of the checkpoint at the run's end.
    """
    folder = source.folder
    if source.buffer is not None or folder is None or source.model.name != folder.final_model.name:
        return source.buffer
    record = read_record(folder)
    if record is None or record.num_timesteps not in complete_checkpoints(folder):
        return None
    buffer = folder.checkpoint_buffer(record.num_timesteps)
    return buffer if buffer.is_file() else None


def belongings(folder: RunFolder, model: Path) -> tuple[Path | None, Path]:
    """Return the normaliser (None: none is known) and buffer files of a model in a run folder.

    The zoo keeps one normaliser for all models of a run; it is used where ours is missing.
    """
    ours = folder.record_file.is_file()
    checkpoint = re.match(r"rl_model_(\d+)_steps$", model.stem)
    if checkpoint:
        steps = int(checkpoint[1])
        own = folder.checkpoint_normalizer(steps)
        buffer = folder.checkpoint_buffer(steps)
    elif model.name == folder.best_model.name:
        own, buffer = folder.best_normalizer, folder.replay_buffer
    else:
        own, buffer = folder.final_normalizer, folder.replay_buffer
    if own.is_file() or ours:
        return own, buffer
    return folder.final_normalizer, buffer


def differing_parts(source: ModelSource, hyperparams: Mapping[str, Any]) -> str:
    """Say which wrappers are not those of the run a model comes from; nothing if all are.

    Args:
        source: The model.
        hyperparams: Configuration of the new run, as ``config.yml`` would hold it.
    """
    from rl_zoo.config.yaml import dump_yaml, load_saved_yaml

    if source.folder is None or not source.folder.config_file.is_file():
        return ""
    saved = load_saved_yaml(source.folder.config_file)
    names = [
        key
        for key in ("env_wrapper", "vec_env_wrapper", "frame_stack")
        if dump_yaml({key: saved.get(key)}) != dump_yaml({key: hyperparams.get(key)})
    ]
    if not names:
        return ""
    return (
        f"{', '.join(names)} not as in the old run; -conf {source.folder.config_file} takes its "
        "configuration over"
    )


def policy_parameters(model: Path) -> list[str]:
    """Return the policy of the run ``model`` belongs to, as ``key:value`` overrides.

    Weights fit only the network they were trained with, so these come from the old run; everything
    else comes from the new command.
    """
    from rl_zoo.config.literals import format_literal
    from rl_zoo.config.yaml import load_saved_yaml

    source = find_source(model)
    if source.folder is None or not source.folder.config_file.is_file():
        return []
    saved = load_saved_yaml(source.folder.config_file)
    values = {key: saved[key] for key in ("policy", "policy_kwargs", "use_sde") if key in saved}
    return [
        f"{key}:{value if isinstance(value, str) else format_literal(value)}"
        for key, value in values.items()
    ]
