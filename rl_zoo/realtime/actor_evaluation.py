"""Evaluate the policy on request of the supervisor: nothing of it is stored."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

from rl_zoo.realtime.acting_env import ActingEnv
from rl_zoo.realtime.board import Board, Phase, beat
from rl_zoo.realtime.events import EventWriter
from rl_zoo.realtime.explorer import Explorer
from rl_zoo.realtime.launch import Task
from rl_zoo.robots.control.owner_watch import OwnerWatch
from rl_zoo.robots.control.realtime import leave_fifo, set_fifo
from rl_zoo.wrappers.episode_control import CUT, STOP, end_reason
from rl_zoo.wrappers.episode_metrics import METRICS

PRIORITY = 48
"""Of the actor under SCHED_FIFO: below the control loop of a robot and its driver."""
MOST_CUT = 10
"""Episodes that may be cut from outside before an evaluation is given up."""


def evaluate(
    task: Task, env: ActingEnv, explorer: Explorer, board: Board, events: EventWriter, n_rows: int
) -> dict[str, Any] | None:
    """Evaluate if that is asked for; return what was said, None if nothing was to do.

    What was said is an ``info``, with the operator's wish to end the run if there was one.

    The policy stays the same for all episodes, and acts without exploration. A simulation does not
    keep time meanwhile, and leaves the processor to the learner.

    Args:
        task: Of the actor.
        env: Between two episodes.
        explorer: Has the policy.
        board: Shared.
        events: To the supervisor.
        n_rows: Transitions stored so far.

    Raises:
        RobotFault: If the environment fails.
    """
    if not is_evaluation_due(board):
        return None
    number = int(board.supervisor["evaluation"])
    explorer.refresh()
    policy = explorer.policy
    if policy is None:
        return None  # later: there is nothing to evaluate yet
    board.actor["policy_version"] = policy.version
    beat(board.actor, Phase.EVALUATING)
    was_fifo = not env.keeps_time and os.sched_getscheduler(0) == os.SCHED_FIFO
    if was_fifo:
        leave_fifo()
    _tell(env, "pause_recording")
    event: dict[str, Any] = {"kind": "evaluation", "number": number, "version": policy.version}
    results = _Results()
    owner = OwnerWatch(task.owner_pid, task.owner_pipe)
    wanted = task.options.eval_episodes
    while len(results.returns) < wanted and not _has_to_end(board, owner, results):
        _live_episode(env, explorer, board, owner, results)
    _tell(env, "resume_recording")
    if was_fifo:
        set_fifo(PRIORITY)
    if len(results.returns) < wanted:
        event["error"] = f"it was interrupted after {len(results.returns)} of {wanted} episodes"
    events.send({**event, "step": n_rows, **results.told()})
    board.actor["evaluation"] = number
    return results.said


def is_evaluation_due(board: Board) -> bool:
    """Say whether the supervisor has asked for an evaluation that is not over."""
    return int(board.supervisor["evaluation"]) > int(board.actor["evaluation"])


@dataclass
class _Results:
    """What the episodes of an evaluation brought."""

    returns: list[float] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    successes: list[bool] = field(default_factory=list)
    metrics: list[Any] = field(default_factory=list)
    end_reasons: dict[str, int] = field(default_factory=dict)
    n_cut: int = 0
    said: dict[str, Any] = field(default_factory=dict)

    def note(self, info: dict[str, Any]) -> None:
        """Remember the operator's wish to end the run."""
        if STOP in info:
            self.said = {STOP: info[STOP]}

    def told(self) -> dict[str, Any]:
        """Return the results as an event has them."""
        return {
            "returns": self.returns,
            "lengths": self.lengths,
            "successes": self.successes or None,
            "metrics": self.metrics,
            "end_reasons": self.end_reasons,
        }


def _has_to_end(board: Board, owner: OwnerWatch, results: _Results) -> bool:
    is_wanted = bool(board.supervisor["stop"]) or STOP in results.said or not owner.is_alive()
    return is_wanted or results.n_cut > MOST_CUT


def _live_episode(
    env: ActingEnv, explorer: Explorer, board: Board, owner: OwnerWatch, results: _Results
) -> None:
    """Live one episode. One that was cut from outside does not count."""
    policy = explorer.policy
    assert policy is not None
    observation, info = env.reset()
    results.note(info)
    if _has_to_end(board, owner, results):
        return
    total, length, is_over = 0.0, 0, False
    while not is_over:
        action = explorer.unscaled(policy.act(observation, deterministic=True))
        observation, reward, terminated, truncated, info = env.step(action)
        results.note(info)
        beat(board.actor, Phase.EVALUATING)
        total, length, is_over = total + reward, length + 1, terminated or truncated
        if not is_over and _has_to_end(board, owner, results):
            _tell(env, "request_truncation", "stop")
    if info[CUT]:
        results.n_cut += 1
        return
    results.returns.append(total)
    results.lengths.append(length)
    results.metrics.append(info.get(METRICS, {}))
    reason = end_reason(info) or "unknown"
    results.end_reasons[reason] = results.end_reasons.get(reason, 0) + 1
    if "is_success" in info:
        results.successes.append(bool(info["is_success"]))


def _tell(env: ActingEnv, name: str, *arguments: Any) -> None:
    method = env.attribute(name)
    if method is not None:
        method(*arguments)
