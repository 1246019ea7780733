"""What stands between an environment and a policy, without Gymnasium."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rl_zoo.errors import ConfigError, DamagedFileError
from rl_zoo.registry import Registry
from rl_zoo.robots.driver import RobotState

Array = NDArray[Any]
Observation = Array | Mapping[str, Array]
"""One array, or arrays by key."""


@dataclass(slots=True)
class Reading:
    """What is known of the robot when an action is wanted, beside the observation."""

    state: RobotState | None = None
    """Newest sample; None: no robot, or the layer has to take it from the observation."""
    held_action: NDArray[np.float64] | None = None
    """Action that equals the command the robot holds now; None: unknown."""
    observation: Observation | None = None
    """The environment's observation of this step."""
    initial_cycles: float = 0.0
    """Where in their cycle oscillators start an episode, in [0, 1)."""


class Layer(Protocol):
    """One layer: the counterpart of a Gymnasium wrapper, driven from outside.

    In an episode: ``start`` with the first observation, then in turn ``act`` and ``observe``.
    Observations pass the innermost layer first, actions the outermost.
    """

    kind: str
    """Its name in a bundle."""

    def start(self, observation: Observation, reading: Reading) -> Observation:
        """Begin an episode and return the observation for the next layer outside.

        ``reading.held_action`` is the action *of this layer's inner side* that is held now.
        """
        ...

    def observe(self, observation: Observation) -> Observation:
        """Return the observation for the next layer outside."""
        ...

    def act(self, action: Array, reading: Reading) -> Array:
        """Return the action for the next layer inside."""
        ...

    def held(self, inner: NDArray[np.float64] | None) -> NDArray[np.float64] | None:
        """Return the action outside of this layer that equals what is held inside of it."""
        ...

    def to_dict(self) -> dict[str, Any]:
        """Return ``{"kind": kind, ...}``, from which ``from_dict`` builds the layer again."""
        ...


LAYERS = Registry(
    "layer of a bundle",
    "rl_zoo.deploy_layers",
    {
        "action_filter": "rl_zoo.deploy.layers.action_filter:ActionFilterLayer",
        "action_smoothing": "rl_zoo.deploy.layers.action_smoothing:ActionSmoothingLayer",
        "cpg_residual": "rl_zoo.deploy.layers.cpg_residual:CpgResidualLayer",
        "flatten": "rl_zoo.deploy.layers.flatten:FlattenLayer",
        "history": "rl_zoo.deploy.layers.history:HistoryLayer",
        "mask": "rl_zoo.deploy.layers.mask:MaskLayer",
        "rescale_action": "rl_zoo.deploy.layers.rescale_action:RescaleActionLayer",
        "safety": "rl_zoo.deploy.layers.safety:SafetyLayer",
        "time_feature": "rl_zoo.deploy.layers.time_feature:TimeFeatureLayer",
    },
)
"""Kinds of layers; a class has ``from_dict(plain) -> Layer``."""

_DAMAGE = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, ConfigError)
"""What comes of values of the wrong kind."""


def make_layer(plain: Mapping[str, Any], source: str) -> Layer:
    """Build a layer of a bundle.

    Only built-in layers and those of installed plug-ins are made: a bundle cannot name a module.

    Args:
        plain: What ``Layer.to_dict`` returned.
        source: Name of the file, for messages.

    Raises:
        DamagedFileError: If this installation has no such layer, or a value is missing.
    """
    kind = plain.get("kind")
    if not isinstance(kind, str) or kind not in LAYERS.names():
        raise DamagedFileError(
            f"{source}: holds a layer '{kind}', which this rl_zoo does not know; valid: "
            f"{', '.join(LAYERS.names())}"
        )
    described: Any = LAYERS.load(kind)
    try:
        layer: Layer = described.from_dict(plain)
    except _DAMAGE as error:
        raise DamagedFileError(
            f"{source}: its layer '{kind}' is damaged ({type(error).__name__}: {error})"
        ) from error
    return layer
