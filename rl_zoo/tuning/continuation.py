"""What a trial that was interrupted leaves, for the trial that is queued in its place."""

from __future__ import annotations

import contextlib
import json
import shutil
from pathlib import Path
from types import TracebackType
from typing import Any

import optuna
from optuna.trial import FrozenTrial

from rl_zoo import console
from rl_zoo.errors import TrainingInterrupted, ZooError
from rl_zoo.runs.atomic import write_text
from rl_zoo.runs.checkpoints import latest_resumable
from rl_zoo.runs.folder import RunFolder, file_name_of
from rl_zoo.tuning.attributes import RETRY_ATTRIBUTE
from rl_zoo.tuning.judgement import Judgement
from rl_zoo.tuning.options import TuneOptions

CHECKPOINT = "checkpoint"
"""Folder of an interrupted trial: its training, saved completely."""
FINISHED = "unfinished.json"
"""File of an interrupted trial: what its finished trainings were worth."""


class Continuation:
    """One trial, perhaps begun by another one that was interrupted, and what is kept of it.

    Args:
        trial: The trial.
        options: The study.
        text: The trial's whole configuration; what was begun with another one is not continued.

    Attributes:
        origin: Number of the trial that began it: its seeds count.
        judgements: Of its finished trainings.
        source: Checkpoint of the training after those; None: it starts anew.
    """

    def __init__(self, trial: optuna.Trial, options: TuneOptions, text: str) -> None:
        self.options = options
        self._text = text
        self._earlier = _earlier_trials(trial)
        self.origin = self._earlier[-1].number if self._earlier else trial.number
        self.judgements: list[Judgement] = []
        self.source: RunFolder | None = None
        self._path = self._path_of(trial.number)
        self._take_over(trial)

    @property
    def folder(self) -> RunFolder | None:
        """Return where the checkpoint of the training at hand goes; None: nowhere."""
        return None if self._path is None else self._checkpoint_in(self._path)

    def __enter__(self) -> None:
        """Begin the trial."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Keep what an interrupted trial leaves; of one that has ended nothing stays."""
        if isinstance(error, (TrainingInterrupted, KeyboardInterrupt)):
            self.keep()
        else:
            self.discard()

    def add(self, judgement: Judgement) -> None:
        """Keep what a finished training was worth."""
        self.judgements.append(judgement)
        self.source = None
        if len(self.judgements) < self.options.seeds_per_trial:
            self.keep()

    def keep(self) -> None:
        """Keep what there is for the trial that goes on with this one."""
        if self._path is None or not (self.judgements or self._is_saved()):
            return
        content = {
            "config": self._text,
            "judgements": [_plain(judgement) for judgement in self.judgements],
        }
        with contextlib.suppress(OSError):  # then it starts anew
            self._path.mkdir(parents=True, exist_ok=True)
            write_text(self._path / FINISHED, json.dumps(content))

    def discard(self) -> None:
        """Remove everything kept: the trial has ended."""
        for number in (None, *(trial.number for trial in self._earlier)):
            path = self._path if number is None else self._path_of(number)
            if path is not None:
                shutil.rmtree(path / CHECKPOINT, ignore_errors=True)
                with contextlib.suppress(OSError):
                    (path / FINISHED).unlink(missing_ok=True)
                    path.rmdir()  # if nothing else is in it

    def _take_over(self, trial: optuna.Trial) -> None:
        """Find what the newest of the earlier trials left, and report its evaluations again."""
        for earlier in self._earlier:
            path = self._path_of(earlier.number)
            kept = None if path is None else _read(path / FINISHED)
            if path is None or kept is None or kept["config"] != self._text:
                continue
            self.judgements = [Judgement(**_with_tuple(item)) for item in kept["judgements"]]
            checkpoint = self._checkpoint_in(path)
            done = len(self.judgements) * self.options.evaluations
            where = f"after {len(self.judgements)} of its trainings"
            with contextlib.suppress(ZooError):
                where = f"at step {latest_resumable(checkpoint)}"
                self.source = checkpoint
                done = max(earlier.intermediate_values, default=done)
            if len(trial.study.directions) == 1:
                for step, value in earlier.intermediate_values.items():
                    if step <= done:
                        trial.report(value, step)
            console.message(f"trial {trial.number} goes on with trial {earlier.number} {where}")
            return

    def _is_saved(self) -> bool:
        folder = self.folder
        return folder is not None and folder.path.is_dir() and bool(folder.checkpoint_steps())

    def _path_of(self, number: int) -> Path | None:
        folder = self.options.study_folder
        return None if folder is None else folder / "trials" / f"trial_{number}"

    def _checkpoint_in(self, path: Path) -> RunFolder:
        name = f"{CHECKPOINT}/training_{len(self.judgements) + 1}"
        return RunFolder(path / name, file_name_of(self.options.config.env_id))


def _earlier_trials(trial: optuna.Trial) -> list[FrozenTrial]:
    """Return the trials in whose place this one is run, the newest first."""
    number = trial.user_attrs.get(RETRY_ATTRIBUTE)
    if number is None:
        return []
    trials = {other.number: other for other in trial.study.get_trials(deepcopy=False)}
    earlier = []
    while number in trials:
        earlier.append(trials.pop(number))
        number = earlier[-1].user_attrs.get(RETRY_ATTRIBUTE)
    return earlier


def _read(file: Path) -> dict[str, Any] | None:
    try:
        content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content


def _plain(judgement: Judgement) -> dict[str, Any]:
    plain = {**vars(judgement)}
    return {**plain, "measures": dict(plain["measures"]), "constraints": dict(plain["constraints"])}


def _with_tuple(plain: dict[str, Any]) -> dict[str, Any]:
    return {**plain, "values": tuple(plain["values"])}
