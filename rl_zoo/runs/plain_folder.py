"""Folders as SB3's own ``EvalCallback`` and ``Monitor`` leave them: one run, no layout of a zoo."""

from __future__ import annotations

import json
import re
from pathlib import Path

from rl_zoo.runs.folder import file_name_of

_ENV_ID = re.compile(r"[A-Z][A-Za-z0-9-]*-v\d+")
_ALGORITHMS = (
    *("ppo_lstm", "maskableppo", "crossq", "qrdqn", "trpo", "droq", "ddpg"),
    *("a2c", "ars", "dqn", "ppo", "sac", "td3", "tqc"),
)


def holds_run(folder: Path) -> bool:
    """Say whether ``folder`` itself holds evaluations or training episodes."""
    names = ("evaluations.npz", "monitor.csv")
    return any((folder / name).is_file() for name in names) or any(folder.glob("*.monitor.csv"))


def name_plain_run(folder: Path) -> tuple[str, str]:
    """Return the algorithm and the environment of a run of which only the folder's name tells.

    The environment is that of the monitor file's header, else an id in the folder's name
    (``ppo_CartPole-v1``), else the folder's name. The algorithm is a known short name in the
    folder's name, else what stands there beside the environment.
    """
    name = folder.resolve().name
    found = _ENV_ID.search(name)
    env = _env_of_monitor(folder) or (found[0] if found else name)
    rest = name.replace(found[0], "") if found else name
    words = [word for word in re.split(r"[-_. ]+", rest.lower()) if word]
    joined = f"_{'_'.join(words)}_"
    known = next((algo for algo in _ALGORITHMS if f"_{algo}_" in joined), None)
    return known or "_".join(words) or "run", file_name_of(env)


def _env_of_monitor(folder: Path) -> str | None:
    files = [folder / "monitor.csv", *sorted(folder.glob("*.monitor.csv"))]
    for file in files:
        if not file.is_file():
            continue
        with file.open(encoding="utf-8", errors="replace") as stream:
            line = stream.readline(10_000)
        try:
            env = json.loads(line.removeprefix("#")).get("env_id")
        except (ValueError, AttributeError):
            continue  # reading the file tells what is wrong with it
        if isinstance(env, str) and env not in ("", "None"):
            return env
    return None
