"""The learner's log: SB3's numbers of episodes and losses, from what the actor reports.

The supervisor appends every finished episode and evaluation to a file of JSON lines, which is read
here from where the last reading ended.
"""

from __future__ import annotations

import inspect
import json
import sys
import time
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from stable_baselines3.common.logger import Logger, configure
from stable_baselines3.common.utils import configure_logger

from rl_zoo.callbacks.bookkeeping import JsonLinesWriter
from rl_zoo.callbacks.episode_metrics import excluded_from
from rl_zoo.runs.folder import RunFolder
from rl_zoo.runs.progress import load_progress
from rl_zoo.train_options import TrainOptions
from rl_zoo.wrappers.episode_metrics import mean_metrics

if TYPE_CHECKING:
    from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm

_LOG_INTERVAL = 4
"""Episodes between two log lines, SB3's default."""
_LARGEST_PIECE = 1 << 22


class EventTail:
    """Reads the lines that are appended to a file of events.

    Args:
        file: That may not exist yet.
        position: Bytes read already.
    """

    def __init__(self, file: Path, position: int = 0) -> None:
        self.file = file
        self.position = position

    def read(self) -> list[dict[str, Any]]:
        """Return the events that were appended; an unfinished line waits for its end."""
        try:
            with self.file.open("rb") as stream:
                stream.seek(self.position)
                piece = stream.read(_LARGEST_PIECE)
        except FileNotFoundError:
            return []
        end = piece.rfind(b"\n") + 1
        self.position += end
        return [event for event in map(_parsed, piece[:end].splitlines()) if event]


class LearnerLog:
    """Feeds the agent's logger as SB3's ``learn`` would.

    Args:
        agent: The agent, restored.
        folder: The run.
        options: Whether and how often to log.
    """

    def __init__(
        self,
        agent: OffPolicyAlgorithm,
        folder: RunFolder,
        options: TrainOptions,
    ) -> None:
        self._agent: Any = agent
        self._metrics: deque[Mapping[str, float]] = deque(maxlen=agent._stats_window_size)
        self._interval = _LOG_INTERVAL if options.log_interval == -1 else options.log_interval
        self._logged_step = _last_step(folder.progress_file)
        window = agent._stats_window_size
        if agent.ep_info_buffer is None:
            agent.ep_info_buffer = deque(maxlen=window)
        if agent.ep_success_buffer is None:
            agent.ep_success_buffer = deque(maxlen=window)
        agent._num_timesteps_at_start = 0

    def take(self, events: list[dict[str, Any]]) -> None:
        """Log episodes and evaluations."""
        for event in events:
            if event.get("kind") == "episode":
                self._take_episode(event)
            elif event.get("kind") == "evaluation" and "returns" in event:
                self._take_evaluation(event)

    def _take_episode(self, event: Mapping[str, Any]) -> None:
        agent = self._agent
        agent._episode_num += 1
        # SB3 reckons speed from its start: that of the run, whenever this learner began.
        agent.start_time = time.time_ns() - int(1e9 * event["t"])
        if not event.get("cut"):  # its return would spoil every mean
            agent.ep_info_buffer.append({key: event[key] for key in ("r", "l", "t")})
            if event.get("success") is not None:
                agent.ep_success_buffer.append(event["success"])
            if event.get("metrics"):
                self._metrics.append(event["metrics"])
        if self._interval > 0 and agent._episode_num % self._interval == 0:
            for name, value in mean_metrics(self._metrics).items():
                agent.logger.record(name, value, exclude=excluded_from(name))
            self._dump(int(event["step"]), agent.dump_logs)

    def _take_evaluation(self, event: Mapping[str, Any]) -> None:
        logger, step = self._agent.logger, int(event["step"])
        logger.record("eval/mean_reward", float(np.mean(event["returns"])))
        logger.record("eval/mean_ep_length", float(np.mean(event["lengths"])))
        if event.get("successes") is not None:
            logger.record("eval/success_rate", float(np.mean(event["successes"])))
        for name, value in mean_metrics(event.get("metrics") or []).items():
            logger.record(f"eval/{name}", value, exclude=excluded_from(name))
        logger.record("time/total_timesteps", step, exclude="tensorboard")
        self._dump(step, lambda: logger.dump(step))

    def _dump(self, step: int, dump: Any) -> None:
        """Write a log line, unless the learner before this one did."""
        if step <= self._logged_step:
            self._agent.logger.name_to_value.clear()
            return
        n_seen = self._agent.num_timesteps
        self._agent.num_timesteps = step  # the transitions at that moment, not those since
        try:
            dump()
        finally:
            self._agent.num_timesteps = n_seen
            sys.stdout.flush()


def open_logger(
    agent: OffPolicyAlgorithm, folder: RunFolder, options: TrainOptions, tensorboard: str | None
) -> Logger:
    """Return a logger that writes the table, TensorBoard if asked for, and ``progress.jsonl``.

    Args:
        agent: Whose name TensorBoard's folder gets.
        folder: The run.
        options: Whether to write a table and TensorBoard's files.
        tensorboard: TensorBoard's folder so far, to be continued; None: a new one.
    """
    if options.tensorboard_log is not None and tensorboard is not None:
        formats = ["tensorboard", *(["stdout"] if options.verbose > 0 else [])]
        logger = configure(tensorboard, formats)
    else:
        place = None if options.tensorboard_log is None else str(options.tensorboard_log)
        name = inspect.signature(agent.learn).parameters["tb_log_name"].default
        logger = configure_logger(options.verbose, place, name)
    logger.output_formats.append(JsonLinesWriter(folder.progress_file))
    return logger


def _last_step(progress_file: Path) -> int:
    """Return the step of the newest log line; -1 if nothing was logged."""
    if not progress_file.is_file():
        return -1
    steps, _ = load_progress(progress_file, "time/total_timesteps")
    return int(steps[-1]) if len(steps) else -1


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        event = json.loads(line)
    except ValueError:  # the supervisor was killed in the middle of it
        return None
    return event if isinstance(event, dict) else None
