"""Run an exported policy on a robot's computer: numpy and onnxruntime, nothing else.

    policy = Policy("bundle.onnx")
    policy.reset()
    action = policy.step(observation)

The layers between the policy and the robot (history, oscillators, filters, safety limits) are those
of training: the wrappers of ``rl_zoo.wrappers`` and the layers here call the same code.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rl_zoo.deploy.layer import Array, Layer, Observation, Reading, make_layer
from rl_zoo.deploy.metadata import ArrayLayout, Metadata
from rl_zoo.deploy.network import Network, open_session, read_metadata
from rl_zoo.errors import NonFiniteError, RobotFault, ZooError
from rl_zoo.robots.driver import RobotState

_FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


class Policy:
    """An exported policy with everything that has a memory: one robot, one object.

    Args:
        bundle: File written by ``rl_zoo export``, or its content.

    Attributes:
        metadata: What the bundle says about itself.
        layers: Between environment and graph, innermost first.
        network: The graph.

    Raises:
        NothingFoundError: If there is no such file.
        DamagedFileError: If it is no bundle that this version can run.
    """

    def __init__(self, bundle: str | os.PathLike[str] | bytes) -> None:
        self.name = "the bundle" if isinstance(bundle, bytes) else str(bundle)
        session = open_session(bundle if isinstance(bundle, bytes) else Path(bundle), self.name)
        self.metadata: Metadata = read_metadata(session, self.name)
        self.network = Network(session, self.metadata.network, self.name)
        self.layers: tuple[Layer, ...] = tuple(
            make_layer(plain, self.name) for plain in self.metadata.layers
        )
        self._outermost_first = self.layers[::-1]
        self._layouts = {item.name: item for item in self.metadata.observation}
        self._single = None if self.metadata.observation_is_dict else self.metadata.observation[0]
        self._is_box = self.metadata.action.kind == "box"
        self._reading = Reading()
        self._is_new = True
        self._has_failed = False

    @property
    def control_period(self) -> float | None:
        """Return the time between two steps in s; None: the bundle does not say."""
        return self.metadata.control_period

    def reset(self, *, initial_cycles: float = 0.0) -> None:
        """Begin an episode: the next ``step`` gets its first observation.

        Args:
            initial_cycles: Where in their cycle oscillators start, in [0, 1); training with
                ``random_initial_phase`` draws it.
        """
        self._is_new = True
        self._has_failed = False
        self._reading.initial_cycles = initial_cycles

    def step(
        self,
        observation: Observation,
        state: RobotState | None = None,
        held_action: NDArray[np.float64] | None = None,
    ) -> Any:
        """Return the action for ``observation``.

        Args:
            observation: As ``metadata.observation`` describes it, not normalised.
            state: Newest sample of the robot, for its safety limits; None: taken from the
                observation as far as it says it.
            held_action: The action that equals the command the robot holds now; None: the one
                returned last.

        Returns:
            A new array in the type of the action space; of a discrete action a plain int.

        Raises:
            RobotFault: If the observation has another shape or is not finite; the policy stays as
                it was. Or if a layer fails: then only ``reset`` goes on.
        """
        self._check(observation)
        if self._has_failed:
            raise RobotFault(f"{self.name}: failed in the step before; reset() begins an episode")
        self._has_failed = True
        action = self._act(observation, state, held_action)
        self._has_failed = False
        if self._is_box:
            return np.array(action)
        return int(action) if action.ndim == 0 else np.array(action)

    def _act(
        self,
        observation: Observation,
        state: RobotState | None,
        held_action: NDArray[np.float64] | None,
    ) -> Array:
        """Let the observation pass the layers and the graph, and the action come back.

        What goes wrong in there has moved memories (history, phases, hidden state) already.
        """
        try:
            return self._through(observation, state, held_action)
        except ZooError:
            raise
        except Exception as error:  # of any kind: layers may be another package's
            raise RobotFault(
                f"{self.name}: cannot act ({type(error).__name__}: {error})"
            ) from error

    def _through(
        self,
        observation: Observation,
        state: RobotState | None,
        held_action: NDArray[np.float64] | None,
    ) -> Array:
        reading = self._reading
        reading.state, reading.held_action, reading.observation = state, held_action, observation
        if self._is_new:
            observation = self._start(observation, reading)
        else:
            for layer in self.layers:
                observation = layer.observe(observation)
        action: Array = self.network.run(observation)
        for layer in self._outermost_first:
            action = layer.act(action, reading)
        return action

    def _start(self, observation: Observation, reading: Reading) -> Observation:
        self.network.reset()
        self._is_new = False
        held = innermost = reading.held_action
        for layer in self.layers:
            reading.held_action = held
            observation = layer.start(observation, reading)
            held = layer.held(held)
        reading.held_action = innermost
        return observation

    def _check(self, observation: Observation) -> None:
        if self._single is not None:
            self._check_array(self._single, observation)
            return
        if not isinstance(observation, Mapping):
            raise RobotFault(f"{self.name}: the observation must hold {', '.join(self._layouts)}")
        for key, layout in self._layouts.items():
            if key not in observation:
                raise RobotFault(f"{self.name}: the observation lacks '{key}'")
            self._check_array(layout, observation[key])

    @np.errstate(over="ignore")  # of large numbers, which are then looked at one by one
    def _check_array(self, layout: ArrayLayout, values: Any) -> None:
        """Refuse another shape or a number that is not finite."""
        array = values if isinstance(values, np.ndarray) else np.asarray(values)
        if array.shape != layout.shape:
            raise RobotFault(
                f"{self.name}: {layout.name} has shape {array.shape}, not {layout.shape}"
            )
        if array.dtype not in _FLOATS:
            if array.dtype.kind not in "biuf":
                raise RobotFault(f"{self.name}: {layout.name} is not made of numbers")
            if array.dtype.kind != "f":
                return
        # A finite sum of squares has finite parts, and is the quickest to compute.
        flat = array.reshape(-1)
        if math.isfinite(flat.dot(flat)) or bool(np.isfinite(array).all()):
            return
        bad = np.flatnonzero(~np.isfinite(array.ravel())).tolist()
        raise NonFiniteError(f"{self.name}: {layout.name} is not finite at {_places(layout, bad)}")


def _places(layout: ArrayLayout, indices: list[int]) -> str:
    """Name the first few entries by part and index."""
    names = []
    for index in indices[:3]:
        part = next((p for p in layout.parts if p.start <= index < p.start + p.size), None)
        names.append(f"[{index}]" if part is None else f"[{index}] ({part.name})")
    more = len(indices) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")
