"""Read and write YAML: strict, safe, with the place of every mistake.

Beyond YAML 1.1 as PyYAML reads it, ``1e-3`` is a number, a key given twice is an error, and of
the Python tags only those that run nothing are known (``!!python/tuple``, the ``OrderedDict``
around the zoo's saved files, and names of torch and SB3 classes, which become a Symbol).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from rl_zoo.config.model import Symbol
from rl_zoo.config.symbols import symbol_from_path, symbol_text
from rl_zoo.errors import ConfigError, DamagedFileError, UnsafeFileError, ZooError

_TAG = "tag:yaml.org,2002:"
_SCIENTIFIC = re.compile(r"[-+]?(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)[eE][-+]?[0-9]+$")
_SCIENTIFIC_FIRST = list("-+.0123456789")
_NAMEABLE = ("torch.nn.", "torch.optim.", "stable_baselines3.", "sb3_contrib.")
_MAX_VALUES = 1_000_000
_BASE_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_BASE_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Loader(_BASE_LOADER):  # type: ignore[misc]
    pass


class _Dumper(_BASE_DUMPER):  # type: ignore[misc]
    def ignore_aliases(self, data: Any) -> bool:
        return True


def load_yaml(path: Path) -> Any:
    """Return the content of a YAML file (None if it is empty).

    Raises:
        ConfigError: If the file cannot be read, is not valid YAML or gives a key twice; the message
            starts with ``path:line``.
        UnsafeFileError: If a tag in it would run code.
    """
    return _parse(_read_text(path, ConfigError), str(path), ConfigError)


def load_saved_yaml(path: Path, trust: bool = False) -> Any:
    """Return the content of a run's ``config.yml`` or ``args.yml``, ours or written by the zoo.

    Args:
        path: The file.
        trust: Read every Python tag, which runs whatever code the file names.

    Raises:
        DamagedFileError: If the file is missing, truncated or not YAML.
        UnsafeFileError: If a tag in it would run code and ``trust`` is False.
    """
    text = _read_text(path, DamagedFileError)
    if not trust:
        return _parse(text, str(path), DamagedFileError)
    try:
        return _without_classes(yaml.load(text, Loader=yaml.UnsafeLoader))
    except Exception as error:
        raise DamagedFileError(f"{path}: cannot be read: {error}") from error


def parse_yaml(text: str, name: str) -> Any:
    """Return the content of YAML ``text``, as :func:`load_yaml` does; ``name`` is for messages.

    Raises:
        ConfigError: If it is not valid YAML or gives a key twice.
        UnsafeFileError: If a tag in it would run code.
    """
    return _parse(text, name, ConfigError)


def dump_yaml(data: Any) -> str:
    """Return ``data`` as plain YAML that :func:`load_yaml` reads back as equal values."""
    text: str = yaml.dump(
        _plain(data),
        Dumper=_Dumper,
        sort_keys=False,
        default_flow_style=False,
        allow_unicode=True,
        width=1000,
    )
    return text


def _read_text(path: Path, error_class: type[ZooError]) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise error_class(f"{path}: no such file") from None
    except IsADirectoryError:
        raise error_class(f"{path}: is a folder, not a file") from None
    except UnicodeDecodeError:
        raise error_class(f"{path}: is not a text file (UTF-8)") from None
    except OSError as error:
        raise error_class(f"{path}: cannot be read: {error.strerror}") from error


def _parse(text: str, name: str, error_class: type[ZooError]) -> Any:
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is None:
            return None
        _check_nodes(node, name, error_class)
        return loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{name}:{mark.line + 1}" if mark else name
        raise error_class(f"{place}: {_reason(error, text)}") from error
    except yaml.YAMLError as error:
        raise error_class(f"{name}: is not YAML: {str(error).splitlines()[0]}") from error
    except RecursionError as error:
        raise error_class(f"{name}: is nested too deeply") from error


def _reason(error: yaml.MarkedYAMLError, text: str) -> str:
    mark = error.problem_mark
    lines = text.splitlines()
    if mark is not None and mark.line < len(lines) and lines[mark.line].lstrip(" ")[:1] == "\t":
        return "a tab cannot indent YAML; use spaces"
    parts = [error.context, error.problem] if str(error.problem).startswith("but") else []
    return " ".join(filter(None, parts)) or str(error.problem or error.context)


def _check_nodes(root: yaml.Node, name: str, error_class: type[ZooError]) -> None:
    """Refuse duplicate keys, unknown tags, values within themselves and endless aliases."""
    open_nodes: set[int] = set()
    sizes: dict[int, int] = {}

    def check(node: yaml.Node) -> int:
        place = f"{name}:{node.start_mark.line + 1}"
        if id(node) in open_nodes:
            raise error_class(f"{place}: the value contains itself")
        if id(node) in sizes:
            return sizes[id(node)]
        _check_tag(node, place, error_class)
        open_nodes.add(id(node))
        if isinstance(node, yaml.MappingNode):
            _check_duplicates(node, name, error_class)
        size = 1 + sum(check(child) for child in _children(node))
        if size > _MAX_VALUES:
            raise error_class(f"{place}: expands to more than {_MAX_VALUES} values")
        open_nodes.discard(id(node))
        sizes[id(node)] = size
        return size

    check(root)


def _children(node: yaml.Node) -> Iterable[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [item for pair in node.value for item in pair]
    return node.value if isinstance(node, yaml.SequenceNode) else ()


def _check_duplicates(node: yaml.MappingNode, name: str, error_class: type[ZooError]) -> None:
    first_line: dict[str, int] = {}
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise error_class(f"{name}:{key.start_mark.line + 1}: a key must be a plain word")
        line = key.start_mark.line + 1
        if key.value in first_line:
            raise error_class(
                f"{name}:{line}: key '{key.value}' is given twice "
                f"(first on line {first_line[key.value]}); remove one"
            )
        first_line[key.value] = line


def _check_tag(node: yaml.Node, place: str, error_class: type[ZooError]) -> None:
    tag = node.tag or ""
    if tag in _Loader.yaml_constructors or tag == f"{_TAG}merge":
        return
    shown = tag.replace(_TAG, "!!", 1)
    if not tag.startswith(f"{_TAG}python/"):
        raise error_class(f"{place}: unknown tag '{shown}'; remove it")
    path = tag[len(f"{_TAG}python/name:") :]
    if not tag.startswith(f"{_TAG}python/name:") or not path.startswith(_NAMEABLE):
        saved = error_class is DamagedFileError
        way_out = "if you trust the file, add --trust" if saved else "write a plain value"
        raise UnsafeFileError(
            f"{place}: tag '{shown}' can run code when the file is read; {way_out}"
        )


def _construct_ordered_dict(loader: Any, node: yaml.Node) -> dict[Any, Any]:
    arguments = loader.construct_sequence(node, deep=True)
    return dict(arguments[0]) if arguments else {}


def _construct_tuple(loader: Any, node: yaml.Node) -> tuple[Any, ...]:
    return tuple(loader.construct_sequence(node, deep=True))


def _construct_name(loader: Any, suffix: str, node: yaml.Node) -> Symbol:
    try:
        return symbol_from_path(suffix)
    except ConfigError as error:
        raise yaml.constructor.ConstructorError(None, None, str(error), node.start_mark) from error


def _construct_number(loader: Any, node: Any) -> Any:
    reader = _BASE_LOADER.yaml_constructors[node.tag]
    try:
        return reader(loader, node)
    except ValueError:
        raise yaml.constructor.ConstructorError(
            None, None, f"'{node.value}' is not a number", node.start_mark
        ) from None


def _without_classes(value: Any) -> Any:
    """Replace the Python objects of a trusted file by plain data and Symbols."""
    if isinstance(value, Mapping):
        return {key: _without_classes(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_without_classes(item) for item in value)
    if isinstance(value, type):
        return symbol_from_path(f"{value.__module__}:{value.__qualname__}")
    return value


def _represent_sequence(dumper: Any, data: list[Any] | tuple[Any, ...]) -> yaml.Node:
    tag = f"{_TAG}python/tuple" if isinstance(data, tuple) else f"{_TAG}seq"
    on_one_line = not any(isinstance(item, (list, tuple, Mapping)) for item in data)
    node: yaml.Node = dumper.represent_sequence(tag, data, flow_style=on_one_line)
    return node


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_plain(item) for item in value)
    if isinstance(value, Symbol):
        return symbol_text(value).strip("'")
    if isinstance(value, Path):
        return str(value)
    return value


_Loader.yaml_implicit_resolvers = {
    first: [pair for pair in pairs if pair[0] != f"{_TAG}timestamp"]
    for first, pairs in _BASE_LOADER.yaml_implicit_resolvers.items()
}
_Loader.add_constructor(
    f"{_TAG}python/object/apply:collections.OrderedDict", _construct_ordered_dict
)
_Loader.add_constructor(f"{_TAG}python/tuple", _construct_tuple)
_Loader.add_multi_constructor(f"{_TAG}python/name:", _construct_name)
for _number_tag in (f"{_TAG}int", f"{_TAG}float"):
    _Loader.add_constructor(_number_tag, _construct_number)
for _tagged in (_Loader, _Dumper):
    _tagged.add_implicit_resolver(f"{_TAG}float", _SCIENTIFIC, _SCIENTIFIC_FIRST)
_Dumper.add_representer(list, _represent_sequence)
_Dumper.add_representer(tuple, _represent_sequence)
