"""The actor's and the learner's process as the supervisor sees them."""

from __future__ import annotations

import contextlib
import os
import subprocess
from dataclasses import dataclass, replace

from rl_zoo import errors
from rl_zoo.cpu_budget import ONE_THREAD
from rl_zoo.realtime.events import Event, EventReader, event_pipe
from rl_zoo.realtime.launch import Task, start

ACTOR = "rl_zoo.realtime.actor"
LEARNER = "rl_zoo.realtime.learner"


@dataclass
class Member:
    """A process and what it has said."""

    name: str
    process: subprocess.Popen[bytes]
    events: EventReader
    fault: Event | None = None
    """What it gave as the reason of its end."""

    @property
    def exit_code(self) -> int | None:
        """Return its exit code, negative after a signal; None while it runs."""
        return self.process.poll()

    def read(self) -> list[Event]:
        """Return what it has said since the last call; a fault is remembered."""
        arrived = self.events.read()
        for event in arrived:
            if event.get("kind") == "fault":
                self.fault = event
        return arrived

    def end(self, patience: float = 0.0) -> None:
        """Wait for its end for ``patience`` seconds, then kill it."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(patience)
            return
        self.process.kill()
        self.process.wait()

    def error(self) -> errors.ZooError:
        """Return the error that it ended with, as if it had been raised here."""
        code = self.exit_code
        if self.fault is None:
            how = f"with exit code {code}" if code is None or code >= 0 else f"by signal {-code}"
            return errors.RobotFault(f"the {self.name}'s process was ended {how}")
        message = str(self.fault.get("message") or "no reason given")
        if self.fault.get("error") == "ConfigError":
            return errors.ConfigError(list(self.fault.get("problems") or [message]))
        kind = getattr(errors, str(self.fault.get("error")), None)
        is_ours = isinstance(kind, type) and issubclass(kind, errors.ZooError)
        fallback = errors.RobotFault if self.name == "actor" else errors.ZooError
        return kind(message) if is_ours else fallback(message)  # type: ignore[misc]


def start_member(name: str, module: str, task: Task) -> Member:
    """Start a process with a pipe of its own for its events.

    Args:
        name: For messages.
        module: To run.
        task: What it is to do; its ``events`` are set here.
    """
    reading, writing = event_pipe()
    try:
        environment = None if task.core is None else ONE_THREAD
        process = start(module, replace(task, events=writing), environment)
    except BaseException:
        os.close(reading)
        raise
    finally:
        os.close(writing)
    return Member(name, process, EventReader(reading))
