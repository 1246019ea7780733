"""What is said when a figure, table or page cannot be written."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from rl_zoo.errors import UsageError


@contextlib.contextmanager
def refusing_unwritable(name: str) -> Iterator[None]:
    """Say in one sentence that ``name`` cannot be written where the block raises OSError.

    Raises:
        UsageError: If the block raises OSError.
    """
    try:
        yield
    except OSError as error:
        raise UsageError(
            f"{name}: cannot be written ({error.strerror}); choose another place with -o"
        ) from error
