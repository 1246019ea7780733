"""``demo``: the main job from end to end: learn to walk, measure it, show it."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rl_zoo import console
from rl_zoo.commands.options import ZooArgumentParser, run_command
from rl_zoo.errors import ZooError
from rl_zoo.runs.atomic import write_text

if TYPE_CHECKING:
    from rl_zoo.agents.evaluation import Evaluation
    from rl_zoo.runs.folder import RunFolder

SPEED = "forward_speed"
RESULT_FILE = "demo.json"
VIDEO_SECONDS = 10


@dataclass(frozen=True)
class DemoResult:
    """What the demo measured."""

    policy: Evaluation
    standing: Evaluation


def build_parser() -> ZooArgumentParser:
    """Return the parser of ``demo``."""
    parser = ZooArgumentParser(
        prog="rl_zoo demo",
        description="Train a simulated quadruped to walk, then evaluate, plot and film it.",
    )
    parser.add_argument("--algo", default="ppo", help="algorithm")
    parser.add_argument("--env", default="Bert-v0", help="a robot environment of ours")
    parser.add_argument("-n", "--n-timesteps", type=int, default=-1, help="budget (-1: tuned)")
    parser.add_argument("--seed", type=int, default=0, help="random seed")
    parser.add_argument("-f", "--log-folder", default="logs", help="folder of all runs")
    parser.add_argument(
        "--n-episodes", type=int, default=10, help="episodes of the final evaluation"
    )
    parser.add_argument("--no-video", action="store_true", help="film nothing")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demo; return the exit code."""
    return run_command(build_parser(), argv, _demo)


def _demo(arguments: argparse.Namespace) -> int:
    started = time.monotonic()
    folder = _train(arguments)
    trained = time.monotonic()
    result = _measure(folder, arguments)
    write_text(folder.path / RESULT_FILE, json.dumps(_summary(result), indent=2) + "\n")
    figure = _plot(folder, result)
    video = "not asked for" if arguments.no_video else _film(folder, arguments)
    console.result()
    for row in _report(folder, result, figure, video):
        console.result(row)
    total = time.monotonic() - started
    console.result(f"Time          {total:.0f} s, of them {trained - started:.0f} s training")
    console.result(f"Run it again  python -m rl_zoo.enjoy --run {folder.path} --load-best")
    return 0


def _train(arguments: argparse.Namespace) -> RunFolder:
    from rl_zoo.commands import train_parser, training

    argv = ["--algo", arguments.algo, "--env", arguments.env, "--seed", str(arguments.seed)]
    argv += ["-n", str(arguments.n_timesteps), "-f", arguments.log_folder, "-P", "--verbose", "0"]
    parsed = train_parser.build_parser().parse_args(argv)
    budget = training.resolve_config(parsed).n_timesteps
    argv += ["--save-freq", str(max(budget // 4, 1)), "--eval-freq", str(max(budget // 10, 1))]
    parsed = train_parser.build_parser().parse_args(argv)
    return training.train_as_told(parsed, argv).folder


def _measure(folder: RunFolder, arguments: argparse.Namespace) -> DemoResult:
    from rl_zoo.agents.evaluation import evaluate
    from rl_zoo.tasks.standing import StandingPolicy

    run = _load_best(folder, arguments)
    try:
        shape = run.env.action_space.shape
        standing: Any = StandingPolicy(shape[0] if shape else 1)
        n_episodes = arguments.n_episodes
        return DemoResult(
            policy=evaluate(run.agent, run.env, n_episodes, info_keys=(SPEED,)),
            standing=evaluate(standing, run.env, n_episodes, info_keys=(SPEED,)),
        )
    finally:
        run.env.close()


def _summary(result: DemoResult) -> dict[str, Any]:
    """Return what was measured, as plain data."""
    return {
        "n_episodes": len(result.policy.returns),
        "returns": result.policy.returns.tolist(),
        "forward_speed_m_per_s": result.policy.info_means[SPEED].tolist(),
        "end_reasons": result.policy.end_reasons,
        "standing_returns": result.standing.returns.tolist(),
        "standing_forward_speed_m_per_s": result.standing.info_means[SPEED].tolist(),
    }


def _plot(folder: RunFolder, result: DemoResult) -> Path:
    from rl_zoo.plots.learning_curve import plot_learning_curve

    return plot_learning_curve(
        folder.path,
        folder.path / "learning_curve.png",
        baseline=result.standing.mean_return,
        baseline_label="standing still",
    )


def _film(folder: RunFolder, arguments: argparse.Namespace) -> Path | str:
    """Return the video, or why there is none: without OpenGL everything else still works."""
    from rl_zoo.agents.playback import PlaySettings
    from rl_zoo.agents.video import frames_per_second, prepare_headless_rendering, record

    prepare_headless_rendering()
    file = folder.videos / f"{folder.algo}-{folder.env_name}.mp4"
    try:
        run = _load_best(folder, arguments, render_mode="rgb_array")
        try:
            steps = int(VIDEO_SECONDS * frames_per_second(run.env))
            record(run.agent, run.env, file, PlaySettings(n_steps=steps))
        finally:
            run.env.close()
    except ZooError as error:
        return str(error)
    return file


def _load_best(
    folder: RunFolder, arguments: argparse.Namespace, render_mode: str | None = None
) -> Any:
    from rl_zoo.agents.load_run import LoadSettings, identify_run, load_config, load_run
    from rl_zoo.runs.select import WeightsRequest, select_model

    settings = LoadSettings(seed=arguments.seed + 1000, render_mode=render_mode)
    model = select_model(folder, WeightsRequest(kind="best"))
    return load_run(model, load_config(folder, identify_run(folder), settings), settings)


def _report(folder: RunFolder, result: DemoResult, figure: Path, video: Path | str) -> list[str]:
    policy, standing = result.policy, result.standing
    reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(policy.end_reasons.items()))
    return [
        f"Run folder    {folder.path}",
        f"Return        {_plus_minus(policy.returns)}   "
        f"standing still: {_plus_minus(standing.returns)}   (n={len(policy.returns)} episodes)",
        f"Forward speed {_plus_minus(policy.info_means[SPEED])} m/s   "
        f"standing still: {_plus_minus(standing.info_means[SPEED])} m/s",
        f"Episodes      {reasons}",
        f"Curve         {figure}",
        f"Video         {video}",
    ]


def _plus_minus(values: Any) -> str:
    return f"{values.mean():.2f} +/- {values.std():.2f}"
