"""Carry an exception of an environment out of its worker process.

A worker of SB3's ``SubprocVecEnv`` that raises dies, and the main process learns only that a pipe
is closed. Here the exception travels in ``info`` and the worker lives on, so that its random state
can still be saved.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, SupportsFloat

import gymnasium as gym

from rl_zoo.errors import RobotFault, ZooError

FAULT = "environment_fault"
"""Key in ``info`` with type and message of the exception, in one line."""


class FaultReportWrapper(gym.Wrapper[Any, Any, Any, Any]):
    """Outermost in a worker process: report exceptions instead of raising them."""

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Reset; after an exception the observation is arbitrary."""
        try:
            return self.env.reset(seed=seed, options=options)
        except (Exception, SystemExit) as error:
            return self.observation_space.sample(), {FAULT: describe(error)}

    def step(self, action: Any) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:
        """Step; after an exception the observation is arbitrary and the episode goes on."""
        try:
            return self.env.step(action)
        except (Exception, SystemExit) as error:
            return self.observation_space.sample(), 0.0, False, False, {FAULT: describe(error)}


def describe(error: BaseException) -> str:
    """Return type and message of an exception in one line."""
    if isinstance(error, (EOFError, BrokenPipeError, ConnectionResetError)):
        return "its process died"
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


@contextmanager
def naming_the_step(where: str) -> Iterator[None]:
    """Turn what an environment raises into a fault that says where it happened.

    Args:
        where: Such as ``at step 12``.

    Raises:
        RobotFault: If the environment fails; errors of our own pass as they are.
    """
    try:
        yield
    except ZooError:
        raise
    except (Exception, SystemExit) as error:  # a driver that gives up may call sys.exit
        raise RobotFault(f"the environment failed {where}: {describe(error)}") from error
