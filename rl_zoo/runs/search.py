"""Find runs by algorithm and environment in one or several log folders."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rl_zoo.errors import NothingFoundError
from rl_zoo.runs.folder import RunFolder, file_name_of
from rl_zoo.runs.plain_folder import holds_run, name_plain_run
from rl_zoo.suggest import did_you_mean

_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_RUN_NAME = re.compile(rf"(?P<env>.+)_(?P<number>\d+)(?:_{_UUID})?")
_UUID_TAIL = re.compile(r"(_[0-9a-f]{8})(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
NOT_ALGORITHMS = frozenset({"studies", "sweeps"})
"""Folders beside those of the algorithms, which hold no runs."""
_ENV_VERSION = re.compile(r"-v\d+$")


@dataclass(frozen=True)
class FoundRun:
    """One run that a search found.

    Attributes:
        folder: The run's folder and file names.
        log_folder: The log folder in which it was looked for.
        algo: Short name of the algorithm, lower case.
        env_name: Environment id as file names spell it.
        number: Number of the run.
    """

    folder: RunFolder
    log_folder: Path
    algo: str
    env_name: str
    number: int

    @property
    def name(self) -> str:
        """The run as a person names it: ``<algo>/<env id>_<n>``."""
        return f"{self.folder.path.parent.name}/{self.folder.path.name}"

    @property
    def short_name(self) -> str:
        """``<env id>_<n>`` with at most the first part of a UUID, for legends."""
        return _UUID_TAIL.sub(r"\1", self.folder.path.name)


def list_runs(log_folder: Path) -> list[FoundRun]:
    """Return every ``<log_folder>/<algo>/<env id>_<n>[_<uuid>]``, by algorithm and environment.

    A folder without any that itself holds ``evaluations.npz`` or a monitor file is one run: a run
    folder, or one as SB3's own callbacks write it.

    Raises:
        NothingFoundError: If the log folder does not exist.
    """
    if log_folder.is_file():
        raise NothingFoundError(f"-f {log_folder}: a file; give the folder it is in")
    if not log_folder.is_dir():
        raise NothingFoundError(
            f"-f {log_folder}: no such folder; give the log folder that holds <algo>/<env>_<n>"
        )
    runs = []
    for path in log_folder.glob("*/*"):
        if path.parent.name in NOT_ALGORITHMS:
            continue
        match = _RUN_NAME.fullmatch(path.name)
        if match and path.is_dir():
            folder = RunFolder(path, match["env"])
            algo = path.parent.name.lower()
            runs.append(FoundRun(folder, log_folder, algo, match["env"], int(match["number"])))
    if not runs and holds_run(log_folder):
        return [_only_run(log_folder)]
    return sorted(runs, key=lambda run: (run.algo, run.env_name, run.number, run.folder.path))


def _only_run(path: Path) -> FoundRun:
    """Return the run that ``path`` itself is."""
    place = path.resolve()
    match = _RUN_NAME.fullmatch(place.name)
    if match and (place / match["env"]).is_dir():
        folder = RunFolder(place, match["env"])
        return FoundRun(folder, path, folder.algo.lower(), match["env"], int(match["number"]))
    algo, env_name = name_plain_run(path)
    return FoundRun(RunFolder(place, env_name), path, algo, env_name, 1)


def find_runs(
    log_folders: Sequence[Path],
    algos: Sequence[str] | None = None,
    envs: Sequence[str] | None = None,
) -> list[FoundRun]:
    """Return the runs of the given algorithms and environments (None: all) in all log folders.

    Args:
        log_folders: Folders that hold ``<algo>/<env id>_<n>``.
        algos: Short names; case is ignored.
        envs: Environment ids or short forms, see ``match_env``.

    Raises:
        NothingFoundError: If a folder does not exist, holds no run, or a name matches no run.
    """
    runs = [run for folder in log_folders for run in list_runs(folder)]
    places = ", ".join(str(folder) for folder in log_folders)
    if not runs:
        raise NothingFoundError(
            f"-f {places}: no run in it (expected <algo>/<env>_<n>){_hint(log_folders)}"
        )
    if algos is not None:
        existing = sorted({run.algo for run in runs})
        for algo in algos:
            if algo.lower() not in existing:
                hint = did_you_mean(algo, existing)
                raise NothingFoundError(f"-a {algo}: no run of it in {places}{hint}")
        wanted = {algo.lower() for algo in algos}
        runs = [run for run in runs if run.algo in wanted]
    if envs is not None:
        runs = _of_environments(runs, envs, places)
    return runs


def _hint(log_folders: Sequence[Path]) -> str:
    """Return what reads a folder of evaluations, if that is what was given."""
    files = (file for folder in log_folders for file in folder.glob("*-*/*monitor.csv"))
    return "; evaluations in <algo>-<env> are read by benchmark_table" if any(files) else ""


def _of_environments(runs: Sequence[FoundRun], envs: Sequence[str], places: str) -> list[FoundRun]:
    existing = sorted({run.env_name for run in runs})
    matched: list[str] = []
    for env in envs:
        names = match_env(env, existing)
        if not names:
            hint = did_you_mean(env, existing)
            algos = ", ".join(sorted({run.algo for run in runs}))
            raise NothingFoundError(f"-e {env}: no run of {algos} on it in {places}{hint}")
        matched.extend(name for name in names if name not in matched)
    chosen = [run for run in runs if run.env_name in matched]
    return sorted(chosen, key=lambda run: matched.index(run.env_name))


def match_env(requested: str, existing: Iterable[str]) -> list[str]:
    """Return the environment names that ``requested`` stands for.

    The first of these that matches anything decides: the whole id; the id without its version
    (``HalfCheetah`` for ``HalfCheetah-v5``); the zoo's short form, the beginning of the id
    (``Half``). Never a part from the middle: ``CartPole`` is not ``MyCartPole-v1``.
    """
    wanted = file_name_of(requested)
    names = sorted(set(existing))
    if wanted in names:
        return [wanted]
    unversioned = [name for name in names if _ENV_VERSION.sub("", name) == wanted]
    return unversioned or [name for name in names if wanted and name.startswith(wanted)]
