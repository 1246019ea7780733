"""``python -m rl_zoo.enjoy``: run a trained agent and report what it achieves."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path

from rl_zoo import console
from rl_zoo.commands.enjoy_onnx import check_onnx_flags
from rl_zoo.commands.enjoy_playback import play_and_report
from rl_zoo.commands.options import ZooArgumentParser, given_flags, run_command
from rl_zoo.commands.run_options import (
    DEFAULT_STEPS,
    add_run_flags,
    add_weights_flags,
    check_flags,
    choose_deterministic,
    find_model,
    find_run,
    load_settings,
    render_modes,
    require_render_mode,
)
from rl_zoo.cpu_budget import apply_cpu_budget
from rl_zoo.stop_signals import InterruptSignals

_EXAMPLES = """
examples:
  python -m rl_zoo.enjoy --algo ppo --env CartPole-v1                     latest run, final weights
  python -m rl_zoo.enjoy --algo sac --env Bert-v0 --load-best --n-episodes 20 --json
  python -m rl_zoo.enjoy --run logs/sac/Bert-v0_3 --video bert.mp4
  python -m rl_zoo.enjoy --run logs/sac/Bert-v0_3 --on Bert-Real-v0 --n-episodes 1
  python -m rl_zoo.enjoy --onnx bundle.onnx --env Bert-Real-v0 --n-episodes 1
"""


def build_parser() -> ZooArgumentParser:
    """Return the parser of all flags."""
    parser = ZooArgumentParser(
        prog="python -m rl_zoo.enjoy",
        description="Run a trained agent with the wrappers and normalisation it was trained with.",
        epilog=_EXAMPLES,
    )
    add_run_flags(parser)
    add_weights_flags(parser)
    parser.add_argument(
        "--onnx",
        type=Path,
        metavar="FILE",
        help="run what rl_zoo export wrote instead of a run, without PyTorch; --env is then "
        "where it acts (default: where it was trained)",
    )
    parser.add_argument(
        "-n",
        "--n-timesteps",
        type=int,
        help=f"steps per environment (default: {DEFAULT_STEPS}; none with --n-episodes)",
    )
    parser.add_argument("--n-episodes", type=int, metavar="N", help="finished episodes to run")
    parser.add_argument("--num-threads", type=int, default=-1, help="threads of torch; -1: chosen")
    parser.add_argument("--device", default="auto", help="device of torch: auto, cpu, cuda")
    parser.add_argument(
        "--verbose", type=int, default=1, help="0: the result line only, 1: every episode"
    )
    parser.add_argument(
        "--norm-reward", action="store_true", help="report normalised rewards, if trained with them"
    )
    parser.add_argument(
        "--reward-log", default="", metavar="DIR", help="write DIR/0.monitor.csv (one per env)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object; no window")
    parser.add_argument("--video", type=Path, metavar="FILE.mp4", help="film it; needs no display")
    parser.add_argument("-P", "--progress", action="store_true", help="show a progress bar")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run a trained agent; return the exit code."""
    parser = build_parser()
    return run_command(parser, argv, lambda arguments: _enjoy(arguments, parser, argv))


def _enjoy(
    arguments: argparse.Namespace, parser: ZooArgumentParser, argv: Sequence[str] | None
) -> int:
    given = given_flags(parser, argv) if arguments.onnx is not None else set()
    if arguments.onnx is not None:
        check_onnx_flags(arguments, given)
    check_flags(arguments)
    threads = apply_cpu_budget(arguments.num_threads)

    def run() -> tuple[str, bool]:
        if arguments.onnx is not None:
            return _run_bundle(arguments, arguments.env if "env" in given else None, signals)
        return _run(arguments, threads, signals)

    with InterruptSignals() as signals:
        if arguments.json:
            with contextlib.redirect_stdout(sys.stderr):  # whatever an environment prints
                report, interrupted = run()
        else:
            report, interrupted = run()
        console.result(report)
    return 130 if interrupted else 0


def _run(
    arguments: argparse.Namespace, threads: int, signals: InterruptSignals
) -> tuple[str, bool]:
    """Return the report and whether a signal cut the run short."""
    _prepare_video(arguments)
    folder, identity = find_run(arguments)
    model = find_model(folder, arguments)
    if arguments.verbose > 0:
        console.message(f"Loading {model.file}")

    import torch

    from rl_zoo.agents.load_run import load_config, load_run
    from rl_zoo.agents.matmul import enable_fast_matmul
    from rl_zoo.commands.enjoy_report import shown_run

    torch.set_num_threads(threads)
    enable_fast_matmul()
    settings = load_settings(
        arguments,
        device=arguments.device,
        norm_reward=arguments.norm_reward,
        render_mode=_choose_render_mode(arguments, arguments.on or identity.env_id),
        monitor_files=_monitor_files(arguments),
    )
    run = load_run(model, load_config(folder, identity, settings), settings)
    deterministic = choose_deterministic(arguments, identity.env_id)
    shown = shown_run(run, arguments, deterministic)
    return play_and_report(run.agent, run.env, shown, arguments, signals)


def _run_bundle(
    arguments: argparse.Namespace, env_id: str | None, signals: InterruptSignals
) -> tuple[str, bool]:
    """Do the same as ``_run`` with an exported policy."""
    from rl_zoo.commands.enjoy_onnx import open_bundle

    _prepare_video(arguments)
    if arguments.verbose > 0:
        console.message(f"Loading {arguments.onnx}")
    agent, env, shown = open_bundle(
        arguments, env_id, lambda chosen: _choose_render_mode(arguments, chosen)
    )
    return play_and_report(agent, env, shown, arguments, signals)


def _prepare_video(arguments: argparse.Namespace) -> None:
    from rl_zoo.agents.video import check_video_file, prepare_headless_rendering

    if arguments.video is not None:
        check_video_file(arguments.video)
        prepare_headless_rendering()


def _choose_render_mode(arguments: argparse.Namespace, env_id: str) -> str | None:
    """Return the render mode, with a note on stderr if a window was wanted and cannot be had."""
    from rl_zoo.agents.video import has_display

    packages = tuple(arguments.gym_packages)
    if arguments.video is not None:
        require_render_mode(env_id, "rgb_array", packages)
        return "rgb_array"
    if arguments.no_render or arguments.json:
        return None
    modes = render_modes(env_id, packages)
    if not has_display():
        reason = "there is no display"
    elif arguments.n_envs > 1:
        reason = "there are several environments"
    elif modes is not None and "human" not in modes:
        reason = f"{env_id} has none"
    else:
        return "human"
    console.message(f"No window, because {reason} (--video FILE.mp4 films the agent)")
    return None


def _monitor_files(arguments: argparse.Namespace) -> tuple[Path, ...]:
    if not arguments.reward_log:
        return ()
    folder = Path(arguments.reward_log)
    folder.mkdir(parents=True, exist_ok=True)
    return tuple(folder / f"{rank}.monitor.csv" for rank in range(arguments.n_envs))


if __name__ == "__main__":
    raise SystemExit(main())
