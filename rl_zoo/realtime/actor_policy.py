"""The policy in numpy: what the actor computes at every tick, without PyTorch.

The same arithmetic as the policies of SAC, TQC, DroQ, CrossQ, TD3 and DDPG, for one observation.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rl_zoo.realtime.parameters import Published

Array = NDArray[np.float32]
Layer = Callable[[Array], Array]
"""Takes a vector, which it may overwrite, and returns one."""
_LARGE = 512
"""Units of a layer for which numpy's matrix library takes work memory (small ones need none)."""

_LOG_STD_MIN, _LOG_STD_MAX = np.float32(-20.0), np.float32(2.0)  # SB3's limits


class ActorPolicy:
    """Acts as the agent does whose parameters were published.

    Args:
        published: Description and arrays of ``actor_parameters``.
        generator: Of the exploration noise.

    Attributes:
        version: Of the parameters.
    """

    def __init__(self, published: Published, generator: np.random.Generator) -> None:
        told, arrays = published.description, published.arrays
        self.version = published.version
        self._generator = generator
        self._input = np.zeros(_n_inputs(told, arrays), np.float32)
        self._normalize = _normalization(told["normalization"], arrays)
        self._latent = _chain(told.get("latent", ()), arrays)
        self._mean = _chain(told["mean"], arrays)
        self._log_std = _chain(told["log_std"], arrays) if "log_std" in told else None
        self._is_gaussian = told["kind"] == "gaussian"
        self._sde_std: Array | None = arrays.get("std")
        self._sde_sample_freq = int(told.get("sde_sample_freq", -1))
        self._sde_rollout = int(told.get("sde_rollout", 0))
        self._matrix: Array | None = None
        self._steps = 0

    def begin_episode(self) -> None:
        """Draw a new exploration matrix (gSDE) if rollouts are episodes."""
        if not self._sde_rollout:
            self._matrix = None
            self._steps = 0

    def follow(self, earlier: ActorPolicy | None) -> ActorPolicy:
        """Keep the exploration matrix of the policy before this one; return this policy."""
        if earlier is not None and self._sde_std is not None:
            self._matrix, self._steps = earlier._matrix, earlier._steps
        return self

    def act(self, observation: ArrayLike, *, deterministic: bool = False) -> Array:
        """Return the action, in [-1, 1].

        Args:
            observation: Raw. Shape: that of the space.
            deterministic: Without exploration.
        """
        flat = np.asarray(observation).reshape(-1)
        self._normalize(flat, self._input)
        latent = self._latent(self._input)
        if not self._is_gaussian:
            return self._mean(latent)  # squashed by its last layer
        mean = self._mean(latent)
        if not deterministic:
            mean = mean + self._noise(latent, mean.size)
        return np.tanh(mean)

    def _noise(self, latent: Array, n_actions: int) -> Array:
        if self._sde_std is None:
            assert self._log_std is not None
            log_std = np.minimum(np.maximum(self._log_std(latent), _LOG_STD_MIN), _LOG_STD_MAX)
            return np.exp(log_std) * self._generator.standard_normal(n_actions, np.float32)
        if self._matrix is None or self._is_matrix_due():
            shape = self._sde_std.shape
            self._matrix = self._sde_std * self._generator.standard_normal(shape, np.float32)
        self._steps += 1
        return latent @ self._matrix

    def _is_matrix_due(self) -> bool:
        """Say whether a rollout begins now, or ``sde_sample_freq`` steps of one are over."""
        place = self._steps % self._sde_rollout if self._sde_rollout else self._steps
        if place == 0:
            return True
        return self._sde_sample_freq > 0 and place % self._sde_sample_freq == 0


def prepare_products() -> None:
    """Let numpy's matrix library take its work memory now, before memory is locked.

    OpenBLAS maps 32 MB at the first product of a size that needs them. In a process whose memory is
    locked, all of it is made present at once: 15 ms, which the first tick of the policy would lack.
    """
    weight, vector = np.zeros((_LARGE, _LARGE), np.float32), np.zeros(_LARGE, np.float32)
    _linear(weight, vector)(vector)


def _n_inputs(told: Mapping[str, Any], arrays: Mapping[str, Any]) -> int:
    first = next(step for step in (*told.get("latent", ()), *told["mean"]) if len(step) > 1)
    return int(arrays[first[1]].shape[-1])


def _normalization(
    told: Mapping[str, float] | None, arrays: Mapping[str, Any]
) -> Callable[[NDArray[Any], Array], None]:
    """Return what writes the normalised observation, as ``VecNormalize`` computes it."""
    if told is None:

        def copy(observation: NDArray[Any], into: Array) -> None:
            into[:] = observation

        return copy
    mean, deviation = arrays["observation_mean"], arrays["observation_deviation"]
    limit = told["clip"]
    wide = np.empty(mean.shape, np.float64)

    def normalize(observation: NDArray[Any], into: Array) -> None:
        np.subtract(observation, mean, out=wide)
        np.divide(wide, deviation, out=wide)
        np.minimum(wide, limit, out=wide)
        np.maximum(wide, -limit, out=into, casting="same_kind")

    return normalize


def _chain(steps: Sequence[Sequence[Any]], arrays: Mapping[str, Any]) -> Layer:
    layers = [_layer(step, arrays) for step in steps]
    if len(layers) == 1:
        return layers[0]

    def run(x: Array) -> Array:
        for layer in layers:
            x = layer(x)
        return x

    return run


def _layer(step: Sequence[Any], arrays: Mapping[str, Any]) -> Layer:
    if step[0] == "Residual":
        return _residual(_chain(step[1], arrays))
    return _LAYERS[step[0]](*(_value(item, arrays) for item in step[1:]))


def _value(item: Any, arrays: Mapping[str, Any]) -> Any:
    return arrays[item] if isinstance(item, str) else item


def _linear(weight: Array, bias: Array) -> Layer:
    out = np.empty(len(bias), np.float32)

    def run(x: Array) -> Array:
        np.dot(weight, x, out=out)
        np.add(out, bias, out=out)
        return out

    return run


def _layer_norm(scale: Array, shift: Array, epsilon: float) -> Layer:
    def run(x: Array) -> Array:
        centred: Array = x - x.mean()
        variance = float(centred @ centred) / x.size
        centred *= np.float32(1.0 / math.sqrt(variance + epsilon))
        centred *= scale
        centred += shift
        return centred

    return run


def _residual(change: Layer) -> Layer:
    """Add what layers make of a vector to it; the first of them must not overwrite it."""
    return lambda x: x + change(x)


def _affine(scale: Array, shift: Array) -> Layer:
    return lambda x: x * scale + shift


def _clip(low: float, high: float) -> Layer:
    return lambda x: np.minimum(np.maximum(x, np.float32(low)), np.float32(high))


def _relu() -> Layer:
    return lambda x: np.maximum(x, 0, out=x)


def _tanh() -> Layer:
    return lambda x: np.tanh(x, out=x)


def _elu() -> Layer:
    return lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0)))


def _silu() -> Layer:
    return lambda x: x / (1 + np.exp(-x))


def _gelu() -> Layer:
    error = np.frompyfunc(math.erf, 1, 1)
    root = np.float32(math.sqrt(0.5))
    return lambda x: (0.5 * x * (1 + error(x * root).astype(np.float32))).astype(np.float32)


def _leaky_relu() -> Layer:
    return lambda x: np.where(x > 0, x, np.float32(0.01) * x)


_LAYERS: dict[str, Callable[..., Layer]] = {
    "Linear": _linear,
    "LayerNorm": _layer_norm,
    "Affine": _affine,
    "Clip": _clip,
    "ReLU": _relu,
    "Tanh": _tanh,
    "ELU": _elu,
    "SiLU": _silu,
    "GELU": _gelu,
    "LeakyReLU": _leaky_relu,
}
