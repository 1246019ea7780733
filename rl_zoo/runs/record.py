"""``run.json``: where a run comes from, what it ran with and how it ended."""

from __future__ import annotations

import json
import platform
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from rl_zoo.errors import DamagedFileError
from rl_zoo.runs.atomic import write_text
from rl_zoo.runs.folder import RunFolder

FORMAT = 1

RECORDED_PACKAGES = (
    "stable-baselines3",
    "sb3-contrib",
    "torch",
    "gymnasium",
    "mujoco",
    "numpy",
    "optuna",
    "onnxruntime",
    "sbx-rl",
    "jax",
    "flax",
)


@dataclass
class RunRecord:
    """Content of ``run.json``."""

    algo: str
    env_id: str
    seed: int
    n_timesteps: int
    """Effective budget in environment steps."""
    num_timesteps: int = 0
    """Steps done so far, over all sessions."""
    state: str = "running"
    """``running``, ``finished``, ``interrupted`` or ``crashed``."""
    reason: str = ""
    """Why the run was interrupted or crashed, in one sentence."""
    parent: str | None = None
    """Run or model this one was started from with ``-i``."""
    restored: dict[str, str] = field(default_factory=dict)
    """What was taken over from the parent, and what was not."""
    robot: dict[str, Any] | None = None
    """What it was trained on, as the environment describes it; None: no robot."""
    baseline: dict[str, Any] | None = None
    """The parent's policy before it learned anything here: mean_return, std_return, forward_speed
    (m/s), falls, n (episodes), steps."""
    command: str = ""
    label: str = ""
    """What it is for (``--label``); a sweep finds its runs by it."""
    versions: dict[str, str] = field(default_factory=dict)
    git_commit: str | None = None
    git_dirty: bool | None = None
    host: str = ""
    started_at: str = ""
    ended_at: str | None = None
    wall_time_s: float = 0.0
    """Seconds of training, over all sessions."""
    tensorboard: str | None = None
    """Folder of the TensorBoard files, which a resumed run continues."""
    threads: int = 1
    fast_matmul: bool = False
    backend: dict[str, Any] | None = None
    """What updates the agent (``rl_zoo.agents.backends.Backend``); None: older runs, with sb3."""
    cpu: dict[str, Any] | None = None
    """How the processor was divided (``rl_zoo.cpu_budget.CpuBudget``)."""
    sessions: list[dict[str, Any]] = field(default_factory=list)
    """One entry per start: from_step, to_step, started_at, ended_at, state, process (its id)."""
    end_reasons: dict[str, int] = field(default_factory=dict)
    """How often each termination or truncation reason ended a training episode."""
    truncations: dict[str, int] | None = None
    """How many of ``end_reasons`` were truncations; None: not counted (runs of older versions)."""
    discarded: int = 0
    """Training transitions that were interrupted and learned from by nothing."""
    robot_use: dict[str, Any] | None = None
    """How much a real robot was used, over all sessions; see ``rl_zoo.runs.robot_use``."""
    realtime: dict[str, Any] | None = None
    """How well actor and learner kept time (``--realtime``); see ``rl_zoo.realtime.report``."""
    format: int = FORMAT


def now() -> str:
    """Return the time in UTC, ISO 8601, to the second."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def write_record(folder: RunFolder, record: RunRecord) -> None:
    """Write ``run.json`` atomically."""
    write_text(folder.record_file, json.dumps(asdict(record), indent=2) + "\n")


def read_record(folder: RunFolder) -> RunRecord | None:
    """Read ``run.json``; None if the folder has none (a zoo folder).

    Raises:
        DamagedFileError: If the file is not a run record.
    """
    if not folder.record_file.is_file():
        return None
    try:
        content = json.loads(folder.record_file.read_text(encoding="utf-8"))
        known = {item.name for item in fields(RunRecord)}
        return RunRecord(**{key: value for key, value in content.items() if key in known})
    except (ValueError, TypeError, AttributeError) as error:
        raise DamagedFileError(f"{folder.record_file}: not a run record ({error})") from error


def describe_ends(end_reasons: Mapping[str, int], discarded: int = 0) -> str:
    """Return in one line how episodes ended, the most frequent reason first.

    Args:
        end_reasons: How often each reason ended an episode.
        discarded: Transitions that were interrupted.
    """
    counts = sorted(end_reasons.items(), key=lambda item: -item[1])
    text = "Episodes: " + (", ".join(f"{count} {name}" for name, count in counts) or "none ended")
    if discarded:
        text += f"; {discarded} transition{'s' if discarded > 1 else ''} discarded"
    return text


def describe_machine() -> dict[str, Any]:
    """Return versions, git commit and host for a new record."""
    import importlib.metadata  # slow to import; the actor of a new run does not wait for it

    versions = {"python": platform.python_version(), "rl_zoo": _own_version()}
    for package in RECORDED_PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    commit = _git("rev-parse", "HEAD")
    return {
        "versions": versions,
        "git_commit": commit,
        "git_dirty": None if commit is None else bool(_git("status", "--porcelain")),
        "host": f"{platform.node()} ({platform.platform()})",
    }


def _own_version() -> str:
    from rl_zoo import __version__

    return __version__


def _git(*arguments: str) -> str | None:
    """Return what git says in the folder of this package, or None outside a checkout."""
    try:
        answer = subprocess.run(
            ["git", *arguments],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None
