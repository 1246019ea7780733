"""Hyperparameters from a Python file: runs it, so only for files that the user trusts."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

from rl_zoo.errors import ConfigError


def load_python_config(path: Path) -> Any:
    """Import a ``.py`` file, or a module given by its dotted name, and return its ``hyperparams``.

    Raises:
        ConfigError: If it fails or has no dictionary ``hyperparams``.
    """
    try:
        module = _import_file(path) if path.suffix == ".py" else importlib.import_module(str(path))
    except Exception as error:
        raise ConfigError(f"{path}: failed with {type(error).__name__}: {error}") from error
    content = getattr(module, "hyperparams", None)
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: has no dictionary called 'hyperparams'")
    return content


def _import_file(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"rl_zoo_config_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ImportError("not a Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
