"""Read pickles that a run folder holds without executing code from them.

A pickle is a program: it may name any function and call it. Here only what SB3, Gymnasium
and NumPy store in statistics and replay buffers may be named, by its exact module and name.
"""

from __future__ import annotations

import inspect
import pickle
from pathlib import Path
from typing import IO, Any, ClassVar

from rl_zoo.errors import DamagedFileError, UnsafeFileError

_SPACES = ("box Box", "dict Dict", "discrete Discrete", "multi_binary MultiBinary")
_MORE_SPACES = ("multi_discrete MultiDiscrete", "tuple Tuple", "text Text", "sequence Sequence")
_NUMPY_CORE = (
    "multiarray _reconstruct",
    "multiarray scalar",
    "numeric _frombuffer",
)
_NUMPY_RANDOM = (
    "_pickle __generator_ctor",
    "_pickle __bit_generator_ctor",
    "_pickle __randomstate_ctor",
    "_pcg64 PCG64",
    "_pcg64 PCG64DXSM",
    "_mt19937 MT19937",
    "_philox Philox",
    "_sfc64 SFC64",
    "bit_generator SeedSequence",
    "bit_generator __pyx_unpickle_SeedSequence",
)
_SB3 = (
    "common.vec_env.vec_normalize VecNormalize",
    "common.running_mean_std RunningMeanStd",
    "common.buffers ReplayBuffer",
    "common.buffers DictReplayBuffer",
    "common.buffers NStepReplayBuffer",
    "her.her_replay_buffer HerReplayBuffer",
    "her.goal_selection_strategy GoalSelectionStrategy",
)
_BUILTINS = (
    "bool bytearray bytes complex dict float frozenset int list object range set slice str tuple"
)


def _pairs(prefix: str, entries: tuple[str, ...]) -> set[tuple[str, str]]:
    return {(f"{prefix}.{module}", name) for module, name in map(str.split, entries)}


_PYTHON_2_NAMES = {"__builtin__": "builtins", "copy_reg": "copyreg"}

ALLOWED: frozenset[tuple[str, str]] = frozenset(
    _pairs("stable_baselines3", _SB3)
    | _pairs("gymnasium.spaces", _SPACES + _MORE_SPACES)
    | _pairs("numpy.core", _NUMPY_CORE)
    | _pairs("numpy._core", _NUMPY_CORE)
    | _pairs("numpy.random", _NUMPY_RANDOM)
    | {("numpy", "dtype"), ("numpy", "ndarray"), ("torch", "device")}
    | {("collections", "OrderedDict"), ("collections", "deque"), ("_codecs", "encode")}
    | {("copyreg", "_reconstructor")}
    | {("builtins", name) for name in _BUILTINS.split()}
)
"""``(module, name)`` of everything a pickle may name."""


def load_pickle(file: Path, *, trust: bool = False) -> Any:
    """Read the object that ``file`` holds.

    Args:
        file: Normalisation statistics or a replay buffer, ours, SB3's or the zoo's.
        trust: Let the file name any class and call any function (``--trust``).

    Raises:
        UnsafeFileError: If the file names something off the allow-list.
        DamagedFileError: If it is missing, truncated or no pickle.
    """
    try:
        with file.open("rb") as stream:
            if trust:
                return pickle.load(stream)
            return _AllowListUnpickler(stream, file).load()
    except (UnsafeFileError, DamagedFileError):
        raise
    except FileNotFoundError as error:
        raise DamagedFileError(f"{file}: no such file") from error
    except Exception as error:  # a damaged pickle can raise anything
        text = " ".join(str(error).split()) or type(error).__name__
        raise DamagedFileError(f"{file}: damaged or not a pickle ({text})") from error


class _AllowListUnpickler(pickle._Unpickler):
    """Unpickler that finds allowed names only and changes no class, function or NumPy type.

    The pure Python implementation, because only there the BUILD operation can be guarded: it sets
    attributes, and of a class those would be methods. Arrays are read as one block either way.
    """

    dispatch: ClassVar[dict[int, Any]] = dict(pickle._Unpickler.dispatch)
    stack: list[Any]

    def __init__(self, stream: IO[bytes], file: Path) -> None:
        super().__init__(stream)
        self._file = file

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        """Return the class or constructor if it is on the allow-list."""
        module_name = _PYTHON_2_NAMES.get(module_name, module_name)
        if (module_name, global_name) not in ALLOWED:
            raise self._refusal(
                f"wants to use {module_name}.{global_name}, which is no class that SB3 keeps "
                "in such a file and could execute code"
            )
        return super().find_class(module_name, global_name)

    def _build(self) -> None:
        target, state = self.stack[-2], self.stack[-1]
        if isinstance(target, type) or inspect.isroutine(target) or _sets_dunder(state):
            name = getattr(target, "__name__", type(target).__name__)
            raise self._refusal(f"wants to change how {name} works")
        if _is_structured_type(target, state):
            raise self._refusal("holds a structured NumPy type, which SB3 never stores")
        pickle._Unpickler.dispatch[pickle.BUILD[0]](self)  # type: ignore[arg-type]

    dispatch[pickle.BUILD[0]] = _build

    def _refusal(self, what: str) -> UnsafeFileError:
        return UnsafeFileError(
            f"{self._file}: {what}; use --trust only if you trust whoever wrote the file"
        )


def _sets_dunder(state: Any) -> bool:
    parts = state if isinstance(state, tuple) else (state,)
    names = [name for part in parts if isinstance(part, dict) for name in part]
    return any(isinstance(name, str) and name.startswith("__") for name in names)


def _is_structured_type(target: Any, state: Any) -> bool:
    """Say whether this would set fields of a ``numpy.dtype``, by which flags could be forged."""
    import numpy as np

    if not isinstance(target, np.dtype):
        return False
    subarray_names_fields = state[2:5] if isinstance(state, tuple) else state
    return subarray_names_fields != (None, None, None)
