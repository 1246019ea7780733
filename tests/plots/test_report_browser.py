"""The page in a real browser without a network."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from rl_zoo.commands import report

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)
EPISODES = [(float(i), 10, float(i + 1)) for i in range(50)]

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no Chromium on this machine")


def browse(page: Path, profile: Path, *flags: str) -> tuple[str, str]:
    """Open ``page`` where every host is unreachable; return stdout and stderr."""
    done = subprocess.run(
        [
            CHROMIUM,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--host-resolver-rules=MAP * ~NOTFOUND",
            "--enable-logging=stderr",
            f"--user-data-dir={profile}",
            *flags,
            page.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.stdout, done.stderr


@pytest.fixture
def pages(make_run, tmp_path):
    logs = tmp_path / "logs"
    runs = [make_run(logs, f"CartPole-v1_{number}", episodes=EPISODES) for number in (1, 2)]
    assert report.main([str(runs[0]), "-o", str(tmp_path / "one.html")]) == 0
    assert report.main([*map(str, runs), "--each", "-o", str(tmp_path / "several.html")]) == 0
    return [tmp_path / "one.html", tmp_path / "several.html"]


def test_page_opens_without_network_and_without_complaint(pages, tmp_path):
    for page in pages:
        dom, log = browse(page, tmp_path / "profile", "--dump-dom")
        assert "</footer>" in dom and "<svg" in dom
        assert not re.findall(r".*CONSOLE.*", log), "no error and no refused request"


def test_page_is_not_wider_than_a_phone(pages, tmp_path):
    for page in pages:
        # A frame of 400 px, because headless Chromium has a smallest window.
        frame = tmp_path / f"frame_{page.name}"
        frame.write_text(
            f'<iframe src="{page.name}" width="400" height="800"></iframe><script>'
            "onload = () => { const root = frames[0].document.documentElement;"
            "document.title = 'width ' + root.scrollWidth + ' of ' + root.clientWidth; }</script>"
        )
        dom, _ = browse(frame, tmp_path / "profile", "--allow-file-access-from-files", "--dump-dom")
        title = re.search(r"<title>width (\d+) of (\d+)</title>", dom)
        assert title is not None and int(title[1]) <= int(title[2]) <= 400


def test_page_can_be_drawn(pages, tmp_path):
    file = tmp_path / "page.png"
    browse(pages[0], tmp_path / "profile", f"--screenshot={file}", "--window-size=1200,1600")

    import matplotlib.image

    pixels = matplotlib.image.imread(file)[..., :3]
    assert pixels.shape[:2] == (1600, 1200)
    blue = (abs(pixels - [0.0, 0.447, 0.698]).max(axis=-1) < 0.05).mean()
    assert 0.0 < blue < 0.2, "links are blue on a light page"
