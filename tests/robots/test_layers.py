"""Robots and tasks load fast and without learning libraries."""

import subprocess
import sys

import pytest

HEAVY = ("torch", "gymnasium", "stable_baselines3", "mujoco")


@pytest.mark.parametrize(
    ("module", "forbidden"),
    [
        ("rl_zoo.robots.bert", HEAVY),
        ("rl_zoo.robots.mujoco_robot", HEAVY),
        ("rl_zoo.robots.catalog", HEAVY),
        ("rl_zoo.robots.go2", HEAVY),
        ("rl_zoo.robots.velocity_estimator", HEAVY),
        ("rl_zoo.tasks.catalog", HEAVY),
        ("rl_zoo.tasks.omnidirectional", HEAVY),
        ("rl_zoo.envs.ids", (*HEAVY, "numpy")),
    ],
)
def test_import_leaves_out(module, forbidden):
    code = f"import sys, {module}; print([n for n in {forbidden} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
