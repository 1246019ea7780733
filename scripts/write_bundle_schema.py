"""Write the schema of a bundle's metadata into docs/deployment.md, from the fields' docstrings.

python scripts/write_bundle_schema.py            writes the tables
python scripts/write_bundle_schema.py --check    exits with code 1 if they are out of date
"""

from __future__ import annotations

import argparse
import ast
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from scripts.page_markers import replaced  # noqa: E402

SOURCE = ROOT / "rl_zoo" / "deploy" / "metadata.py"
PAGE = ROOT / "docs" / "deployment.md"
FIRST = "Metadata"


def render_schema(source: str) -> str:
    """Return a table per dataclass of the module, the whole first."""
    classes = {
        node.name: node
        for node in ast.parse(source).body
        if isinstance(node, ast.ClassDef) and node.decorator_list
    }
    names = [FIRST, *(name for name in classes if name != FIRST)]
    return "\n".join(line for name in names for line in _class_lines(classes[name]))


def insert(page: str, text: str) -> str:
    """Return the page with ``text`` between the markers."""
    return replaced(page, "schema", f"\n{text}\n")


def _class_lines(node: ast.ClassDef) -> Iterator[str]:
    yield f"**{node.name}**: {_one_line(ast.get_docstring(node) or '')}"
    yield ""
    yield "| field | type | meaning |"
    yield "|---|---|---|"
    for position, item in enumerate(node.body):
        if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
            yield f"| `{item.target.id}` | {_type(item)} | {_docstring(node, position)} |"
    yield ""


def _docstring(node: ast.ClassDef, position: int) -> str:
    following = node.body[position + 1 : position + 2]
    for item in following:
        if isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant):
            return _one_line(str(item.value.value))
    return ""


def _type(item: ast.AnnAssign) -> str:
    """Return the annotation in JSON's words where it has them."""
    words = {"tuple": "list", "Mapping": "object", "str": "text", "float": "number"}
    text = ast.unparse(item.annotation).replace(", ...]", "]").replace(" | None", " or null")
    for python, word in words.items():
        text = text.replace(python, word)
    return f"`{text.replace('[text, Any]', '').replace(' | ', ' or ')}`"


def _one_line(text: str) -> str:
    return " ".join(text.replace("``", "`").split()).replace("|", "\\|")


def main(argv: Sequence[str] | None = None) -> int:
    """Write the tables, or compare them with what would be written."""
    options = argparse.ArgumentParser(description="Write the schema into docs/deployment.md.")
    options.add_argument("--check", action="store_true", help="only compare, exit 1 if different")
    check = options.parse_args(argv).check
    page = PAGE.read_text(encoding="utf-8")
    text = insert(page, render_schema(SOURCE.read_text(encoding="utf-8")))
    if check:
        if text != page:
            print("docs/deployment.md is out of date: run `make reference`", file=sys.stderr)
        return int(text != page)
    PAGE.write_text(text, encoding="utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
