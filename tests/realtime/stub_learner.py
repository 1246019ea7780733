"""A learner that learns nothing: it answers requests with empty files."""

import json
import os
import sys
import time

import numpy as np

from rl_zoo.realtime.board import Board, Phase, beat
from rl_zoo.realtime.events import EventWriter
from rl_zoo.realtime.launch import receive
from rl_zoo.realtime.ring import Ring
from rl_zoo.runs.atomic import write_bytes
from rl_zoo.runs.checkpoints import write_manifest


def main():
    task = receive(sys.argv)
    wish = json.loads(os.environ.get("STUB", "{}"))
    board, events = Board(task.board), EventWriter(task.events)
    part = board.learner
    beat(part, Phase.STARTING)
    if "learner_error" in wish:
        events.send({"kind": "fault", **wish["learner_error"]})
        return int(wish.get("learner_code", 1))
    if wish.get("learner_dies"):
        return 1
    while not task.folder.ring.is_file():
        time.sleep(0.002)
    ring = Ring(task.folder.ring)
    part["n_updates"] = task.restored_step
    while True:
        beat(part, Phase.RUNNING)
        part["n_seen"] = ring.committed
        part["n_requested"] = ring.committed
        part["n_updates"] = min(int(part["n_updates"]) + 1, ring.committed)
        if board.actor["phase"] == Phase.EVALUATING:
            number = int(board.supervisor["evaluation"])
            if not task.folder.candidate_model(number).is_file():
                write_bytes(task.folder.candidate_model(number), b"model %d" % number)
        if int(board.supervisor["checkpoint"]) > int(part["checkpoint"]):
            save(task.folder, part, events)
            part["checkpoint"] = int(board.supervisor["checkpoint"])
        finish = int(board.supervisor["finish"])
        if finish:
            write_bytes(task.folder.final_model, b"final")
            if finish == 2:
                save(task.folder, part, events)
            beat(part, Phase.DONE)
            return 0
        time.sleep(0.001)


def save(folder, part, events):
    step = int(part["n_seen"])
    files = [folder.checkpoint_model(step), folder.checkpoint_state(step)]
    for file in files:
        write_bytes(file, b"x" if file.suffix == ".zip" else np.zeros(1).tobytes())
    write_manifest(folder, step, files)
    part["checkpoint_step"] = step
    events.send({"kind": "checkpoint", "number": 1, "step": step})


if __name__ == "__main__":
    raise SystemExit(main())
