"""Change what the buffer of an agent does, without the algorithm noticing.

The buffer gets a subclass of its own class, so that nothing else about it changes.
"""

from __future__ import annotations

import copyreg
import functools
import sys
from typing import Any

from stable_baselines3.common.buffers import BaseBuffer, ReplayBuffer


def extend(memory: BaseBuffer, mixin: type[BaseBuffer]) -> None:
    """Put the methods of ``mixin`` before those of ``memory``, which keeps its content."""
    memory.__class__ = _extended_class(type(memory), mixin)


@functools.cache
def _extended_class(plain: Any, mixin: Any) -> Any:
    # The name stays: a buffer read from a file is compared with it.
    return type(plain.__name__, (mixin, plain), {"__doc__": plain.__doc__, "__module__": __name__})


class ExtendedReplayBuffer(ReplayBuffer):
    """Base of mixins for replay buffers: pickled (and copied) as the buffer of the library.

    So the file needs nothing of this package.
    """

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Return how to make the buffer of the library with the same content."""
        state: Any = super().__reduce_ex__(protocol)[2]
        # Not __newobj__: pickle refuses another class than that of the object.
        create = copyreg._reconstructor  # type: ignore[attr-defined]
        plain = next(kind for kind in type(self).__mro__ if _is_of_a_library(kind))
        return (create, (plain, object, None), state)


def _is_of_a_library(kind: type) -> bool:
    """Say whether a class can be found where it says it is, outside of this package."""
    if kind.__module__.startswith("rl_zoo."):
        return False
    return getattr(sys.modules[kind.__module__], kind.__qualname__, None) is kind
