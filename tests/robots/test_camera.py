"""Pictures without a window, and a clear answer where there are none."""

import os
import subprocess
import sys

import numpy as np
import pytest

from rl_zoo.errors import ZooError
from rl_zoo.robots import camera
from rl_zoo.robots.bert import BERT
from rl_zoo.robots.mujoco_robot import MujocoRobot


def test_picture_shows_the_robot_and_follows_it():
    robot = MujocoRobot(BERT)
    robot.reset(BERT.default_pose)
    try:
        here = robot.render()
    except camera.RenderingUnavailableError as error:
        pytest.skip(str(error))
    assert here.shape == (camera.HEIGHT, camera.WIDTH, 3)
    assert here.dtype == np.uint8
    orange = (here[..., 0] > 90) & (here[..., 0] > 1.5 * here[..., 2])
    assert orange.sum() > 200  # its front legs
    robot.data.qpos[0] += 5.03
    robot.advance()
    there = robot.render()
    robot.close()
    legs = (there[..., 0] > 90) & (there[..., 0] > 1.5 * there[..., 2])
    assert legs.sum() > 200
    assert np.mean(np.abs(here.astype(int) - there)) > 1.0  # the floor has moved past


def test_no_opengl_is_one_clear_error(monkeypatch):
    monkeypatch.setenv("MUJOCO_GL", "egl")

    def fail(name):
        raise AttributeError("'NoneType' object has no attribute 'eglQueryString'")

    monkeypatch.setattr(camera.importlib, "import_module", fail)
    with pytest.raises(camera.RenderingUnavailableError, match=r"egl.*install Mesa") as caught:
        MujocoRobot(BERT).render()
    assert isinstance(caught.value, ZooError)
    assert os.environ["MUJOCO_GL"] == "egl"


def test_a_machine_without_screen_tries_off_screen_backends_only(monkeypatch):
    monkeypatch.delenv("MUJOCO_GL", raising=False)
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.setattr(camera.sys, "platform", "linux")
    tried = []

    def fail(name):
        tried.append(name)
        raise ImportError("no such library")

    monkeypatch.setattr(camera.importlib, "import_module", fail)
    with pytest.raises(camera.RenderingUnavailableError, match=r"egl: .*osmesa: "):
        MujocoRobot(BERT).render()
    assert tried == ["mujoco.egl", "mujoco.osmesa"]
    assert "MUJOCO_GL" not in os.environ


def test_a_broken_backend_chosen_by_the_user_is_named():
    code = (
        "from rl_zoo.robots.bert import BERT\n"
        "from rl_zoo.robots.mujoco_robot import MujocoRobot\n"
        "from rl_zoo.errors import MissingDependencyError\n"
        "try:\n    MujocoRobot(BERT)\n"
        "except MissingDependencyError as error:\n    print(error)\n"
    )
    environment = {**os.environ, "MUJOCO_GL": "no-such-backend"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert "MUJOCO_GL=no-such-backend" in done.stdout
    assert "unset MUJOCO_GL" in done.stdout
