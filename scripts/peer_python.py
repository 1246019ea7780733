"""The interpreter of the libraries that ours are measured beside."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VARIABLE = "RL_ZOO_PEERS"


def peer_python() -> str:
    """Return the interpreter that ``RL_ZOO_PEERS`` names, or that of ``.bench-venv``.

    Raises:
        SystemExit: If it does not exist.
    """
    python = os.environ.get(VARIABLE) or str(ROOT / ".bench-venv" / "bin" / "python")
    if not os.access(python, os.X_OK):
        raise SystemExit(
            f"{python}: no such interpreter; make it with scripts/peers.sh, or name one that has "
            f"rl_zoo3, sbx-rl and rl_zoo: {VARIABLE}=/path/to/python"
        )
    return python


def run_beside_peers(module: str, variables: Mapping[str, str]) -> None:
    """Start this script again where ``module`` can be imported and ``variables`` are set.

    Variables have to be there when libraries are imported.
    """
    here = importlib.util.find_spec(module) is not None
    if here and variables.items() <= os.environ.items():
        return
    python = sys.executable if here else peer_python()
    if not here and Path(python).absolute() == Path(sys.executable).absolute():
        raise SystemExit(f"{python}: {module} is not installed; scripts/peers.sh installs it")
    environment = {**os.environ, **variables, "PYTHONPATH": str(ROOT)}
    os.execve(python, [python, *sys.argv], environment)
