"""Check that no file, function or signature of rl_zoo outgrows the limits of the house style."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
MAX_PARAMETERS = 6
VAGUE_NAMES = {"utils", "common", "helpers", "misc", "manager"}


def count_parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count the parameters of a function, without self and cls."""
    arguments = function.args
    names = [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    return len([name for name in names if name not in ("self", "cls")])


def is_override(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Tell whether a signature is given by a base class (marked with @override)."""
    names = [
        d.attr if isinstance(d, ast.Attribute) else getattr(d, "id", "")
        for d in function.decorator_list
    ]
    return "override" in names


def find_problems(path: Path, source: str) -> Iterator[str]:
    """Yield one sentence per limit that a file exceeds.

    Args:
        path: Where the file is, for the messages.
        source: The text of the file.

    Yields:
        Sentences that start with ``path:line``.
    """
    if path.stem in VAGUE_NAMES:
        yield f"{path}:1: '{path.stem}' says nothing: name the module after what it holds"
    lines = len(source.splitlines())
    if lines > MAX_FILE_LINES:
        yield f"{path}:1: {lines} lines, at most {MAX_FILE_LINES}: split the module"
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        where = f"{path}:{node.lineno}: {node.name} has"
        length = (node.end_lineno or node.lineno) - node.lineno + 1
        if length > MAX_FUNCTION_LINES:
            yield f"{where} {length} lines, at most {MAX_FUNCTION_LINES}: split the function"
        parameters = count_parameters(node)
        if parameters > MAX_PARAMETERS and not is_override(node):
            limit = f"at most {MAX_PARAMETERS}"
            yield f"{where} {parameters} parameters, {limit}: group them in a dataclass"


def main() -> int:
    """Check every module under rl_zoo and print what is too large."""
    root = Path(__file__).parents[1]
    paths = sorted((root / "rl_zoo").rglob("*.py"))
    problems = [
        problem
        for path in paths
        for problem in find_problems(path.relative_to(root), path.read_text(encoding="utf-8"))
    ]
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"sizes: {len(paths)} files, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
