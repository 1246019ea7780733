"""Choose the run, the weights in it and the normalisation statistics that belong to them."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rl_zoo import console
from rl_zoo.errors import ConfigError, DamagedFileError, NothingFoundError, UsageError
from rl_zoo.runs.checkpoints import complete_checkpoints, verify_checkpoint
from rl_zoo.runs.folder import RunFolder, file_name_of, numbered_runs
from rl_zoo.runs.search import FoundRun, list_runs
from rl_zoo.suggest import did_you_mean

LATEST = 0
NO_EXPERIMENT_FOLDER = -1

Kind = Literal["final", "best", "checkpoint"]


@dataclass(frozen=True)
class RunRequest:
    """Which run is asked for."""

    log_folder: Path
    algo: str
    env_id: str
    exp_id: int = LATEST
    """Number of the run; 0: the latest that holds a model; -1: ``<log folder>/<algo>/`` itself."""


@dataclass(frozen=True)
class WeightsRequest:
    """Which weights of the run are asked for."""

    kind: Kind = "final"
    steps: int | None = None
    """Steps of the checkpoint; None: the last complete one."""


@dataclass(frozen=True)
class SelectedModel:
    """Weights to run."""

    folder: RunFolder
    kind: Kind
    steps: int | None = None
    """Steps of a checkpoint, else None."""

    @property
    def file(self) -> Path:
        """The SB3 zip file."""
        if self.steps is not None:
            return self.folder.checkpoint_model(self.steps)
        return self.folder.best_model if self.kind == "best" else self.folder.final_model

    @property
    def label(self) -> str:
        """The zoo's name for such weights: ``final-model``, ``best-model``, ``checkpoint-<n>``."""
        return f"{self.kind}-model" if self.steps is None else f"checkpoint-{self.steps}"


def select_run(request: RunRequest) -> RunFolder:
    """Return the run asked for; runs passed over for want of a model are named on stderr.

    Raises:
        NothingFoundError: If there is no such run, listing those there are.
        UsageError: If the run number makes no sense or stands for several runs.
    """
    env_name = file_name_of(request.env_id)
    parent = request.log_folder / request.algo
    if request.exp_id < NO_EXPERIMENT_FOLDER:
        raise UsageError(
            f"--exp-id {request.exp_id}: give a run number, 0 (latest) or -1 (no folder)"
        )
    if request.exp_id == NO_EXPERIMENT_FOLDER and parent.is_dir():
        return RunFolder(parent, env_name)
    numbered = numbered_runs(parent, env_name)
    if not numbered or request.exp_id == NO_EXPERIMENT_FOLDER:
        raise _nothing_found(request)
    if request.exp_id == LATEST:
        return _latest_with_model([RunFolder(path, env_name) for _, path in numbered])
    paths = [path for number, path in numbered if number == request.exp_id]
    if not paths:
        numbers = ", ".join(str(number) for number, _ in numbered)
        raise NothingFoundError(
            f"--exp-id {request.exp_id}: no such run of {request.env_id} in {parent}; "
            f"there are: {numbers}"
        )
    if len(paths) > 1:
        names = ", ".join(path.name for path in paths)
        raise UsageError(f"--exp-id {request.exp_id} stands for {names}; name one with --run PATH")
    return RunFolder(paths[0], env_name)


def select_model(folder: RunFolder, request: WeightsRequest) -> SelectedModel:
    """Return the weights asked for.

    A run without final weights (killed, or still running) gives its last complete checkpoint,
    else its best model, and says so on stderr.

    Raises:
        NothingFoundError: If the run does not hold them, listing what it holds.
        DamagedFileError: If the checkpoint asked for is incomplete.
    """
    if request.kind == "best":
        if not folder.best_model.is_file():
            raise NothingFoundError(f"{folder.best_model}: no best model; {_contents(folder)}")
        return SelectedModel(folder, "best")
    if request.kind == "checkpoint":
        return _select_checkpoint(folder, request.steps)
    if folder.final_model.is_file():
        return SelectedModel(folder, "final")
    if not holds_model(folder):
        raise NothingFoundError(f"{folder.path}: no model yet; {_contents(folder)}")
    complete = usable_checkpoints(folder)
    fallback = (
        SelectedModel(folder, "checkpoint", complete[-1])
        if complete
        else SelectedModel(folder, "best")
    )
    console.warn(
        f"{folder.final_model}: the run has no final model (it did not end normally, or it still "
        f"runs); taking {fallback.file.name}"
    )
    return fallback


def usable_checkpoints(folder: RunFolder) -> list[int]:
    """Return the steps of the complete checkpoints, ascending.

    One of ours is complete if its manifest says so; the zoo writes none, so a model file that holds
    all that SB3 writes will do.
    """
    if is_ours(folder):
        return complete_checkpoints(folder)
    steps = folder.checkpoint_steps()
    return [step for step in steps if is_whole_model(folder.checkpoint_model(step))]


def holds_model(folder: RunFolder) -> bool:
    """Say whether the run holds anything that can be run."""
    return (
        folder.final_model.is_file()
        or folder.best_model.is_file()
        or bool(usable_checkpoints(folder))
    )


def is_ours(folder: RunFolder) -> bool:
    """Say whether rl_zoo wrote this run (the zoo's have no ``run.json``)."""
    return folder.record_file.is_file()


def is_whole_model(file: Path) -> bool:
    """Say whether ``file`` is a zip file that SB3 finished writing."""
    try:
        with zipfile.ZipFile(file) as archive:
            # SB3 writes the weights between these two.
            return {"data", "_stable_baselines3_version"} <= set(archive.namelist())
    except (OSError, zipfile.BadZipFile):
        return False


def normalizer_file_of(model: SelectedModel) -> Path:
    """Return the normalisation statistics that belong to the weights.

    The zoo keeps one file for all weights; for a best model or a checkpoint of the zoo it is taken
    with a warning.

    Raises:
        DamagedFileError: If the statistics are missing.
    """
    folder = model.folder
    if model.steps is not None:
        own = folder.checkpoint_normalizer(model.steps)
    else:
        own = folder.best_normalizer if model.kind == "best" else folder.final_normalizer
    if own.is_file():
        return own
    if not is_ours(folder) and folder.final_normalizer.is_file():
        console.warn(
            f"{folder.path}: RL Zoo keeps only the last normalisation statistics of a run; "
            f"{model.file.name} may have been trained with slightly different ones"
        )
        return folder.final_normalizer
    raise DamagedFileError(
        f"{own}: missing; {model.file.name} was trained on normalised observations and acts "
        "blindly without these statistics: restore the file or choose other weights (--load-best, "
        "--load-checkpoint N)"
    )


def require_config_file(folder: RunFolder) -> Path:
    """Return the run's ``config.yml``.

    Raises:
        ConfigError: If it is missing.
    """
    if not folder.config_file.is_file():
        raise ConfigError(
            f"{folder.config_file}: missing; without it the wrappers and normalisation that the "
            "agent was trained with are unknown: restore the file"
        )
    return folder.config_file


def _latest_with_model(folders: Sequence[RunFolder]) -> RunFolder:
    for folder in reversed(folders):
        if holds_model(folder):
            return folder
        console.message(f"run {folder.path} skipped: no model yet")
    names = ", ".join(folder.path.name for folder in folders)
    raise NothingFoundError(
        f"{folders[0].path.parent}: no run of {folders[0].env_name} holds a model yet ({names})"
    )


def _select_checkpoint(folder: RunFolder, steps: int | None) -> SelectedModel:
    written = folder.checkpoint_steps()
    complete = usable_checkpoints(folder)
    if steps is None:
        if not complete:
            damaged = " complete" if written else ""
            raise NothingFoundError(f"{folder.path}: no{damaged} checkpoint; {_contents(folder)}")
        for step in written[written.index(complete[-1]) + 1 :]:
            console.message(f"{folder.checkpoint_model(step)} skipped: incomplete")
        steps = complete[-1]
    elif steps not in written:
        raise NothingFoundError(
            f"--load-checkpoint {steps}: {folder.path} has no such checkpoint; {_contents(folder)}"
        )
    elif steps not in complete:
        if is_ours(folder):
            verify_checkpoint(folder, steps)
        raise DamagedFileError(
            f"{folder.checkpoint_model(steps)}: incomplete (writing it was cut short); "
            f"{_contents(folder)}"
        )
    if is_ours(folder):
        verify_checkpoint(folder, steps)
    return SelectedModel(folder, "checkpoint", steps)


def _contents(folder: RunFolder) -> str:
    """Return what models the run holds, as the end of a sentence."""
    held = ["the final model"] if folder.final_model.is_file() else []
    if folder.best_model.is_file():
        held.append("the best model (--load-best)")
    checkpoints = usable_checkpoints(folder)
    if checkpoints:
        held.append(f"checkpoints {', '.join(map(str, checkpoints))} (--load-checkpoint N)")
    return f"it holds {' and '.join(held)}" if held else "it holds no model"


def _nothing_found(request: RunRequest) -> NothingFoundError:
    """Return the error for a log folder without the run, naming what is nearest."""
    runs = list_runs(request.log_folder)
    where = request.log_folder
    if not runs:
        return NothingFoundError(
            f"-f {where}: no run in it; train one first: "
            f"python -m rl_zoo.train --algo {request.algo} --env {request.env_id}"
        )
    algos = sorted({run.algo for run in runs})
    if request.algo not in algos:
        return NothingFoundError(
            f"--algo {request.algo}: no run of it in {where}{_suggest(request.algo, algos)}; "
            f"there are: {_listing(runs)}"
        )
    of_algo = [run for run in runs if run.algo == request.algo]
    names = sorted({run.env_name for run in of_algo})
    return NothingFoundError(
        f"--env {request.env_id}: no run on it in {where / request.algo}"
        f"{_suggest(file_name_of(request.env_id), names)}; there are: {_listing(runs)}"
    )


def _suggest(name: str, valid: Sequence[str]) -> str:
    return did_you_mean(name, valid, list_at_most=0)


def _listing(runs: Sequence[FoundRun], *, at_most: int = 12) -> str:
    """Return ``ppo/CartPole-v1 (1, 2), sac/Pendulum-v1 (1)``."""
    numbers: dict[str, list[str]] = {}
    for run in runs:
        numbers.setdefault(f"{run.algo}/{run.env_name}", []).append(str(run.number))
    entries = [f"{name} ({', '.join(found)})" for name, found in numbers.items()]
    more = f" and {len(entries) - at_most} more" if len(entries) > at_most else ""
    return ", ".join(entries[:at_most]) + more
