"""RL Zoo's ``train`` with SBX's SAC in the place of SB3's, as SBX's documentation describes it.

Run by scripts/bench_e2e.py, in the environment of the peers.
"""

from __future__ import annotations

import importlib
from typing import Any


def main() -> None:
    """Train as the flags of RL Zoo say."""
    zoo: Any = importlib.import_module("rl_zoo3")
    zoo.ALGOS["sac"] = importlib.import_module("sbx").SAC
    modules: list[Any] = [importlib.import_module(f"rl_zoo3.{n}") for n in ("train", "exp_manager")]
    for module in modules:
        module.ALGOS = zoo.ALGOS
    modules[0].train()


if __name__ == "__main__":
    main()
