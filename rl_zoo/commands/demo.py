"""``demo``: the main job from end to end: learn to walk from scratch, measure it, show it."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rl_zoo import console
from rl_zoo.commands.demo_training import Training, train_all
from rl_zoo.commands.options import ZooArgumentParser, run_command
from rl_zoo.errors import NothingFoundError, UsageError, ZooError
from rl_zoo.runs.atomic import write_text

if TYPE_CHECKING:
    from rl_zoo.agents.evaluation import Evaluation
    from rl_zoo.agents.load_run import LoadedRun
    from rl_zoo.runs.folder import RunFolder

RESULT_FILE = "demo.json"
"""What was measured, in the folder of the run."""
FIGURE_FILE = "speed.png"
EVALUATION_SECONDS = 20.0
"""Length of an episode of the final evaluation."""
VIDEO_SECONDS = 10.0
WITHOUT_PRIOR, WITH_PRIOR = "Bert-v0", "Bert-CPG-v0"
CONTROL_FREQUENCY = 50.0
"""Of the robot, Hz."""


@dataclass(frozen=True)
class Measured:
    """One row of the report."""

    label: str
    evaluation: Evaluation
    training: Training | None = None
    """None: nothing was trained (the prior alone)."""

    @property
    def speed(self) -> float:
        """Mean forward speed, m/s."""
        return mean_of(self.evaluation, "motion/forward_speed")

    @property
    def falls(self) -> int:
        """Episodes that ended by a fall."""
        return self.evaluation.end_reasons.get("fall", 0)


def build_parser() -> ZooArgumentParser:
    """Return the parser of ``demo``."""
    parser = ZooArgumentParser(
        prog="rl_zoo demo",
        description="Let a simulated quadruped learn to walk within minutes of robot time, with "
        "and without a central pattern generator; then evaluate, plot and film it.",
    )
    parser.add_argument("--algo", default="droq", help="algorithm")
    parser.add_argument(
        "--only", choices=["prior", "scratch"], help="train with the prior only, or without only"
    )
    parser.add_argument("-n", "--n-timesteps", type=int, default=-1, help="budget (-1: tuned)")
    parser.add_argument("--seed", type=int, default=0, help="random seed")
    parser.add_argument("-f", "--log-folder", default="logs", help="folder of all runs")
    parser.add_argument(
        "--n-episodes", type=int, default=5, help="episodes of 20 s of the final evaluation"
    )
    parser.add_argument("--no-video", action="store_true", help="film nothing")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demo; return the exit code."""
    return run_command(build_parser(), argv, _demo)


def _demo(arguments: argparse.Namespace) -> int:
    if arguments.n_episodes < 1:
        raise UsageError(f"--n-episodes: must be at least 1, not {arguments.n_episodes}")
    started = time.monotonic()
    trainings = train_all([_command(env, arguments) for env in _environments(arguments)])
    trained = time.monotonic()
    rows = [_measure(training, arguments) for training in trainings]
    prior = next((row for row in rows if row.label == "with prior"), None)
    if prior is not None and prior.training is not None:
        rows.append(_measure_prior(prior.training, arguments))
    for row in rows:
        if row.training is not None:
            summary = json.dumps(_summary(row), indent=2) + "\n"
            write_text(row.training.folder.path / RESULT_FILE, summary)
    shown = (prior or rows[0]).training
    assert shown is not None
    figure = _plot(rows, shown.folder)
    video = "not asked for" if arguments.no_video else _film(shown.folder, arguments)
    console.result()
    for line in (*_table(rows), "", f"Curves        {figure}", f"Video         {video}"):
        console.result(line)
    total = time.monotonic() - started
    console.result(f"Time          {total:.0f} s, of them {trained - started:.0f} s training")
    console.result(f"Run it again  python -m rl_zoo.enjoy --run {shown.folder.path}")
    return 0


def _environments(arguments: argparse.Namespace) -> list[str]:
    chosen = {"prior": [WITH_PRIOR], "scratch": [WITHOUT_PRIOR]}
    return chosen.get(arguments.only, [WITH_PRIOR, WITHOUT_PRIOR])


def _command(env_id: str, arguments: argparse.Namespace) -> list[str]:
    """Return the arguments of ``python -m rl_zoo.train`` for one of the trainings."""
    argv = ["--algo", arguments.algo, "--env", env_id, "--seed", str(arguments.seed)]
    argv += ["-n", str(arguments.n_timesteps), "-f", arguments.log_folder]
    # Two evaluations a minute of robot time, each one episode: enough for a curve.
    return [*argv, "--eval-freq", "1500", "--eval-episodes", "2", "--verbose", "0"]


def _measure(training: Training, arguments: argparse.Namespace) -> Measured:
    from rl_zoo.agents.evaluation import evaluate

    run = _load(training.folder, arguments)
    try:
        evaluation = evaluate(run.agent, run.env, arguments.n_episodes)
    finally:
        run.env.close()
    label = "with prior" if training.env_id == WITH_PRIOR else "without prior"
    return Measured(label, evaluation, training)


def _measure_prior(training: Training, arguments: argparse.Namespace) -> Measured:
    """Evaluate the action zero, which is the prior itself."""
    from rl_zoo.agents.evaluation import evaluate
    from rl_zoo.tasks.standing import StandingPolicy

    run = _load(training.folder, arguments)
    try:
        shape = run.env.action_space.shape
        zero: Any = StandingPolicy(shape[0] if shape else 1)
        return Measured("open-loop prior", evaluate(zero, run.env, arguments.n_episodes))
    finally:
        run.env.close()


def mean_of(evaluation: Evaluation, name: str) -> float:
    """Return the mean of an episode metric over the episodes; NaN if none has it."""
    values = [metrics[name] for metrics in evaluation.metrics if name in metrics]
    return sum(values) / len(values) if values else float("nan")


def _summary(row: Measured) -> dict[str, Any]:
    """Return what was measured, as plain data."""
    evaluation = row.evaluation
    assert row.training is not None
    names = sorted({name for metrics in evaluation.metrics for name in metrics})
    return {
        "label": row.label,
        "n_episodes": len(evaluation.returns),
        "episode_seconds": EVALUATION_SECONDS,
        "robot_minutes": row.training.steps / CONTROL_FREQUENCY / 60.0,
        "training_seconds": round(row.training.seconds, 1),
        "returns": evaluation.returns.tolist(),
        "forward_speed_m_per_s": [
            metrics.get("motion/forward_speed") for metrics in evaluation.metrics
        ],
        "end_reasons": evaluation.end_reasons,
        "means": {name: mean_of(evaluation, name) for name in names},
    }


def _plot(rows: Sequence[Measured], folder: RunFolder) -> Path | str:
    """Return the figure, or why there is none: a short training ends no episode."""
    from rl_zoo.plots.speed_curve import LabelledRun, plot_speed_curves

    runs = [LabelledRun(row.label, row.training.folder.path) for row in rows if row.training]
    alone = next((row for row in rows if row.training is None), None)
    reference = None if alone is None else (alone.label, alone.speed)
    file = folder.path / FIGURE_FILE
    try:
        return plot_speed_curves(runs, reference, file, control_period=1.0 / CONTROL_FREQUENCY)
    except NothingFoundError as error:
        return str(error)


def _film(folder: RunFolder, arguments: argparse.Namespace) -> Path | str:
    """Return the video, or why there is none: without OpenGL everything else still works."""
    from rl_zoo.agents.playback import PlaySettings
    from rl_zoo.agents.video import frames_per_second, prepare_headless_rendering, record

    prepare_headless_rendering()
    file = folder.videos / f"{folder.algo}-{folder.env_name}.mp4"
    try:
        run = _load(folder, arguments, render_mode="rgb_array")
        try:
            steps = int(VIDEO_SECONDS * frames_per_second(run.env))
            record(run.agent, run.env, file, PlaySettings(n_steps=steps))
        finally:
            run.env.close()
    except ZooError as error:
        return str(error)
    return file


def _load(
    folder: RunFolder, arguments: argparse.Namespace, render_mode: str | None = None
) -> LoadedRun:
    """Load the final policy in an environment with episodes of 20 s."""
    from rl_zoo.agents.load_run import LoadSettings, identify_run, load_config, load_run
    from rl_zoo.runs.select import WeightsRequest, select_model

    steps = round(EVALUATION_SECONDS * CONTROL_FREQUENCY)
    settings = LoadSettings(
        seed=arguments.seed + 1000,
        render_mode=render_mode,
        env_kwargs={"max_episode_steps": steps},
    )
    model = select_model(folder, WeightsRequest(kind="final"))
    return load_run(model, load_config(folder, identify_run(folder), settings), settings)


def _table(rows: Sequence[Measured]) -> list[str]:
    lines = [
        f"{'':<16}{'robot time':>11}{'speed':>19}{'cost of':>11}{'falls in':>11}"
        f"{'interventions':>15}{'training':>10}",
        f"{'':<16}{'min':>11}{'m/s':>19}{'transport':>11}{'20 s':>11}{'% of steps':>15}{'s':>10}",
    ]
    for row in rows:
        speeds = [m.get("motion/forward_speed", float("nan")) for m in row.evaluation.metrics]
        low, high = min(speeds), max(speeds)
        rate = 100.0 * mean_of(row.evaluation, "safety/intervention_rate")
        minutes, seconds = "-", "-"
        if row.training is not None:
            minutes = f"{row.training.steps / CONTROL_FREQUENCY / 60.0:.1f}"
            seconds = f"{row.training.seconds:.0f}"
        speed = f"{row.speed:.2f} ({low:.2f}-{high:.2f})"
        lines.append(
            f"{row.label:<16}{minutes:>11}{speed:>19}"
            f"{mean_of(row.evaluation, 'motion/cost_of_transport'):>11.2f}"
            f"{f'{row.falls} of {len(speeds)}':>11}{rate:>15.1f}{seconds:>10}"
        )
    return lines
