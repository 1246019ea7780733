"""Read and write values in Python notation without executing anything.

Values of ``-params key:value`` and the string values of the zoo's YAML files are parsed to a syntax
tree of which only literals, ``dict(...)``, simple arithmetic and a list of names are accepted.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from rl_zoo.config.model import Symbol
from rl_zoo.config.symbols import known_symbol, symbol_text
from rl_zoo.errors import ConfigError

_MAX_CHARACTERS = 20_000
_MAX_EXPONENT = 64
_WORDS = {"true": True, "false": False, "none": None, "null": None}
_OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Pow: operator.pow,
}


def parse_literal(text: str) -> Any:
    """Return the value that ``text`` stands for.

    Numbers (``1e-3``, ``256*2``), ``true``/``False``/``None``, quoted strings, lists, tuples,
    mappings (``{...}`` or ``dict(...)``) and names such as ``nn.ReLU`` (a Symbol) are read;
    any other word is a string.

    Raises:
        ConfigError: If it is an expression that is not a value, such as a function call.
    """
    text = text.strip()
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if len(text) > _MAX_CHARACTERS:
        raise ConfigError(f"the value is longer than {_MAX_CHARACTERS} characters")
    try:
        tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        if _is_plain_text(text):
            return text
        raise ConfigError(f"cannot read {text!r} as a value: {_syntax_reason(error)}") from error
    try:
        return _evaluate(tree)
    except ConfigError:
        if _is_plain_text(text) and not isinstance(tree, (ast.Attribute, ast.Constant)):
            return text
        raise
    except RecursionError as error:
        raise ConfigError("the value is nested too deeply") from error


def format_literal(value: Any) -> str:
    """Return ``value`` in the notation that :func:`parse_literal` (and the zoo) reads back.

    Raises:
        TypeError: If ``value`` holds something that is not a literal, a mapping or a Symbol.
    """
    if isinstance(value, Symbol):
        return symbol_text(value)
    if isinstance(value, Mapping):
        return _format_mapping(value)
    if isinstance(value, list):
        return f"[{', '.join(map(format_literal, value))}]"
    if isinstance(value, tuple):
        return f"({', '.join(map(format_literal, value))}{',' if len(value) == 1 else ''})"
    if isinstance(value, float) and not math.isfinite(value):
        return f"float('{value}')"
    if value is None or isinstance(value, (bool, int, float, str)):
        return repr(value)
    raise TypeError(f"{value!r} ({type(value).__name__}) cannot be written as a literal")


def _format_mapping(value: Mapping[Any, Any]) -> str:
    if all(isinstance(key, str) and key.isidentifier() for key in value):
        return f"dict({', '.join(f'{key}={format_literal(item)}' for key, item in value.items())})"
    items = (f"{format_literal(key)}: {format_literal(item)}" for key, item in value.items())
    return f"{{{', '.join(items)}}}"


def _is_plain_text(text: str) -> bool:
    return not any(character in text for character in "()[]{}'\"")


def _syntax_reason(error: BaseException) -> str:
    return error.msg if isinstance(error, SyntaxError) and error.msg else "not a literal"


def _refuse(node: ast.AST) -> NoReturn:
    raise ConfigError(
        f"'{ast.unparse(node)}' is not a value; only literals, dict(...) and names such as nn.ReLU "
        "are read, nothing is executed"
    )


def _evaluate(node: ast.AST) -> Any:
    reader = _READERS.get(type(node))
    if reader is None:
        _refuse(node)
    return reader(node)


def _read_constant(node: ast.Constant) -> Any:
    if node.value is None or isinstance(node.value, (bool, int, float, str)):
        return node.value
    _refuse(node)


def _read_name(node: ast.Name | ast.Attribute) -> Any:
    text = ast.unparse(node)
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    base: ast.AST = node
    while isinstance(base, ast.Attribute):
        base = base.value
    if not isinstance(base, ast.Name) or "__" in text:
        _refuse(node)
    symbol = known_symbol(text)
    return text if symbol is None else symbol


def _read_mapping(node: ast.Dict) -> dict[Any, Any]:
    result = {}
    for key_node, value_node in zip(node.keys, node.values, strict=True):
        if key_node is None:
            _refuse(node)
        key = _evaluate(key_node)
        if not isinstance(key, (str, int, float)):
            _refuse(key_node)
        result[key] = _evaluate(value_node)
    return result


def _read_call(node: ast.Call) -> Any:
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    if name == "dict" and not node.args and all(word.arg for word in node.keywords):
        return {word.arg: _evaluate(word.value) for word in node.keywords}
    if name in ("list", "tuple", "float") and len(node.args) == 1 and not node.keywords:
        argument = _evaluate(node.args[0])
        if name == "float" and argument in ("inf", "-inf", "nan"):
            return float(argument)
        if name != "float" and isinstance(argument, (list, tuple)):
            return list(argument) if name == "list" else tuple(argument)
    _refuse(node)


def _read_sign(node: ast.UnaryOp) -> Any:
    operand = _evaluate(node.operand)
    if isinstance(node.op, (ast.USub, ast.UAdd)) and _is_number(operand):
        return -operand if isinstance(node.op, ast.USub) else operand
    _refuse(node)


def _read_arithmetic(node: ast.BinOp) -> Any:
    apply = _OPERATORS.get(type(node.op))
    left, right = _evaluate(node.left), _evaluate(node.right)
    if apply is None or not (_is_number(left) and _is_number(right)):
        _refuse(node)
    if isinstance(node.op, ast.Pow) and max(abs(left), abs(right) ** 3) > _MAX_EXPONENT**3:
        _refuse(node)
    try:
        return apply(left, right)
    except (ArithmeticError, ValueError) as error:
        raise ConfigError(f"'{ast.unparse(node)}': {error}") from error


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


_READERS: dict[type[ast.AST], Callable[[Any], Any]] = {
    ast.Constant: _read_constant,
    ast.Name: _read_name,
    ast.Attribute: _read_name,
    ast.List: lambda node: [_evaluate(item) for item in node.elts],
    ast.Tuple: lambda node: tuple(_evaluate(item) for item in node.elts),
    ast.Dict: _read_mapping,
    ast.Call: _read_call,
    ast.UnaryOp: _read_sign,
    ast.BinOp: _read_arithmetic,
}
