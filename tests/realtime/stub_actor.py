"""An actor without an environment: it stores numbered rows as fast as the test says."""

import json
import os
import signal
import sys
import time

import numpy as np
from gymnasium.spaces import Box

from rl_zoo.realtime.board import Board, Phase, beat
from rl_zoo.realtime.events import EventWriter
from rl_zoo.realtime.launch import receive
from rl_zoo.realtime.ring import RingWriter, create_ring
from rl_zoo.realtime.ring_layout import START, TRUNCATED, BoxSpec, RingSpec

EPISODE = 10
SPACE = BoxSpec.of(Box(-1.0, 1.0, (2,), np.float32))


def main():
    task = receive(sys.argv)
    wish = json.loads(os.environ.get("STUB", "{}"))
    board, events = Board(task.board), EventWriter(task.events)
    beat(board.actor, Phase.STARTING)
    if "actor_error" in wish:
        events.send({"kind": "fault", **wish["actor_error"]})
        return 2
    if not task.folder.ring.is_file():
        create_ring(task.folder.ring, RingSpec(SPACE, SPACE, 100_000))
    ring = RingWriter(task.folder.ring)
    began = time.monotonic()
    board.actor["policy_version"] = 1
    while ring.committed < task.options.config.n_timesteps:
        number = ring.committed
        stop = int(board.supervisor["stop"])
        step = number % EPISODE
        end = step == EPISODE - 1 or stop > 0
        flags = (START if step == 0 else 0) | (TRUNCATED if end else 0)
        if number == wish.get("actor_hangs_at"):
            os.kill(os.getpid(), signal.SIGSTOP)
        ring.append([number, 0], [0, 0], 1.0, [number + 1, 0], flags)
        beat(board.actor, Phase.RUNNING)
        if end:
            t = task.elapsed + time.monotonic() - began
            reason = "SIGINT" if stop else "time_limit"
            events.send({"kind": "episode", "step": number + 1, "r": step + 1.0, "l": step + 1,
                         "t": t, "end_reason": reason, "is_termination": False,
                         "cut": int(stop > 0), "metrics": {}})  # fmt: skip
            _evaluate(board, events, number + 1)
        while int(board.supervisor["pause"]) and not int(board.supervisor["stop"]):
            beat(board.actor, Phase.HOLDING)
            time.sleep(0.01)
        if number + 1 == wish.get("actor_dies_at"):
            events.send({"kind": "fault", "error": "RobotFault", "message": "a motor is hot",
                         "traceback": "Traceback: motor"})  # fmt: skip
            return 4
        if stop:
            break
        time.sleep(float(wish.get("period", 0.002)))
    events.send({"kind": "cadence", "rate": 500.0, "achieved_rate": 499.0, "n_ticks": 90,
                 "n_missed": 10, "work_p99": 0.0004, "longest_gap": 0.003})  # fmt: skip
    beat(board.actor, Phase.DONE)
    return 0


def _evaluate(board, events, step):
    number = int(board.supervisor["evaluation"])
    if number > int(board.actor["evaluation"]):
        beat(board.actor, Phase.EVALUATING)
        time.sleep(0.1)
        events.send({"kind": "evaluation", "number": number, "step": step, "version": 1,
                     "returns": [float(number), 2.0], "lengths": [3, 4]})  # fmt: skip
        board.actor["evaluation"] = number


if __name__ == "__main__":
    raise SystemExit(main())
