"""What a bundle says about itself: frozen data with a JSON form, stored in the ONNX file.

The schema is documented in docs/deployment.md. Only the standard library is needed to read it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, TypeVar

from rl_zoo.deploy.field_checks import check_field
from rl_zoo.errors import DamagedFileError

FORMAT = 1
"""Version of the schema; a reader refuses a larger one."""
KEY = "rl_zoo"
"""Key of the JSON text in the model's ``metadata_props``."""

ACTION_KINDS = ("box", "discrete", "multi_discrete", "multi_binary")
Record = TypeVar("Record")


@dataclass(frozen=True)
class Part:
    """A stretch of a flat array, or the whole of another one."""

    name: str
    """What it is: ``joint_positions``, ``gravity``, ..."""
    start: int
    """Index of its first entry."""
    size: int
    """Number of entries."""
    unit: str = ""
    """SI unit of the quantity before ``scale``; empty: none or unknown."""
    frame: str = ""
    """Frame of reference: ``trunk``, ``world``, ``joint`` ...; empty: none or unknown."""
    scale: float = 1.0
    """Entry of the array per ``unit``."""
    entries: tuple[str, ...] = ()
    """Name of each entry, where entries have names (joints, feet, axes)."""
    note: str = ""
    """Anything else a person needs: ``minus the default pose``."""


@dataclass(frozen=True)
class ArrayLayout:
    """One array that goes into the policy or comes out of it."""

    name: str
    """Key of a Dict observation; ``observation`` or ``action`` otherwise."""
    shape: tuple[int, ...]
    """Without batch axis."""
    dtype: str
    """NumPy's name of the type of number."""
    low: tuple[float, ...] | float | None = None
    """Bounds, flattened; one number for all entries; None: the space says none."""
    high: tuple[float, ...] | float | None = None
    """Like ``low``."""
    parts: tuple[Part, ...] = ()
    """What the entries mean, in order; empty: unknown."""


@dataclass(frozen=True)
class ActionLayout:
    """What ``Policy.step`` returns."""

    kind: str
    """Of ``ACTION_KINDS``."""
    array: ArrayLayout
    """Shape, bounds and the meaning of the entries."""
    n: tuple[int, ...] = ()
    """Number of choices: (n,) of a discrete action, one per entry of a multi-discrete one."""


@dataclass(frozen=True)
class NetworkInput:
    """One input of the graph that holds (a part of) the observation."""

    name: str
    """In the graph."""
    key: str
    """Name of the ``ArrayLayout`` it is fed with."""
    shape: tuple[int, ...]
    """Without batch axis, after the layers."""
    dtype: str
    """NumPy's name of the type of number."""


@dataclass(frozen=True)
class NetworkState:
    """Memory that the graph is given and gives back: hidden state, past frames, phases."""

    input: str
    """Name in the graph."""
    output: str
    """Name of its value for the next step."""
    shape: tuple[int, ...]
    """Without batch axis."""
    dtype: str
    """NumPy's name of the type of number."""
    initial: tuple[float, ...] = ()
    """Values at the start of an episode, flattened; empty: zeros."""


@dataclass(frozen=True)
class NetworkLayout:
    """Inputs and outputs of the graph; axis 0 of each is the batch."""

    inputs: tuple[NetworkInput, ...]
    """The observation."""
    output: str
    """Name of the action, in units of the outermost layer's (or the environment's) action space."""
    output_shape: tuple[int, ...]
    """Without batch axis."""
    output_dtype: str
    """NumPy's name of the type of number."""
    states: tuple[NetworkState, ...] = ()
    """Empty: the action follows from the observation alone."""


@dataclass(frozen=True)
class EnvironmentRecord:
    """The environment the policy was trained in, as far as it stays an environment's business."""

    id: str
    """Of Gymnasium's registry."""
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    """Keywords of ``gymnasium.make``."""
    max_episode_steps: int | None = None
    """Steps after which an episode is truncated; None: as registered."""
    wrappers: tuple[Mapping[str, Any], ...] = ()
    """``{"name", "kwargs"}`` of wrappers that are not in ``layers``, innermost first."""
    packages: tuple[str, ...] = ()
    """Modules that register it."""


@dataclass(frozen=True)
class Metadata:
    """Everything about a bundle but the graph."""

    run: Mapping[str, Any]
    """Where the weights come from: folder, algo, weights, steps, seed, commit, date."""
    versions: Mapping[str, str]
    """Of the packages and of Python when it was exported."""
    observation: tuple[ArrayLayout, ...]
    """What ``Policy.step`` takes: one array, or the entries of a Dict."""
    observation_is_dict: bool
    """Whether the arrays come in a dictionary, even if there is only one."""
    action: ActionLayout
    """What it returns."""
    network: NetworkLayout
    """The graph's inputs and outputs by name."""
    environment: EnvironmentRecord
    """Where the policy was trained."""
    proposed: ArrayLayout | None = None
    """What the graph gives to the outermost layer; None: the action itself."""
    control_period: float | None = None
    """Time between two steps, s; None: the environment does not say."""
    layers: tuple[Mapping[str, Any], ...] = ()
    """``{"kind": ..., ...}`` of every layer between environment and graph, innermost first."""
    robot: Mapping[str, Any] | None = None
    """The robot (joint names, limits, gains, default pose ...); None: it was none."""
    examples: tuple[Mapping[str, Any], ...] = ()
    """Recorded steps of one episode from its start: observation, (state, held_action,) action; the
    first has ``initial_cycles``."""
    parity: Mapping[str, Any] = field(default_factory=dict)
    """What the exporter measured: errors in action units, latency in microseconds."""
    format: int = FORMAT
    """Version of this schema."""


def to_json(metadata: Metadata) -> str:
    """Return the JSON text of ``metadata``; NaN and infinity are no part of it."""
    return json.dumps(asdict(metadata), allow_nan=False, separators=(",", ":"))


def from_json(text: str, source: str) -> Metadata:
    """Read what ``to_json`` wrote.

    Args:
        text: The JSON text.
        source: Name of the file, for messages.

    Raises:
        DamagedFileError: If it is no such text, or of a newer format.
    """
    try:
        plain = json.loads(text, parse_constant=_no_number, parse_float=_finite)
        version = plain["format"]
        if isinstance(version, int) and version > FORMAT:
            raise DamagedFileError(
                f"{source}: has bundle format {version}, this rl_zoo reads up to {FORMAT}; "
                "update rl_zoo on this computer"
            )
        return _metadata(plain)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DamagedFileError(
            f"{source}: its metadata is damaged ({type(error).__name__}: {error}); export it again"
        ) from error


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _finite(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _no_number(text)


def _metadata(plain: Mapping[str, Any]) -> Metadata:
    values = {
        **plain,
        "observation": tuple(_array(item) for item in plain["observation"]),
        "action": _record(ActionLayout, {**plain["action"], "array": None}),
        "network": _network(plain["network"]),
        "environment": _record(EnvironmentRecord, plain["environment"]),
        "proposed": None if plain.get("proposed") is None else _array(plain["proposed"]),
    }
    if not values["observation"]:
        raise ValueError("observation is empty")
    action = values["action"]
    values["action"] = ActionLayout(action.kind, _array(plain["action"]["array"]), action.n)
    if action.kind not in ACTION_KINDS:
        raise ValueError(f"action.kind '{action.kind}' is unknown")
    return _record(Metadata, values)


def _array(plain: Mapping[str, Any]) -> ArrayLayout:
    parts = tuple(_record(Part, part) for part in plain.get("parts", ()))
    return _record(ArrayLayout, {**plain, "parts": parts})


def _network(plain: Mapping[str, Any]) -> NetworkLayout:
    inputs = tuple(_record(NetworkInput, item) for item in plain["inputs"])
    states = tuple(_record(NetworkState, item) for item in plain.get("states", ()))
    return _record(NetworkLayout, {**plain, "inputs": inputs, "states": states})


def _record(kind: type[Record], plain: Mapping[str, Any]) -> Record:
    """Build a dataclass from plain data; lists become tuples, unknown keys are left out."""
    types = {item.name: str(item.type) for item in fields(kind)}  # type: ignore[arg-type]
    values = {key: _frozen(value) for key, value in plain.items() if key in types}
    for key, value in values.items():
        check_field(key, types[key], value)
    return kind(**values)


def _frozen(value: Any) -> Any:
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value
