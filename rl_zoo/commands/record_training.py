"""``record_training``: film every checkpoint of a run, one after the other."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rl_zoo import console
from rl_zoo.commands.options import ZooArgumentParser, run_command
from rl_zoo.commands.run_options import (
    DEFAULT_STEPS,
    add_run_flags,
    check_flags,
    choose_deterministic,
    find_run,
    load_settings,
    require_render_mode,
)
from rl_zoo.cpu_budget import apply_cpu_budget
from rl_zoo.errors import NothingFoundError
from rl_zoo.runs.folder import RunFolder
from rl_zoo.runs.select import SelectedModel, usable_checkpoints

if TYPE_CHECKING:
    import numpy as np

    from rl_zoo.agents.load_run import LoadedRun, LoadSettings
    from rl_zoo.agents.playback import PlaySettings
    from rl_zoo.agents.video import VideoWriter
    from rl_zoo.config.model import RunConfig


def build_parser() -> ZooArgumentParser:
    """Return the parser of all flags."""
    parser = ZooArgumentParser(
        prog="python -m rl_zoo.cli record_training",
        description=(
            "Film every checkpoint, the final and the best model of a run; join them, labelled, in "
            "training.mp4. Needs no display and no ffmpeg."
        ),
    )
    add_run_flags(parser)
    parser.add_argument(
        "-n", "--n-timesteps", type=int, default=DEFAULT_STEPS, help="steps to film per model"
    )
    parser.add_argument(
        "-o", "--output-folder", type=Path, help="folder of the videos (default: <run>/videos)"
    )
    parser.add_argument(
        "--deterministic", action="store_true", help="act without exploration (also for Atari)"
    )
    parser.add_argument("-g", "--gif", action="store_true", help="also write training.gif")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Film every model of a run; return the exit code."""
    return run_command(build_parser(), argv, _record)


def _record(arguments: argparse.Namespace) -> int:
    check_flags(arguments)
    apply_cpu_budget(-1)
    from rl_zoo.agents.video import prepare_headless_rendering

    prepare_headless_rendering()
    folder, identity = find_run(arguments)
    models = all_models(folder)

    from rl_zoo.agents.load_run import load_config
    from rl_zoo.agents.matmul import enable_fast_matmul
    from rl_zoo.agents.playback import PlaySettings
    from rl_zoo.agents.video import write_gif

    enable_fast_matmul()
    require_render_mode(identity.env_id, "rgb_array", tuple(arguments.gym_packages))
    settings = load_settings(arguments, render_mode="rgb_array")
    config = load_config(folder, identity, settings)
    play_settings = PlaySettings(
        n_steps=arguments.n_timesteps,
        deterministic=choose_deterministic(arguments, identity.env_id),
    )
    joined = (arguments.output_folder or folder.videos) / "training.mp4"
    _film_all(models, config, settings, play_settings, joined)
    console.result(f"Saving video to {joined}")
    if arguments.gif:
        write_gif(joined, joined.with_suffix(".gif"))
        console.result(f"Saving gif to {joined.with_suffix('.gif')}")
    return 0


def all_models(folder: RunFolder) -> list[SelectedModel]:
    """Return the complete checkpoints, ascending, then the final and the best model.

    Raises:
        NothingFoundError: If there is none.
    """
    models = [SelectedModel(folder, "checkpoint", steps) for steps in usable_checkpoints(folder)]
    if folder.final_model.is_file():
        models.append(SelectedModel(folder, "final"))
    if folder.best_model.is_file():
        models.append(SelectedModel(folder, "best"))
    if not models:
        raise NothingFoundError(f"{folder.path}: no model to film; train with --save-freq")
    return models


def _film_all(
    models: Sequence[SelectedModel],
    config: RunConfig,
    settings: LoadSettings,
    play_settings: PlaySettings,
    joined: Path,
) -> None:
    """Write one video per model beside ``joined``, and all of them, labelled, into ``joined``."""
    from rl_zoo.agents.load_run import load_run
    from rl_zoo.agents.video import VideoWriter, frames_per_second

    training: VideoWriter | None = None
    try:
        for model in models:
            console.message(f"Filming {model.file}")
            run = load_run(model, config, settings)
            try:
                training = training or VideoWriter(joined, frames_per_second(run.env))
                _film_one(run, play_settings, training)
            finally:
                run.env.close()
        if training is not None:
            training.close()
    except BaseException:
        if training is not None:
            training.discard()
        raise


def _film_one(run: LoadedRun, play_settings: PlaySettings, training: VideoWriter) -> None:
    """Write the video of one model beside that of the training, and append it there."""
    from rl_zoo.agents.video import VideoWriter, draw_label, film, video_name

    name = video_name(run.model, run.config.algo, play_settings.n_steps or 0)
    label = run.model.label.replace("-", " ")

    def append(frame: np.ndarray) -> None:
        training.add(draw_label(frame, label))

    with VideoWriter(training.file.with_name(name), training.fps) as single:
        playback = film(run.agent, run.env, play_settings, [single.add, append])
    if playback.interrupted:
        raise KeyboardInterrupt


if __name__ == "__main__":
    raise SystemExit(main())
