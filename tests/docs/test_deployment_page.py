"""The page on deployment says what the code says: schema, layers and wrappers."""

from __future__ import annotations

from pathlib import Path

import pytest

from rl_zoo.deploy.carried_wrappers import _CARRIED
from rl_zoo.deploy.layer import LAYERS
from scripts.write_bundle_schema import insert, main, render_schema

PAGE = Path(__file__).parents[2] / "docs" / "deployment.md"


def test_schema_is_up_to_date() -> None:
    assert main(["--check"]) == 0


def test_schema_says_every_field_with_its_meaning() -> None:
    source = '''
@dataclass(frozen=True)
class Metadata:
    """All of it."""

    sizes: tuple[int, ...] | None = None
    """How large,
    in m."""
    other: Mapping[str, Any]
'''

    assert "| `sizes` | `list[int] or null` | How large, in m. |" in render_schema(source)
    assert "| `other` | `object` |  |" in render_schema(source)


def test_text_between_the_markers_is_replaced() -> None:
    page = "a\n<!-- schema -->\nold\n<!-- end of schema -->\nb\n"

    assert insert(page, "new") == ("a\n<!-- schema -->\n\nnew\n<!-- end of schema -->\nb\n")


@pytest.mark.parametrize("page", ["a\n", "a\n<!-- schema -->\nold\n", "<!-- end of schema -->\n"])
def test_a_page_without_both_markers_is_left_alone(page: str) -> None:
    with pytest.raises(SystemExit, match="to write between"):
        insert(page, "new")


def test_page_names_every_layer_and_every_carried_wrapper() -> None:
    text = PAGE.read_text(encoding="utf-8")
    missing = [name for name in (*LAYERS.names(), *_CARRIED) if name not in text]

    assert not missing


def test_every_entry_point_group_is_named() -> None:
    text = PAGE.read_text(encoding="utf-8")
    groups = (
        Path(__file__)
        .parents[1]
        .joinpath("plugins/site/rl_zoo_example-0.1.0.dist-info/entry_points.txt")
    )
    for line in groups.read_text(encoding="utf-8").splitlines():
        if line.startswith(("[rl_zoo.deploy", "[rl_zoo.graph", "[rl_zoo.policy")):
            assert f"`{line.strip('[]')}`" in text, line
