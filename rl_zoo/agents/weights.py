"""Read weights, optimisers and counters of an SB3 zip file without executing code from it.

SB3's own ``load`` unpickles the file's ``data`` member. Here the agent is built from the
configuration, tensors are read with ``weights_only`` and counters are taken from plain JSON values
only.
"""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rl_zoo.errors import DamagedFileError

if TYPE_CHECKING:
    import torch
    from stable_baselines3.common.base_class import BaseAlgorithm

COUNTERS = (
    "num_timesteps",
    "_total_timesteps",
    "_n_updates",
    "_episode_num",
    "_n_calls",
    "_current_progress_remaining",
    "exploration_rate",
)
"""Plain attributes of SB3 algorithms that change while training."""


def load_weights(agent: BaseAlgorithm, model_file: Path) -> None:
    """Load policy, target networks, optimisers and entropy coefficient into ``agent``.

    An agent with a method ``load_own_weights`` reads a file of its own.

    Raises:
        DamagedFileError: If the file is no SB3 model, truncated, or of another algorithm or
        network.
    """
    import torch
    from stable_baselines3.common.save_util import recursive_setattr

    own_loader = getattr(agent, "load_own_weights", None)
    if own_loader is not None:
        own_loader(model_file)
        return
    parameters, variables = _read_tensors(model_file, agent.device)
    try:
        agent.set_parameters(parameters, exact_match=True, device=agent.device)
    except Exception as error:
        raise DamagedFileError(
            f"{model_file}: does not fit a {type(agent).__name__} agent with this configuration "
            f"and environment ({_in_one_line(error)}); was it trained with another algorithm "
            "or network?"
        ) from error
    for name, tensor in variables.items():
        if tensor is not None:
            recursive_setattr(agent, f"{name}.data", tensor.data)
    search: Any = agent
    if isinstance(getattr(search, "weights", None), torch.Tensor):  # ARS searches in this vector
        search.weights = torch.nn.utils.parameters_to_vector(agent.policy.parameters()).detach()
    if agent.use_sde:
        agent.policy.reset_noise()  # type: ignore[operator]


def _read_tensors(model_file: Path, device: torch.device) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the parameters and the other tensors in an SB3 zip file."""
    from stable_baselines3.common.save_util import load_from_zip_file

    if not model_file.is_file():
        raise DamagedFileError(f"{model_file}: no such model file")
    if not zipfile.is_zipfile(model_file):
        raise DamagedFileError(f"{model_file}: not a complete model (no zip file); choose another")
    try:
        _, parameters, variables = load_from_zip_file(model_file, load_data=False, device=device)
    except Exception as error:  # torch and zipfile raise many types on a truncated file
        raise DamagedFileError(f"{model_file}: not a complete SB3 model ({error})") from error
    if not parameters:
        raise DamagedFileError(
            f"{model_file}: holds no weights; not an SB3 model{_hint(model_file)}"
        )
    return parameters, variables or {}


def save_agent(agent: BaseAlgorithm, model_file: Path, normalizer_file: Path | None = None) -> None:
    """Write the SB3 zip file of ``agent``, and its normaliser if a file is named, atomically.

    Methods replaced on the instance are left out of the zip file.
    """
    from rl_zoo.runs.atomic import write_together

    saves: dict[Path, Any] = {model_file: lambda name: _save_model(agent, name)}
    normalizer = agent.get_vec_normalize_env()
    if normalizer is not None and normalizer_file is not None:
        saves[normalizer_file] = normalizer.save
    write_together(saves)


def model_content(agent: BaseAlgorithm) -> bytes:
    """Return the content of the SB3 zip file of ``agent``, as ``save_agent`` writes it."""
    stream = io.BytesIO()
    _save_model(agent, stream)
    return stream.getvalue()


def _save_model(agent: BaseAlgorithm, target: str | io.BytesIO) -> None:
    replaced = [name for name in vars(agent) if callable(getattr(type(agent), name, None))]
    agent.save(target, exclude=replaced)


def read_counters(model_file: Path) -> dict[str, float]:
    """Return the counters stored in an SB3 zip file (plain numbers only)."""
    values = _read_plain_data(model_file)
    return {name: values[name] for name in COUNTERS if isinstance(values.get(name), (int, float))}


def restore_counters(agent: BaseAlgorithm, counters: dict[str, Any]) -> None:
    """Set the counters that ``agent`` has."""
    for name in COUNTERS:
        if name in counters and hasattr(agent, name):
            setattr(agent, name, counters[name])


def collect_counters(agent: BaseAlgorithm) -> dict[str, float]:
    """Return the counters of ``agent``."""
    return {name: getattr(agent, name) for name in COUNTERS if hasattr(agent, name)}


def has_finite_weights(agent: BaseAlgorithm) -> bool:
    """Say whether every parameter of the policy is finite."""
    import torch

    own_check = getattr(agent, "has_finite_weights", None)
    if own_check is not None:
        return bool(own_check())
    return all(bool(torch.isfinite(weight).all()) for weight in agent.policy.parameters())


def _read_plain_data(model_file: Path) -> dict[str, Any]:
    try:
        with zipfile.ZipFile(model_file) as archive:
            data = json.loads(archive.read("data"))
    except (KeyError, OSError, ValueError, zipfile.BadZipFile) as error:
        raise DamagedFileError(f"{model_file}: not a complete SB3 model ({error})") from error
    return data if isinstance(data, dict) else {}


def _hint(model_file: Path) -> str:
    from rl_zoo.agents.jax.agent import has_state

    return " but one of --backend jax, with which it can be used" if has_state(model_file) else ""


def _in_one_line(error: Exception) -> str:
    text = " ".join(str(error).split())  # torch names the network first, what differs after it
    return f"{text[:200]} ..." if len(text) > 200 else text or type(error).__name__
