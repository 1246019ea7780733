"""``plot_gait``: which feet of a trained robot stand when, its oscillators, its speed."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rl_zoo import console
from rl_zoo.commands.options import ZooArgumentParser, run_command
from rl_zoo.commands.run_options import (
    add_run_flags,
    add_weights_flags,
    check_flags,
    choose_deterministic,
    find_model,
    find_run,
    load_settings,
)
from rl_zoo.cpu_budget import apply_cpu_budget
from rl_zoo.errors import ConfigError

if TYPE_CHECKING:
    from rl_zoo.agents.load_run import LoadedRun, RunIdentity
    from rl_zoo.motion.footfall import GaitRecording
    from rl_zoo.runs.folder import RunFolder

DEFAULT_LENGTH = 500


def build_parser() -> ZooArgumentParser:
    """Return the parser of all flags."""
    parser = ZooArgumentParser(
        prog="python -m rl_zoo.cli plot_gait",
        description="Let a trained robot walk one episode and draw its gait diagram: foot "
        "contacts, oscillator phases, forward speed.",
    )
    add_run_flags(parser)
    parser.set_defaults(env="Bert-v0")
    add_weights_flags(parser)
    parser.add_argument(
        "-n", "--n-timesteps", type=int, default=DEFAULT_LENGTH, help="most steps to record"
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help="figure, .png, .pdf or .svg (default: <run>/gait-<weights>.png)",
    )
    parser.add_argument(
        "--save-data",
        action="store_true",
        help="write the recorded arrays beside the figure, as .npz",
    )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Draw the gait diagram of a trained robot; return the exit code."""
    return run_command(build_parser(), argv, _plot)


def _plot(arguments: argparse.Namespace) -> int:
    check_flags(arguments)
    if arguments.n_envs != 1:
        raise ConfigError(f"--n-envs {arguments.n_envs}: plot_gait records a single robot")
    apply_cpu_budget(-1)
    from rl_zoo.agents.gait_recording import save_recording
    from rl_zoo.plots.gait_diagram import check_figure_file, plot_gait

    if arguments.output is not None:
        check_figure_file(arguments.output)
    folder, identity = find_run(arguments)
    run, recording = _record(folder, identity, arguments)
    output = arguments.output or folder.path / f"gait-{run.model.label}.png"
    title = f"{identity.algo.upper()} on {identity.env_id}"
    console.result(f"Gait diagram: {plot_gait(recording, title, output)}")
    if arguments.save_data:
        data = output.with_suffix(".npz")
        save_recording(recording, data)
        console.result(f"Data: {data}")
    return 0


def _record(
    folder: RunFolder, identity: RunIdentity, arguments: argparse.Namespace
) -> tuple[LoadedRun, GaitRecording]:
    from rl_zoo.agents.gait_recording import record_gait
    from rl_zoo.agents.load_run import load_config, load_run
    from rl_zoo.agents.matmul import enable_fast_matmul

    model = find_model(folder, arguments)
    console.message(f"Loading {model.file}")
    enable_fast_matmul()
    settings = load_settings(arguments)
    run = load_run(model, load_config(folder, identity, settings), settings)
    try:
        deterministic = choose_deterministic(arguments, identity.env_id)
        steps = arguments.n_timesteps
        return run, record_gait(run.agent, run.env, steps, deterministic=deterministic)
    finally:
        run.env.close()


if __name__ == "__main__":
    raise SystemExit(main())
