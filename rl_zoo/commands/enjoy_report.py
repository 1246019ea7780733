"""What ``enjoy`` prints: the zoo's lines with n and how episodes ended, or one JSON object."""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rl_zoo.agents.evaluation import Evaluation
    from rl_zoo.agents.load_run import LoadedRun
    from rl_zoo.agents.playback import Episode, Playback


@dataclass(frozen=True)
class Shown:
    """Which policy acted, and where."""

    algo: str | None
    env_id: str
    run: str | None
    """Folder of the run."""
    model: Path
    """File of the policy."""
    weights: str | None
    """Which weights of the run: final, best, checkpoint."""
    checkpoint: int | None
    """Steps of a checkpoint."""
    normalizer: str | None = None
    """File of the normalisation statistics, if they are in one of their own."""
    deterministic: bool = True
    normalized_reward: bool = False


def shown_run(run: LoadedRun, arguments: argparse.Namespace, deterministic: bool) -> Shown:
    """Return what acted, of a run loaded with its environment."""
    normalize = run.config.normalize
    return Shown(
        algo=run.config.algo,
        env_id=run.config.env_id,
        run=str(run.model.folder.path),
        model=run.model.file,
        weights=run.model.kind,
        checkpoint=run.model.steps,
        normalizer=None if run.normalizer is None else str(run.normalizer),
        deterministic=deterministic,
        normalized_reward=bool(
            arguments.norm_reward and normalize is not None and normalize.norm_reward
        ),
    )


def text_report(shown: Shown, playback: Playback, arguments: argparse.Namespace) -> str:
    """Return the result for a person; with ``--verbose 0`` its main line only."""
    lines = [_main_line(playback, normalized=shown.normalized_reward)]
    if arguments.verbose < 1:
        return lines[0]
    evaluation = playback.evaluation()
    if playback.episodes:
        lines.insert(0, f"{len(playback.episodes)} Episodes")
        lengths = evaluation.lengths
        lines.append(f"Mean episode length: {lengths.mean():.2f} +/- {lengths.std():.2f}")
        ends = sorted(playback.end_reasons().items(), key=lambda item: -item[1])
        lines.append("Ended by: " + ", ".join(f"{reason} {count}" for reason, count in ends))
        if playback.discarded:
            lines[-1] += f"; transitions discarded: {playback.discarded}"
        if evaluation.successes is not None:
            lines.append(f"Success rate: {100 * evaluation.successes.mean():.2f}%")
        lines += _metric_lines(evaluation)
        lines += [f"Not counted: {_cut_off(episode)}" for episode in _not_counted(playback)]
    mode = "deterministic" if shown.deterministic else "stochastic"
    lines.append(f"({mode} actions of {shown.model}, seed {arguments.seed})")
    return "\n".join(lines)


def json_report(shown: Shown, playback: Playback, arguments: argparse.Namespace) -> str:
    """Return the result for a program: one JSON object on one line."""
    evaluation = playback.evaluation()
    successes = evaluation.successes
    content: dict[str, Any] = {
        "algo": shown.algo,
        "env": shown.env_id,
        "run": shown.run,
        "model": str(shown.model),
        "weights": shown.weights,
        "checkpoint": shown.checkpoint,
        "normalizer": shown.normalizer,
        "deterministic": shown.deterministic,
        "seed": arguments.seed,
        "n_envs": arguments.n_envs,
        "normalized_reward": shown.normalized_reward,
        "n_steps": playback.steps,
        "n_episodes": len(playback.episodes),
        "mean_return": _mean(evaluation.returns),
        "std_return": _std(evaluation.returns),
        "mean_length": _mean(evaluation.lengths),
        "std_length": _std(evaluation.lengths),
        "success_rate": None if successes is None else float(successes.mean()),
        "end_reasons": playback.end_reasons(),
        "discarded": playback.discarded,
        "metrics": _mean_metrics(evaluation),
        "returns": evaluation.returns.tolist(),
        "lengths": evaluation.lengths.tolist(),
        "unfinished": [
            {"env": part.env, "return": part.episode_return, "length": part.length}
            for part in _not_counted(playback)
        ],
        "interrupted": playback.interrupted,
        "video": None if arguments.video is None else str(arguments.video),
    }
    return json.dumps(content)


def _not_counted(playback: Playback) -> tuple[Episode, ...]:
    return (*playback.cut, *playback.unfinished)


def _metric_lines(evaluation: Evaluation) -> list[str]:
    """Return how smooth the actions were and, for a robot, what its motion cost."""
    means = _mean_metrics(evaluation)
    texts = {
        "motion/continuity_cost": "Continuity cost: {:.2f}",
        "motion/forward_speed": "Forward speed: {:.3f} m/s",
        "motion/cost_of_transport": "Cost of transport: {:.2f}",
    }
    lines = [text.format(means[name]) for name, text in texts.items() if name in means]
    falls = [episode["motion/falls"] for episode in evaluation.metrics if "motion/falls" in episode]
    return [*lines, f"Falls: {sum(falls):.0f} of {len(falls)}"] if falls else lines


def _mean_metrics(evaluation: Evaluation) -> dict[str, float]:
    from rl_zoo.wrappers.episode_metrics import mean_metrics

    return mean_metrics(evaluation.metrics)


def _main_line(playback: Playback, *, normalized: bool) -> str:
    if not playback.episodes:
        parts = "; ".join(_cut_off(episode) for episode in _not_counted(playback))
        return f"No complete episode within {playback.steps} steps ({parts or 'nothing was run'})"
    returns = playback.evaluation().returns
    note = ", normalised" if normalized else ""
    return f"Mean reward: {returns.mean():.2f} +/- {returns.std():.2f} (n = {len(returns)}{note})"


def _cut_off(episode: Episode) -> str:
    return (
        f"an episode of environment {episode.env}, cut off after {episode.length} steps with "
        f"reward {episode.episode_return:.2f}"
    )


def _mean(values: Any) -> float | None:
    return float(values.mean()) if len(values) else None


def _std(values: Any) -> float | None:
    return float(values.std()) if len(values) else None
