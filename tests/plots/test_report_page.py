"""The page of a report: one file, no network, harmless whatever a name holds."""

from __future__ import annotations

import html.parser
import re
from pathlib import Path

import numpy as np
import pytest

from rl_zoo.errors import UsageError
from rl_zoo.plots import style
from rl_zoo.plots.report import page as page_module
from rl_zoo.plots.report.page import Page, render_page, write_page
from rl_zoo.plots.report.sections import (
    Code,
    Drawing,
    Folded,
    Notice,
    Paragraph,
    Section,
    Table,
    Video,
)

EVIL = "<script>alert(1)</script>"
VOID = {"meta", "link", "img", "br"}


class Elements(html.parser.HTMLParser):
    """Every element of a page, and whether tags are closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.found.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)

    def of(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.found if name == tag]


def draw(label: str = "ppo"):
    with style.zoo_style():
        figure, axes = style.new_axes((4, 3))
        axes.plot([0, 1, 2], [0.1, 0.5, 0.3], marker="o", label=label)
        axes.fill_between([0, 1, 2], [0, 0, 0], [1, 1, 1], alpha=0.2)
        axes.set_xlim(0.5, 1.5)
        axes.legend()
    return figure


def render(*blocks, folder=None, title="Run", **more):
    sections = (Section("first", "First", tuple(blocks)),)
    return render_page(Page(title, "", sections, **more), folder)


def assert_fetches_nothing(text: str) -> None:
    elements = Elements(text)
    assert not elements.open, "every tag is closed"
    for tag, attributes in elements.found:
        assert tag not in ("script", "iframe", "object", "embed", "base", "form")
        for name in ("src", "href", "srcset", "poster", "action", "data"):
            target = attributes.get(name)
            is_link = tag == "a" and ":" not in (target or "")
            assert target is None or target.startswith(("#", "data:")) or is_link, (tag, target)
        assert not any(name.startswith("on") for name in attributes), attributes
    assert "@import" not in text
    references = re.findall(r"url\(([^)]*)\)", text)
    assert all(target.startswith("#f") for target in references), references


def test_page_fetches_nothing_and_forbids_it():
    text = render(Drawing(draw(), "Curve", "Return over steps"), Paragraph("a"), folder=Path())

    assert_fetches_nothing(text)
    assert "http://" not in text and "https://" not in text
    policy = next(
        meta["content"]
        for meta in Elements(text).of("meta")
        if meta.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy.startswith("default-src 'none'") and "http" not in policy


def test_no_text_becomes_html(tmp_path):
    folded = Folded(EVIL, (Paragraph(EVIL),))
    text = render_page(
        Page(
            EVIL,
            EVIL,
            (
                Section(
                    '"><script>',
                    EVIL,
                    (
                        Paragraph(EVIL),
                        Notice(EVIL),
                        Table((EVIL, EVIL), ((EVIL, EVIL),), EVIL, marked=frozenset({(0, 1)})),
                        Table((), ((EVIL, EVIL),)),
                        Drawing(draw(EVIL), EVIL, EVIL),
                        Code(EVIL, EVIL),
                        Video(tmp_path / f"{EVIL.replace('/', '')}.mp4", EVIL),
                        folded,
                    ),
                ),
            ),
            EVIL,
        ),
        tmp_path,
    )

    elements = Elements(text)
    assert not elements.of("script")
    assert "".join(elements.text).count(EVIL) >= 15, "it is shown as it was written"


def test_ids_are_unique_and_references_resolve():
    text = render(*(Drawing(draw(), "Curve", "d") for _ in range(3)))

    elements = Elements(text)
    ids = [attributes["id"] for _, attributes in elements.found if "id" in attributes]
    assert len(ids) == len(set(ids)) > 30
    uses = {use["href"][1:] for use in elements.of("use")}
    clips = set(re.findall(r"url\(#([^)]+)\)", text))
    assert uses and clips and uses | clips <= set(ids)
    for svg in elements.of("svg"):
        assert svg["role"] == "img" and set(svg["aria-labelledby"].split()) <= set(ids)


def test_figure_keeps_its_text_and_says_what_it_is():
    text = render(Drawing(draw("PPO (n=5)"), "Curve of PPO", "Return over steps"))

    assert "PPO (n=5)" in "".join(Elements(text).text), "text is text: it can be found and copied"
    assert re.search(r"<title[^>]*>Curve of PPO</title>", text)
    assert re.search(r"<desc[^>]*>Return over steps</desc>", text)
    assert "<?xml" not in text and text.lstrip().startswith("<!DOCTYPE html>")


def test_coordinates_stay_where_they_were():
    with style.zoo_style():
        figure, axes = style.new_axes((4, 3))
        axes.axis("off")
        axes.set_position((0, 0, 1, 1))
        figure.set_layout_engine("none")
        axes.set(xlim=(0, 1), ylim=(0, 1))
        axes.plot([0, 1], [0, 1], gid="diagonal")
    text = render(Drawing(figure, "c", "d"))

    path = re.search(r'id="f1-diagonal"[^>]*>\s*<path d="([^"]+)"', text)
    assert path is not None
    numbers = [float(number) for number in re.findall(r"-?[\d.]+", path[1])]
    # 4 x 3 in at 72 points per inch, y downward.
    np.testing.assert_allclose(numbers, [0, 216, 288, 0], atol=0.01)


def test_small_video_is_in_the_page(tmp_path):
    (tmp_path / "videos").mkdir()
    file = tmp_path / "videos" / "final.mp4"
    file.write_bytes(b"\x00\x01\x02")

    elements = Elements(render(Video(file, "Final policy"), folder=tmp_path))

    assert elements.of("video")[0]["src"] == "data:video/mp4;base64,AAEC"


def test_large_video_is_linked_and_missing_one_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(page_module, "LARGEST_VIDEO", 2)
    file = tmp_path / "run 1" / "final #1.mp4"
    file.parent.mkdir()
    file.write_bytes(b"123")
    (tmp_path / "plots").mkdir()

    elements = Elements(render(Video(file, "Final"), folder=tmp_path / "plots"))
    assert not elements.of("video")
    assert {"href": "../run%201/final%20%231.mp4"} in elements.of("a")

    gone = render(Video(tmp_path / "gone.mp4", "Final"), folder=tmp_path)
    assert "gone.mp4 is missing" in gone


def test_all_videos_together_have_a_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(page_module, "LARGEST_VIDEOS", 5)
    files = [tmp_path / f"{number}.mp4" for number in range(3)]
    for file in files:
        file.write_bytes(b"123")

    elements = Elements(render(*(Video(file, "v") for file in files), folder=tmp_path))

    assert len(elements.of("video")) == 1
    assert [link["href"] for link in elements.of("a")][1:] == ["1.mp4", "2.mp4"]


def test_table_of_facts_and_of_numbers():
    text = render(
        Table((), (("Seed", "1"),)),
        Table(("Env", "Mean"), (("Ant", "1.0"), ("Hopper", "2.0")), marked=frozenset({(1, 1)})),
        Folded("More", (Table((), (("deep", "x"),)),)),
    )

    elements = Elements(text)
    assert [cell.get("class") for cell in elements.of("td")] == [
        None,
        "number",
        "number marked",
        None,
    ]
    assert len(elements.of("thead")) == 1 and len(elements.of("details")) == 1
    assert "deep" in "".join(elements.text)


def test_contents_lead_to_the_sections():
    sections = (Section("a", "A", (Paragraph("x"),)), Section("b", "B", (Paragraph("y"),)))
    elements = Elements(render_page(Page("Run", "", sections), Path()))

    assert [link["href"] for link in elements.of("a")] == ["#a", "#b"]
    assert [section["id"] for section in elements.of("section")] == ["a", "b"]


def test_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"-o .*file/report\.html: cannot be written"):
        write_page(Page("Run", "", ()), tmp_path / "file" / "report.html")
