"""What an old policy is worth before it learns anything new: the baseline of an adaptation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rl_zoo.wrappers.episode_metrics import mean_metrics

if TYPE_CHECKING:
    from rl_zoo.agents.evaluation import Evaluation

_FALL = "fall"


def baseline_row(evaluation: Evaluation) -> dict[str, Any]:
    """Return the numbers of an evaluation by name, JSON-able.

    ``forward_speed`` is in m/s, None where the environment is no robot; ``falls`` counts episodes;
    ``steps`` is what the evaluation took, all environments together.
    """
    return {
        "mean_return": evaluation.mean_return,
        "std_return": evaluation.std_return,
        "forward_speed": mean_metrics(evaluation.metrics).get("motion/forward_speed"),
        "falls": evaluation.end_reasons.get(_FALL, 0),
        "n": len(evaluation.returns),
        "steps": int(evaluation.lengths.sum()),
    }


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
