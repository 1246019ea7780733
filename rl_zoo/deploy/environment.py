"""What a bundle acts in: its environment, built without SB3 or PyTorch.

The same layers as in ``rl_zoo.envs.stack``, without those that are part of the bundle: environment,
time limit, remaining wrappers. A bundle is a file of somebody else: it may name only environments
and wrappers that this installation knows, or whose module the user named.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import gymnasium as gym

from rl_zoo import console
from rl_zoo.deploy.metadata import EnvironmentRecord
from rl_zoo.envs.ids import parse_env_id, registered_id, require_env, takes_run_folder
from rl_zoo.errors import ConfigError, DamagedFileError, UnsafeFileError, ZooError
from rl_zoo.registry import Registry, check_keywords, import_object
from rl_zoo.robots.catalog import ROBOTS
from rl_zoo.robots.drivers.catalog import DRIVERS
from rl_zoo.tasks.catalog import TASKS
from rl_zoo.wrappers.registry import WRAPPERS

TIME_LIMIT = "max_episode_steps"
_NAMED: Mapping[str, Registry] = {"robot": ROBOTS, "driver": DRIVERS, "task": TASKS}
"""Keywords of our environments whose value is imported."""


@dataclass(frozen=True)
class EnvironmentChoice:
    """What the user says about the environment."""

    env_id: str | None = None
    """Environment to act in; None: the bundle's own."""
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    """Keywords over the bundle's."""
    packages: tuple[str, ...] = ()
    """Modules to import first; what is in them is trusted."""
    trust: bool = False
    """Import whatever the bundle names."""


def make_environment(
    record: EnvironmentRecord,
    choice: EnvironmentChoice,
    source: str,
    *,
    render_mode: str | None = None,
) -> gym.Env[Any, Any]:
    """Open the environment up to the boundary where the bundle takes over.

    Args:
        record: What the bundle says.
        choice: What the user says.
        source: Name of the bundle, for messages.
        render_mode: ``human``, ``rgb_array`` or None.

    Raises:
        ConfigError: If there is no such environment, or a keyword or wrapper does not fit.
        UnsafeFileError: If the bundle wants to import a module that nobody named.
        RobotFault: If a robot does not answer.
    """
    env_id = choice.env_id or record.id
    packages = choice.packages
    if not choice.trust:
        check_trusted(record, choice, source)
    elif choice.env_id is None:
        packages = (*packages, *(name for name in record.packages if name not in packages))
    require_env(env_id, packages)
    kwargs = environment_kwargs(record, choice)
    _check_keywords(env_id, kwargs)
    more: dict[str, Any] = {"render_mode": render_mode} if render_mode else {}
    try:
        env: gym.Env[Any, Any] = gym.make(env_id, **kwargs, **more)
    except ZooError:
        raise
    except Exception as error:
        text = " ".join(str(error).split()) or type(error).__name__
        raise ConfigError(f"{env_id}: cannot be made: {text}") from error
    try:
        return _wrapped(env, record, source)
    except BaseException:
        env.close()
        raise


def environment_kwargs(record: EnvironmentRecord, choice: EnvironmentChoice) -> dict[str, Any]:
    """Return the keywords of ``gymnasium.make``.

    In another environment than the bundle's own a time limit holds only if it was not that of the
    bundle's environment anyway; on a robot what only a simulation has is left out, with a message.
    """
    kwargs = dict(record.kwargs)
    limit = record.max_episode_steps
    if limit is not None and (choice.env_id in (None, record.id) or limit != _limit_of(record.id)):
        kwargs.setdefault(TIME_LIMIT, limit)
    if choice.env_id not in (None, record.id) and takes_run_folder(str(choice.env_id)):
        from rl_zoo.envs.real_robot_options import without_simulation

        trained = {name: value for name, value in kwargs.items() if name not in choice.kwargs}
        kwargs, left_out = without_simulation(trained)
        if left_out:
            names = ", ".join(left_out)
            console.message(
                f"note: {choice.env_id} is no simulation; left out of env_kwargs: {names}"
            )
    return {**kwargs, **choice.kwargs}


def check_trusted(record: EnvironmentRecord, choice: EnvironmentChoice, source: str) -> None:
    """Refuse a bundle that would import a module which neither rl_zoo nor the user names.

    Raises:
        UnsafeFileError: Naming the first such module.
    """
    for what, module in _foreign_modules(record, choice):
        if not _is_inside(module, choice.packages):
            raise UnsafeFileError(
                f"{source}: wants to import the module '{module}' ({what}); if you trust it, add "
                f"--gym-packages {module.split('.')[0]}, or --trust for everything in the bundle"
            )


def _foreign_modules(
    record: EnvironmentRecord, choice: EnvironmentChoice
) -> Iterator[tuple[str, str]]:
    """Yield what a bundle names that is none of our own or an installed plug-in's parts."""
    if choice.env_id is None:
        module = parse_env_id(record.id).module
        if module is not None:
            yield f"environment {record.id}", module
        for package in record.packages:
            yield "it registers its environment", package
    for key, registry in _NAMED.items():
        name = record.kwargs.get(key)
        if key not in choice.kwargs and isinstance(name, str) and _is_path(name, registry):
            yield f"env_kwargs.{key} {name}", _module_of(name)
    for wrapper in record.wrappers:
        name = str(wrapper.get("name"))
        if _is_path(name, WRAPPERS):
            yield f"env_wrapper {name}", _module_of(name)


def _is_path(name: str, registry: Registry) -> bool:
    return (":" in name or "." in name) and not registry.is_registered(name)


def _module_of(path: str) -> str:
    return path.partition(":")[0] if ":" in path else path.rpartition(".")[0]


def _is_inside(module: str, packages: Sequence[str]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def _limit_of(env_id: str) -> int | None:
    """Return the registered time limit of an environment; None: no limit, or not known here."""
    spec = gym.registry.get(registered_id(env_id))
    return None if spec is None else spec.max_episode_steps


def _check_keywords(env_id: str, kwargs: Mapping[str, Any]) -> None:
    """Refuse unknown keywords of the environment before it is opened."""
    spec = gym.spec(registered_id(env_id))
    point: Any = spec.entry_point
    target = import_object(point, kind="environment") if isinstance(point, str) else point
    given = {**spec.kwargs, **kwargs}
    given.pop(TIME_LIMIT, None)
    where = f"{env_id}.env_kwargs"
    problems = [] if target is None else check_keywords(target, given, where)
    if problems:
        raise ConfigError(problems)


def _wrapped(env: gym.Env[Any, Any], record: EnvironmentRecord, source: str) -> gym.Env[Any, Any]:
    for wrapper in record.wrappers:
        try:
            name, kwargs = wrapper["name"], wrapper.get("kwargs") or {}
            env = WRAPPERS.load(name)(env, **kwargs)
        except (KeyError, TypeError) as error:
            raise DamagedFileError(
                f"{source}: its wrapper {dict(wrapper)} cannot be made ({error})"
            ) from error
    if env.has_wrapper_attr("finish_ramp"):
        env.get_wrapper_attr("finish_ramp")()  # the ramp of a prior belongs to training
    return env
