"""Act, store every transition, and do everything else in the slack of the ticks."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

from rl_zoo.realtime.acting_env import ActingEnv, executed_action
from rl_zoo.realtime.actor_evaluation import evaluate, is_evaluation_due
from rl_zoo.realtime.board import Board, Phase, beat
from rl_zoo.realtime.events import EventWriter
from rl_zoo.realtime.explorer import Explorer
from rl_zoo.realtime.launch import Task
from rl_zoo.realtime.parameters import ParameterReader
from rl_zoo.realtime.ring import RingWriter, create_ring
from rl_zoo.realtime.ring_layout import (
    DISCARD,
    START,
    TERMINATED,
    TRUNCATED,
    BoxSpec,
    RingSpec,
    check_same_rows,
)
from rl_zoo.realtime.ticks import Ticks
from rl_zoo.robots.control.cadence import Cadence
from rl_zoo.robots.control.owner_watch import OwnerWatch
from rl_zoo.robots.control.realtime import leave_fifo
from rl_zoo.wrappers.episode_control import CUT, STOP, end_reason
from rl_zoo.wrappers.episode_control import DISCARD as DISCARD_KEY
from rl_zoo.wrappers.episode_metrics import METRICS

BUFFER_SIZE = 1_000_000
"""Of every off-policy algorithm of SB3, unless it is told."""
_NAP = 0.02
"""Seconds between two looks at the board while holding."""


class Acting:
    """The actor's work.

    Args:
        task: What the supervisor said.
        env: Open.
        board: Shared.
        events: To the supervisor.
        owner: Watches the supervisor.
    """

    def __init__(
        self, task: Task, env: ActingEnv, board: Board, events: EventWriter, owner: OwnerWatch
    ) -> None:
        self._task = task
        self._env = env
        self._board = board
        self._events = events
        self._owner = owner
        options = task.options
        self.ring = open_ring(task, env)
        noise_seed = env.continue_after(self.ring.committed)
        self.explorer = Explorer(
            options.config, env.action_space, ParameterReader(task.parameters), noise_seed
        )
        if task.begins_with_policy:
            self.explorer.learning_starts = 0  # only the learner waits for so many
        self.cadence = Cadence(env.frequency or 0.0, board.ticks)
        self._ticks = Ticks(env.period, self.cadence)
        self._executes = any(
            item.kwargs.get("store_action") == "executed" for item in options.config.env_wrappers
        )
        self._began = time.monotonic() - task.elapsed
        self._operator_stop: str | None = None
        stop_waiting = env.attribute("stop_waiting_when")
        if stop_waiting is not None:
            stop_waiting(self._reason_to_stop_waiting)

    def run(self) -> None:
        """Act until the budget is used up or the end is wanted.

        Raises:
            RobotFault: If the environment fails, or the disk is full.
            NonFiniteError: If what the environment returns is not finite.
        """
        while self._reason_to_stop() is None:
            is_over = self.ring.committed >= self._task.options.config.n_timesteps
            if not is_over and not self._may_begin():
                return
            others = (self.explorer, self._board, self._events)
            evaluated = evaluate(self._task, self._env, *others, self.ring.committed)
            if evaluated is not None:
                self._note_stop(evaluated)
                continue  # one may be due at the very end, too
            if is_over:
                return
            self._live_episode()

    def _may_begin(self) -> bool:
        """Hold while the run is paused or lacks its policy; return whether it goes on."""
        rest = self._env.attribute("rest")
        is_resting = False
        while (is_paused := bool(self._board.supervisor["pause"])) or self._lacks_policy():
            self._beat(Phase.HOLDING)
            if is_paused and rest is not None and not is_resting:
                rest()
                is_resting = True
            if self._reason_to_stop() is not None:
                return False
            self._look_around()
            time.sleep(_NAP)
        return True

    def _lacks_policy(self) -> bool:
        """Say whether the policy that this run begins with (``-i``) has not arrived yet."""
        self.explorer.refresh()
        is_asked_for = self._task.begins_with_policy or is_evaluation_due(self._board)
        return is_asked_for and self.explorer.policy is None

    def _live_episode(self) -> None:
        self._beat(Phase.RESETTING)
        observation, info = self._env.reset()
        self._note_stop(info)
        if self._reason_to_stop() is not None:
            return
        self.explorer.refresh()
        self.explorer.begin_episode()
        flags, total, length, discarded = START, 0.0, 0, 0
        self._ticks.start()
        is_over = False
        while not is_over:
            action = self.explorer.act(observation, self.ring.committed)
            executed = self.explorer.unscaled(action)
            self._ticks.ready()
            if self.ring.committed + 1 >= self._task.options.config.n_timesteps:
                self._env.attribute("request_truncation")("end_of_budget")
            following, reward, terminated, truncated, info = self._env.step(executed)
            is_over = terminated or truncated
            is_discarded = bool(info.get(DISCARD_KEY, False))
            flags |= (TERMINATED * terminated) | (TRUNCATED * truncated) | (DISCARD * is_discarded)
            stored = self._stored(action, executed, info)
            self.ring.append(observation, stored, reward, following, flags)
            total, length, discarded = total + reward, length + 1, discarded + is_discarded
            observation, flags = following, 0
            self._use_slack(info)
            if not is_over:
                self._ticks.wait(was_late=bool(info.get("late")))
        self._tell_episode(info, total, length, discarded)
        self._yield_if_too_slow()

    def _yield_if_too_slow(self) -> None:
        """Give up real-time priority if no time is left between ticks: others would starve."""
        counted = self._board.ticks[0]
        is_too_slow = counted["n_ticks"] >= 100 and counted["n_missed"] > 0.1 * counted["n_ticks"]
        if is_too_slow and os.sched_getscheduler(0) == os.SCHED_FIFO:
            leave_fifo()
            text = f"a step takes too long for {self._env.frequency:g} Hz: no real-time priority"
            self._events.send({"kind": "warning", "text": text})

    def _stored(self, action: Any, given: Any, info: dict[str, Any]) -> Any:
        if not self._executes:
            return action
        executed = executed_action(info, given)
        return action if executed is given else self.explorer.scaled(executed)

    def _use_slack(self, info: dict[str, Any]) -> None:
        """Do what may take a while, now that the action is out."""
        self._note_stop(info)
        n_rows = self.ring.committed
        self._beat(Phase.WARM_UP if self.explorer.is_random(n_rows) else Phase.RUNNING)
        reason = self._reason_to_stop()
        if reason is None and not self.ring.reserve():
            reason = self._operator_stop = "disk_full"
            text = f"{self.ring.path}: the disk is full; the run ends while there is room"
            self._events.send({"kind": "stop", "reason": text})
        if reason is None and self._board.supervisor["pause"]:
            reason = "learner"  # an episode may have no other end
        if reason is not None:
            self._env.attribute("request_truncation")(reason)
        self._look_around()

    def _look_around(self) -> None:
        self.explorer.refresh()
        part, n_rows = self._board.actor, self.ring.committed
        is_random = self.explorer.is_random(n_rows)
        if not is_random and part["policy_version"] == 0:
            part["first_policy_step"] = n_rows
        part["policy_version"] = 0 if is_random else self.explorer.version
        part["n_dropped_events"] = self._events.n_dropped
        self._events.flush()

    def _tell_episode(
        self, info: dict[str, Any], total: float, length: int, discarded: int
    ) -> None:
        self._board.actor["n_episodes"] += 1
        keywords = self._task.options.config.monitor_kwargs.get("info_keywords", ())
        success = info.get("is_success")
        self._events.send(
            {
                "kind": "episode",
                "step": self.ring.committed,
                "r": round(total, 6),
                "l": length,
                "t": round(time.monotonic() - self._began, 6),
                "end_reason": end_reason(info) or "unknown",
                "is_termination": "termination_reason" in info,
                "cut": int(info[CUT]),
                "discarded": discarded,
                "metrics": info.get(METRICS, {}),
                "version": self.explorer.version,
                "success": None if success is None else bool(success),
                "info": {name: info[name] for name in keywords if name in info},
            }
        )

    def _beat(self, phase: Phase) -> None:
        beat(self._board.actor, phase)

    def _note_stop(self, info: dict[str, Any]) -> None:
        asked = info.get(STOP)
        if asked is not None and self._operator_stop is None:
            self._operator_stop = str(asked)
            self._events.send({"kind": "stop", "reason": self._operator_stop})

    def _reason_to_stop(self) -> str | None:
        """Return why the run has to end, None if it goes on."""
        if self._operator_stop is not None:
            return self._operator_stop
        if self._board.supervisor["stop"]:
            number = int(self._board.supervisor["stop_signal"])
            return signal.Signals(number).name if number else "stop"
        if not self._owner.is_alive():
            return "supervisor_gone"
        return None

    def _reason_to_stop_waiting(self) -> str | None:
        """Asked again and again while a robot is waited for, in a reset."""
        self._beat(Phase.RESETTING)
        return self._reason_to_stop()


def open_ring(task: Task, env: ActingEnv) -> RingWriter:
    """Open the ring of the run; create it if there is none.

    Raises:
        ConfigError: If the environment's spaces are not those of the ring, or cannot be stored.
        UsageError: If another process writes to it.
    """
    config = task.options.config
    spec = RingSpec(
        BoxSpec.of(env.observation_space),
        BoxSpec.of(env.action_space),
        int(config.algo_kwargs.get("buffer_size", BUFFER_SIZE)),
        task.folder.path.name,
        config.env_id,
    )
    if not task.folder.ring.is_file():
        create_ring(task.folder.ring, spec)
    ring = RingWriter(task.folder.ring)
    check_same_rows(ring.spec, spec, ring.path)
    return ring
