"""Save, load and cut the memory of an agent: its replay buffer or its rollout buffer.

A buffer is stored as arrays without pickle, cropped to the transitions it holds. Loading fills the
buffer that the agent was built with, so class and settings come from the configuration, never from
the file.
"""

from __future__ import annotations

import json
from collections.abc import Container
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from rl_zoo.errors import DamagedFileError

if TYPE_CHECKING:
    import numpy as np
    from stable_baselines3.common.base_class import BaseAlgorithm
    from stable_baselines3.common.buffers import BaseBuffer

    Arrays = dict[str, np.ndarray]

_SCALARS = "scalars"


def memory_of(agent: BaseAlgorithm) -> BaseBuffer | None:
    """Return the replay or rollout buffer of ``agent``, or None (ARS, OpenLoop)."""
    memory: BaseBuffer | None = getattr(agent, "replay_buffer", None)
    return memory if memory is not None else getattr(agent, "rollout_buffer", None)


def write_buffer(memory: BaseBuffer, stream: IO[bytes]) -> None:
    """Write the stored transitions to ``stream`` (npz); the size follows their number."""
    import numpy as np

    rows = memory.size()
    if getattr(memory, "optimize_memory_usage", False):
        rows = min(rows + 1, memory.buffer_size)  # the last next observation lies one row further
    arrays = {}
    for name, array in _arrays(memory).items():
        if array.dtype == object:
            continue
        arrays[name] = array[:rows] if _is_per_step(memory, array) else array
    scalars = {"pos": int(memory.pos), "full": bool(memory.full)}
    scalars["generator_ready"] = bool(getattr(memory, "generator_ready", False))
    np.savez(stream, **{_SCALARS: np.array(json.dumps(scalars).encode())}, **arrays)  # type: ignore[arg-type]


def read_buffer(memory: BaseBuffer, file: Path) -> None:
    """Fill ``memory`` with the transitions of ``file``.

    Raises:
        DamagedFileError: If the file is truncated or holds transitions of another shape.
    """
    import zipfile

    import numpy as np

    try:
        with np.load(file, allow_pickle=False) as stored:
            scalars = json.loads(stored[_SCALARS].item())
            if hasattr(memory, "reset"):
                memory.reset()
            for name, array in _arrays(memory).items():
                if array.dtype != object and not _may_be_missing(name, stored):
                    _fill(array, stored[name], f"{file}: {name}")
            rows = len(stored["rewards"])
    except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise DamagedFileError(f"{file}: not a complete buffer ({error})") from error
    memory.pos, memory.full = int(scalars["pos"]), bool(scalars["full"])
    _lay_out_ring(memory, rows)
    if hasattr(memory, "generator_ready"):
        memory.generator_ready = bool(scalars["generator_ready"])


def copy_transitions(source: BaseBuffer, target: BaseBuffer) -> None:
    """Copy the content of ``source`` (e.g. read from the zoo's pickle) into ``target``.

    Raises:
        DamagedFileError: If class or shapes differ.
    """
    if type(source).__name__ != type(target).__name__:
        raise DamagedFileError(
            f"replay buffer: the file holds a {type(source).__name__}, "
            f"the configuration asks for a {type(target).__name__}"
        )
    theirs = _arrays(source)
    for name, array in _arrays(target).items():
        if array.dtype != object and not _may_be_missing(name, theirs):
            if name not in theirs:
                raise DamagedFileError(f"replay buffer: the file has no '{name}'")
            _fill(array, theirs[name], f"replay buffer: {name}")
    target.pos, target.full = source.pos, source.full
    _lay_out_ring(target, source.buffer_size)


def cut_last_trajectory(memory: BaseBuffer) -> None:
    """Mark the last stored transition as the end of its episode by timeout.

    What is stored next does not follow from it. Without the cut, n-step returns and
    memory-efficient buffers read across the gap. A transition that already ended its episode stays
    as it is.
    """
    if not hasattr(memory, "dones") or (memory.pos == 0 and not memory.full):
        return
    if hasattr(memory, "truncate_last_trajectory"):  # HER keeps episode boundaries of its own
        memory.truncate_last_trajectory()
        return
    last = (memory.pos - 1) % memory.buffer_size
    running = memory.dones[last] == 0
    memory.dones[last][running] = 1
    if getattr(memory, "handle_timeout_termination", False):
        timeouts: np.ndarray = memory.timeouts  # type: ignore[attr-defined]
        timeouts[last][running] = 1


def keep_newest(memory: BaseBuffer, n_transitions: int) -> None:
    """Forget all but the newest transitions, rounded up to whole steps of all environments.

    With hindsight goals (HER) the oldest episode that is kept is kept as a whole.

    Args:
        memory: A replay buffer whose last trajectory was cut.
        n_transitions: How many to keep, at least 1; more than there are keeps all.
    """
    import numpy as np

    stored, size = memory.size(), memory.buffer_size
    rows = -(-n_transitions // memory.n_envs)
    if rows >= stored:
        return
    if hasattr(memory, "ep_start"):
        first_row = (memory.pos - rows) % size
        starts: np.ndarray = memory.ep_start[first_row]
        rows = min(max(rows, int(np.max((memory.pos - starts) % size))), stored)
    first = memory.pos - rows
    # Memory-efficient buffers keep the last next observation one row further.
    kept = rows + (1 if getattr(memory, "optimize_memory_usage", False) else 0)
    moved = np.arange(first, first + kept) % size
    for array in _arrays(memory).values():
        if _is_per_step(memory, array):
            array[:kept] = array[moved]
    memory.pos, memory.full = rows, False
    if hasattr(memory, "ep_start"):
        _move_episodes(memory, first)


def _move_episodes(memory: Any, first: int) -> None:
    """Correct where HER's episodes are after its rows moved by ``first`` towards the start."""
    rows = memory.pos
    memory.ep_start[:rows] = (memory.ep_start[:rows] - first) % memory.buffer_size
    memory.ep_length[rows:] = 0
    memory.ep_length[:rows][memory.ep_start[:rows] >= rows] = 0  # lost their beginning
    memory._current_ep_start[:] = rows


def _lay_out_ring(memory: BaseBuffer, rows: int) -> None:
    """Turn a full ring of ``rows`` steps, filled into a longer one, into its oldest part."""
    import numpy as np

    if not memory.full or rows >= memory.buffer_size:
        return
    if hasattr(memory, "ep_start"):  # HER stores where in the ring its episodes are
        raise DamagedFileError(
            f"replay buffer: it holds {rows} steps, the configuration asks for "
            f"{memory.buffer_size}; with HER buffer_size cannot change"
        )
    for array in _arrays(memory).values():
        if array.dtype != object and _is_per_step(memory, array):
            array[:rows] = np.roll(array[:rows], -memory.pos, axis=0)
    memory.pos, memory.full = rows, False


def _arrays(memory: BaseBuffer) -> Arrays:
    """Return every array of ``memory`` by name; those of a Dict observation as ``name/key``."""
    import numpy as np

    found: Arrays = {}
    for name, value in vars(memory).items():
        if isinstance(value, np.ndarray):
            found[name] = value
        elif isinstance(value, dict):
            arrays = {f"{name}/{key}": item for key, item in value.items()}
            found.update({key: item for key, item in arrays.items() if _is_array(item)})
    return found


def _may_be_missing(name: str, stored: Container[str]) -> bool:
    """Say whether ``stored`` lacks ``name`` for a good reason: it is a buffer without holes."""
    return name == "discarded" and name not in stored


def _is_array(value: Any) -> bool:
    import numpy as np

    return isinstance(value, np.ndarray)


def _is_per_step(memory: BaseBuffer, array: np.ndarray) -> bool:
    return array.ndim > 0 and array.shape[0] == memory.buffer_size and memory.buffer_size > 1


def _fill(target: np.ndarray, stored: np.ndarray, where: str) -> None:
    fits = stored.shape[1:] == target.shape[1:] and len(stored) <= len(target)
    if not fits or stored.dtype != target.dtype:
        raise DamagedFileError(
            f"{where} is {stored.dtype}{stored.shape}, expected at most "
            f"{target.dtype}{target.shape}; "
            "was it saved with another environment or a larger buffer_size?"
        )
    target[: len(stored)] = stored
