"""Do things that need a clean state: between two rollouts, with every episode at its start.

There no transition is in flight, no rollout is half full and the environments can be put back into
their state by repeating one reset. Where rollouts and episodes do not end together (several
environments, on-policy rollouts), the running episodes are truncated at the end of the rollout,
with ``truncation_reason`` set and their value bootstrapped.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from sb3_contrib import ARS
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm
from stable_baselines3.common.type_aliases import TrainFrequencyUnit

from rl_zoo.agents.checkpoint import RestoredRun
from rl_zoo.agents.open_loop import OpenLoop
from rl_zoo.envs.guarded import GuardedVecEnv

PATIENCE = 10_000
"""Steps to wait for an episode to end by itself before it is truncated."""


class SafePointAction(Protocol):
    """Something to do at a safe point."""

    reason: str
    """Truncation reason of an episode that has to be ended for it."""

    def is_due(self, num_timesteps: int) -> bool:
        """Say whether it should happen at the next safe point."""

    def run(self) -> None:
        """Do it; training goes on from the agent's state afterwards."""


class SafePointCallback(BaseCallback):
    """Run actions at safe points and, between rollouts, bring safe points about.

    Args:
        guard: The guard of the training stack.
        actions: In the order in which they run at the same safe point.
        restored: State to put back at the first safe point of a resumed run.
    """

    def __init__(
        self,
        guard: GuardedVecEnv,
        actions: list[SafePointAction],
        restored: RestoredRun | None = None,
    ) -> None:
        super().__init__()
        self.guard = guard
        self.actions = actions
        self._restored = restored
        self._rollout_steps = 0
        self._steps_waited = 0
        self._episode_ended_while_waiting = False

    def _on_rollout_start(self) -> None:
        # A continued rollout already holds the steps from before the interruption.
        self._rollout_steps = int(getattr(getattr(self.model, "rollout_buffer", None), "pos", 0))
        self._restore()
        if self.guard.all_episodes_over and self._rollout_steps == 0:
            self._run_due_actions()
        self._truncate_if_needed()

    def _on_step(self) -> bool:
        self._rollout_steps += 1
        if self._due() is not None:
            self._steps_waited += 1
            if bool(np.any(self.locals["dones"])):
                self._episode_ended_while_waiting = True
        self._truncate_if_needed()
        return True

    def _restore(self) -> None:
        if self._restored is not None:
            self._restored.apply(self.model)
            self._restored = None

    def _run_due_actions(self) -> None:
        for action in self.actions:
            if action.is_due(self.model.num_timesteps):
                action.run()
        self._steps_waited = 0
        self._episode_ended_while_waiting = False

    def _due(self) -> SafePointAction | None:
        steps = self.model.num_timesteps
        return next((action for action in self.actions if action.is_due(steps)), None)

    def _truncate_if_needed(self) -> None:
        if self._steps_to_rollout_end() != 1:
            return
        action = self._due()
        if action is not None and self._waited_enough():
            self.guard.request_truncation(action.reason)

    def _waited_enough(self) -> bool:
        return (
            self.guard.num_envs > 1
            or self._episode_ended_while_waiting
            or self._steps_waited >= PATIENCE
        )

    def _steps_to_rollout_end(self) -> int | None:
        """Return the steps left in this rollout; None if it ends with an episode anyway."""
        model: Any = self.model
        if isinstance(model, OffPolicyAlgorithm):
            frequency: Any = model.train_freq
            if frequency.unit == TrainFrequencyUnit.EPISODE:
                return None
            return int(frequency.frequency) - self._rollout_steps
        return int(model.n_steps) - self._rollout_steps


class SearchSafePointCallback(SafePointCallback):
    """Safe points of a search (ARS, OpenLoop): between two updates.

    ARS resets the environments in each of them, OpenLoop if there are several; a single one has
    just begun an episode.
    """

    def _on_training_start(self) -> None:
        self._restore()
        search: Any = self.model
        update = search._do_one_update

        def act_then_update(*args: Any, **kwargs: Any) -> Any:
            self._run_due_actions()
            return update(*args, **kwargs)

        # ARS draws its candidates before it announces a rollout: act before both.
        search._do_one_update = act_then_update

    def _on_rollout_start(self) -> None:
        """Nothing: candidates are drawn already."""

    def _on_step(self) -> bool:
        return True


def safe_point_callback(
    agent: BaseAlgorithm,
    guard: GuardedVecEnv,
    actions: list[SafePointAction],
    restored: RestoredRun | None = None,
) -> SafePointCallback:
    """Return the callback that knows the safe points of ``agent``."""
    kind = SearchSafePointCallback if isinstance(agent, (ARS, OpenLoop)) else SafePointCallback
    return kind(guard, actions, restored)
