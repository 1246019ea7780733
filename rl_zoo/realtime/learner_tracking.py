"""Weights & Biases in the learner's process: what it logs goes there, too (``--track``).

The id of the run at Weights & Biases is kept in the run's folder, so that another learner, and
another session, go on with the same one.
"""

from __future__ import annotations

import json
import os
import secrets
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING

from rl_zoo import tracking
from rl_zoo.errors import UsageError
from rl_zoo.realtime.events import EventWriter
from rl_zoo.runs.atomic import write_text
from rl_zoo.runs.folder import RunFolder

if TYPE_CHECKING:
    from rl_zoo.train_options import TrainOptions

_START_LIMIT = 30.0
"""Seconds for Weights & Biases to take the run."""
_END_LIMIT = 60.0
"""Seconds for them to take what is left at the end."""


class LearnerTracking:
    """One learner's part of a run at Weights & Biases.

    They are a convenience: when they cannot be reached in the middle of a run, the robot learns on
    and the user is told.

    Args:
        options: Of the run.
        folder: Of the run.
        events: To the supervisor.
    """

    def __init__(self, options: TrainOptions, folder: RunFolder, events: EventWriter) -> None:
        self._folder, self._events = folder, events
        self._is_tracked = False
        if not options.arguments.get("track") or options.tensorboard_log is None:
            return
        import wandb

        name = options.tensorboard_log.name
        run = _known_run(folder) or {"id": secrets.token_hex(4), "name": name}
        write_text(folder.tracking_file, json.dumps(run) + "\n")
        settings = wandb.Settings(init_timeout=_START_LIMIT)
        hyperparams = options.config.hyperparams
        try:
            tracking.start_tracking(
                run["name"],
                {**options.arguments, "seed": options.seed},
                hyperparams,
                id=run["id"],
                resume="allow",
                settings=settings,
            )
        except UsageError as error:
            self._warn(f"not tracked by this learner: {error}")
        else:
            self._is_tracked = True

    def finish(self) -> None:
        """Hand the final files over and wait for the end of it, but not for ever."""
        if not self._is_tracked:
            return
        thread = threading.Thread(target=self._finish, daemon=True)
        thread.start()
        thread.join(_END_LIMIT)
        if thread.is_alive():
            self._warn(
                f"Weights & Biases have not taken everything within {_END_LIMIT:g} s; hand over "
                "the rest with 'wandb sync'"
            )
            self._events.flush()
            os._exit(0)  # everything else is done, and their own hook would wait for ever

    def _finish(self) -> None:
        import wandb

        try:
            tracking.save_files(self._folder)
            wandb.finish()
        except (wandb.errors.Error, OSError) as error:
            self._warn(f"Weights & Biases: {' '.join(str(error).split())}")

    def _warn(self, text: str) -> None:
        self._events.send({"kind": "warning", "text": f"learner: {text}"})


def _known_run(folder: RunFolder) -> Mapping[str, str] | None:
    """Return what an earlier learner wrote down; None if there was none."""
    try:
        content = json.loads(folder.tracking_file.read_text(encoding="utf-8"))
        return {"id": str(content["id"]), "name": str(content["name"])}
    except (OSError, ValueError, KeyError, TypeError):
        return None
