"""Complete checkpoints of the learner: no copy of the transitions, which the ring keeps anyway.

The files are those of every other run (``rl_zoo.runs.checkpoints``), without a buffer: the state
says how many rows of the ring the agent had seen. A learner that continues takes in the rows after
them.
"""

from __future__ import annotations

import io
import json
import pickle
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rl_zoo.agents.checkpoint import read_checkpoint_state
from rl_zoo.agents.normalizer_file import load_normalizer
from rl_zoo.agents.random_state import collect_random_state, restore_random_state
from rl_zoo.agents.weights import (
    collect_counters,
    load_weights,
    model_content,
    restore_counters,
)
from rl_zoo.errors import DamagedFileError
from rl_zoo.runs.atomic import write_bytes
from rl_zoo.runs.checkpoints import prune_checkpoints, write_manifest
from rl_zoo.runs.folder import RunFolder

if TYPE_CHECKING:
    from stable_baselines3.common.base_class import BaseAlgorithm

REALTIME = "realtime"
"""Key in a checkpoint's state: where learner and ring stood."""


@dataclass(frozen=True)
class Snapshot:
    """The content of a checkpoint's files at one moment."""

    steps: int
    """Transitions taken in."""
    files: dict[Path, bytes]


def take_snapshot(folder: RunFolder, agent: BaseAlgorithm, position: dict[str, Any]) -> Snapshot:
    """Return what a checkpoint of ``agent`` consists of; nothing is written.

    Args:
        folder: The run.
        agent: Its ``num_timesteps`` is the number of rows taken in.
        position: JSON-able: where learner and ring stand.
    """
    steps = agent.num_timesteps
    files = {folder.checkpoint_model(steps): model_content(agent)}
    statistics = statistics_content(agent)
    if statistics is not None:
        files[folder.checkpoint_normalizer(steps)] = statistics
    files[folder.checkpoint_state(steps)] = _state_content(agent, position)
    return Snapshot(steps, files)


def statistics_content(agent: BaseAlgorithm) -> bytes | None:
    """Return the content of the normaliser's file of ``agent``; None without one."""
    normalizer: Any = agent.get_vec_normalize_env()
    return None if normalizer is None else pickle.dumps(normalizer.statistics())


def write_snapshot(folder: RunFolder, snapshot: Snapshot, keep: int) -> None:
    """Write the files of a checkpoint, the manifest last; then thin out older ones.

    Args:
        folder: The run.
        snapshot: What to write. One of the same step is replaced.
        keep: Checkpoints that can be continued from afterwards.

    Raises:
        OSError: If it cannot be written; nothing of it stays.
    """
    folder.checkpoint_manifest(snapshot.steps).unlink(missing_ok=True)
    try:
        write_files(snapshot.files)
        write_manifest(folder, snapshot.steps, list(snapshot.files))
    except BaseException:
        for file in snapshot.files:
            file.unlink(missing_ok=True)
        raise
    prune_checkpoints(folder, keep)


def restore_snapshot(folder: RunFolder, steps: int, agent: BaseAlgorithm) -> dict[str, Any]:
    """Put ``agent`` and its normaliser into the state of a checkpoint; return the position.

    Raises:
        DamagedFileError: If the checkpoint is incomplete, does not fit the agent or was written by
            a run without ``--realtime``.
    """
    state = read_checkpoint_state(folder, steps)
    if REALTIME not in state:
        raise DamagedFileError(
            f"{folder.checkpoint_state(steps)}: the checkpoint of a run without --realtime; "
            "continue it with --lockstep"
        )
    load_weights(agent, folder.checkpoint_model(steps))
    normalizer: Any = agent.get_vec_normalize_env()
    if normalizer is not None:
        normalizer.adopt(load_normalizer(folder.checkpoint_normalizer(steps)))
    restore_counters(agent, state["counters"])
    restore_random_state(agent, state["random_state"])
    window = agent._stats_window_size
    agent.ep_info_buffer = deque(state["episode_infos"], maxlen=window)
    agent.ep_success_buffer = deque(state["successes"], maxlen=window)
    position: dict[str, Any] = state[REALTIME]
    return position


class CheckpointWriter:
    """Writes files beside the updates: a slow disk must not keep the learner from learning.

    Args:
        folder: The run.
        keep: Checkpoints that can be continued from.
    """

    def __init__(self, folder: RunFolder, keep: int) -> None:
        self._folder = folder
        self._keep = keep
        self._executor = ThreadPoolExecutor(max_workers=1)
        self._checkpoint: tuple[Snapshot, Future[None]] | None = None
        self._others: list[Future[None]] = []

    @property
    def is_busy(self) -> bool:
        """Say whether the last checkpoint is under way or its ``result`` was not asked for."""
        return self._checkpoint is not None

    def start(self, snapshot: Snapshot, sync: Callable[[], None]) -> None:
        """Begin to write ``snapshot``; only if there is no other.

        Args:
            snapshot: What to write.
            sync: Puts the transitions that it counts on the disk, which is done first.
        """

        def write() -> None:
            sync()
            write_snapshot(self._folder, snapshot, self._keep)

        future = self._executor.submit(write)
        self._checkpoint = snapshot, future

    def write_others(self, write: Callable[[], None]) -> None:
        """Begin to write something else, once what was begun before is written."""
        self._others.append(self._executor.submit(write))

    def wait(self) -> None:
        """Wait until nothing is under way any more."""
        wait([*self._others, *([] if self._checkpoint is None else [self._checkpoint[1]])])

    def result(self) -> tuple[Snapshot, OSError | None] | None:
        """Return, once, which checkpoint was written and what went wrong; None: nothing new."""
        if self._checkpoint is None or not self._checkpoint[1].done():
            return None
        (snapshot, future), self._checkpoint = self._checkpoint, None
        return snapshot, _disk_error(future)

    def errors_of_others(self) -> list[OSError]:
        """Return, once, what went wrong with other files."""
        over = [future for future in self._others if future.done()]
        self._others = [future for future in self._others if future not in over]
        return [error for error in map(_disk_error, over) if error is not None]


def write_files(files: Mapping[Path, bytes]) -> None:
    """Write files, each atomically, in their order."""
    for file, content in files.items():
        write_bytes(file, content)


def _disk_error(future: Future[None]) -> OSError | None:
    error = future.exception()
    if error is not None and not isinstance(error, OSError):
        raise error
    return error


def _state_content(agent: BaseAlgorithm, position: dict[str, Any]) -> bytes:
    state = {
        "counters": collect_counters(agent),
        "random_state": collect_random_state(agent),
        "episode_infos": list(agent.ep_info_buffer or []),
        "successes": [float(value) for value in agent.ep_success_buffer or []],
        "has_memory": False,
        "log_positions": {},
        "extra": {},
        REALTIME: position,
    }
    stream = io.BytesIO()
    np.savez(stream, json=np.array(json.dumps(state, default=_plain).encode()))
    return stream.getvalue()


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} cannot be stored in a checkpoint")
