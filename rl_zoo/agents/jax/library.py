"""Import SBX and JAX, once, with the settings of this process."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import platform
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from rl_zoo.agents.native.build import cache_folder
from rl_zoo.errors import ConfigError, MissingDependencyError

SBX_CLASSES = {
    "crossq": "CrossQ",
    "ddpg": "DDPG",
    "dqn": "DQN",
    "droq": "SAC",
    "ppo": "PPO",
    "sac": "SAC",
    "td3": "TD3",
    "tqc": "TQC",
}
"""Algorithm -> its class in SBX. DroQ is SAC with other critics."""

_WORTH_KEEPING = 0.1  # seconds of compilation


def import_sbx(reason: str) -> ModuleType:
    """Import SBX, and JAX with it.

    Args:
        reason: What needs it, the beginning of the error's sentence.

    Raises:
        MissingDependencyError: If it is not installed.
    """
    try:
        sbx = importlib.import_module("sbx")
    except ImportError as error:
        raise MissingDependencyError(
            f'{reason} needs SBX, but that cannot be imported ({error}): pip install "rl_zoo[sbx]"'
        ) from error
    _keep_compiled_programs()
    return sbx


def check_installed(algo: str) -> None:
    """Check, without importing it, that SBX is there and has an algorithm.

    Raises:
        ConfigError: If SBX has no such algorithm, naming those it has.
        MissingDependencyError: If SBX is not installed.
    """
    _check_algorithm(algo)
    if not _is_there("sbx"):
        raise MissingDependencyError('--backend jax needs SBX: pip install "rl_zoo[sbx]"')


def sbx_class(algo: str, reason: str = "--backend jax") -> type[Any]:
    """Return the class of SBX for ``algo``.

    Args:
        algo: Short name of the algorithm.
        reason: What needs it, the beginning of the sentence if SBX is missing.

    Raises:
        ConfigError: If SBX has no such algorithm, naming those it has.
        MissingDependencyError: If SBX is not installed.
    """
    _check_algorithm(algo)
    found: type[Any] = getattr(import_sbx(reason), SBX_CLASSES[algo])
    return found


def _check_algorithm(algo: str) -> None:
    if algo not in SBX_CLASSES:
        raise ConfigError(
            f"--backend jax: SBX has no {algo}; use one of {', '.join(SBX_CLASSES)}, or "
            "--backend sb3"
        )


def choose_device(device: str) -> None:
    """Let JAX compute on ``device``: ``auto``, ``cpu``, ``cuda`` or ``cuda:<n>``.

    Raises:
        ConfigError: If JAX has no such device.
    """
    if device == "auto":
        return
    import jax

    kind, _, number = device.partition(":")
    if kind not in ("cpu", "cuda") or (number and not number.isdigit()):
        raise ConfigError(f"--device {device}: not a device; use auto, cpu or cuda")
    try:
        devices = jax.devices(kind)
        chosen = devices[int(number or 0)]
    except (RuntimeError, IndexError) as error:
        raise ConfigError(
            f"--device {device}: JAX has no such device; use --device cpu, or install JAX for "
            'CUDA: pip install "jax[cuda12]"'
        ) from error
    jax.config.update("jax_default_device", chosen)


def _keep_compiled_programs() -> None:
    """Let JAX compile a program once per computer: that takes seconds, reading it does not.

    ``JAX_COMPILATION_CACHE_DIR`` names another folder.
    """
    import jax

    if jax.config.jax_compilation_cache_dir is not None:
        return
    # A program for other instructions must not be run, also where computers share the folder.
    features = hashlib.sha256(_cpu_features().encode()).hexdigest()[:12]
    folder = cache_folder() / f"jax-{jax.__version__}-{features}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return  # it is compiled again every time
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", _WORTH_KEEPING)


def _cpu_features() -> str:
    """Return what tells this kind of processor from others."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.platform() + platform.processor()
    names = ("model name", "flags", "Features", "CPU part")
    return "\n".join(sorted({line for line in text.splitlines() if line.startswith(names)}))


def _is_there(package: str) -> bool:
    if package in sys.modules:
        return sys.modules[package] is not None
    return importlib.util.find_spec(package) is not None
