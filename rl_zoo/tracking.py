"""Track a run with Weights & Biases."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rl_zoo import console
from rl_zoo.errors import MissingDependencyError, UsageError

if TYPE_CHECKING:
    from rl_zoo.runs.folder import RunFolder

_WITHOUT_NETWORK = ("offline", "disabled")
_PATIENCE = 60.0
"""Seconds for Weights & Biases to say that they know the user."""


def tracking_folder(env_id: str, algo: str, seed: int) -> Path:
    """Return the TensorBoard folder that Weights & Biases mirror; its name is that of their run."""
    return Path("runs") / f"{env_id.replace('/', '-')}__{algo}__{seed}__{int(time.time())}"


def start_tracking(
    name: str,
    flags: Mapping[str, Any],
    hyperparams: Mapping[str, Any],
    **more: Any,
) -> None:
    """Start a Weights & Biases run that mirrors TensorBoard, or go on with one.

    ``WANDB_MODE=offline`` and ``disabled`` work without a network.

    Args:
        name: Of the run.
        flags: Of ``train``, by their long names, with the seed that was drawn.
        hyperparams: Of the algorithm, as the YAML files have them.
        more: Further arguments of ``wandb.init``.

    Raises:
        MissingDependencyError: If wandb is not installed.
        UsageError: If wandb cannot start (no key, no network).
    """
    require_wandb()
    import wandb

    if not os.environ.get("WANDB_API_KEY") and os.environ.get("WANDB_MODE") not in _WITHOUT_NETWORK:
        os.environ.setdefault("WANDB_SILENT", "true")
    config: dict[str, Any] = {key: str(value) for key, value in flags.items()}
    config["saved_hyperparams"] = {key: str(value) for key, value in hyperparams.items()}
    try:
        wandb.init(
            name=name,
            project=flags["wandb_project_name"],
            entity=flags["wandb_entity"],
            group=flags["wandb_group"],
            tags=[*flags["wandb_tags"], f"v{version('stable-baselines3')}"],
            config=config,
            sync_tensorboard=True,
            save_code=False,
            **more,
        )
    except (wandb.errors.Error, OSError) as error:
        raise UsageError(_refusal(str(error))) from error


def save_files(folder: RunFolder) -> None:
    """Give Weights & Biases the files that a run ends with, as far as they exist."""
    import wandb

    files = (
        folder.final_model,
        folder.final_normalizer,
        folder.best_model,
        folder.best_normalizer,
        folder.evaluations,
        folder.progress_file,
        folder.config_file,
        folder.args_file,
        folder.command_file,
    )
    with contextlib.redirect_stderr(io.StringIO()):  # a warning per file: it is linked, not copied
        for file in files:
            if file.is_file():
                wandb.save(str(file), base_path=str(folder.path), policy="now")


def require_wandb() -> None:
    """Refuse to go on without wandb.

    Raises:
        MissingDependencyError: If it is not installed.
    """
    if importlib.util.find_spec("wandb") is None:
        raise MissingDependencyError("--track: needs wandb; pip install wandb")


def require_login() -> None:
    """Refuse to go on if Weights & Biases would not take a run; wandb is not imported here.

    Raises:
        MissingDependencyError: If wandb is not installed.
        UsageError: If there is no key, no network, or the key is refused.
    """
    require_wandb()
    if os.environ.get("WANDB_MODE") in _WITHOUT_NETWORK:
        return
    command = [sys.executable, "-m", __name__]
    try:
        found = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE)
    except subprocess.TimeoutExpired as error:
        raise UsageError(_refusal(f"no answer within {_PATIENCE:g} s")) from error
    if found.returncode != 0:
        lines = found.stderr.strip().splitlines() or [f"exit code {found.returncode}"]
        raise UsageError(_refusal(lines[-1]))


def _refusal(reason: str) -> str:
    return (
        f"--track: {' '.join(reason.split())}; log in with 'wandb login' or set WANDB_MODE=offline"
    )


def _main() -> int:
    """Ask Weights & Biases whether they know the user; write why not."""
    import wandb

    if wandb.setup().settings.mode in _WITHOUT_NETWORK:
        return 0
    try:
        if wandb.login(prompt=False, verify=True):
            return 0
        reason = "no API key configured"
    except (wandb.errors.Error, OSError) as error:
        reason = " ".join(str(error).split())
    console.message(reason)
    return 2


if __name__ == "__main__":
    raise SystemExit(_main())
