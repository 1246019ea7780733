"""Read normalisation statistics without executing code from the file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rl_zoo.errors import DamagedFileError
from rl_zoo.runs.safe_pickle import load_pickle

if TYPE_CHECKING:
    from stable_baselines3.common.vec_env import VecEnv, VecNormalize


def load_normalizer(file: Path, *, trust: bool = False) -> VecNormalize:
    """Return the statistics that SB3's ``VecNormalize.save`` (ours, the zoo's) wrote to ``file``.

    Args:
        file: The pickle.
        trust: Let the file execute code (``--trust``).

    Raises:
        UnsafeFileError: If the file wants to use anything but the classes SB3 stores in it.
        DamagedFileError: If it is missing, truncated, holds something else or non-finite numbers.
    """
    from stable_baselines3.common.vec_env import VecNormalize

    statistics = load_pickle(file, trust=trust)
    if not isinstance(statistics, VecNormalize):
        raise DamagedFileError(
            f"{file}: holds a {type(statistics).__name__}, not the statistics of a VecNormalize"
        )
    for name, moments in _running_moments(statistics).items():
        _check_moments(moments, f"{file}: {name}")
    return statistics


def check_fits(env: VecEnv, file: Path) -> None:
    """Compare the statistics in use with the observations of the environment.

    Raises:
        DamagedFileError: If their shapes differ.
    """
    from stable_baselines3.common.vec_env import unwrap_vec_normalize

    normalizer = unwrap_vec_normalize(env)
    if normalizer is None or not normalizer.norm_obs:
        return
    moments: Any = normalizer.obs_rms
    space: Any = normalizer.venv.observation_space
    parts = (
        {key: (moments[key], space[key]) for key in moments} if isinstance(moments, dict) else {}
    )
    for key, (part, part_space) in (parts or {"observation": (moments, space)}).items():
        if part.mean.shape != part_space.shape:
            raise DamagedFileError(
                f"{file}: statistics of {key} have shape {part.mean.shape}, the environment gives "
                f"{part_space.shape}; were they saved with another environment or other wrappers?"
            )


def _running_moments(statistics: VecNormalize) -> dict[str, Any]:
    held = vars(statistics)  # getattr would look in an environment that is not there yet
    observations = held.get("obs_rms", {})  # none if only rewards are normalised
    found = {"ret_rms": held.get("ret_rms")}
    if isinstance(observations, dict):
        found.update({f"obs_rms[{key!r}]": value for key, value in observations.items()})
    else:
        found["obs_rms"] = observations
    return found


def _check_moments(moments: Any, where: str) -> None:
    import numpy as np
    from stable_baselines3.common.running_mean_std import RunningMeanStd

    if not isinstance(moments, RunningMeanStd):
        raise DamagedFileError(f"{where} is a {type(moments).__name__}, not running statistics")
    for name in ("mean", "var"):
        values = np.asarray(getattr(moments, name, None))
        if values.dtype.kind != "f" or not np.isfinite(values).all():
            raise DamagedFileError(f"{where}.{name} does not hold finite numbers")
