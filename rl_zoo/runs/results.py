"""Read the numbers a run leaves: ``evaluations.npz`` and the monitor files, ours or the zoo's.

No file is ever unpickled. NumPy is imported when a file is read, not with the module.
"""

from __future__ import annotations

import json
import math
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rl_zoo.errors import DamagedFileError, NothingFoundError
from rl_zoo.runs.folder import RunFolder
from rl_zoo.suggest import did_you_mean

if TYPE_CHECKING:
    from numpy.typing import NDArray

_KEY_ALIASES = {
    "reward": "results",
    "return": "results",
    "length": "ep_lengths",
    "success": "successes",
}
_MONITOR_COLUMNS = ("r", "l", "t")


@dataclass(frozen=True)
class Evaluations:
    """The periodic evaluations of one run.

    Attributes:
        timesteps: Environment steps at which the policy was evaluated, (n_evaluations,).
        results: Return of every episode, (n_evaluations, n_episodes).
        ep_lengths: Length of every episode in steps, same shape, if recorded.
        successes: Whether every episode succeeded (0 or 1), same shape, if recorded.
        extras: Other arrays of the file that have one row per evaluation.
    """

    timesteps: NDArray[Any]
    results: NDArray[Any]
    ep_lengths: NDArray[Any] | None = None
    successes: NDArray[Any] | None = None
    extras: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    def keys(self) -> list[str]:
        """Return the names under which there are numbers here."""
        known = {"results": self.results, "ep_lengths": self.ep_lengths}
        known["successes"] = self.successes
        return [*(name for name, array in known.items() if array is not None), *self.extras]

    def scores(self, key: str = "results") -> NDArray[Any]:
        """Return the numbers called ``key`` (or ``reward``, ``length``, ``success``).

        Returns:
            Array of shape (n_evaluations, n_episodes).

        Raises:
            NothingFoundError: If the run recorded no such numbers.
        """
        name = _KEY_ALIASES.get(key, key)
        if name not in self.keys():
            raise NothingFoundError(
                f"-k {key}: not recorded in evaluations.npz{did_you_mean(key, self.keys())}"
            )
        scores: NDArray[Any] = self.extras[name] if name in self.extras else getattr(self, name)
        return scores


@dataclass(frozen=True)
class MonitorEpisodes:
    """The training episodes of one run, in the order in which they ended.

    Attributes:
        returns: Undiscounted return, (n_episodes,).
        lengths: Length in environment steps, (n_episodes,).
        times: End of the episode in seconds of training since the start, (n_episodes,).
        columns: Further columns of the monitor files (``is_success`` ...), each (n_episodes,), NaN
            where a value is missing or not a number.
        places: Which of the parallel environments it was, counted from 0, (n_episodes,); empty if
            unknown.
        n_envs: Number of parallel environments.
    """

    returns: NDArray[Any]
    lengths: NDArray[Any]
    times: NDArray[Any]
    columns: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    places: Sequence[int] = ()
    n_envs: int = 1

    @property
    def steps(self) -> NDArray[Any]:
        """Environment steps done when each episode ended, (n_episodes,)."""
        import numpy as np

        return np.cumsum(self.lengths)

    @property
    def whole(self) -> NDArray[Any]:
        """Whether each episode ended by itself, (n_episodes,).

        The runner cuts episodes short for a checkpoint or a stop (column ``cut``); their steps
        count, their return says nothing.
        """
        import numpy as np

        cut: NDArray[Any] = self.columns.get("cut", np.zeros(len(self.returns)))
        return np.asarray(cut != 1)


def load_evaluations(path: Path) -> Evaluations:
    """Read an ``evaluations.npz`` as SB3's ``EvalCallback`` writes it.

    Raises:
        NothingFoundError: If there is no such file.
        DamagedFileError: If it is truncated, not an archive of arrays, or its shapes do not fit.
    """
    arrays = _read_archive(path)
    missing = [name for name in ("timesteps", "results") if name not in arrays]
    if missing:
        raise DamagedFileError(f"{path}: no array '{missing[0]}' in it; it has {sorted(arrays)}")
    timesteps = arrays.pop("timesteps")
    if timesteps.ndim != 1 or timesteps.dtype.kind not in "iuf":
        raise DamagedFileError(f"{path}: 'timesteps' is not a list of numbers")
    if not (timesteps >= 0).all() or not (timesteps < 2**62).all():
        raise DamagedFileError(f"{path}: 'timesteps' holds what is no number of steps")
    tables = {}
    for name, array in arrays.items():
        if array.ndim == 1 and len(array) == len(timesteps):
            array = array[:, None]
        if array.ndim == 2 and len(array) == len(timesteps) and array.dtype.kind in "biuf":
            tables[name] = array.astype(float)
        elif name == "results":
            raise DamagedFileError(
                f"{path}: 'results' has shape {array.shape} of {array.dtype}, expected one row of "
                f"numbers for each of {len(timesteps)} timesteps"
            )
    return Evaluations(
        timesteps=timesteps.astype("int64"),
        results=tables.pop("results"),
        ep_lengths=tables.pop("ep_lengths", None),
        successes=tables.pop("successes", None),
        extras=tables,
    )


def load_monitor(paths: Sequence[Path]) -> MonitorEpisodes:
    """Read the monitor files of one run, one per parallel environment, merged by time.

    A last line cut by a crash is left out. A file to which a resumed run appended, so that its
    clock starts again, is read as sessions that follow each other.

    Raises:
        NothingFoundError: If ``paths`` is empty or a file is missing.
        DamagedFileError: If a file is not a monitor file or a line other than the last is damaged.
    """
    import numpy as np

    if not paths:
        raise NothingFoundError("no monitor file to read")
    files = [_read_monitor_file(path) for path in paths]
    start = min(file.start_time for file in files)
    sessions: dict[int, list[tuple[int, _Row]]] = {}
    for place, file in enumerate(files):
        late = file.start_time - start
        for number, rows in enumerate(_split_sessions(file.rows)):
            shift = late if number == 0 else 0.0
            shifted = ((place, (row[0] + shift, *row[1:])) for row in rows)
            sessions.setdefault(number, []).extend(shifted)
    merged: list[_Row] = []
    places: list[int] = []
    for number in sorted(sessions):
        offset = merged[-1][0] if merged else 0.0
        placed = sorted(sessions[number], key=lambda item: item[1][0])
        merged.extend((row[0] + offset, *row[1:]) for _, row in placed)
        places.extend(place for place, _ in placed)
    names = sorted({name for row in merged for name in row[3]})
    return MonitorEpisodes(
        returns=np.array([row[1] for row in merged], dtype=float),
        lengths=np.array([row[2] for row in merged], dtype="int64"),
        times=np.array([row[0] for row in merged], dtype=float),
        columns={name: np.array([row[3].get(name, np.nan) for row in merged]) for name in names},
        places=places,
        n_envs=len(files),
    )


def load_training_episodes(folder: RunFolder) -> MonitorEpisodes:
    """Read all monitor files of a run; see ``load_monitor``.

    Raises:
        NothingFoundError: If the run has no monitor file.
        DamagedFileError: If one is damaged.
    """
    files = folder.monitor_files()
    plain = folder.path / "monitor.csv"  # SB3's own name for a single environment
    if not files and plain.is_file():
        files = [plain]
    if not files:
        raise NothingFoundError(f"{folder.path}: no monitor.csv in it, so no training episodes")
    return load_monitor(files)


def _read_archive(path: Path) -> dict[str, NDArray[Any]]:
    import numpy as np

    try:
        with path.open("rb") as stream:
            archive = np.load(stream, allow_pickle=False)
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise DamagedFileError(f"{path}: not an .npz archive")
            with archive:
                return {name: archive[name] for name in archive.files}
    except FileNotFoundError as error:
        raise NothingFoundError(f"{path}: no such file") from error
    except ValueError as error:
        if "allow_pickle" in str(error) and zipfile.is_zipfile(path):
            raise DamagedFileError(
                f"{path}: holds pickled Python objects, which are not read"
            ) from error
        raise DamagedFileError(f"{path}: not a readable .npz archive") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, OSError) as error:
        raise DamagedFileError(f"{path}: truncated or damaged ({error})") from error


_Row = tuple[float, float, int, Mapping[str, float]]
"""One episode: end time in seconds, return, length in steps, further columns."""


@dataclass(frozen=True)
class _MonitorFile:
    start_time: float
    rows: list[_Row]


def _read_monitor_file(path: Path) -> _MonitorFile:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise NothingFoundError(f"{path}: cannot be read ({error.strerror})") from error
    if not lines:
        return _MonitorFile(0.0, [])
    start_time = _read_header(path, lines[0])
    names = lines[1].split(",") if len(lines) > 1 else list(_MONITOR_COLUMNS)
    if not set(_MONITOR_COLUMNS) <= set(names):
        raise DamagedFileError(f"{path}:2: expected the columns r,l,t, found '{lines[1][:60]}'")
    rows: list[_Row] = []
    for number, line in enumerate(lines[2:], start=3):
        if not line.strip() or line.startswith("#") or line.split(",")[:3] == names[:3]:
            continue  # a session that wrote its header again
        row = _parse_row(line, names)
        if row is not None:
            rows.append(row)
        elif number < len(lines):
            raise DamagedFileError(f"{path}:{number}: not a line of a monitor file: '{line[:60]}'")
    return _MonitorFile(start_time, rows)


def _read_header(path: Path, line: str) -> float:
    try:
        if not line.startswith("#"):
            raise ValueError
        return float(json.loads(line[1:]).get("t_start") or 0.0)
    except (ValueError, AttributeError, TypeError) as error:
        raise DamagedFileError(
            f"{path}:1: not a monitor file (no '#{{\"t_start\": ...}}' line)"
        ) from error


def _parse_row(line: str, names: Sequence[str]) -> _Row | None:
    cells = line.split(",")
    if len(cells) != len(names):
        return None
    row = dict(zip(names, cells, strict=True))
    try:
        episode = float(row.pop("t")), float(row.pop("r")), int(float(row.pop("l")))
    except (ValueError, OverflowError):
        return None
    if not math.isfinite(episode[0]) or episode[2] < 0:
        return None
    return (*episode, {name: _to_number(cell) for name, cell in row.items()})


def _to_number(cell: str) -> float:
    words = {"true": 1.0, "false": 0.0}
    try:
        return float(cell)
    except ValueError:
        return words.get(cell.strip().lower(), float("nan"))


def _split_sessions(rows: Sequence[_Row]) -> list[list[_Row]]:
    """Cut the episodes of one environment where its clock starts again."""
    sessions: list[list[_Row]] = [[]]
    for row in rows:
        if sessions[-1] and row[0] < sessions[-1][-1][0]:
            sessions.append([])
        sessions[-1].append(row)
    return sessions
