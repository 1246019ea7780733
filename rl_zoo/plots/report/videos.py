"""The videos of a run."""

from __future__ import annotations

from pathlib import Path

from rl_zoo.plots.report.reported_run import ReportedRun
from rl_zoo.plots.report.sections import Block, Folded, Section, Video

_SUFFIXES = (".mp4", ".webm", ".gif")
"""Best first: of two files with one name the first kind is shown."""


def videos(run: ReportedRun) -> Section | None:
    """Return the videos in ``videos/``, the newest first, the others folded; None without any."""
    folder = run.folder.videos
    if not folder.is_dir():
        return None
    by_stem: dict[str, Path] = {}
    for suffix in _SUFFIXES:
        for file in sorted(folder.glob(f"*{suffix}")):
            by_stem.setdefault(file.stem, file)
    files = sorted(by_stem.values(), key=lambda file: (-file.stat().st_mtime, file.name))
    if not files:
        return None
    newest, *others = (Video(file, file.stem) for file in files)
    blocks: list[Block] = [newest]
    if others:
        blocks.append(Folded(f"Older videos: {len(others)}", tuple(others)))
    return Section("videos", "Videos", tuple(blocks))
