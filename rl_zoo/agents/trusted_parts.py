"""Refuse a run whose configuration would import code that came with it.

Importing ``package.module:Name`` and calling it with keywords of a file's choice is code execution.
A run may name registered parts, classes of the right kind in libraries that rl_zoo itself needs,
and whatever is in the packages that the user named.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rl_zoo.config.model import RunConfig, Symbol
from rl_zoo.errors import UnsafeFileError
from rl_zoo.registry import Registry, import_object

_LIBRARIES = ("rl_zoo", "rl_zoo3", "gymnasium", "stable_baselines3", "sb3_contrib", "torch")
_SYMBOL_MODULES = ("torch.nn", "torch.optim", "stable_baselines3", "sb3_contrib", "rl_zoo")


@dataclass(frozen=True)
class _Part:
    """Something that a configuration names by path."""

    key: str
    path: str
    bases: tuple[type, ...]
    modules: tuple[str, ...] = field(default=_LIBRARIES)


def check_parts(
    config: RunConfig, file: Path, packages: Sequence[str] = (), *, callbacks: bool = False
) -> None:
    """Check everything that the environment stack and the agent of ``config`` would import.

    Args:
        config: Configuration read from a run folder.
        file: Where it was read from, for the message.
        packages: Packages that the user trusts (``--gym-packages``).
        callbacks: Check callbacks too; they play no part in running an agent, only in training it.

    Raises:
        UnsafeFileError: Naming the first part that is not known to be harmless.
        ConfigError: If a part does not exist.
    """
    for part in [*_parts(config), *(_callbacks(config) if callbacks else ())]:
        module, _, _ = part.path.replace(":", ".").rpartition(".")
        if _is_inside(module, packages):
            continue
        where = f"{file}: {part.key} names {part.path}"
        advice = (
            f"; if you trust it, add --gym-packages {module.split('.')[0]}, or --trust for "
            "everything in the run"
        )
        if not _is_inside(module, part.modules):
            raise UnsafeFileError(f"{where}, which is not a part that rl_zoo knows{advice}")
        found = import_object(part.path, kind=part.key)
        if not inspect.isclass(found) or not issubclass(found, part.bases):
            expected = " or ".join(base.__name__ for base in part.bases)
            raise UnsafeFileError(f"{where}, which is not a class of the kind {expected}{advice}")


def _parts(config: RunConfig) -> Iterator[_Part]:
    import gymnasium as gym
    import torch
    from stable_baselines3.common.buffers import BaseBuffer
    from stable_baselines3.common.policies import BasePolicy
    from stable_baselines3.common.vec_env import VecEnvWrapper

    from rl_zoo.wrappers.registry import VEC_ENV_WRAPPERS, WRAPPERS

    kinds: list[tuple[str, Any, Registry, type]] = [
        ("env_wrapper", config.env_wrappers, WRAPPERS, gym.Wrapper),
        ("vec_env_wrapper", config.vec_env_wrappers, VEC_ENV_WRAPPERS, VecEnvWrapper),
    ]
    values: list[tuple[str, Any]] = [
        ("monitor_kwargs", config.monitor_kwargs),
        ("env_kwargs", config.env_kwargs),
        ("eval_env_kwargs", config.eval_env_kwargs),
        *config.algo_kwargs.items(),
    ]
    for key, components, registry, base in kinds:
        for component in components:
            values.append((f"{key}.{component.name}", component.kwargs))
            if not registry.is_registered(component.name):
                yield _Part(key, registry.locate(component.name), (base,))
    if "." in config.policy or ":" in config.policy:
        yield _Part("policy", config.policy, (BasePolicy,))
    plain = (torch.nn.Module, torch.optim.Optimizer, BaseBuffer)
    for key, value in values:
        for symbol in _symbols(value):
            yield _Part(key, symbol.path, plain, _SYMBOL_MODULES)


def _callbacks(config: RunConfig) -> Iterator[_Part]:
    from stable_baselines3.common.callbacks import BaseCallback

    from rl_zoo.callbacks.registry import CALLBACKS

    for component in config.callbacks:
        if not CALLBACKS.is_registered(component.name):
            yield _Part("callback", CALLBACKS.locate(component.name), (BaseCallback,))
        for symbol in _symbols(component.kwargs):
            yield _Part("callback", symbol.path, (BaseCallback,), _SYMBOL_MODULES)


def _symbols(value: Any) -> Iterator[Symbol]:
    if isinstance(value, Symbol):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _symbols(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _symbols(item)


def _is_inside(module: str, packages: Iterable[str]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)
