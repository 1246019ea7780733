"""What the learner does: take rows in, update, publish, save, log, over and over."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

from rl_zoo.realtime.board import Board, Phase, beat
from rl_zoo.realtime.events import EventWriter
from rl_zoo.realtime.launch import Task
from rl_zoo.realtime.learner_checkpoint import restore_snapshot
from rl_zoo.realtime.learner_files import LearnerFiles
from rl_zoo.realtime.learner_log import EventTail, LearnerLog
from rl_zoo.realtime.publish import Publisher
from rl_zoo.realtime.ring_replay import RingReplay
from rl_zoo.realtime.statistics import RowStatistics
from rl_zoo.realtime.update_rate import BlockLength, UpdateRate
from rl_zoo.robots.control.owner_watch import OwnerWatch
from rl_zoo.runs.folder import RunFolder

if TYPE_CHECKING:
    from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm

_IDLE = 0.001
"""Seconds to sleep when nothing is due."""
_ROWS_AT_ONCE = 2048
"""Taken in before anything else is looked at."""
_LONGEST_UNPUBLISHED = 0.05
"""Seconds after which a change is published although no new transition has arrived."""
_LOG_PERIOD = 0.1
"""Seconds between two looks at the events."""


class Learner:
    """The loop.

    Args:
        task: What to do.
        board: Shared with the other processes.
        events: To the supervisor.
        owner: Notices the supervisor's end.
        agent: Built by ``build_learner_agent``, with a logger.

    Attributes:
        files: What is written beside the updates.
        is_idle: Whether the last turn found nothing to do.
    """

    def __init__(
        self,
        task: Task,
        board: Board,
        events: EventWriter,
        owner: OwnerWatch,
        agent: OffPolicyAlgorithm,
    ) -> None:
        self._task, self._board, self._events, self._owner = task, board, events, owner
        self.agent: Any = agent
        replay: Any = self.agent.replay_buffer
        self.replay: RingReplay = replay
        normalizer = agent.get_vec_normalize_env()
        self._statistics = None if normalizer is None else RowStatistics(normalizer)
        self.rate = UpdateRate.of(agent)
        self._block = BlockLength.of(agent)
        self._tail = EventTail(task.folder.events_file)
        self._log = LearnerLog(agent, task.folder, task.options)
        self.publisher = Publisher(agent, task.parameters)
        self.files = LearnerFiles(task, board, events, self.publisher, self._position)
        self._n_rows_published = -1
        self._is_dirty = True
        self._last_publication = 0.0
        self._last_look = 0.0
        self._last_beat: float | None = None
        self.is_idle = False

    def restore(self, folder: RunFolder, steps: int) -> None:
        """Continue from a checkpoint or recovery snapshot; later rows are taken in by ``run``.

        Args:
            folder: Where its files are.
            steps: Its number.

        Raises:
            DamagedFileError: If it is incomplete or does not fit.
        """
        position = restore_snapshot(folder, steps, self.agent)
        self.agent._total_timesteps = self._task.options.config.n_timesteps  # maybe more than then
        self.replay.n_seen = int(position["n_seen"])
        self.rate.restore(position["rate"])
        self._tail.position = int(position["events"])
        if self._statistics is not None:
            self._statistics.restore(position["statistics"])
        self._board.learner["checkpoint_step"] = steps

    def run(self) -> None:
        """Work until the supervisor says ``finish`` or is gone."""
        while self.turn():
            if self.is_idle:
                time.sleep(_IDLE)

    def turn(self) -> bool:
        """Do what is due now, a block of updates at most; return whether to go on."""
        self._beat()
        if self.publisher.version == 0:
            self.publish()
        self.is_idle = False
        if self._take_rows():
            return True
        self._take_events()
        self.files.answer()
        self._beat()  # a snapshot and a block of updates are two things
        finish = int(self._board.supervisor["finish"])
        if finish:
            self._finish(with_checkpoint=finish > 1)
            return False
        if not self._owner.is_alive():
            self._leave()
            return False
        if not self._update():
            self._publish_if_due()
            self.is_idle = True
        return True

    def _take_rows(self) -> bool:
        """Take new rows in; return whether there may be many more."""
        rows = self.replay.advance(_ROWS_AT_ONCE)
        if not len(rows):
            return False
        if self._statistics is not None:
            self._statistics.fold(rows)
        self.rate.count(rows)
        agent, n_seen = self.agent, self.replay.n_seen
        agent.num_timesteps = n_seen
        agent._update_current_progress_remaining(n_seen, agent._total_timesteps)
        part = self._board.learner
        part["n_seen"] = n_seen
        part["n_requested"] = self._requested()
        self._is_dirty = True
        return len(rows) == _ROWS_AT_ONCE

    def _requested(self) -> float:
        """Return how many updates are asked for: whole units, where they cannot be torn apart."""
        unit, requested = self._block.unit, self.rate.requested
        return requested if unit == 1 else math.floor(requested / unit) * unit

    def _update(self) -> bool:
        """Do a block of updates, if one is due; return whether it was."""
        agent, part = self.agent, self._board.learner
        n_updates = self._block.choose(self.rate.requested - agent._n_updates)
        if n_updates == 0 or self.replay.size() == 0:
            return False
        start = time.perf_counter()
        agent.train(gradient_steps=n_updates, batch_size=agent.batch_size)
        seconds = time.perf_counter() - start
        self._block.measured(n_updates, seconds)
        if float(part["first_update"]) == 0.0:
            part["first_update"] = seconds
        part["n_updates"] = agent._n_updates
        self._is_dirty = True
        if self.replay.ring.committed > self._n_rows_published:  # at most once per tick
            self.publish()
        else:
            self._publish_if_due()
        return True

    def _publish_if_due(self) -> None:
        """Publish what has changed, although there is no new tick."""
        now = time.monotonic()
        if self._is_dirty and now - self._last_publication >= _LONGEST_UNPUBLISHED:
            self.publish()

    def publish(self) -> None:
        """Hand the present policy to the actor.

        Raises:
            NonFiniteError: If it is not finite.
        """
        self._n_rows_published = self.replay.ring.committed
        self._last_publication = time.monotonic()
        if self.publisher.publish():
            self._board.learner["policy_version"] = self.publisher.version
            self._is_dirty = False

    def _take_events(self) -> None:
        now = time.monotonic()
        if now - self._last_look >= _LOG_PERIOD:
            self._last_look = now
            self._log.take(self._tail.read())

    def _position(self) -> dict[str, Any]:
        """Return where this learner stands, for the one that continues from a checkpoint."""
        self._take_events()
        statistics = None if self._statistics is None else self._statistics.state()
        return {
            "n_seen": self.replay.n_seen,
            "rate": self.rate.state(),
            "events": self._tail.position,
            "statistics": statistics,
        }

    def _leave(self) -> None:
        """Save, since the supervisor is gone and nobody else will."""
        while self._take_rows():
            self._beat()
        self.files.save_checkpoint()

    def _finish(self, *, with_checkpoint: bool) -> None:
        """Write the final files."""
        while self._take_rows():
            self._beat()
        self._last_look = 0.0
        self._take_events()
        beat(self._board.learner, Phase.SAVING)
        self.files.save_final(with_checkpoint=with_checkpoint)
        self._events.flush()
        beat(self._board.learner, Phase.DONE)

    def _beat(self) -> None:
        """Show that this process lives, and how long it did not."""
        part = self._board.learner
        is_learning = self.replay.n_seen > self.rate.learning_starts
        beat(part, Phase.RUNNING if is_learning else Phase.WARM_UP)
        now = time.monotonic()
        if self._last_beat is not None and float(part["first_update"]) > 0.0:
            stall = now - self._last_beat
            part["longest_stall"] = max(float(part["longest_stall"]), stall)
        self._last_beat = now
