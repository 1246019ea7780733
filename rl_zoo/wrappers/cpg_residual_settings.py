"""What a configuration may say about a ``CPGResidualWrapper``, checked and completed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any, Literal, TypeVar

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from rl_zoo.errors import ConfigError
from rl_zoo.finite import is_finite_number
from rl_zoo.motion.cpg_modulation import ModulationRanges
from rl_zoo.motion.pattern_file import PATTERN_FILE
from rl_zoo.suggest import did_you_mean
from rl_zoo.wrappers.argument_checks import check_count, check_flag

FloatArray = NDArray[np.float64]
Group = TypeVar("Group")

WRAPPER = "CPGResidualWrapper"


@dataclass(frozen=True)
class CpgResidualSettings:
    """Keywords of the wrapper; see there."""

    prior: Any
    space: Literal["joint", "foot"] = "joint"
    mode: Literal["residual", "modulate", "both"] = "residual"
    residual_scale: Any = None
    ramp_steps: int = 0
    modulation: Any = None
    observe_phase: bool = True
    random_initial_phase: bool = False
    dt: float | None = None

    def __post_init__(self) -> None:
        for name, valid in (
            ("space", ("joint", "foot")),
            ("mode", ("residual", "modulate", "both")),
        ):
            value = getattr(self, name)
            if value not in valid:
                raise ConfigError(f"{name}: {value!r} is unknown{did_you_mean(str(value), valid)}")
        check_count("ramp_steps", self.ramp_steps, minimum=0)
        for name in ("observe_phase", "random_initial_phase"):
            check_flag(name, getattr(self, name))
        if self.dt is not None and not (is_finite_number(self.dt) and self.dt > 0.0):
            raise ConfigError(f"dt: {self.dt!r} is not a positive number of seconds")
        if not self.has_residual and self.residual_scale is not None:
            raise ConfigError("residual_scale: has no meaning with mode: modulate")

    @property
    def has_residual(self) -> bool:
        """Return whether the policy adds to the command of the prior."""
        return self.mode != "modulate"

    @property
    def modulation_ranges(self) -> ModulationRanges:
        """Return the ranges of the modulation, empty in mode ``residual``.

        Raises:
            ConfigError: If they do not fit or have no meaning.
        """
        if self.mode == "residual":
            if self.modulation is not None:
                raise ConfigError(f"{WRAPPER}.modulation: has no meaning with mode: residual")
            return ModulationRanges()
        given = self.modulation
        if given is None:
            given = {"amplitude": (0.5, 1.5), "frequency": (0.7, 1.3), "phase": 0.5}
        ranges = read_group(ModulationRanges, given, f"{WRAPPER}.modulation")
        if not ranges.names:
            raise ConfigError(
                f"{WRAPPER}.modulation: gives no range; valid: amplitude, frequency, phase, "
                "heading_rate"
            )
        return ranges


def read_settings(settings: Mapping[str, Any]) -> CpgResidualSettings:
    """Return the settings of the given keywords.

    Raises:
        ConfigError: If a keyword is unknown or its value does not fit.
    """
    return read_group(CpgResidualSettings, settings, WRAPPER)


def read_group(cls: type[Group], data: Any, where: str) -> Group:
    """Return the dataclass ``cls`` with the values of a mapping; None is unset.

    Raises:
        ConfigError: If ``data`` is no mapping, a key is unknown or missing, or a value is wrong.
    """
    if not isinstance(data, Mapping):
        raise ConfigError(f"{where}: {data!r} is not a mapping of keys to values")
    data = {key: value for key, value in data.items() if value is not None}
    known = {item.name: item for item in fields(cls)}  # type: ignore[arg-type]
    problems = [
        f"{where}.{key}: unknown key{did_you_mean(str(key), known)}"
        for key in data
        if key not in known
    ]
    problems += [
        f"{where}.{name}: missing"
        for name, item in known.items()
        if item.default is MISSING and name not in data
    ]
    if problems:
        raise ConfigError(problems)
    try:
        return cls(**data)
    except ConfigError as error:
        raise ConfigError([f"{where}.{problem}" for problem in error.problems]) from error


def read_prior(prior: Any) -> Mapping[str, Any]:
    """Return the mapping that ``prior`` is, or the one in the file or run folder that it names.

    Raises:
        ConfigError: If there is none.
    """
    where = f"{WRAPPER}.prior"
    if isinstance(prior, Mapping):
        return prior
    if not isinstance(prior, str | Path):
        raise ConfigError(f"{where}: {prior!r} is neither a mapping nor the path of a run")
    path = Path(prior)
    if path.is_dir():
        path = path / PATTERN_FILE
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            f"{where}: {path} cannot be read ({error.strerror}); it must be the folder of a "
            "trained open-loop run or a JSON file"
        ) from error
    except ValueError as error:
        raise ConfigError(f"{where}: {path} is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{where}: {path} does not hold a mapping")
    return content


def read_scale(scale: Any, names: Sequence[str], default: float) -> FloatArray:
    """Return the scale of each entry of the residual. Shape: (len(names),).

    Args:
        scale: None, one number, a list with one per entry, or a mapping from the last part of an
            entry's name (``x``) to a number.
        names: Name of each entry, such as ``FR.x``.
        default: Scale if none is given.

    Raises:
        ConfigError: If it does not fit.
    """
    where = f"{WRAPPER}.residual_scale"
    if isinstance(scale, Mapping):
        axes = [name.rpartition(".")[2] for name in names]
        valid = list(dict.fromkeys(axes))
        for key in scale:
            if key not in valid:
                raise ConfigError(f"{where}.{key}: unknown key{did_you_mean(str(key), valid)}")
        scale = [scale.get(axis, 0.0) for axis in axes]
    scale = default if scale is None else scale
    entries = scale if isinstance(scale, list | tuple) else [scale]
    if not all(is_finite_number(entry) and entry >= 0.0 for entry in entries):
        raise ConfigError(f"{where}: {scale!r} is not made of finite numbers of at least 0")
    values = np.asarray(scale, dtype=np.float64)
    if values.shape not in ((), (len(names),)):
        raise ConfigError(f"{where}: {values.size} values for {len(names)} entries of the residual")
    return np.array(np.broadcast_to(values, (len(names),)))


def control_period(env: gym.Env[Any, Any], dt: float | None) -> float:
    """Return the time between two actions in s.

    Raises:
        ConfigError: If neither the user nor the environment says it.
    """
    if dt is None and env.has_wrapper_attr("dt"):
        dt = env.get_wrapper_attr("dt")
    if dt is None:
        raise ConfigError(
            f"{WRAPPER}.dt: this environment does not say how long a step is; give it in seconds"
        )
    return float(dt)
