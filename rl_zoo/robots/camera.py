"""Pictures of a simulated robot without a window.

MuJoCo binds its OpenGL backend when it is imported, and a broken backend then breaks the import.
The camera opens the context itself, at the first picture, so that training needs no OpenGL.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rl_zoo.errors import ZooError
from rl_zoo.robots.scenery import CAMERA_NAME

WIDTH, HEIGHT = 640, 480
"""Size of a picture, pixels."""

_OFFSCREEN_BACKENDS = ("egl", "osmesa")


class RenderingUnavailableError(ZooError):
    """No off-screen OpenGL on this machine; everything but pictures works."""


class Camera:
    """The camera ``side`` of a model, with an OpenGL context of its own.

    Args:
        model: MuJoCo model.

    Attributes:
        backend: The OpenGL backend in use: ``egl``, ``osmesa`` or ``glfw``.

    Raises:
        RenderingUnavailableError: If no off-screen OpenGL works on this machine.
    """

    def __init__(self, model: Any) -> None:
        import mujoco

        self.backend, self._gl_context, self._render_context = _open_contexts(mujoco, model)
        self._mujoco = mujoco
        self._model = model
        self._scene = mujoco.MjvScene(model, maxgeom=500)
        self._options = mujoco.MjvOption()
        self._viewpoint = mujoco.MjvCamera()
        self._viewpoint.type = mujoco.mjtCamera.mjCAMERA_FIXED
        self._viewpoint.fixedcamid = model.camera(CAMERA_NAME).id

    def picture(self, data: Any) -> NDArray[np.uint8]:
        """Return a picture of the state in ``data``. Shape: (height, width, 3)."""
        mujoco = self._mujoco
        self._gl_context.make_current()
        area = mujoco.MjrRect(0, 0, WIDTH, HEIGHT)
        mujoco.mjv_updateScene(
            self._model,
            data,
            self._options,
            None,
            self._viewpoint,
            mujoco.mjtCatBit.mjCAT_ALL,
            self._scene,
        )
        mujoco.mjr_render(area, self._scene, self._render_context)
        pixels = np.empty((HEIGHT, WIDTH, 3), dtype=np.uint8)
        mujoco.mjr_readPixels(pixels, None, area, self._render_context)
        return np.ascontiguousarray(pixels[::-1])

    def close(self) -> None:
        """Release the OpenGL context."""
        self._gl_context.make_current()
        self._render_context.free()
        self._gl_context.free()


def _open_contexts(mujoco: Any, model: Any) -> tuple[str, Any, Any]:
    failures = []
    chosen_by_user = os.environ.get("MUJOCO_GL")
    for backend in _backends(chosen_by_user):
        os.environ["MUJOCO_GL"] = backend  # read by the C library when the context is made
        try:
            gl_context = importlib.import_module(f"mujoco.{backend}").GLContext(WIDTH, HEIGHT)
            gl_context.make_current()
            render_context = mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_100)
            mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, render_context)
        # A missing driver shows as ImportError, AttributeError, RuntimeError, FatalError or an
        # error of PyOpenGL, depending on the backend. Whatever it is, the next one may work.
        except Exception as error:
            failures.append(f"{backend}: {type(error).__name__}: {error}")
        else:
            return backend, gl_context, render_context
    if chosen_by_user is None:
        del os.environ["MUJOCO_GL"]
    else:
        os.environ["MUJOCO_GL"] = chosen_by_user
    raise RenderingUnavailableError(
        f"no off-screen rendering on this machine ({'; '.join(failures)}); install Mesa's EGL "
        "(Debian, Ubuntu: apt install libegl1 libgl1-mesa-dri)"
    )


def _backends(chosen_by_user: str | None) -> tuple[str, ...]:
    if chosen_by_user:
        name = chosen_by_user.lower().strip()
        return (name if name in (*_OFFSCREEN_BACKENDS, "cgl") else "glfw",)
    if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
        return _OFFSCREEN_BACKENDS
    return ("cgl" if sys.platform == "darwin" else "glfw", *_OFFSCREEN_BACKENDS)
