"""``record_video``: film a trained agent."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from rl_zoo import console
from rl_zoo.commands.options import ZooArgumentParser, run_command
from rl_zoo.commands.run_options import (
    DEFAULT_STEPS,
    add_run_flags,
    add_weights_flags,
    check_flags,
    choose_deterministic,
    find_model,
    find_run,
    load_settings,
    require_render_mode,
)
from rl_zoo.cpu_budget import apply_cpu_budget


def build_parser() -> ZooArgumentParser:
    """Return the parser of all flags."""
    parser = ZooArgumentParser(
        prog="python -m rl_zoo.cli record_video",
        description="Film a trained agent: one mp4, no display and no ffmpeg needed.",
    )
    add_run_flags(parser)
    add_weights_flags(parser)
    parser.add_argument(
        "-n", "--n-timesteps", type=int, default=DEFAULT_STEPS, help="steps to film"
    )
    parser.add_argument(
        "-o", "--output-folder", type=Path, help="folder of the video (default: <run>/videos)"
    )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Film a trained agent; return the exit code."""
    return run_command(build_parser(), argv, _record)


def _record(arguments: argparse.Namespace) -> int:
    check_flags(arguments)
    apply_cpu_budget(-1)
    from rl_zoo.agents.video import prepare_headless_rendering

    prepare_headless_rendering()
    folder, identity = find_run(arguments)
    model = find_model(folder, arguments)
    console.message(f"Loading {model.file}")

    from rl_zoo.agents.load_run import load_config, load_run
    from rl_zoo.agents.matmul import enable_fast_matmul
    from rl_zoo.agents.playback import PlaySettings
    from rl_zoo.agents.video import record, video_name

    enable_fast_matmul()
    require_render_mode(identity.env_id, "rgb_array", tuple(arguments.gym_packages))
    settings = load_settings(arguments, render_mode="rgb_array")
    run = load_run(model, load_config(folder, identity, settings), settings)
    output = arguments.output_folder or folder.videos
    file = output / video_name(model, identity.algo, arguments.n_timesteps)
    play_settings = PlaySettings(
        n_steps=arguments.n_timesteps,
        deterministic=choose_deterministic(arguments, identity.env_id),
    )
    try:
        playback = record(run.agent, run.env, file, play_settings)
    finally:
        run.env.close()
    console.result(f"Saving video to {file}")
    return 130 if playback.interrupted else 0


if __name__ == "__main__":
    raise SystemExit(main())
