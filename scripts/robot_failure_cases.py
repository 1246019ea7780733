"""What can happen to a robot that walks, and what must come of it: cases over a real wire."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gymnasium as gym

from rl_zoo.robots.control.modes import Interruption, Mode
from scripts.served_robot import ServedRobot, wait_for

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Case:
    """A fault of the robot or its wire."""

    fault: str
    """Of the simulated robot."""
    mode: Mode
    """That follows."""
    reason: Interruption
    values: Mapping[str, Any] = field(default_factory=dict)
    """Of the fault."""
    is_latched: bool = True


CASES: Mapping[str, Case] = {
    "fall": Case("fall", Mode.DAMP, Interruption.FALL, is_latched=False),
    "no states": Case("silence", Mode.FAULT, Interruption.STALE),
    "counter frozen": Case("freeze", Mode.FAULT, Interruption.STALE),
    "loss burst": Case(
        "loss", Mode.FAULT, Interruption.STALE, {"share": 1.0, "on": "states", "duration": 0.5}
    ),
    "no command gets through": Case(
        "loss", Mode.FAULT, Interruption.LINK, {"share": 1.0, "on": "commands", "duration": 0.8}
    ),
    "NaN": Case("nan", Mode.FAULT, Interruption.STALE, {"duration": 0.5}),
    "impossible angle": Case("jump", Mode.FAULT, Interruption.STALE, {"duration": 0.5}),
    "boards restart": Case("crash", Mode.FAULT, Interruption.STALE, {"duration": 0.6}),
    "lost motor": Case("lost_motor", Mode.FAULT, Interruption.MOTOR, {"motor": 3}),
    "emergency stop": Case("estop", Mode.FAULT, Interruption.ESTOP),
    "pause": Case("pause", Mode.HOLD, Interruption.PAUSE, is_latched=False),
    "overheat": Case(
        "overheat", Mode.DAMP, Interruption.OVERHEAT, {"duration": 6.0}, is_latched=False
    ),
    "battery": Case(
        "battery", Mode.DAMP, Interruption.BATTERY, {"duration": 6.0}, is_latched=False
    ),
}
"""Faults that end RUN."""

HARMLESS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "30 % of states lost": ("loss", {"share": 0.3, "on": "states"}),
    "states 40 ms late": ("delay", {"ms": 40.0, "on": "states"}),
    "states overtaken": ("reorder", {"share": 0.5, "ms": 20.0, "on": "states"}),
    "everything twice": ("duplicate", {"share": 1.0}),
    "no states for 50 ms": ("silence", {"duration": 0.05}),
}
"""Faults that RUN survives."""

_OWNER = """
import sys
sys.path.insert(0, {root!r})
from pathlib import Path
from rl_zoo.robots.control.process_link import ProcessLink
from rl_zoo.robots.control.settings import ControlSettings
from scripts.served_robot import Drive
link = ProcessLink({driver!r}, "bert", {options!r}, ControlSettings(**{settings!r}),
                   recording=Path({recording!r}))
link.open()
drive = Drive(link)
drive.walk()
print(link.control_pid, link._children.recorder.pid, flush=True)
drive.go_on(1e6)
"""


class Owner:
    """A process that walks a robot, to be killed.

    Args:
        robot: Served.
        settings: Of the control loop.
    """

    def __init__(self, robot: ServedRobot, settings: Mapping[str, Any]) -> None:
        code = _OWNER.format(
            root=str(ROOT),
            driver=robot.protocol,
            options=robot.options,
            settings=dict(settings),
            recording=str(robot.folder / "flight"),
        )
        with (robot.folder / "owner.log").open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=log
            )
        assert self.process.stdout is not None
        numbers = self.process.stdout.readline().split()
        self.control, self.recorder = map(int, numbers)

    def close(self) -> None:
        """End what is left of it."""
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
        wait_for(lambda: not (is_running(self.control) or is_running(self.recorder)))


class Trainer:
    """``rl_zoo train`` on a served robot, on a terminal of its own.

    Args:
        robot: Served.
        more: Further arguments.
    """

    def __init__(self, robot: ServedRobot, *more: str) -> None:
        command = [sys.executable, "-m", "rl_zoo.cli", "train", "--algo", "sac"]
        command += ["--env", "Bert-Real-v0", "-f", str(robot.folder / "logs"), "-n", "100000"]
        command += ["--eval-freq", "-1", "--env-kwargs", f"driver:{robot.protocol!r}"]
        command += [f"driver_options:{robot.options!r}", "reset:{'auto_rearm': True}"]
        command += ["control:{'stand_time': 1.0}", *more]
        self._terminal, terminal = pty.openpty()
        self.process = subprocess.Popen(
            command,
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            start_new_session=True,
            preexec_fn=_take_terminal,
            cwd=ROOT,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        os.close(terminal)
        self.output = b""

    def walk(self, robot: ServedRobot) -> None:
        """Return when the policy has moved the robot for a moment."""
        wait_for(lambda: self._is_stiff(robot), 120.0)
        end = time.monotonic() + 3.0
        while time.monotonic() < end:
            self._is_stiff(robot)
            time.sleep(0.05)

    def send(self, number: int) -> float:
        """Send a signal to the whole group, as a terminal does; return when."""
        since = time.monotonic()
        os.killpg(self.process.pid, number)
        return since

    def close_terminal(self) -> float:
        """Close the terminal's other side; return when."""
        since = time.monotonic()
        os.close(self._terminal)
        self._terminal = -1
        return since

    def wait(self, seconds: float = 60.0) -> int:
        """Return the exit code."""
        wait_for(self._has_ended, seconds)
        return int(self.process.returncode)

    def close(self) -> None:
        """End what is left of it."""
        self.process.kill()
        self.process.wait()
        self._listen()
        if self._terminal >= 0:
            os.close(self._terminal)

    def _is_stiff(self, robot: ServedRobot) -> bool:
        self._listen()
        if self.process.poll() is not None:
            raise RuntimeError(self.output.decode(errors="replace"))
        return bool(max(robot.status()["kp"]) > 0.0)

    def _has_ended(self) -> bool:
        self._listen()
        return self.process.poll() is not None

    def _listen(self) -> None:
        """Take what was printed: a full terminal would stop the process."""
        with contextlib.suppress(OSError):  # nobody has it open any more
            while self._terminal >= 0 and select.select([self._terminal], [], [], 0.0)[0]:
                self.output += os.read(self._terminal, 65536)


SIGNALS: Mapping[str, Callable[[Trainer], float]] = {
    "SIGINT": lambda trainer: trainer.send(signal.SIGINT),
    "SIGTERM": lambda trainer: trainer.send(signal.SIGTERM),
    "SIGHUP": lambda trainer: trainer.send(signal.SIGHUP),
    "terminal closed": lambda trainer: trainer.close_terminal(),
}
"""Ends of training from outside."""


class Raise(gym.Wrapper):
    """An environment with a mistake that shows after ``n_steps``."""

    def __init__(self, env: gym.Env, n_steps: int = 100) -> None:
        super().__init__(env)
        self._n_left = n_steps

    def step(self, action: Any) -> Any:
        """Raise at the last of the steps; the time is left in ``RAISED_AT``."""
        self._n_left -= 1
        if self._n_left < 0:
            Path(os.environ["RAISED_AT"]).write_text(repr(time.monotonic()))
            raise ValueError("a mistake in the environment")
        return self.env.step(action)


def is_running(pid: int) -> bool:
    """Say whether a process exists and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _take_terminal() -> None:
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
