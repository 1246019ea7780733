"""The graph of a bundle in onnxruntime: one thread, bound memory, explicit states."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from rl_zoo.deploy.layer import Array, Observation
from rl_zoo.deploy.metadata import KEY, Metadata, NetworkLayout, from_json
from rl_zoo.errors import DamagedFileError, NothingFoundError

_PROVIDERS = ["CPUExecutionProvider"]
_CPU = "cpu"


def open_session(model: Path | bytes, name: str) -> onnxruntime.InferenceSession:
    """Load an ONNX model for one thread.

    Args:
        model: File or its content.
        name: What to call it in messages.

    Raises:
        NothingFoundError: If there is no such file.
        DamagedFileError: If it is no ONNX model.
    """
    if isinstance(model, Path) and not model.is_file():
        raise NothingFoundError(f"{name}: no such file")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    content = str(model) if isinstance(model, Path) else model
    try:
        return onnxruntime.InferenceSession(content, options, providers=_PROVIDERS)
    except Exception as error:  # onnxruntime's errors have no common class of their own
        raise DamagedFileError(f"{name}: is no ONNX model that onnxruntime can load") from error


def read_metadata(session: onnxruntime.InferenceSession, name: str) -> Metadata:
    """Return what the model says about itself.

    Raises:
        DamagedFileError: If it is no bundle of rl_zoo.
    """
    text = session.get_modelmeta().custom_metadata_map.get(KEY)
    if text is None:
        raise DamagedFileError(
            f"{name}: is an ONNX model but no bundle of rl_zoo; make one with: rl_zoo export RUN"
        )
    return from_json(text, name)


class Network:
    """One environment's view of a graph: inputs, outputs and states at fixed addresses.

    Nothing is allocated in ``run``. States are kept in two sets of arrays that take turns.

    Args:
        session: The graph.
        layout: Its inputs and outputs.
        name: What to call the file in messages.

    Raises:
        DamagedFileError: If the layout is not that of the graph.
    """

    def __init__(
        self, session: onnxruntime.InferenceSession, layout: NetworkLayout, name: str
    ) -> None:
        _check_layout(session, layout, name)
        self._run = session._sess.run_with_iobinding  # the public method adds a check per call
        self._inputs = {
            item.key: np.zeros((1, *item.shape), np.dtype(item.dtype)) for item in layout.inputs
        }
        # Views, also of arrays without axes but the batch.
        rows = [array.reshape(array.shape[1:]) for array in self._inputs.values()]
        self._single = rows[0] if len(rows) == 1 else None
        self._initial = [
            np.reshape(np.array(state.initial or 0.0, state.dtype), (1, *state.shape))
            if state.initial
            else np.zeros((1, *state.shape), state.dtype)
            for state in layout.states
        ]
        self._states = tuple([array.copy() for array in self._initial] for _ in range(2))
        self.output: Array = np.zeros((1, *layout.output_shape), np.dtype(layout.output_dtype))
        """The action of the last ``run``, overwritten by the next. Shape: (1, ...)."""
        self._turn = 0
        self._bindings = [self._bind(session, layout, turn) for turn in range(2)]
        self._try(name)

    def _try(self, name: str) -> None:
        """Run both turns once: a graph that does not keep to its shapes fails now, not walking."""
        try:
            for binding in self._bindings:
                self._run(binding, None)
        except Exception as error:  # onnxruntime's errors have no common class of their own
            raise DamagedFileError(
                f"{name}: its graph does not run as it is described ({_one_line(error)}); export "
                "it again"
            ) from error
        for states in self._states:
            for array, initial in zip(states, self._initial, strict=True):
                array[:] = initial

    def reset(self) -> None:
        """Begin an episode: the states take their initial values."""
        for array, initial in zip(self._states[self._turn], self._initial, strict=True):
            array[:] = initial

    def run(self, observation: Observation) -> Array:
        """Return the action for ``observation``: a view of ``output``, without batch axis."""
        if self._single is not None and not isinstance(observation, dict):
            self._single[...] = observation
        else:
            self._feed(observation)
        self._run(self._bindings[self._turn], None)
        if self._initial:
            self._turn = 1 - self._turn
        return self.output[0]  # type: ignore[no-any-return]

    def states(self) -> list[NDArray[Any]]:
        """Return copies of the states, in the order of the layout. Shape of each: (1, ...)."""
        return [array.copy() for array in self._states[self._turn]]

    def _feed(self, observation: Observation) -> None:
        for key, array in self._inputs.items():
            array[0] = observation[key]

    def _bind(self, session: onnxruntime.InferenceSession, layout: NetworkLayout, turn: int) -> Any:
        binding = session.io_binding()
        for item in layout.inputs:
            _bind_input(binding, item.name, self._inputs[item.key])
        for state, now, following in zip(
            layout.states, self._states[turn], self._states[1 - turn], strict=True
        ):
            _bind_input(binding, state.input, now)
            _bind_output(binding, state.output, following)
        _bind_output(binding, layout.output, self.output)
        return binding._iobinding


def _check_layout(session: onnxruntime.InferenceSession, layout: NetworkLayout, name: str) -> None:
    """Refuse a layout whose names or shapes the graph does not have: it would read elsewhere."""
    described = {item.name: item.shape for item in layout.inputs}
    described |= {state.input: state.shape for state in layout.states}
    results = {layout.output: layout.output_shape}
    results |= {state.output: state.shape for state in layout.states}
    for graph, wanted in (
        (session.get_inputs(), described),
        (session.get_outputs(), results),
    ):
        found = {item.name: tuple(item.shape[1:]) for item in graph}
        if found != wanted:
            raise DamagedFileError(
                f"{name}: its metadata describes {wanted} and its graph has {found}; export it "
                "again"
            )


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def _bind_input(binding: Any, name: str, array: Array) -> None:
    binding.bind_input(name, _CPU, 0, array.dtype.type, array.shape, array.ctypes.data)


def _bind_output(binding: Any, name: str, array: Array) -> None:
    binding.bind_output(name, _CPU, 0, array.dtype.type, array.shape, array.ctypes.data)
