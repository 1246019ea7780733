"""A bundle where only requirements/robot.txt is installed, against a simulated robot."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NO_NETWORK = ("No matching distribution", "Could not fetch", "Temporary failure", "Connection")


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(shutil.which("bash") is None, reason="a shell script")
def test_a_robots_computer_runs_a_bundle():
    done = subprocess.run(
        ["bash", str(ROOT / "scripts" / "check_robot_computer.sh")],
        capture_output=True,
        text=True,
        env={**os.environ, "FULL": sys.executable, "PYTHON": sys.executable},
        timeout=580,
    )
    if done.returncode != 0 and any(text in done.stderr for text in NO_NETWORK):
        pytest.skip("no package index")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "MB with pip" in done.stdout
    assert "| two episodes | 0 | Mean reward" in done.stdout
