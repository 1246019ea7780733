"""How a configuration is run, and the files that say so; without SB3 or PyTorch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rl_zoo.config.model import RunConfig
from rl_zoo.runs.atomic import write_text
from rl_zoo.runs.folder import RunFolder


@dataclass(frozen=True)
class TrainOptions:
    """How a configuration is run; everything here comes from flags."""

    config: RunConfig
    seed: int
    log_folder: Path = Path("logs")
    uuid: bool = False
    label: str = ""
    """What the run is for, kept in ``run.json``."""
    command: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """All flags by their long names, written as ``args.yml``."""
    device: str = "auto"
    backend: str = "auto"
    """What updates the agent: one of ``rl_zoo.agents.backends.BACKENDS``."""
    threads: int = 1
    vec_env: str = "dummy"
    gym_packages: tuple[str, ...] = ()
    eval_freq: int = 0
    eval_episodes: int = 5
    n_eval_envs: int = 1
    eval_on_train_env: bool = False
    save_freq: int = -1
    save_at_end: bool = False
    """Save a complete checkpoint at the end of the budget, from which the run can be extended."""
    keep_checkpoints: int = 3
    save_replay_buffer: bool = False
    log_interval: int = -1
    verbose: int = 1
    progress: bool = False
    tensorboard_log: Path | None = None
    trained_agent: Path | None = None
    repeat_warmup: bool = False
    save_episodes: bool | None = None
    """Write every training episode to a file; None: those of a robot."""
    keep_buffer: int | str | None = None
    """Part of the old replay buffer to learn from (see ``WarmStart``)."""
    trust: bool = False
    resume: RunFolder | None = None
    realtime: bool = False
    """Act and learn in two processes, so that learning never stops the robot."""
    control_frequency: float | None = None
    """Steps per second, Hz, with ``realtime``; None: the environment's own."""
    learner_timeout: float = 60.0
    """Seconds without a learner after which the actor begins no new episode."""
    learner_core: int | None = None
    """Processor core of the learner; None: any."""
    actor_core: int | None = None
    """Processor core of the actor; None: any."""


@dataclass(frozen=True)
class FinishedRun:
    """A run that has come to its end."""

    folder: RunFolder
    n_steps: int
    """Environment steps, over all sessions."""


def write_parameters(folder: RunFolder, options: TrainOptions) -> None:
    """Write ``config.yml``, ``provenance.yml``, ``args.yml`` and ``command.txt``."""
    from rl_zoo.config.provenance import write_provenance  # the actor has no use for YAML
    from rl_zoo.config.yaml import dump_yaml

    config = options.config
    arguments = {**options.arguments, "seed": options.seed}
    arguments["env_kwargs"] = dict(config.env_kwargs) or None
    arguments["eval_env_kwargs"] = dict(config.eval_env_kwargs) or None
    write_text(folder.config_file, dump_yaml(dict(config.hyperparams)))
    write_text(folder.args_file, dump_yaml(arguments))
    write_provenance(folder.provenance_file, config, is_new=options.resume is None)
    if options.resume is None:
        write_text(folder.command_file, options.command + "\n")
