"""What an old policy is worth before it learns anything new: the baseline of an adaptation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rl_zoo.wrappers.episode_metrics import mean_metrics

_FALL = "fall"


def baseline_row(
    returns: Sequence[float] | NDArray[Any],
    lengths: Sequence[int] | NDArray[Any],
    metrics: Sequence[Mapping[str, float]],
    end_reasons: Mapping[str, int],
) -> dict[str, Any]:
    """Return the numbers of an evaluation by name, JSON-able.

    ``forward_speed`` is in m/s, None where the environment is no robot; ``falls`` counts episodes;
    ``steps`` is what the evaluation took, all environments together.

    Args:
        returns: Of each episode. Shape: (n_episodes,).
        lengths: Its steps. Shape: (n_episodes,).
        metrics: Of each episode.
        end_reasons: How often each reason ended an episode.
    """
    return {
        "mean_return": float(np.mean(returns)),
        "std_return": float(np.std(returns)),
        "forward_speed": mean_metrics(metrics).get("motion/forward_speed"),
        "falls": end_reasons.get(_FALL, 0),
        "n": int(np.size(returns)),
        "steps": int(np.sum(lengths)),
    }


def announce_baseline(eval_freq: int, n_episodes: int) -> dict[str, str]:
    """Return the line that says whether there will be a baseline."""
    told = "the old policy is not evaluated (--eval-freq)"
    if eval_freq > 0:
        told = f"the old policy is evaluated first: {n_episodes} episodes beside the budget"
    return {"baseline": told}


def describe_baseline(row: dict[str, Any], control_frequency: float | None = None) -> str:
    """Return the baseline in one line.

    Args:
        row: As ``baseline_row`` returns it.
        control_frequency: Steps per second of robot time, if it is a robot.
    """
    text = f"Baseline, the old policy here: return {row['mean_return']:.2f}"
    text += f" +/- {row['std_return']:.2f}"
    if row["forward_speed"] is not None:
        text += f", {row['forward_speed']:.3f} m/s, {row['falls']} falls"
    text += f" (n={row['n']}); it took {row['steps']} steps"
    if control_frequency:
        text += f", {row['steps'] / control_frequency:.0f} s of robot time"
    return f"{text}, which the budget does not count"
