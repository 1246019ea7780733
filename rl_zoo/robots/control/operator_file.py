"""Where a word for the person's side of a running robot is left: one file per owning process."""

from __future__ import annotations

import os
from pathlib import Path

from rl_zoo.robots.control.robot_lock import lock_folder


def operator_file(pid: int) -> Path:
    """Return the file in which process ``pid``, which drives a robot, looks for words.

    Raises:
        RobotFault: If the user's folder for such files cannot be used.
    """
    return lock_folder() / f"operator-{pid}.txt"


def leave_word(pid: int, word: str) -> Path:
    """Leave a word such as ``pause`` for process ``pid``; it takes the file away when it reads it.

    Raises:
        RobotFault: If the user's folder for such files cannot be used.
    """
    file = operator_file(pid)
    unfinished = file.with_name(f".{file.name}.{os.getpid()}")
    unfinished.write_text(f"{word}\n", encoding="utf-8")
    unfinished.replace(file)
    return file
