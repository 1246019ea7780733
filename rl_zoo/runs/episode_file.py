"""Episodes of a robot as files: everything that was seen, done and rewarded, step by step.

``<run>/episodes/episode_<number>.npz`` holds arrays without pickle; the key ``json`` holds what is
not an array. Observations and robot states have one row more than the steps: the reset's.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rl_zoo.errors import DamagedFileError
from rl_zoo.runs.atomic import atomic_writer
from rl_zoo.runs.folder import RunFolder

FORMAT = 1
EPISODES = "episodes"
"""Folder of a run for its episodes."""
UNUSED = "unused"
"""Folder inside ``episodes`` for those that a resumed run did not learn from."""
_JSON = "json"
_NAME = re.compile(r"episode_(\d+)\.npz$")
_PER_STEP = ("actions", "rewards", "terminated", "truncated", "discarded", "late")


@dataclass(frozen=True)
class Episode:
    """One episode of n steps."""

    arrays: Mapping[str, NDArray[Any]]
    """``observations`` (n + 1, ...); ``actions`` as the agent gave them, ``executed`` as the robot
    got them, ``safe_actions`` and ``corrected`` of a SafetyWrapper, ``rewards``, ``terminated``,
    ``truncated``, ``discarded``, ``late`` (n, ...); ``time`` (s), ``robot_tick``, ``sequence`` and
    ``state/<reading>`` (n + 1, ...), NaN where unknown."""
    about: Mapping[str, Any] = field(default_factory=dict)
    """``env_id``, ``robot``, ``dt`` (s), ``layout`` (parts of the observation), ``end`` (reason, or
    ``unfinished``), ``action_low``, ``action_high``, ``started_at``, ``format``."""

    @property
    def n_steps(self) -> int:
        """Return the number of steps."""
        return len(self.arrays["rewards"])


def episodes_folder(folder: RunFolder) -> Path:
    """Return where the episodes of a run are."""
    return folder.path / EPISODES


def episode_path(folder: Path, number: int) -> Path:
    """Return the file of an episode, counted from 0."""
    return folder / f"episode_{number:05d}.npz"


def episode_files(folder: Path) -> list[Path]:
    """Return the files of all episodes in ``folder``, in their order."""
    numbered = [(int(match[1]), file) for file, match in _matches(folder)]
    return [file for _, file in sorted(numbered)]


def next_episode_number(folder: Path) -> int:
    """Return the number after the last episode's."""
    return max((int(match[1]) for _, match in _matches(folder)), default=-1) + 1


def set_aside(folder: Path, first: int) -> int:
    """Move the episodes from number ``first`` on into ``unused``; return how many there were.

    They came after the checkpoint that a run resumes from: nothing was learned from them.
    """
    later = [(int(match[1]), file) for file, match in _matches(folder) if int(match[1]) >= first]
    for number, file in sorted(later):
        target = folder / UNUSED
        target.mkdir(exist_ok=True)
        name = target / episode_path(folder, number).name
        copies = len(list(target.glob(f"episode_{number:05d}*.npz")))
        file.replace(name if copies == 0 else name.with_stem(f"{name.stem}_{copies}"))
    return len(later)


def write_episode(file: Path, episode: Episode) -> None:
    """Write an episode atomically."""
    content = json.dumps({**episode.about, "format": FORMAT}).encode()
    with atomic_writer(file) as stream:
        np.savez_compressed(stream, **{_JSON: np.array(content)}, **dict(episode.arrays))  # type: ignore[arg-type]


def read_episode(file: Path) -> Episode:
    """Read an episode.

    Raises:
        DamagedFileError: If the file is missing, truncated or no episode.
    """
    try:
        with np.load(file, allow_pickle=False) as stored:
            about = json.loads(stored[_JSON].item())
            arrays = {name: stored[name] for name in stored.files if name != _JSON}
    except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
        is_foreign = "pickle" in str(error)  # of what is no archive; NumPy advises to run it
        why = "File is not a zip file" if is_foreign else str(error)
        raise DamagedFileError(f"{file}: not a complete episode ({why})") from error
    n = len(arrays.get("rewards", ()))
    lengths = {name: len(arrays.get(name, ())) for name in _PER_STEP}
    if len(arrays.get("observations", ())) != n + 1 or set(lengths.values()) != {n}:
        raise DamagedFileError(f"{file}: its arrays do not fit together")
    return Episode(arrays, about)


def _matches(folder: Path) -> list[tuple[Path, re.Match[str]]]:
    if not folder.is_dir():
        return []
    found = ((file, _NAME.fullmatch(file.name)) for file in folder.iterdir())
    return [(file, match) for file, match in found if match is not None]
