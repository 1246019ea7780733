"""Open the run that a supervisor is going to lead: a new folder, or one to continue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rl_zoo import console
from rl_zoo.callbacks.evaluation_history import EvaluationHistory
from rl_zoo.errors import UsageError
from rl_zoo.realtime.events import Event
from rl_zoo.realtime.past_episodes import count_again, read_events, unlogged_episodes
from rl_zoo.realtime.ring import Ring
from rl_zoo.realtime.ring_repair import repair_ring
from rl_zoo.realtime.snapshots import newest_snapshot
from rl_zoo.runs.atomic import remove_leftovers
from rl_zoo.runs.folder import RunFolder, create_run_folder
from rl_zoo.runs.record import RunRecord, describe_machine, now, read_record
from rl_zoo.runs.source import find_source, parent_of
from rl_zoo.train_options import TrainOptions


@dataclass(frozen=True)
class OpenedRun:
    """A run folder and what is in it."""

    folder: RunFolder
    record: RunRecord
    history: EvaluationHistory
    n_rows: int = 0
    """Transitions stored by earlier sessions."""
    elapsed: float = 0.0
    """Seconds of training before this session."""
    unlogged: tuple[Event, ...] = ()
    """Episodes of earlier sessions that are to be written down now."""

    @property
    def is_new(self) -> bool:
        """Say whether nothing has been done in it."""
        return not self.record.sessions


def open_new(options: TrainOptions) -> OpenedRun:
    """Create a folder; what is in it is written later, by ``complete_record`` too.

    Raises:
        UsageError: If there is no model to start from.
    """
    config = options.config
    source = None if options.trained_agent is None else find_source(options.trained_agent)
    folder = create_run_folder(options.log_folder, config.algo, config.env_id, uuid=options.uuid)
    folder.realtime.mkdir()
    record = RunRecord(
        algo=config.algo,
        env_id=config.env_id,
        seed=options.seed,
        n_timesteps=config.n_timesteps,
        parent=None if source is None else parent_of(source),
        command=options.command,
        label=options.label,
        started_at=now(),
        threads=options.threads,
        truncations={},
    )
    return OpenedRun(folder, record, EvaluationHistory())


def begins_with_policy(options: TrainOptions, run: OpenedRun) -> bool:
    """Say whether the policy of another run (``-i``) acts, and nothing is done at random."""
    return run.record.parent is not None and not options.repeat_warmup


def is_baseline_due(options: TrainOptions, run: OpenedRun) -> bool:
    """Say whether the policy of another run is to be evaluated before it learns anything."""
    record = run.record
    is_untouched = record.parent is not None and record.baseline is None and run.n_rows == 0
    return is_untouched and options.eval_freq > 0


def complete_record(record: RunRecord) -> None:
    """Add what takes time to find out: the actor need not wait for it."""
    for name, value in describe_machine().items():
        setattr(record, name, value)


def open_old(options: TrainOptions) -> OpenedRun:
    """Open the run to continue; every transition that was acknowledged is in its ring.

    Raises:
        UsageError: If its budget is used up, or it is no real-time run.
        DamagedFileError: If its ring is damaged.
    """
    folder = options.resume
    assert folder is not None
    record = read_record(folder)
    if record is None:
        raise UsageError(f"{folder.path}: not a run of rl_zoo; use -i to start from its weights")
    if folder.ring.is_file():
        n_rows = repair_ring(folder.ring).n_rows
    else:
        n_rows = 0
        folder.realtime.mkdir(exist_ok=True)
    if n_rows >= options.config.n_timesteps and record.state == "finished":
        raise UsageError(
            f"{folder.path}: its {n_rows} steps are already trained; give a larger budget with -n"
        )
    remove_leftovers(folder.path)
    record.n_timesteps = options.config.n_timesteps
    console.message(f"Resuming {folder.path}: {n_rows} transitions are in its ring")
    if record.parent is not None and newest_snapshot(folder) is None:
        raise UsageError(
            f"{folder.path}: has no checkpoint of the policy it began with; start a new run with "
            f"-i {record.parent}"
        )
    events, elapsed = read_events(folder.events_file), _elapsed(folder, record)
    count_again(record, events)
    found = () if n_rows == 0 else unlogged_episodes(Ring(folder.ring), events, elapsed)
    return OpenedRun(folder, record, _read_history(folder), n_rows, elapsed, tuple(found))


def _read_history(folder: RunFolder) -> EvaluationHistory:
    """Return the evaluations as ``evaluations.npz`` has them."""
    if not folder.evaluations.is_file():
        return EvaluationHistory()
    with np.load(folder.evaluations, allow_pickle=False) as stored:
        content: Mapping[str, Any] = {name: stored[name].tolist() for name in stored.files}
    results = content["results"]
    return EvaluationHistory(
        timesteps=content["timesteps"],
        results=results,
        ep_lengths=content["ep_lengths"],
        successes=content.get("successes", []),
        best_mean=max((float(np.mean(row)) for row in results), default=-np.inf),
        last_step=max(content["timesteps"], default=0),
    )


def _elapsed(folder: RunFolder, record: RunRecord) -> float:
    """Return the seconds on the run's clock: of its record, or of an episode after that."""
    last = 0.0
    monitor = folder.monitor_file(0)
    if monitor.is_file():
        rows = monitor.read_text(encoding="utf-8").splitlines()[2:]
        if rows:
            last = float(rows[-1].split(",")[2])
    return max(record.wall_time_s, last, 1e-6)
