"""Track a run with Weights & Biases."""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

from rl_zoo.errors import MissingDependencyError, UsageError


def start_tracking(arguments: argparse.Namespace) -> Path:
    """Start a Weights & Biases run that mirrors TensorBoard.

    ``WANDB_MODE=offline`` and ``disabled`` work without a network.

    Returns:
        The TensorBoard folder that is mirrored.

    Raises:
        MissingDependencyError: If wandb is not installed.
        UsageError: If wandb cannot start (no key, no network).
    """
    try:
        import wandb
    except ImportError as error:
        raise MissingDependencyError("--track: needs wandb; pip install wandb") from error
    import stable_baselines3

    name = (
        f"{arguments.env.replace('/', '-')}__{arguments.algo}__{arguments.seed}__{int(time.time())}"
    )
    if not os.environ.get("WANDB_API_KEY") and os.environ.get("WANDB_MODE") not in (
        "offline",
        "disabled",
    ):
        os.environ.setdefault("WANDB_SILENT", "true")
    try:
        wandb.init(
            name=name,
            project=arguments.wandb_project_name,
            entity=arguments.wandb_entity,
            group=arguments.wandb_group,
            tags=[*arguments.wandb_tags, f"v{stable_baselines3.__version__}"],
            config={key: str(value) for key, value in vars(arguments).items()},
            sync_tensorboard=True,
            monitor_gym=True,
            save_code=False,
        )
    except (wandb.errors.Error, OSError) as error:
        raise UsageError(
            f"--track: {' '.join(str(error).split())}; log in with 'wandb login' "
            "or set WANDB_MODE=offline"
        ) from error
    return Path("runs") / name
