"""Flags shared by the commands that run a trained agent (enjoy, record_video, record_training)."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rl_zoo import console
from rl_zoo.commands.options import ExtendAction
from rl_zoo.errors import ConfigError, UsageError
from rl_zoo.runs.folder import RunFolder, open_run_folder
from rl_zoo.runs.select import RunRequest, SelectedModel, WeightsRequest, select_model, select_run

if TYPE_CHECKING:
    from rl_zoo.agents.load_run import LoadSettings, RunIdentity

DEFAULT_STEPS = 1000


def add_run_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags that name a run, and those that every command running it has."""
    parser.add_argument("--env", default="CartPole-v1", help="environment id")
    parser.add_argument(
        "-f", "--folder", type=Path, default=Path("logs"), help="log folder (the zoo's -f)"
    )
    parser.add_argument("--algo", default="ppo", help="algorithm")
    parser.add_argument(
        "--exp-id",
        type=int,
        default=0,
        help="number of the run; 0: the latest that holds a model, -1: no experiment folder",
    )
    parser.add_argument(
        "--run",
        type=Path,
        metavar="PATH",
        help="a run folder, instead of --algo, --env, -f and --exp-id",
    )
    parser.add_argument(
        "--on",
        default=None,
        metavar="ENV",
        help="act in this environment instead of the run's, e.g. Bert-Real-v0; same spaces",
    )
    parser.add_argument("--n-envs", type=int, default=1, help="environments side by side")
    parser.add_argument("--seed", type=int, default=0, help="seed of environment and policy")
    parser.add_argument(
        "--gym-packages",
        nargs="+",
        default=[],
        action=ExtendAction,
        metavar="MODULE",
        help="modules to import first, which register environments",
    )
    parser.add_argument(
        "--trust",
        action="store_true",
        help="let the run's files execute code (only if you trust whoever wrote them)",
    )


def add_weights_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags that choose weights, mode and environment keywords."""
    parser.add_argument("--load-best", action="store_true", help="take the best model")
    parser.add_argument(
        "--load-checkpoint", type=int, metavar="N", help="take the checkpoint of step N"
    )
    parser.add_argument(
        "--load-last-checkpoint", action="store_true", help="take the last complete checkpoint"
    )
    parser.add_argument("--deterministic", action="store_true", help="act without exploration")
    parser.add_argument(
        "--stochastic",
        action="store_true",
        help="sample actions (the default for Atari and MiniGrid only)",
    )
    parser.add_argument("--no-render", action="store_true", help="open no window")
    parser.add_argument(
        "--env-kwargs",
        nargs="+",
        action=ExtendAction,
        metavar="KEY:VALUE",
        help="keywords of the environment, over those it was trained with",
    )
    parser.add_argument(
        "--custom-objects",
        action="store_true",
        help="accepted for the zoo's sake; nothing is unpickled, so it is never needed",
    )


def check_flags(arguments: argparse.Namespace) -> None:
    """Refuse contradictions and numbers that mean nothing.

    Raises:
        ConfigError: All of them at once.
    """
    problems = []
    chosen = [
        flag
        for flag, given in (
            ("--load-best", getattr(arguments, "load_best", False)),
            ("--load-checkpoint", getattr(arguments, "load_checkpoint", None) is not None),
            ("--load-last-checkpoint", getattr(arguments, "load_last_checkpoint", False)),
        )
        if given
    ]
    if len(chosen) > 1:
        problems.append(f"{' and '.join(chosen)}: choose one of them")
    if getattr(arguments, "stochastic", False) and arguments.deterministic:
        problems.append("--stochastic and --deterministic: choose one of them")
    for name in ("n_envs", "n_timesteps", "n_episodes"):
        value = getattr(arguments, name, None)
        if value is not None and value < 1:
            problems.append(f"--{name.replace('_', '-')} {value}: must be at least 1")
    if not 0 <= arguments.seed < 2**32:
        problems.append(f"--seed {arguments.seed}: must be from 0 to {2**32 - 1}")
    if problems:
        raise ConfigError(problems)
    _check_single_instance(arguments)
    if getattr(arguments, "custom_objects", False):
        console.message("--custom-objects changes nothing here: no object is read from the model")


def _check_single_instance(arguments: argparse.Namespace) -> None:
    on = getattr(arguments, "on", None)
    if on is None:
        return
    from rl_zoo.envs.ids import is_single_instance, require_env

    require_env(on, tuple(arguments.gym_packages))
    if arguments.n_envs > 1 and is_single_instance(on):
        raise ConfigError(f"--n-envs {arguments.n_envs}: there is only one {on}; use 1")


def find_run(arguments: argparse.Namespace) -> tuple[RunFolder, RunIdentity]:
    """Return the run that the flags name, and what it is.

    Raises:
        ZooError: If there is no such run, or its files cannot be read safely.
    """
    from rl_zoo.agents.load_run import LoadSettings, RunIdentity, check_env_module, identify_run

    if arguments.run is not None:
        folder = open_run_folder(arguments.run)
        identity = identify_run(folder, trust=arguments.trust)
        packages = LoadSettings(gym_packages=tuple(arguments.gym_packages), trust=arguments.trust)
        check_env_module(identity, folder, packages)
        check_algorithm(identity.algo)
        return folder, identity
    check_algorithm(arguments.algo)
    request = RunRequest(arguments.folder, arguments.algo, arguments.env, arguments.exp_id)
    return select_run(request), RunIdentity(arguments.algo, arguments.env)


def check_algorithm(name: str) -> None:
    """Raise ConfigError if there is no algorithm called ``name``."""
    from rl_zoo.agents.algorithms import ALGORITHMS
    from rl_zoo.suggest import did_you_mean

    if not ALGORITHMS.is_registered(name):
        raise ConfigError(
            f"--algo {name}: unknown algorithm{did_you_mean(name, ALGORITHMS.names())}"
        )


def find_model(folder: RunFolder, arguments: argparse.Namespace) -> SelectedModel:
    """Return the weights that the flags choose."""
    if arguments.load_best:
        return select_model(folder, WeightsRequest("best"))
    if arguments.load_checkpoint is not None:
        return select_model(folder, WeightsRequest("checkpoint", arguments.load_checkpoint))
    if arguments.load_last_checkpoint:
        return select_model(folder, WeightsRequest("checkpoint"))
    return select_model(folder, WeightsRequest())


def load_settings(arguments: argparse.Namespace, **more: Any) -> LoadSettings:
    """Return the settings that the flags describe; ``more`` are further fields."""
    from rl_zoo.agents.load_run import LoadSettings

    return LoadSettings(
        seed=arguments.seed,
        n_envs=arguments.n_envs,
        env_kwargs=read_env_kwargs(getattr(arguments, "env_kwargs", None) or ()),
        gym_packages=tuple(arguments.gym_packages),
        trust=arguments.trust,
        on=getattr(arguments, "on", None),
        **more,
    )


def read_env_kwargs(texts: list[str] | tuple[str, ...]) -> Mapping[str, Any]:
    """Read ``key:value`` arguments of ``--env-kwargs``; ``a.b:1`` is ``a: {b: 1}``.

    Raises:
        ConfigError: All mistakes at once.
    """
    from rl_zoo.config.draft import read_assignments

    problems: list[str] = []
    pairs = read_assignments(texts, "--env-kwargs", problems)
    if problems:
        raise ConfigError(problems)
    kwargs: dict[str, Any] = {}
    for key, value in pairs:
        *parents, name = key.split(".")
        inner = kwargs
        for parent in parents:
            inner = inner.setdefault(parent, {})
            if not isinstance(inner, dict):
                raise ConfigError(f"--env-kwargs {key}: '{parent}' is given as one value too")
        inner[name] = value
    return kwargs


def choose_deterministic(arguments: argparse.Namespace, env_id: str) -> bool:
    """Say whether to act without exploration.

    Unless a flag decides, actions are sampled in Atari and MiniGrid games only, as in the zoo.
    """
    if arguments.deterministic or getattr(arguments, "stochastic", False):
        return bool(arguments.deterministic)
    import gymnasium

    from rl_zoo.envs.ids import registered_id

    spec = gymnasium.registry.get(registered_id(env_id))
    point = spec.entry_point if spec is not None else None
    name = point if isinstance(point, str) else getattr(point, "__module__", "")
    return not ("AtariEnv" in name or "ale_py" in name or "minigrid" in name)


def require_render_mode(env_id: str, mode: str, packages: tuple[str, ...]) -> None:
    """Raise UsageError if the environment says that it cannot be rendered in ``mode``."""
    modes = render_modes(env_id, packages)
    if modes is not None and mode not in modes:
        known = ", ".join(modes) or "none"
        raise UsageError(f"{env_id}: has no render mode '{mode}' (it has: {known}), so no video")


def render_modes(env_id: str, packages: tuple[str, ...]) -> list[str] | None:
    """Return the render modes of an environment without opening it; None if it does not say."""
    import gymnasium

    from rl_zoo.envs.ids import registered_id, require_env
    from rl_zoo.registry import import_object

    require_env(env_id, packages)
    point: Any = gymnasium.registry[registered_id(env_id)].entry_point
    if isinstance(point, str):
        point = import_object(point, kind="environment")
    metadata = getattr(point, "metadata", None)
    modes = metadata.get("render_modes") if isinstance(metadata, dict) else None
    return None if modes is None else [str(mode) for mode in modes]
