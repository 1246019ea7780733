"""Run agents that SBX (SB3 in JAX) saved.

Its zip files hold the whole policy as a pickle, which executes code when it is read, so that they
are opened with ``--trust`` only.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rl_zoo.config.model import RunConfig
from rl_zoo.config.parameters import ZOO_KEYS
from rl_zoo.config.resolve import resolve_saved
from rl_zoo.config.yaml import load_saved_yaml
from rl_zoo.errors import (
    ConfigError,
    DamagedFileError,
    MissingDependencyError,
    UnsafeFileError,
)
from rl_zoo.runs.folder import RunFolder

if TYPE_CHECKING:
    from stable_baselines3.common.base_class import BaseAlgorithm
    from stable_baselines3.common.vec_env import VecEnv

_ALGORITHMS = {
    "crossq": "CrossQ",
    "dqn": "DQN",
    "ppo": "PPO",
    "sac": "SAC",
    "td3": "TD3",
    "tqc": "TQC",
}
"""Package in SBX of a policy -> the algorithm that loads it (TD3's is DDPG's too)."""

_STACK_KEYS = (*ZOO_KEYS, "normalize", "env_wrapper", "vec_env_wrapper")


def sbx_model_of(folder: RunFolder) -> Path | None:
    """Return one of the models of a run that SBX trained; None: there is none."""
    files = [folder.final_model, folder.best_model]
    files += [folder.checkpoint_model(steps) for steps in folder.checkpoint_steps()[-1:]]
    return next((file for file in files if is_sbx_model(file)), None)


def is_sbx_model(file: Path) -> bool:
    """Say whether plain SBX wrote ``file``, not ``--backend jax``; nothing of it is executed."""
    from rl_zoo.agents.jax.agent import has_state

    return _package(file) is not None and not has_state(file)


def load_sbx_config(folder: RunFolder, algo: str, env_id: str, *, trust: bool) -> RunConfig:
    """Return the environment stack of a run; the agent's hyperparameters are in its zip file.

    Raises:
        UnsafeFileError: If ``trust`` is False.
        DamagedFileError: If ``config.yml`` holds no configuration.
        ConfigError: If a value of the stack is not valid.
    """
    _need_trust(sbx_model_of(folder) or folder.final_model, trust)
    content = load_saved_yaml(folder.config_file, trust)
    if not isinstance(content, Mapping) or not content:
        raise DamagedFileError(f"{folder.config_file}: holds no hyperparameters")
    stack = {key: value for key, value in content.items() if key in _STACK_KEYS}
    return resolve_saved({"policy": "MlpPolicy", **stack}, str(folder.config_file), algo, env_id)


def load_sbx_agent(file: Path, env: VecEnv, *, trust: bool) -> BaseAlgorithm:
    """Return the agent in a zip file of SBX, without replay memory.

    Raises:
        UnsafeFileError: If ``trust`` is False.
        MissingDependencyError: If SBX is not installed.
        ConfigError: If the agent acts in other spaces than ``env``.
        DamagedFileError: If the file cannot be read.
    """
    _need_trust(file, trust)
    try:
        sbx = importlib.import_module("sbx")
    except ImportError as error:
        raise MissingDependencyError(
            f"{file}: was trained with SBX, which cannot be imported ({error}): "
            'pip install "rl_zoo[sbx]"'
        ) from error
    algorithm = getattr(sbx, _ALGORITHMS[str(_package(file))])
    memory: dict[str, Any] = {
        "buffer_size": 1,
        "replay_buffer_class": None,
        "replay_buffer_kwargs": {},
        "optimize_memory_usage": False,
    }
    with _naming(file):
        agent: BaseAlgorithm = algorithm.load(file, env=env, device="cpu", custom_objects=memory)
    return agent


@contextlib.contextmanager
def _naming(file: Path) -> Iterator[None]:
    """Turn what SB3 and pickle say about a zip file into one sentence about ``file``."""
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield
    except ValueError as error:
        raise ConfigError(f"{file}: does not fit the environment ({error})") from error
    except Exception as error:  # a pickle raises whatever it likes
        raise DamagedFileError(
            f"{file}: cannot be read ({type(error).__name__}: {error}); was it saved with another "
            "version of SBX, flax or JAX?"
        ) from error
    # SB3 goes on with a fresh policy where it could not read the stored one.
    lost = [
        str(item.message) for item in caught if "deserialize object policy." in str(item.message)
    ]
    if lost:
        raise DamagedFileError(f"{file}: its policy cannot be read ({' '.join(lost[0].split())})")


def _need_trust(file: Path, trust: bool) -> None:
    if not trust:
        raise UnsafeFileError(
            f"{file}: was saved by SBX, whose files execute code when they are read; use --trust "
            "only if you trust whoever wrote the file"
        )


def _package(file: Path) -> str | None:
    """Return the package in SBX of the policy in ``file``; None: it is no model of SBX."""
    try:
        with zipfile.ZipFile(file) as archive:
            data: Any = json.loads(archive.read("data"))
    except (KeyError, OSError, ValueError, zipfile.BadZipFile):
        return None
    kind = data.get("policy_class") if isinstance(data, dict) else None
    module = str(kind.get("__module__", "")) if isinstance(kind, dict) else ""
    library, _, rest = module.partition(".")
    package = rest.partition(".")[0]
    return package if library == "sbx" and package in _ALGORITHMS else None
