"""Find the entry of a hyperparameter file that belongs to an environment."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rl_zoo.config.python_config import load_python_config
from rl_zoo.config.yaml import load_yaml
from rl_zoo.errors import ConfigError
from rl_zoo.suggest import did_you_mean, nearest_name

_ATARI = re.compile(r"ALE/.+|.+(NoFrameskip|Deterministic)-v\d+")
_REAL = re.compile(r"(.+)-Real(-v\d+)")
_SIMULATION_OF = {"Quadruped-Remote-v0": "Bert-v0"}  # its robot is bert unless told otherwise
_FLAT_KEYS = ("policy", "n_timesteps")


@dataclass(frozen=True)
class Entry:
    """The hyperparameters that a file gives to one environment."""

    values: Mapping[Any, Any]
    origin: str
    """Place for messages, e.g. ``hyperparams/sac.yml: Ant-v4``."""
    notes: tuple[str, ...] = ()


def hyperparams_folder() -> Path:
    """Return the folder of the packaged ``<algo>.yml`` files (wheel or source checkout)."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "hyperparams"
    return inside if inside.is_dir() else package.parent / "hyperparams"


def is_atari_id(env_id: str) -> bool:
    """Say whether ``env_id`` looks like a game of the Arcade Learning Environment."""
    return _ATARI.fullmatch(env_id.rpartition(":")[2]) is not None


def find_entry(
    algo: str,
    env_id: str,
    conf_file: Path | None = None,
    *,
    trust_config: bool = False,
    is_atari: bool | None = None,
) -> Entry:
    """Return the entry for ``env_id``: its own, its simulation's, ``atari`` or ``default``.

    Args:
        algo: Algorithm, which names the packaged file.
        env_id: Environment id, with or without ``package:``.
        conf_file: The user's file instead of the packaged one.
        trust_config: Run ``conf_file`` if it is Python.
        is_atari: Whether the environment is an Atari game; None decides by its id.

    Raises:
        ConfigError: If the file or the entry does not exist or cannot be read.
    """
    if conf_file is None:
        path, name = hyperparams_folder() / f"{algo}.yml", f"hyperparams/{algo}.yml"
        if not path.is_file():
            raise ConfigError(f"{name}: no tuned values for '{algo}'; give a file with -conf")
        content = load_yaml(path)
    else:
        path, name = conf_file, str(conf_file)
        content = _load_conf_file(path, trust_config)
    if content is None or content == {}:
        raise ConfigError(f"{name}: is empty; write an entry '{env_id}:' or 'default:'")
    if not isinstance(content, Mapping):
        raise ConfigError(f"{name}: must be a mapping of environment ids, not a list or a word")
    if any(key in content and not isinstance(content[key], Mapping) for key in _FLAT_KEYS):
        return Entry(content, name)
    atari = is_atari_id(env_id) if is_atari is None else is_atari
    return _choose(content, name, env_id, atari)


def _load_conf_file(path: Path, trust_config: bool) -> Any:
    if path.suffix in (".yml", ".yaml"):
        return load_yaml(path)
    is_module = path.suffix != ".py" and path.parent == Path() and not path.exists()
    is_module = is_module and re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+", str(path)) is not None
    is_module = is_module and path.suffix not in (".json", ".toml", ".txt", ".cfg", ".ini")
    if path.suffix == ".py" or is_module:
        if not is_module and not path.is_file():
            raise ConfigError(f"{path}: no such file")
        if not trust_config:
            raise ConfigError(
                f"{path}: a Python configuration is run as code; add --trust-config if you trust it"
            )
        return load_python_config(path)
    if path.is_dir():
        raise ConfigError(f"{path}: is a folder, not a file")
    if not path.exists():
        raise ConfigError(f"{path}: no such file")
    raise ConfigError(f"{path}: must end in .yml, .yaml or .py; write the values as YAML")


def simulation_of(env_id: str) -> str | None:
    """Return the id of the simulation of a robot's environment; None if it is no robot's.

    ``Bert-Real-v0`` is learned as ``Bert-v0`` is.
    """
    if env_id in _SIMULATION_OF:
        return _SIMULATION_OF[env_id]
    match = _REAL.fullmatch(env_id)
    return None if match is None else f"{match[1]}{match[2]}"


def _choose(content: Mapping[Any, Any], name: str, env_id: str, is_atari: bool) -> Entry:
    env_ids = [key for key in content if isinstance(key, str) and key not in ("default", "atari")]
    notes: tuple[str, ...] = ()
    for key in (env_id, env_id.rpartition(":")[2]):
        if key in content:
            return Entry(_check_entry(content, key, name), f"{name}: {key}")
    simulation = simulation_of(env_id.rpartition(":")[2])
    if simulation is not None and simulation in content:
        note = f"no entry {env_id} in {name}; using that of its simulation, {simulation}"
        entry = _check_entry(content, simulation, name)
        return Entry(entry, f"{name}: {simulation}", (note,))
    if is_atari and "atari" in content:
        return Entry(_check_entry(content, "atari", name), f"{name}: atari")
    nearest = _nearest_entry(env_id.rpartition(":")[2], env_ids)
    if "default" in content:
        hint = f"; nearest entry is {nearest}" if nearest else ""
        notes = (f"no entry {env_id} in {name}; using default{hint}",)
        return Entry(_check_entry(content, "default", name), f"{name}: default", notes)
    raise ConfigError(
        f"{name}: no entry '{env_id}' and no 'default'{did_you_mean(env_id, env_ids)}"
    )


def hidden_entry(path: Path, env_id: str) -> str | None:
    """Return the entry that is near to ``env_id`` in a YAML file where ``default`` is used instead.

    Raises:
        ConfigError: If the file cannot be read.
    """
    content = load_yaml(path)
    if not isinstance(content, Mapping) or "default" not in content or env_id in content:
        return None
    names = [key for key in content if isinstance(key, str) and key not in ("default", "atari")]
    return _nearest_entry(env_id.rpartition(":")[2], names)


def _nearest_entry(env_id: str, env_ids: Sequence[str]) -> str | None:
    """Return the entry with the nearest name; two ids are not near for sharing a version."""
    names = {re.sub(r"-v\d+$", "", entry): entry for entry in env_ids}
    nearest = nearest_name(re.sub(r"-v\d+$", "", env_id), names)
    return None if nearest is None else names[nearest]


def _check_entry(content: Mapping[Any, Any], key: str, name: str) -> Mapping[Any, Any]:
    entry = content[key]
    if not isinstance(entry, Mapping):
        raise ConfigError(
            f"{name}: {key}: must be a mapping of hyperparameters; check the indentation"
        )
    return entry
