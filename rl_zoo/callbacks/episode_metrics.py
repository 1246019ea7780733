"""Log what training episodes are measured by beside their return."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from stable_baselines3.common.callbacks import BaseCallback

from rl_zoo import console
from rl_zoo.envs.guarded import GuardedVecEnv
from rl_zoo.wrappers.episode_control import CUT
from rl_zoo.wrappers.episode_metrics import METRICS, mean_metrics


class EpisodeMetricsCallback(BaseCallback):
    """Log the means of ``info["episode_metrics"]`` over the last 100 training episodes.

    As many episodes as for ``rollout/ep_rew_mean`` (``stats_window_size``); a resumed run begins
    with none. Episodes cut from outside do not count.

    Args:
        guard: The guard of the training stack; it sees the steps of every algorithm.
    """

    def __init__(self, guard: GuardedVecEnv) -> None:
        super().__init__()
        self.guard = guard
        self.episodes: deque[Mapping[str, float]] = deque(maxlen=100)
        self._counted_step = 0

    def _on_training_start(self) -> None:
        self.episodes = deque(self.episodes, maxlen=self.model._stats_window_size)

    def _on_step(self) -> bool:
        if self.guard.steps == self._counted_step:  # ARS calls once per environment
            return True
        self._counted_step = self.guard.steps
        ends = self.guard.ends
        finished = [info[METRICS] for info in ends if METRICS in info and not info.get(CUT)]
        if finished:
            self.episodes.extend(finished)
            for name, value in mean_metrics(self.episodes).items():
                self.logger.record(name, value, exclude=excluded_from(name))
        return True

    def _on_training_end(self) -> None:
        line = summary(mean_metrics(self.episodes))
        if line:
            console.message(f"Last {len(self.episodes)} episodes: {line}")


def excluded_from(name: str) -> tuple[str, ...]:
    """Return the outputs without this metric: reward terms and limits are too many for a table."""
    return () if name.startswith("motion/") else ("stdout", "log")


def summary(means: Mapping[str, float]) -> str:
    """Return a robot's means in one line; empty for anything else."""
    if "motion/energy" not in means:
        return ""
    texts = {
        "motion/forward_speed": "{:.2f} m/s",
        "motion/power": "{:.2f} W",
        "motion/cost_of_transport": "cost of transport {:.2f}",
        "motion/continuity_cost": "continuity cost {:.2f}",
        "motion/falls": "{:.0%} fell",
    }
    return ", ".join(text.format(means[name]) for name, text in texts.items() if name in means)
