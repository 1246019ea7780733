"""The files that the learner writes: on request, for its successor, and at the end."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from rl_zoo.agents.weights import has_finite_weights
from rl_zoo.errors import NonFiniteError, UnsavedError
from rl_zoo.realtime.board import Board, Phase, beat
from rl_zoo.realtime.events import EventWriter
from rl_zoo.realtime.final_files import save_final_files
from rl_zoo.realtime.launch import Task
from rl_zoo.realtime.learner_checkpoint import CheckpointWriter, take_snapshot, write_files
from rl_zoo.realtime.publish import Publisher
from rl_zoo.realtime.recovery import PERIOD, remove_recovery, renew_recovery
from rl_zoo.realtime.snapshots import recovery_folder


class LearnerFiles:
    """Answers the supervisor's requests for files.

    Args:
        task: Of the learner.
        board: Where requests and answers are.
        events: To the supervisor.
        publisher: Knows the versions of the policy.
        position: Returns where learner and ring stand, for a checkpoint.
    """

    def __init__(
        self,
        task: Task,
        board: Board,
        events: EventWriter,
        publisher: Publisher,
        position: Callable[[], dict[str, Any]],
    ) -> None:
        self._task, self._board, self._events = task, board, events
        self._publisher, self._agent, self._position = publisher, publisher.agent, position
        self._files = CheckpointWriter(task.folder, task.options.keep_checkpoints)
        self._request = int(board.learner["checkpoint"])
        self._evaluation = int(board.actor["evaluation"])
        self._last_recovery = time.monotonic()

    def answer(self) -> None:
        """Do what the supervisor asks for."""
        asked = self._board.supervisor
        if int(asked["checkpoint"]) > self._request and not self._files.is_busy:
            self._request = int(asked["checkpoint"])
            self._begin_checkpoint()
        self._tell()
        number = int(asked["evaluation"])
        if number > self._evaluation and self._is_evaluated(number):
            self._evaluation = number
            self._save_candidate(number)
        now = time.monotonic()
        if now - self._last_recovery >= PERIOD and self._agent._n_updates > 0:
            self.renew_recovery()
        for error in self._files.errors_of_others():
            text = f"{error.filename or self._task.folder.path}: {error.strerror or error}"
            self._events.send({"kind": "warning", "text": text})

    def save_checkpoint(self) -> None:
        """Write a checkpoint of this moment and wait for it; say how it went."""
        self._files.wait()
        self._tell()
        self._begin_checkpoint()
        self._files.wait()
        self._tell()

    def wait(self) -> None:
        """Wait until everything that was begun is written."""
        self._files.wait()

    def save_final(self, *, with_checkpoint: bool) -> None:
        """Write the final files.

        Raises:
            NonFiniteError: If the weights are not finite; nothing is written.
            UnsavedError: If a file cannot be written.
        """
        self._files.wait()
        self._require_finite()
        try:
            save_final_files(self._task.folder, self._task.options, self._agent)
        except OSError as error:
            place = error.filename or self._task.folder.path
            raise UnsavedError(
                f"{place}: the final model was not written ({error.strerror or error})"
            ) from error
        if with_checkpoint:
            self.save_checkpoint()
            if int(self._board.learner["checkpoint_step"]) == self._agent.num_timesteps:
                remove_recovery(self._task.folder)

    def _is_evaluated(self, number: int) -> bool:
        actor = self._board.actor
        is_over = int(actor["evaluation"]) >= number
        return is_over or int(actor["phase"]) == Phase.EVALUATING

    def _save_candidate(self, number: int) -> None:
        """Write the model that is being evaluated: it may be the best so far."""
        folder = self._task.folder
        content = self._publisher.content_of(int(self._board.actor["policy_version"]))
        if content is None:
            return
        model, statistics = content
        files = {} if statistics is None else {folder.candidate_normalizer(number): statistics}
        files[folder.candidate_model(number)] = model
        self._files.write_others(partial(write_files, files))

    def renew_recovery(self) -> None:
        """Begin to write the snapshot that the next learner would continue from.

        Raises:
            NonFiniteError: If the weights are not finite; the snapshot before stays.
        """
        self._require_finite()
        self._last_recovery = time.monotonic()
        place = recovery_folder(self._task.folder)
        snapshot = take_snapshot(place, self._agent, self._position())
        self._files.write_others(partial(renew_recovery, place, snapshot))

    def _begin_checkpoint(self) -> None:
        self._require_finite()
        beat(self._board.learner, Phase.SAVING)
        snapshot = take_snapshot(self._task.folder, self._agent, self._position())
        self._files.start(snapshot, self._agent.replay_buffer.ring.sync)

    def _require_finite(self) -> None:
        if not has_finite_weights(self._agent):
            raise NonFiniteError(
                "the policy's weights are not finite any more (learning diverged); they were not "
                "saved"
            )

    def _tell(self) -> None:
        """Say how the last checkpoint went, once it is over."""
        written, part = self._files.result(), self._board.learner
        if written is None:
            return
        snapshot, error = written
        model = self._task.folder.checkpoint_model(snapshot.steps)
        event = {"kind": "checkpoint", "number": self._request, "step": snapshot.steps}
        if error is None:
            event["file"] = model.name
            part["checkpoint_step"] = snapshot.steps
        else:
            event["error"] = f"{error.strerror or error} ({error.filename or model})"
        self._events.send(event)
        part["checkpoint"] = self._request
