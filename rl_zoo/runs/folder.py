"""The experiment folder ``<log folder>/<algo>/<env id>_<n>/``: the one place with file names.

The names are RL Baselines3 Zoo's, so that its users' scripts read our folders and ours read theirs;
the files of ours that the zoo does not have are marked so.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import uuid as uuid_module
from dataclasses import dataclass
from pathlib import Path

from rl_zoo.errors import UsageError

_CHECKPOINT_PATTERN = re.compile(r"^rl_model_(\d+)_steps\.zip$")


@dataclass(frozen=True)
class RunFolder:
    """One experiment folder.

    Attributes:
        path: The folder itself, ``<log folder>/<algo>/<env id>_<n>``.
        env_name: Environment id as used in file names (no ``/`` or ``:``).
    """

    path: Path
    env_name: str

    @property
    def algo(self) -> str:
        """Short name of the algorithm (the parent folder's name)."""
        return self.path.parent.name

    @property
    def params(self) -> Path:
        """Folder of the run's parameters, ``<run>/<env id>/``."""
        return self.path / self.env_name

    @property
    def config_file(self) -> Path:
        """Hyperparameters of the run."""
        return self.params / "config.yml"

    @property
    def provenance_file(self) -> Path:
        """Where every value of ``config_file`` came from (ours)."""
        return self.params / "provenance.yml"

    @property
    def args_file(self) -> Path:
        """Command-line options of the run."""
        return self.params / "args.yml"

    @property
    def command_file(self) -> Path:
        """The exact command line."""
        return self.params / "command.txt"

    @property
    def final_normalizer(self) -> Path:
        """Normalisation statistics of the final model."""
        return self.params / "vecnormalize.pkl"

    @property
    def final_model(self) -> Path:
        """The model at the end of training."""
        return self.path / f"{self.env_name}.zip"

    @property
    def best_model(self) -> Path:
        """The model with the best evaluation so far."""
        return self.path / "best_model.zip"

    @property
    def best_normalizer(self) -> Path:
        """Normalisation statistics of the best model (ours; the zoo keeps one file for all)."""
        return self.path / "best_model_vecnormalize.pkl"

    @property
    def best_record(self) -> Path:
        """Step and mean return of the best model (ours)."""
        return self.path / "best_model.json"

    @property
    def replay_buffer(self) -> Path:
        """Replay buffer saved at the end of training on request."""
        return self.path / "replay_buffer.pkl"

    @property
    def evaluations(self) -> Path:
        """Results of the periodic evaluations."""
        return self.path / "evaluations.npz"

    @property
    def record_file(self) -> Path:
        """Versions, host, seed, parent run, state and totals (ours)."""
        return self.path / "run.json"

    @property
    def progress_file(self) -> Path:
        """One JSON object per log line (ours)."""
        return self.path / "progress.jsonl"

    @property
    def crash_report(self) -> Path:
        """Traceback of the exception that ended the run, if any (ours)."""
        return self.path / "crash.txt"

    @property
    def videos(self) -> Path:
        """Folder of recorded videos."""
        return self.path / "videos"

    @property
    def realtime(self) -> Path:
        """Folder of what a real-time run needs beside the zoo's files (ours)."""
        return self.path / "realtime"

    @property
    def ring(self) -> Path:
        """Every transition of a real-time run, its replay buffer (ours)."""
        return self.realtime / "transitions.ring"

    @property
    def events_file(self) -> Path:
        """What the actor of a real-time run reported, one JSON object per line (ours)."""
        return self.realtime / "events.jsonl"

    @property
    def tracking_file(self) -> Path:
        """Id and name of a real-time run at Weights & Biases (ours)."""
        return self.realtime / "wandb.json"

    def candidate_model(self, number: int) -> Path:
        """The model of evaluation ``number`` of a real-time run, until its result is known."""
        return self.realtime / f"candidate_{number}.zip"

    def candidate_normalizer(self, number: int) -> Path:
        """Normalisation statistics that belong to ``candidate_model(number)``."""
        return self.realtime / f"candidate_{number}_vecnormalize.pkl"

    def monitor_file(self, rank: int) -> Path:
        """Episode statistics of environment ``rank``."""
        return self.path / f"{rank}.monitor.csv"

    def monitor_files(self) -> list[Path]:
        """Return the monitor files that exist, by rank."""
        return sorted(self.path.glob("*.monitor.csv"), key=lambda file: (len(file.name), file.name))

    def checkpoint_model(self, steps: int) -> Path:
        """Weights after ``steps`` environment steps."""
        return self.path / f"rl_model_{steps}_steps.zip"

    def checkpoint_normalizer(self, steps: int) -> Path:
        """Normalisation statistics that belong to ``checkpoint_model(steps)`` (SB3's name)."""
        return self.path / f"rl_model_vecnormalize_{steps}_steps.pkl"

    def checkpoint_buffer(self, steps: int) -> Path:
        """Replay or rollout buffer of a checkpoint (ours: arrays, no pickle)."""
        return self.path / f"rl_model_buffer_{steps}_steps.npz"

    def checkpoint_state(self, steps: int) -> Path:
        """Counters, random states and log positions of a checkpoint (ours)."""
        return self.path / f"rl_model_state_{steps}_steps.npz"

    def checkpoint_manifest(self, steps: int) -> Path:
        """List of a complete checkpoint's files with sizes and digests, written last (ours)."""
        return self.path / f"rl_model_{steps}_steps.json"

    def checkpoint_steps(self) -> list[int]:
        """Return the steps of all checkpointed models, ascending."""
        found = (_CHECKPOINT_PATTERN.match(file.name) for file in self.path.glob("rl_model_*.zip"))
        return sorted(int(match.group(1)) for match in found if match)

    def has_model(self) -> bool:
        """Say whether there is any model to run."""
        return (
            self.final_model.is_file() or self.best_model.is_file() or bool(self.checkpoint_steps())
        )


def file_name_of(env_id: str) -> str:
    """Return the environment id as the zoo spells it in file names (``ns-Name-v0``)."""
    return env_id.replace("/", "-").replace(":", "-")


def create_run_folder(log_folder: Path, algo: str, env_id: str, *, uuid: bool = False) -> RunFolder:
    """Claim the next free id ``<log_folder>/<algo>/<env id>_<n>`` and create its folder.

    The id is claimed by creating the folder, which only one process can do: runs started at the
    same time get different ids.

    Raises:
        UsageError: If the log folder cannot be written.
    """
    env_name = file_name_of(env_id)
    parent = log_folder / algo
    try:
        parent.mkdir(parents=True, exist_ok=True)
        suffix = f"_{uuid_module.uuid4()}" if uuid else ""
        number = latest_run_number(parent, env_name) + 1
        while True:
            path = parent / f"{env_name}_{number}{suffix}"
            try:
                path.mkdir()
            except FileExistsError:
                number += 1
                continue
            folder = RunFolder(path, env_name)
            folder.params.mkdir()
            return folder
    except OSError as error:
        raise UsageError(
            f"--log-folder {log_folder}: cannot create a run folder there ({error.strerror}); "
            "choose a writable folder with -f"
        ) from error


def remove_run_folder(folder: RunFolder) -> None:
    """Remove a run that never started, and the folders above it that are empty without it."""
    shutil.rmtree(folder.path, ignore_errors=True)
    with contextlib.suppress(OSError):  # other runs, or other algorithms, are there
        folder.path.parent.rmdir()
        folder.path.parent.parent.rmdir()


def latest_run_number(parent: Path, env_name: str) -> int:
    """Return the highest run number of ``env_name`` in ``parent``; 0 if there is none."""
    return max((number for number, _ in numbered_runs(parent, env_name)), default=0)


def numbered_runs(parent: Path, env_name: str) -> list[tuple[int, Path]]:
    """Return ``(number, path)`` of the runs of ``env_name`` in ``parent``, ascending by number."""
    pattern = re.compile(re.escape(env_name) + r"_(\d+)(?:_[0-9a-f-]{36})?$")
    if not parent.is_dir():
        return []
    runs = []
    for path in parent.iterdir():
        match = pattern.match(path.name)
        if match and path.is_dir():
            runs.append((int(match.group(1)), path))
    return sorted(runs)


def open_run_folder(path: Path) -> RunFolder:
    """Return the run in ``path``, whose name must be ``<env id>_<n>``, ours or the zoo's.

    Raises:
        UsageError: If ``path`` is not a run folder.
    """
    path = path.resolve()
    if not path.is_dir():
        raise UsageError(f"{path}: no such run folder")
    match = re.match(r"^(.+?)_\d+(?:_[0-9a-f-]{36})?$", path.name)
    parameters = sorted(file.parent.name for file in path.glob("*/config.yml"))
    if match and (not parameters or match.group(1) in parameters):
        return RunFolder(path, match.group(1))
    if parameters:
        return RunFolder(path, parameters[0])
    raise UsageError(f"{path}: not a run folder (expected a name such as Pendulum-v1_1)")
