"""What a picture needs besides the robot: camera, light, sky; shapes for a model without meshes."""

from __future__ import annotations

from typing import Any

import numpy as np

from rl_zoo.motion.kinematics import LegGeometry
from rl_zoo.robots.spec import FloatArray, RobotSpec

CAMERA_NAME = "side"
"""Camera that follows the trunk."""
_SHELL, _FRONT, _REAR = (0.93, 0.93, 0.91, 1.0), (0.88, 0.38, 0.12, 1.0), (0.10, 0.42, 0.62, 1.0)


def add_view(mujoco: Any, world: Any, trunk: Any, spec: RobotSpec) -> None:
    """Add light, sky and the camera that follows the trunk, scaled to the robot's height."""
    length = max(leg.hip_position[0] for leg in spec.legs)
    scale = length / 0.115  # the numbers below fit bert
    world.compiler.discardvisual = False  # a URDF's default, which drops textures, too
    world.stat.extent = 8.0 * spec.standing_height  # m; shadows are sharp within it
    headlight = world.visual.headlight
    headlight.ambient, headlight.diffuse = (0.4, 0.4, 0.4), (0.3, 0.3, 0.3)
    headlight.specular = (0.1, 0.1, 0.1)
    world.visual.global_.offwidth, world.visual.global_.offheight = 1280, 960
    world.visual.quality.shadowsize, world.visual.quality.offsamples = 1024, 0
    world.add_texture(
        name="sky",
        type=mujoco.mjtTexture.mjTEXTURE_SKYBOX,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_GRADIENT,
        rgb1=(0.75, 0.85, 0.95),
        rgb2=(0.95, 0.97, 1.0),
        width=64,
        height=384,
    )
    follow = mujoco.mjtCamLight.mjCAMLIGHT_TRACKCOM
    trunk.add_light(
        name="sun",
        mode=follow,
        type=mujoco.mjtLightType.mjLIGHT_DIRECTIONAL,
        pos=(0.3 * scale, -0.6 * scale, 1.6 * scale),
        dir=(-0.15, 0.35, -1.0),
        diffuse=(0.55, 0.55, 0.55),
    )
    position = scale * np.array([0.36, -0.76, 0.25])
    right = np.array([0.9, 0.436, 0.0])
    up = np.array([-0.10, 0.21, 0.95])
    trunk.add_camera(name=CAMERA_NAME, mode=follow, pos=position, quat=_camera_quat(right, up))


def add_shapes(mujoco: Any, world: Any, trunk: Any, spec: RobotSpec) -> None:
    """Give a model without meshes a body: massless shapes, of which trunk and thighs are solid."""

    def draw(body: Any, kind: Any, solid: bool, **shape: Any) -> None:
        body.add_geom(type=kind, mass=0.0, contype=0, conaffinity=int(solid), **shape)

    hips = np.array([leg.hip_position for leg in spec.legs])
    half_length, half_width = np.max(np.abs(hips[:, :2]), axis=0)
    size = (half_length, 0.9 * half_width, 0.12 * spec.standing_height)
    draw(trunk, mujoco.mjtGeom.mjGEOM_BOX, True, size=size, rgba=_SHELL)
    for leg in spec.legs:
        thigh, shank = (world.joint(name).parent for name in leg.joints[-2:])
        color = _FRONT if leg.hip_position[0] > 0.0 else _REAR
        side, foot = shank.pos[1], _foot(world, leg)
        for link, line, share in (
            (thigh, (0.0, 0.0, 0.0, 0.0, side, 0.0), 1.2),
            (thigh, (0.0, side, 0.0, *shank.pos), 0.9),
            (shank, (0.0, foot[1], 0.0, *foot), 0.55),
        ):
            draw(
                link,
                mujoco.mjtGeom.mjGEOM_CAPSULE,
                link is thigh,
                fromto=line,
                size=(share * leg.foot_radius, 0.0, 0.0),
                rgba=color if link is thigh else _SHELL,
            )


def _foot(world: Any, leg: LegGeometry) -> Any:
    """Return the position of a foot in its link's frame; a URDF's foot may be a link of its own."""
    return world.geom(leg.foot).parent.pos


def _camera_quat(right: FloatArray, up: FloatArray) -> FloatArray:
    """Return the quaternion w, x, y, z of a camera with these axes."""
    x = right / np.linalg.norm(right)
    z = np.cross(x, up)
    z /= np.linalg.norm(z)
    y = np.cross(z, x)
    w = 0.5 * np.sqrt(1.0 + x[0] + y[1] + z[2])
    return np.array([w, (y[2] - z[1]) / (4 * w), (z[0] - x[2]) / (4 * w), (x[1] - y[0]) / (4 * w)])
