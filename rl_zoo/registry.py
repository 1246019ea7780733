"""Names for interchangeable parts: a short name, ``package.module:Attr`` or a dotted path.

A part of ours is one row of a table ``name -> "module:Attr"``; it is imported when it is chosen. A
third party adds a part through an entry-point group, read only when a name is not built in or a
list is asked for.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from rl_zoo.errors import ConfigError, ZooError
from rl_zoo.suggest import did_you_mean

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


class Registry:
    """The parts of one kind (algorithms, wrappers, callbacks, plots, ...).

    Args:
        kind: What one part is called in messages, e.g. ``"wrapper"``.
        group: Entry-point group through which third parties add parts, e.g. ``"rl_zoo.wrappers"``.
        built_in: Our own parts: short name -> ``"module:Attr"``.
        aliases: Other spellings (the zoo's dotted paths) -> short name.
    """

    def __init__(
        self,
        kind: str,
        group: str,
        built_in: Mapping[str, str],
        aliases: Mapping[str, str] | None = None,
    ) -> None:
        self.kind = kind
        self.group = group
        self._built_in = dict(built_in)
        self._aliases = dict(aliases or {})

    def built_in_names(self) -> list[str]:
        """Return our own short names, sorted."""
        return sorted(self._built_in)

    def names(self) -> list[str]:
        """Return every short name, those of installed third parties included."""
        return sorted({*self._built_in, *(point.name for point in self._entry_points())})

    def locate(self, name: str) -> str:
        """Return where ``name`` lives as ``"module:Attr"`` without importing it.

        Raises:
            ConfigError: If ``name`` is neither known nor a path.
        """
        name = self._aliases.get(name, name)
        if name in self._built_in:
            return self._built_in[name]
        if ":" in name:
            return name
        for point in self._entry_points():
            if point.name == name:
                return point.value
        if "." in name:
            module, _, attribute = name.rpartition(".")
            return f"{module}:{attribute}"
        raise ConfigError(f"unknown {self.kind} '{name}'{did_you_mean(name, self.names())}")

    def is_registered(self, name: str) -> bool:
        """Say whether ``name`` is ours or an installed third party's (a bare path is not)."""
        name = self._aliases.get(name, name)
        return name in self._built_in or name in self._built_in.values() or name in self.names()

    def load(self, name: str) -> Any:
        """Import and return the part called ``name``.

        Raises:
            ConfigError: If it is unknown, or its module or attribute does not exist.
        """
        place = self.locate(name)
        try:
            return import_object(place, kind=self.kind)
        except ConfigError as error:
            if name == place or name in self._built_in:
                raise
            raise ConfigError(f"plug-in '{name}': {error}") from error

    def _entry_points(self) -> list[EntryPoint]:
        from importlib import metadata

        return list(metadata.entry_points(group=self.group))


def import_object(path: str, *, kind: str = "object") -> Any:
    """Import ``package.module:Attr`` (or the dotted form).

    Raises:
        ConfigError: If the module or the attribute does not exist.
    """
    module_name, _, attribute = path.partition(":") if ":" in path else path.rpartition(".")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise ConfigError(f"{kind} '{path}': no module named '{error.name}'") from error
    except ValueError as error:
        raise ConfigError(f"{kind} '{path}': not a path such as package.module:Name") from error
    except ZooError:
        raise
    # Importing another person's module may raise anything; the user must learn whose fault it is.
    except Exception as error:
        raise ConfigError(
            f"{kind} '{path}': cannot be imported: {type(error).__name__}: {error}"
        ) from error
    if not hasattr(module, attribute):
        public = [name for name in dir(module) if not name.startswith("_")]
        raise ConfigError(
            f"{kind} '{path}': module '{module_name}' has no '{attribute}'"
            f"{did_you_mean(attribute, public)}"
        )
    return getattr(module, attribute)


def check_keywords(
    function: Callable[..., Any], kwargs: Mapping[str, Any], where: str, *, positional: int = 0
) -> list[str]:
    """Return one problem per keyword that ``function`` does not take or still needs.

    A class that takes ``**options`` says what is wrong with them by a static method
    ``keyword_problems(kwargs) -> list of "key: what is wrong"``.

    Args:
        function: Class or function to be called.
        kwargs: Keywords it will get.
        where: Place of the keywords, for the message.
        positional: Leading arguments that are given by position.
    """
    own_check = getattr(function, "keyword_problems", None)
    if own_check is not None:
        return [f"{where}.{problem}" for problem in own_check(kwargs)]
    try:
        parameters = list(inspect.signature(function).parameters.values())[positional:]
    except (TypeError, ValueError):
        return []
    kinds = {parameter.kind for parameter in parameters}
    names = [
        parameter.name
        for parameter in parameters
        if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    ]
    problems = []
    if inspect.Parameter.VAR_KEYWORD not in kinds:
        problems += [
            f"{where}.{key}: unknown keyword{did_you_mean(key, names)}"
            for key in kwargs
            if key not in names
        ]
    required = {p.name for p in parameters if p.default is p.empty and p.name in names}
    problems += [
        f"{where}.{key}: missing" for key in names if key in required and key not in kwargs
    ]
    return problems
