"""Let a callback stop training without losing or falsifying a transition."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from stable_baselines3.common.callbacks import BaseCallback, CallbackList

if TYPE_CHECKING:
    from stable_baselines3.common.base_class import BaseAlgorithm


class CleanStopCallback(BaseCallback):
    """Run user callbacks; when one returns False, end the episode by truncation first, then stop.

    SB3 returns from the rollout before it stores the transition at hand, and a run that goes on
    from there stores a false one.

    Args:
        callbacks: User callbacks.
        request_stop: Called with the reason when one of them wants to stop.
    """

    def __init__(self, callbacks: list[BaseCallback], request_stop: Callable[[str], None]) -> None:
        super().__init__()
        self.children = CallbackList(callbacks)
        self.request_stop = request_stop

    def init_callback(self, model: BaseAlgorithm) -> None:
        """Hand the agent to the callbacks."""
        super().init_callback(model)
        self.children.init_callback(model)

    def _on_training_start(self) -> None:
        self.children.on_training_start(self.locals, self.globals)

    def _on_rollout_start(self) -> None:
        self.children.on_rollout_start()

    def _on_step(self) -> bool:
        self.children.update_locals(self.locals)
        if not self.children.on_step():
            names = ", ".join(type(child).__name__ for child in self.children.callbacks)
            self.request_stop(f"stopped by callback ({names})")
        return True

    def _on_rollout_end(self) -> None:
        self.children.on_rollout_end()

    def _on_training_end(self) -> None:
        self.children.on_training_end()
