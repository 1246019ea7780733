"""``enjoy --onnx``: an exported policy in its environment, without PyTorch and SB3."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rl_zoo.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from rl_zoo.commands.enjoy_report import Shown
    from rl_zoo.deploy.play import BundleAgent, BundleEnv

_REASONS = {
    "run": "the bundle is the run",
    "algo": "the bundle is the policy",
    "exp_id": "the bundle is the policy",
    "folder": "the bundle is the policy",
    "load_best": "a bundle holds one set of weights; choose them with rl_zoo export",
    "load_checkpoint": "a bundle holds one set of weights; choose them with rl_zoo export",
    "load_last_checkpoint": "a bundle holds one set of weights; choose them with rl_zoo export",
    "on": "use --env",
    "n_envs": "a bundle runs one environment",
    "stochastic": "a bundle holds the deterministic policy only",
    "num_threads": "a bundle runs on one thread",
    "device": "a bundle runs on the processor",
    "norm_reward": "a bundle has no statistics of rewards",
    "reward_log": "the monitor's file is for runs",
    "custom_objects": "a bundle holds no objects",
}
"""Flags of ``enjoy`` that a bundle leaves no room for, and why."""


def check_onnx_flags(arguments: argparse.Namespace, given: Collection[str]) -> None:
    """Refuse flags that mean nothing beside ``--onnx``.

    Args:
        arguments: The flags.
        given: Names (``dest``) of those on the command line.

    Raises:
        ConfigError: All of them at once.
    """
    problems = [
        f"--{name.replace('_', '-')}: not with --onnx: {reason}"
        for name, reason in _REASONS.items()
        if name in given and not (name == "n_envs" and arguments.n_envs == 1)
    ]
    if problems:
        raise ConfigError(problems)


def open_bundle(
    arguments: argparse.Namespace, env_id: str | None, choose_mode: Callable[[str], str | None]
) -> tuple[BundleAgent, BundleEnv, Shown]:
    """Load the bundle and open the environment that it is to act in.

    Args:
        arguments: The flags.
        env_id: Value of ``--env``; None: the bundle's own.
        choose_mode: Returns the render mode for the id of an environment.

    Raises:
        ZooError: If one of them cannot be had, or they do not fit.
    """
    from rl_zoo.commands.run_options import read_env_kwargs
    from rl_zoo.deploy.environment import EnvironmentChoice, check_trusted, make_environment
    from rl_zoo.deploy.fit import check_fits
    from rl_zoo.deploy.play import BundleAgent, BundleEnv
    from rl_zoo.deploy.runtime import Policy

    if arguments.onnx.is_dir():
        raise UsageError(
            f"--onnx {arguments.onnx}: is a folder; name the file that rl_zoo export wrote"
        )
    policy = Policy(arguments.onnx)
    record, name = policy.metadata.environment, str(arguments.onnx)
    choice = EnvironmentChoice(
        env_id,
        read_env_kwargs(arguments.env_kwargs or ()),
        packages=tuple(arguments.gym_packages),
        trust=arguments.trust,
    )
    if not choice.trust:
        check_trusted(record, choice, name)  # before its environment is looked at
    chosen = env_id or record.id
    env = make_environment(record, choice, name, render_mode=choose_mode(chosen))
    try:
        check_fits(policy.metadata, env, name, chosen)
        playable = BundleEnv(env, policy, arguments.seed)
    except BaseException:
        env.close()
        raise
    return BundleAgent(policy, env), playable, _shown(policy.metadata.run, chosen, arguments.onnx)


def _shown(run: Mapping[str, Any], env_id: str, file: Path) -> Shown:
    """Return what acted, as the bundle says it."""
    from rl_zoo.commands.enjoy_report import Shown

    weights = str(run.get("weights") or "").partition("-")[0]  # final-model, checkpoint-1000
    steps = run.get("steps") if weights == "checkpoint" else None
    return Shown(
        algo=run.get("algo"),
        env_id=env_id,
        run=run.get("folder"),
        model=file,
        weights=weights or None,
        checkpoint=steps if isinstance(steps, int) else None,
    )
