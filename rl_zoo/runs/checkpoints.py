"""Complete checkpoints: a set of files that counts only once its manifest is written.

The manifest is written last and names every file with its size and digest, so a checkpoint cut
short by a full disk or a killed process is never taken for a complete one.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from rl_zoo.errors import DamagedFileError, NothingFoundError
from rl_zoo.runs.atomic import write_text
from rl_zoo.runs.folder import RunFolder


def write_manifest(folder: RunFolder, steps: int, files: list[Path]) -> None:
    """Declare the checkpoint of ``steps`` complete."""
    entries = {file.name: {"bytes": file.stat().st_size, "sha256": _digest(file)} for file in files}
    content = {"steps": steps, "files": entries}
    write_text(folder.checkpoint_manifest(steps), json.dumps(content, indent=2) + "\n")


def complete_checkpoints(folder: RunFolder) -> list[int]:
    """Return the steps of all checkpoints that are complete, ascending (sizes compared only)."""
    return [
        steps for steps in folder.checkpoint_steps() if not _problems(folder, steps, digest=False)
    ]


def verify_checkpoint(folder: RunFolder, steps: int) -> None:
    """Compare every file of a checkpoint with its manifest.

    Raises:
        DamagedFileError: Naming what is missing or differs.
    """
    problems = _problems(folder, steps, digest=True)
    if problems:
        raise DamagedFileError(f"checkpoint {steps} of {folder.path}: {'; '.join(problems)}")


def can_resume_from(folder: RunFolder, steps: int) -> bool:
    """Say whether the checkpoint still holds buffer and counters (older ones keep weights only)."""
    return folder.checkpoint_state(steps).is_file()


def latest_resumable(folder: RunFolder) -> int:
    """Return the newest complete checkpoint that a run can continue from.

    Raises:
        NothingFoundError: If there is none.
    """
    for steps in reversed(complete_checkpoints(folder)):
        if can_resume_from(folder, steps) and not _problems(folder, steps, digest=True):
            return steps
    raise NothingFoundError(
        f"{folder.path}: no complete checkpoint to resume from; "
        "start a new run from its weights with -i, or train with --save-freq"
    )


def prune_checkpoints(folder: RunFolder, keep: int) -> None:
    """Reduce all but the newest ``keep`` checkpoints to weights and normaliser."""
    resumable = [steps for steps in complete_checkpoints(folder) if can_resume_from(folder, steps)]
    for steps in resumable[:-keep] if keep > 0 else []:
        light = [folder.checkpoint_model(steps), folder.checkpoint_normalizer(steps)]
        write_manifest(folder, steps, [file for file in light if file.is_file()])
        folder.checkpoint_state(steps).unlink(missing_ok=True)
        folder.checkpoint_buffer(steps).unlink(missing_ok=True)


def _problems(folder: RunFolder, steps: int, *, digest: bool) -> list[str]:
    manifest = folder.checkpoint_manifest(steps)
    try:
        entries = json.loads(manifest.read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, KeyError):
        return [f"{manifest.name} is missing or damaged"]
    problems = []
    for name, entry in entries.items():
        file = folder.path / Path(name).name
        if not file.is_file():
            problems.append(f"{name} is missing")
        elif file.stat().st_size != entry["bytes"] or (digest and _digest(file) != entry["sha256"]):
            problems.append(f"{name} is damaged")
    return problems


def _digest(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
