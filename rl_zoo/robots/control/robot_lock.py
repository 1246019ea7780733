"""One owner per robot: a lock file that its control process holds for as long as it drives."""

from __future__ import annotations

import fcntl
import hashlib
import inspect
import json
import os
import stat
import sys
import textwrap
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rl_zoo.errors import RobotFault
from rl_zoo.robots.drivers.catalog import load_driver

ADDRESS_OPTIONS = frozenset(
    (
        *("address", "bitrate", "bus", "channel", "device", "domain", "host", "interface"),
        *("local_address", "path", "port", "remote_address", "serial", "socket", "transport"),
    )
)
"""Options of drivers that say which robot is meant, unless the driver class has its own
``ADDRESS_OPTIONS``."""

_COMMAND_LENGTH = 300
_PATIENCE = 0.2
"""Whoever only looks who the owner is holds the lock for an instant, s."""


@dataclass(frozen=True)
class Owner:
    """Who drives a robot."""

    pid: int
    """Of the process that uses the robot (training, a command)."""
    control_pid: int
    """Of its control process, which takes SIGUSR1 as emergency stop and SIGTERM as sit down; 0
    while it starts."""
    since: float
    """Unix time in s."""
    command: str
    """Command line of ``pid``."""
    robot: str
    """What is driven: driver and address."""


class RobotLock:
    """The right to drive one robot; free again when every process that holds it has ended.

    The lock belongs to the open file (``flock``): a process that inherits ``descriptor`` holds it
    too, and the system releases it whatever way its holders die.

    Attributes:
        descriptor: Of the open lock file.
    """

    def __init__(self, path: Path, robot: str) -> None:
        self._path = path
        self._robot = robot
        self.descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def try_to_claim(self) -> bool:
        """Return whether the lock is ours now."""
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def record(self, control_pid: int) -> None:
        """Write down who holds the lock, for those who are refused."""
        words = " ".join(sys.orig_argv).split()  # One line, whatever it holds.
        command = textwrap.shorten(" ".join(words), _COMMAND_LENGTH, placeholder=" ...")
        owner = Owner(os.getpid(), control_pid, time.time(), command, self._robot)
        raw = json.dumps(asdict(owner)).encode()
        os.pwrite(self.descriptor, raw, 0)
        os.ftruncate(self.descriptor, len(raw))

    def release(self) -> None:
        """Let go of it; another process that inherited it keeps it."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


def acquire_lock(driver: str, options: Mapping[str, Any]) -> RobotLock:
    """Claim the robot behind a driver and its address.

    Raises:
        RobotFault: If another process drives it; the sentence names its pid and command.
    """
    path, robot = _lock_file(driver, options)
    lock = RobotLock(path, robot)
    deadline = time.monotonic() + _PATIENCE
    while not lock.try_to_claim():
        if time.monotonic() > deadline:
            lock.release()
            raise RobotFault(_refusal(robot, _read_owner(path)))
        time.sleep(0.02)
    lock.record(control_pid=0)
    return lock


def owner_of(driver: str, options: Mapping[str, Any]) -> Owner | None:
    """Return who drives the robot behind a driver and its address, None if nobody does."""
    return _owner(_lock_file(driver, options)[0])


def owners() -> list[Owner]:
    """Return who drives any robot from this computer (and this user)."""
    found = (_owner(path) for path in sorted(lock_folder().glob("*.lock")))
    return [owner for owner in found if owner is not None]


def lock_folder() -> Path:
    """Return the folder of this user's lock files, which is emptied when the computer restarts.

    Raises:
        RobotFault: If someone else made a folder of that name.
    """
    # A service or a cron job lacks the variable that the same user's terminal has.
    runtime = Path(os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}")
    folder = runtime / "rl_zoo" if runtime.is_dir() else Path(f"/tmp/rl_zoo-{os.getuid()}")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.lstat()
    except OSError as error:
        raise RobotFault(f"no folder for the robot's lock: {error}") from None
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
        raise RobotFault(f"{folder}: is not a folder of yours; the robot's lock cannot lie there")
    return folder


def _refusal(robot: str, owner: Owner | None) -> str:
    if owner is None:
        return f"the robot ({robot}) is already driven by a process that just started"
    if Path(f"/proc/{owner.pid}").exists():
        return f"the robot ({robot}) is already driven by process {owner.pid}: {owner.command}"
    return (
        f"the robot ({robot}) is still brought down by control process {owner.control_pid} of "
        f"process {owner.pid}, which has ended: {owner.command}; try again in some seconds"
    )


def _owner(path: Path) -> Owner | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return _read_owner(path)
    finally:
        os.close(descriptor)
    return None


def _read_owner(path: Path) -> Owner | None:
    try:
        return Owner(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        return None  # It is being written at this moment.


def _lock_file(driver: str, options: Mapping[str, Any]) -> tuple[Path, str]:
    address = _address(driver, options)
    robot = " ".join([driver, *(f"{key}={value}" for key, value in sorted(address.items()))])
    digest = hashlib.sha256(robot.encode()).hexdigest()[:12]
    name = "".join(letter if letter.isalnum() else "_" for letter in driver)
    return lock_folder() / f"{name}-{digest}.lock", robot


def _address(driver: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that say which robot is meant, defaults included."""
    factory = load_driver(driver)
    names = frozenset(getattr(factory, "ADDRESS_OPTIONS", ADDRESS_OPTIONS))
    parameters = inspect.signature(factory).parameters.values()
    defaults = {p.name: p.default for p in parameters if p.default is not p.empty}
    return {key: value for key, value in {**defaults, **options}.items() if key in names}
