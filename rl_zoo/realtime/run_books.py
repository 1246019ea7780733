"""Keep a real-time run's files up to date from what its processes report."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping
from typing import Any

import numpy as np

from rl_zoo import console
from rl_zoo.callbacks.evaluation_history import EvaluationHistory
from rl_zoo.realtime.candidates import Candidates
from rl_zoo.realtime.events import Event
from rl_zoo.realtime.monitor_file import MonitorFile
from rl_zoo.runs.folder import RunFolder
from rl_zoo.runs.record import RunRecord, write_record
from rl_zoo.runs.robot_use import merged_use

_LOGGED = ("episode", "evaluation")
_RECENT = 100


class RunBooks:
    """Monitor file, event log, evaluations, best model and ``run.json`` of a run.

    Args:
        folder: The run.
        record: Its record; goes on in place.
        history: Its evaluations so far.
        monitor: Its monitor file.

    Attributes:
        evaluation: Number of the last evaluation that is over.
        stop_reason: Why the actor wants to end the run; None: it does not.
        gave_up_evaluating: Whether evaluations are not to be asked for any more.
        cadence: How the actor kept time, once it has said so.
        candidates: Models of evaluations.
    """

    def __init__(
        self,
        folder: RunFolder,
        record: RunRecord,
        history: EvaluationHistory,
        monitor: MonitorFile,
    ) -> None:
        self.folder, self.record, self.history = folder, record, history
        self.evaluation = 0
        self.stop_reason: str | None = None
        self.gave_up_evaluating = False
        self.cadence: dict[str, Any] | None = None
        self.candidates = Candidates(folder)
        self._monitor = monitor
        self._earlier_use = record.robot_use
        self._metrics: deque[Mapping[str, float]] = deque(maxlen=_RECENT)
        self._handlers = {
            "episode": self._add_episode,
            "evaluation": self._add_evaluation,
            "descriptor": self._note_robot,
            "robot_use": self._note_use,
            "record": self._note_values,
            "restored": self._note_restored,
            "cadence": self._note_cadence,
            "stop": self._note_stop,
            "note": lambda event: console.message(str(event.get("text"))),
            "warning": lambda event: console.warn(str(event.get("text"))),
            "checkpoint": self._tell_checkpoint,
        }

    def take(self, events: list[Event]) -> None:
        """Write down what was reported; of an unknown kind nothing is."""
        logged = [event for event in events if event.get("kind") in _LOGGED]
        if logged:
            self._log(logged)
        if self.candidates.settle():  # the next one has to be better than what is on disk only
            self.history.best_mean = self.candidates.saved_mean()
        for event in events:
            handle = self._handlers.get(str(event.get("kind")))
            if handle is not None:
                handle(event)

    def write(self) -> None:
        """Write ``run.json``; a full disk costs the file, not the run."""
        try:
            write_record(self.folder, self.record)
        except OSError as error:
            console.warn(f"{self.folder.record_file}: not written ({error.strerror or error})")

    def recent_metrics(self) -> dict[str, float]:
        """Return the means over the newest episodes of what they were measured by."""
        from rl_zoo.wrappers.episode_metrics import mean_metrics

        return mean_metrics(self._metrics)

    def _log(self, events: list[Event]) -> None:
        lines = "".join(json.dumps(event) + "\n" for event in events)
        try:
            with self.folder.events_file.open("a", encoding="utf-8") as stream:
                stream.write(lines)
        except OSError as error:
            console.warn(f"{self.folder.events_file}: not written ({error.strerror or error})")

    def _add_episode(self, event: Event) -> None:
        self._monitor.add(event)
        record, reason = self.record, str(event.get("end_reason") or "unknown")
        record.end_reasons[reason] = record.end_reasons.get(reason, 0) + 1
        if record.truncations is not None and not event.get("is_termination"):
            record.truncations[reason] = record.truncations.get(reason, 0) + 1
        record.discarded += int(event.get("discarded") or 0)
        if not event.get("cut") and event.get("metrics"):
            self._metrics.append(event["metrics"])

    def _add_evaluation(self, event: Event) -> None:
        number, step = int(event["number"]), int(event["step"])
        self.evaluation, self.history.last_step = number, step
        if "error" in event:
            console.warn(f"{event['error']}; training goes on")
            self.gave_up_evaluating = bool(event.get("final"))
            self.candidates.add(number, step, None)
            return
        is_best = self._add_to_history(step, event)
        returns, lengths = np.array(event["returns"], float), np.array(event["lengths"])
        best = " (best so far)" if is_best else ""
        console.message(
            f"Evaluation at step {step}: return {returns.mean():.2f} +/- {returns.std():.2f}, "
            f"length {lengths.mean():.1f} (n={len(returns)}){best}"
        )
        try:
            self.history.write(self.folder)
        except OSError as error:
            console.warn(f"evaluation results not saved: {error.strerror or error}")
        if step == 0:
            self._note_baseline(event)
        self.candidates.add(number, step, float(returns.mean()) if is_best else None)

    def _note_baseline(self, event: Event) -> None:
        """Record what the policy that the run began with (``-i``) is worth."""
        from rl_zoo.agents.baseline import baseline_row, describe_baseline

        record = self.record
        reasons = dict(event.get("end_reasons") or {})
        record.baseline = baseline_row(
            event["returns"], event["lengths"], event["metrics"], reasons
        )
        frequency = (record.robot or {}).get("control_frequency")
        console.message(describe_baseline(record.baseline, frequency))
        self.write()

    def _add_to_history(self, step: int, event: Event) -> bool:
        history, mean = self.history, float(np.mean(event["returns"]))
        history.timesteps.append(step)
        history.results.append([float(value) for value in event["returns"]])
        history.ep_lengths.append([int(value) for value in event["lengths"]])
        if event.get("successes") is not None:
            history.successes.append([bool(value) for value in event["successes"]])
        is_best = mean > history.best_mean
        history.best_mean = max(mean, history.best_mean)
        return is_best

    def _note_robot(self, event: Event) -> None:
        self.record.robot = event.get("robot")
        self.write()

    def _note_use(self, event: Event) -> None:
        self.record.robot_use = merged_use(self._earlier_use, event.get("use"))

    def _note_values(self, event: Event) -> None:
        for name, value in dict(event.get("values") or {}).items():
            if hasattr(self.record, name):
                setattr(self.record, name, value)
        self.write()

    def _note_restored(self, event: Event) -> None:
        """Take down, and tell, what became of a part of the run this one began with."""
        lines = {str(what): str(how) for what, how in dict(event.get("lines") or {}).items()}
        for what, how in lines.items():
            console.message(f"  {what}: {how}")
        self.record.restored.update(lines)
        self.write()

    def _note_cadence(self, event: Event) -> None:
        self.cadence = {key: value for key, value in event.items() if key != "kind"}

    def _note_stop(self, event: Event) -> None:
        self.stop_reason = str(event.get("reason") or "stop")

    def _tell_checkpoint(self, event: Event) -> None:
        if "error" in event:
            console.warn(
                f"checkpoint {event.get('step')} not saved: {event['error']}; training goes on"
            )
        else:
            steps = self.record.num_timesteps = int(event["step"])
            self.write()
            console.message(f"Checkpoint saved: {self.folder.checkpoint_model(steps)}")
