"""A robot whose trainer was killed still sits down: whoever comes next waits for that."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rl_zoo import console
from rl_zoo.robots.control.robot_lock import owner_of

_MARGIN = 3.0  # s
_POLL = 0.05  # s


def wait_for_last_owner(driver: str, options: Mapping[str, Any], sit_time: float) -> None:
    """Wait while the control process of a trainer that has ended brings the robot down.

    Args:
        driver: Name of the driver.
        options: Its keywords.
        sit_time: How long that takes, s; then nothing more is waited for.
    """
    deadline = time.monotonic() + sit_time + _MARGIN
    is_told = False
    while (owner := owner_of(driver, options)) is not None and not _exists(owner.pid):
        if time.monotonic() > deadline:
            return
        if not is_told:
            is_told = True
            console.message(f"robot: it still sits down for process {owner.pid}, which has ended")
        time.sleep(_POLL)


def _exists(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()
