"""``rl_zoo robot to-buffer``: a replay buffer from the files of a run's episodes."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rl_zoo import console
from rl_zoo.commands.options import ZooArgumentParser, run_command
from rl_zoo.errors import NothingFoundError, UsageError

_EXAMPLES = """
examples:
  rl_zoo robot to-buffer logs/droq/Bert-Real-v0_1 -o replay_buffer.pkl
"""


def build_parser() -> ZooArgumentParser:
    """Return the parser of ``robot to-buffer``."""
    parser = ZooArgumentParser(
        prog="rl_zoo robot to-buffer",
        description="Build a run's replay buffer again from its replay ring (train --realtime) or "
        "its episodes (episodes/*.npz).",
        epilog=_EXAMPLES,
    )
    parser.add_argument("run", type=Path, help="run folder")
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        default=None,
        metavar="FILE.pkl",
        help="the buffer (default: replay_buffer.pkl in the run, where -i finds it)",
    )
    parser.add_argument(
        "--all",
        action="store_true",
        help="also episodes that a resumed run set aside (episodes/unused)",
    )
    parser.add_argument("--force", action="store_true", help="replace an existing file")
    parser.add_argument("--trust", action="store_true", help="let the run's files execute code")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Build the buffer; return the exit code."""
    return run_command(build_parser(), argv, _to_buffer)


def _to_buffer(arguments: argparse.Namespace) -> int:
    from rl_zoo.runs.episode_file import UNUSED, episode_files, episodes_folder
    from rl_zoo.runs.folder import open_run_folder

    folder = open_run_folder(arguments.run)
    output = arguments.output or folder.replay_buffer
    if output.suffix != ".pkl":
        raise UsageError(f"-o {output}: must end in .pkl")
    if output.exists() and not arguments.force:
        raise UsageError(f"{output}: exists; replace it with --force, or choose another with -o")
    from rl_zoo.runs.atomic import write_with

    if folder.ring.is_file() and not arguments.all:
        memory = _of_ring(folder.ring)
        write_with(output, _saver(memory))
        console.result(
            f"{output}: {memory.size()} transitions of {folder.ring}{_discarded(memory)}"
        )
        return 0
    from rl_zoo.agents.load_run import LoadSettings, identify_run, load_config
    from rl_zoo.agents.rebuild_buffer import rebuild_buffer, run_episodes

    identity = identify_run(folder, trust=arguments.trust)
    config = load_config(folder, identity, LoadSettings(trust=arguments.trust))
    files = run_episodes(episodes_folder(folder))
    if arguments.all:
        files += sorted((episodes_folder(folder) / UNUSED).glob("episode_*.npz"))
    memory = rebuild_buffer(config, files)
    write_with(output, _saver(memory))
    n_later = len(files) - len(episode_files(episodes_folder(folder)))
    console.result(
        f"{output}: {memory.size()} transitions of {len(files)} episodes"
        + _discarded(memory)
        + (f", {n_later} episodes set aside included" if n_later else "")
    )
    return 0


def _of_ring(file: Path) -> Any:
    from rl_zoo.realtime.ring import Ring
    from rl_zoo.realtime.ring_export import plain_buffer

    ring = Ring(file)
    if ring.committed == 0:
        raise NothingFoundError(f"{file}: holds no transitions")
    return plain_buffer(ring)


def _discarded(memory: Any) -> str:
    holes = int(memory.discarded.sum())
    return f", {holes} of them discarded" if holes else ""


def _saver(memory: object) -> Callable[[str], None]:
    def save(file: str) -> None:
        from stable_baselines3.common.save_util import save_to_pkl

        save_to_pkl(file, memory, verbose=0)

    return save


if __name__ == "__main__":
    raise SystemExit(main())
