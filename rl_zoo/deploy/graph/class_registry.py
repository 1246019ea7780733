"""Functions for objects of known classes; a class that acts differently is not taken for another.

A class is called ``package.Class``: the first part of its module and its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rl_zoo.errors import ConfigError
from rl_zoo.registry import Registry


class ClassRegistry(Registry):
    """A function per class; subclasses that do not override ``methods`` are included.

    Args:
        kind: What an object is called in messages.
        group: Entry-point group; an entry's name is ``package.Class``.
        built_in: ``package.Class`` -> ``"module:function"``.
        methods: What a subclass may not change.
    """

    def __init__(
        self, kind: str, group: str, built_in: Mapping[str, str], methods: tuple[str, ...]
    ) -> None:
        super().__init__(kind, group, built_in)
        self._methods = methods

    def function_of(self, thing: Any) -> Any:
        """Return the function for the class of ``thing``.

        Raises:
            ConfigError: If there is none, with the way to add it.
        """
        kind = type(thing)
        known = set(self.names())
        for base in kind.__mro__:
            name = class_name(base)
            if name not in known:
                continue
            changed = [m for m in self._methods if getattr(kind, m, None) != getattr(base, m, None)]
            if not changed:
                return self.load(name)
            raise ConfigError(
                f"the {self.kind} {class_name(kind)} has another {' and '.join(changed)} than "
                f"{name}: {self._advice(kind)}"
            )
        raise ConfigError(f"unknown {self.kind} {class_name(kind)}: {self._advice(kind)}")

    def _advice(self, kind: type) -> str:
        return (
            f"to export it, add an entry point '{class_name(kind)}' to the group '{self.group}' "
            "(see docs/deployment.md)"
        )


def class_name(kind: type) -> str:
    """Return ``package.Class``."""
    return f"{kind.__module__.partition('.')[0]}.{kind.__qualname__}"
