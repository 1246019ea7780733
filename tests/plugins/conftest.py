"""A third party's robot, installed as pip installs it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent / "my_quadruped"


@pytest.fixture(scope="session")
def robot_site(tmp_path_factory):
    """Install ``my_quadruped`` into a folder of its own, without network; return the folder."""
    folder = tmp_path_factory.mktemp("robot_plugin")
    source, site = folder / "source", folder / "site"
    shutil.copytree(SOURCE, source)  # building leaves files behind
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    command += ["--no-build-isolation", "--no-compile", "--disable-pip-version-check"]
    done = subprocess.run(
        [*command, "--target", str(site), str(source)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return site


@pytest.fixture
def robot_plugin(robot_site, monkeypatch, tmp_path):
    """Put the installed package on the path of this process and of its children."""
    monkeypatch.syspath_prepend(str(robot_site))
    monkeypatch.setenv("PYTHONPATH", str(robot_site))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))  # locks of this test's robots only
    yield robot_site
    import gymnasium

    gymnasium.registry.pop("MyQuadruped-Real-v0", None)
    for name in [name for name in sys.modules if name.partition(".")[0] == "my_quadruped"]:
        del sys.modules[name]
