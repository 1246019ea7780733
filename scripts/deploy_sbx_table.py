"""Train with SBX (JAX), export, compare; write the table of SBX in ``docs/deployment.md``.

    PYTHONPATH=. path/to/python scripts/deploy_sbx_table.py

The interpreter needs rl_zoo's requirements, onnx, onnxruntime and sbx-rl. Exit code 1 if a row
could not be exported.
"""

from __future__ import annotations

import copy
import importlib
import json
import sys
import tempfile
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from rl_zoo.cli import load_command  # noqa: E402
from rl_zoo.console import message, result  # noqa: E402
from rl_zoo.deploy.runtime import Policy  # noqa: E402
from scripts.deploy_cases import Case  # noqa: E402
from scripts.deploy_table import PAGE, Exported, cells, line_of, quiet, render  # noqa: E402
from scripts.page_markers import write_between  # noqa: E402

_OFF_POLICY = {"learning_starts": 50, "batch_size": 32, "buffer_size": 500}
_NET = {"net_arch": [64, 64]}
_DROQ = {"net_arch": [64, 64], "dropout_rate": 0.01, "layer_norm": True}
_ROWS: tuple[tuple[str, str, str, str, Mapping[str, Any]], ...] = (
    ("sac", "SAC", "Pendulum-v1", "MLP", {**_OFF_POLICY, "policy_kwargs": _NET}),
    ("sac", "SAC", "Pendulum-v1", "DroQ", {**_OFF_POLICY, "policy_kwargs": _DROQ}),
    ("tqc", "TQC", "Pendulum-v1", "MLP", {**_OFF_POLICY, "policy_kwargs": _NET}),
    ("tqc", "TQC", "Pendulum-v1", "SimBa", _OFF_POLICY),
    ("td3", "TD3", "Pendulum-v1", "MLP", {**_OFF_POLICY, "policy_kwargs": _NET}),
    ("ddpg", "DDPG", "Pendulum-v1", "MLP", {**_OFF_POLICY, "policy_kwargs": _NET}),
    ("crossq", "CrossQ", "Pendulum-v1", "MLP", {**_OFF_POLICY, "policy_kwargs": _NET}),
    ("dqn", "DQN", "CartPole-v1", "MLP", _OFF_POLICY),
    ("ppo", "PPO", "Pendulum-v1", "MLP", {"n_steps": 64, "batch_size": 32}),
    ("ppo", "PPO", "CartPole-v1", "MLP", {"n_steps": 64, "batch_size": 32}),
)


def main() -> int:
    """Measure all rows and write the page; return 1 if any failed."""
    rows = []
    with tempfile.TemporaryDirectory() as temporary:
        for number, row in enumerate(_ROWS):
            rows.append(_measure(row, Path(temporary) / str(number)))
            message(rows[-1].problem or rows[-1].line)
    text = f"sbx-rl {version('sbx-rl')}; {render(rows)}"
    result(text)
    if all(row.problem is None for row in rows):
        write_between(PAGE, "sbx_table", f"\n{text}\n\n")
        return 0
    return 1


def _measure(row: tuple[str, str, str, str, Mapping[str, Any]], folder: Path) -> Exported:
    """Train one agent, save it as the zoo does, export it."""
    sbx = importlib.import_module("sbx")
    algo, name, env, variant, given = row
    kwargs = copy.deepcopy(dict(given))  # SBX adds to policy_kwargs
    policy = "SimbaPolicy" if variant == "SimBa" else "MlpPolicy"
    agent = getattr(sbx, name)(policy, env, seed=1, **kwargs)
    agent.learn(200)
    run = folder / algo / f"{env}_1"
    (run / env).mkdir(parents=True)
    agent.save(run / f"{env}.zip")
    config = {"policy": policy, "n_timesteps": 200, **given}
    (run / env / "config.yml").write_text(json.dumps(config), encoding="utf-8")
    (run / env / "args.yml").write_text(json.dumps({"algo": algo, "env": env}), encoding="utf-8")
    bundle = folder / "bundle.onnx"
    code, text = quiet(load_command("export"), [str(run), "-o", str(bundle), "--trust"])
    action = "discrete" if env == "CartPole-v1" else "torque"
    case = Case(algo, f"SBX, {variant}", action, env=env)
    if code != 0:
        problem = f"{case.id}: rl_zoo export ended with {code}: {text.strip().splitlines()[-1]}"
        return Exported(line_of(case, ["", "failed"]), problem)
    return Exported(line_of(case, cells(Policy(bundle).metadata, bundle.stat().st_size)))


if __name__ == "__main__":
    raise SystemExit(main())
