"""Small run folders written with NumPy alone, as SB3 and the zoo write them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

MakeRun = Callable[..., Path]


def write_run(
    log_folder: Path,
    name: str = "CartPole-v1_1",
    *,
    algo: str = "ppo",
    timesteps: Sequence[int] | None = (1000, 2000, 3000),
    results: Sequence[Sequence[float]] | None = None,
    episodes: Sequence[tuple[float, int, float]] | None = None,
    trained_agent: str | None = None,
    **arrays: Sequence[Sequence[float]],
) -> Path:
    """Write ``<log_folder>/<algo>/<name>``: evaluations, monitor file and the zoo's args.yml."""
    path = log_folder / algo / name
    env = name.rsplit("_", 1)[0]
    (path / env).mkdir(parents=True)
    (path / env / "config.yml").write_text("!!python/object/apply:collections.OrderedDict\n- []\n")
    (path / env / "args.yml").write_text(
        "!!python/object/apply:collections.OrderedDict\n"
        f"- - - algo\n    - {algo}\n  - - env\n    - {env}\n"
        f"  - - trained_agent\n    - '{trained_agent or ''}'\n"
    )
    if timesteps is not None:
        if results is None:
            results = [[step / 100.0, step / 100.0 + 2.0] for step in timesteps]
        np.savez(
            path / "evaluations.npz",
            timesteps=np.array(timesteps),
            results=np.array(results),
            ep_lengths=np.ones(np.shape(results), dtype=int),
            **{key: np.array(value) for key, value in arrays.items()},
        )
    if episodes is not None:
        lines = ["#" + json.dumps({"t_start": 1000.0, "env_id": env}), "r,l,t"]
        lines += [f"{reward},{length},{time}" for reward, length, time in episodes]
        (path / "0.monitor.csv").write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def make_run() -> MakeRun:
    """Return the function that writes a run folder."""
    return write_run
