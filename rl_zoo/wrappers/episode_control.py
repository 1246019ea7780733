"""The one place where an episode can be ended from outside, and where its end gets a reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, SupportsFloat

import gymnasium as gym

from rl_zoo.wrappers.random_state import generator_state, set_generator_state

CUT = "cut"
"""Column of the monitor file that marks episodes ended from outside; the same key in ``info``."""

DISCARD = "discard"
"""Key in ``info``: this transition was interrupted and must enter no buffer."""

STOP = "stop_requested"
"""Key in ``info`` (of a step or a reset): who at the robot asked for an end of the run."""

INTERRUPTED = "interrupted"
"""Truncation reason of an episode that a discarded transition ended."""


def end_reason(info: Mapping[str, Any]) -> str | None:
    """Return why the episode ended, by termination or truncation; None if it did not."""
    reason: str | None = info.get("termination_reason") or info.get("truncation_reason")
    return reason


class EpisodeControlWrapper(gym.Wrapper[Any, Any, Any, Any]):
    """Truncate the episode on request, name the reason of every end, make resets repeatable.

    Sits directly inside Monitor, so that an episode ended here is recorded like any other. ``info``
    gets ``truncation_reason`` or ``termination_reason`` at every end that an inner layer did not
    name. A transition that an inner layer discards ends its episode as ``interrupted``, which
    counts as cut; an inner layer can also say ``info["cut"]`` itself.
    """

    def __init__(self, env: gym.Env[Any, Any]) -> None:
        super().__init__(env)
        self._requested_reason: str | None = None
        self._random_state_before_reset: dict[str, Any] | None = None

    def request_truncation(self, reason: str) -> None:
        """Truncate the running episode at its next step."""
        self._requested_reason = reason

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Reset the environment; a pending request is dropped."""
        self._requested_reason = None
        # Asking a never seeded environment for its generator would seed it at random.
        self._random_state_before_reset = None if seed is not None else self._random_state()
        return self.env.reset(seed=seed, options=options)

    def step(self, action: Any) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:
        """Step the environment; truncate if that was requested."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        cut = self._requested_reason is not None and not (terminated or truncated)
        if cut:
            info["truncation_reason"] = self._requested_reason
            truncated = True
        discarded = bool(info.get(DISCARD, False))
        if discarded and not (terminated or truncated):
            info["truncation_reason"] = INTERRUPTED
            truncated = True
        info[CUT] = int(cut or discarded or bool(info.get(CUT, False)))
        if terminated:
            info.setdefault("termination_reason", "terminated")
        elif truncated:
            info.setdefault("truncation_reason", "time_limit")
        return observation, reward, terminated, truncated, info

    def checkpoint_state(self) -> dict[str, Any]:
        """Return what is needed to repeat the last reset and everything after it.

        Random states (JSON-able) before the last reset and now, and the state of every inner layer
        that has a ``checkpoint_state`` method of its own.
        """
        return {
            "random_state_before_reset": self._random_state_before_reset,
            "random_state": self._random_state(),
            "layers": [layer.checkpoint_state() for layer in self._stateful_layers()],
        }

    def restore_checkpoint_state(self, state: dict[str, Any], *, repeat_reset: bool) -> None:
        """Restore ``checkpoint_state``.

        Args:
            state: What ``checkpoint_state`` returned.
            repeat_reset: Make the next reset repeat the last one; else continue after it.
        """
        chosen = state["random_state_before_reset"] if repeat_reset else None
        chosen = chosen or state["random_state"]
        if chosen is not None:
            set_generator_state(self.unwrapped.np_random, chosen)
        for layer, layer_state in zip(self._stateful_layers(), state["layers"], strict=True):
            layer.restore_checkpoint_state(layer_state)

    def _random_state(self) -> dict[str, Any] | None:
        generator = getattr(self.unwrapped, "_np_random", None)
        return None if generator is None else generator_state(generator)

    def _stateful_layers(self) -> Iterator[Any]:
        layer: Any = self.env
        while True:
            if hasattr(type(layer), "checkpoint_state"):
                yield layer
            if not isinstance(layer, gym.Wrapper):
                return
            layer = layer.env
