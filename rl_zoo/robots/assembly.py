"""Put a robot's model into a world: ground, light, camera, actuators, contact sensors, payload."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from rl_zoo.errors import ConfigError, MissingDependencyError
from rl_zoo.robots.scenery import add_shapes, add_view
from rl_zoo.robots.simulation import SimulationOptions, Terrain
from rl_zoo.robots.spec import FloatArray, RobotSpec
from rl_zoo.robots.urdf import without_meshes

PAYLOAD = "payload"
"""Name of the body that carries the payload."""
FLOOR = "floor"
"""Name of the ground's geometry."""

_CONTACT_STIFFNESS = (0.014, 1.0)  # solref: time constant in s, damping ratio
_CONTACT_IMPEDANCE = (0.925, 0.97, 0.001, 0.5, 2.0)  # solimp
_ROUGH_SIZE, _ROUGH_CELL = (24.0, 8.0), 0.06  # m; of the whole field, of one cell
_FLAT_RADIUS = 0.35  # m, around the start of rough ground
_PAYLOAD_DENSITY = 2000.0  # kg/m^3, of the cube that stands for it
_SMALLEST_MASS = 1e-6  # kg; MuJoCo wants one, and it can be changed later
_BEYOND = 0.02  # m, below rough ground: the flat ground around it


def model_path(spec: RobotSpec) -> Path:
    """Return where the robot's model file is.

    Raises:
        MissingDependencyError: If the package that ships it is not installed.
        ConfigError: If there is no such file.
    """
    path = Path(spec.model.path)
    distribution = spec.model.distribution
    if distribution is not None:
        try:
            path = Path(str(metadata.distribution(distribution).locate_file(spec.model.path)))
        except metadata.PackageNotFoundError as error:
            raise MissingDependencyError(
                f"robot '{spec.name}': its model is in the package '{distribution}', which is not "
                f"installed: {spec.model.install or f'pip install {distribution}'}"
            ) from error
    if not path.is_file():
        raise ConfigError(f"robot '{spec.name}': no model file {path}")
    return path


def build_model(mujoco: Any, spec: RobotSpec, options: SimulationOptions) -> Any:
    """Return the MuJoCo model of the robot in its world.

    Args:
        mujoco: The imported module.
        spec: The robot.
        options: Terrain, payload and contact; everything else can be changed in the model later.

    Raises:
        ConfigError: If the model file lacks a joint, a foot or the trunk of the spec.
        MissingDependencyError: If the package that ships the model is not installed.
    """
    world = _load(mujoco, spec)
    trunk = _find(world.body, spec.model.trunk, spec)
    if not trunk.joints:  # the root of a URDF
        trunk.add_freejoint(name="base")
    _set_physics(mujoco, world, spec)
    for unwanted in (*world.actuators, *world.sensors, *world.keys, *world.lights):
        world.delete(unwanted)
    _add_actuators(mujoco, world, spec)
    _add_contact_sensors(mujoco, world, spec)
    _add_payload(mujoco, trunk, options)
    _add_ground(mujoco, world, options)
    add_view(mujoco, world, trunk, spec)
    if spec.model.path.endswith(".urdf"):
        add_shapes(mujoco, world, trunk, spec)
    try:
        return world.compile()
    except ValueError as error:
        text = " ".join(str(error).split())
        raise ConfigError(f"robot '{spec.name}': {spec.model.path}: {text}") from error


def rough_heights(terrain: Terrain) -> FloatArray:
    """Return the heights of rough ground in [0, 1], flat around the start. Shape: (ny, nx).

    Rows go along +y, columns along +x; the start is in the middle of the rows and 2 m after the
    first column.
    """
    columns, rows = (round(length / _ROUGH_CELL) for length in _ROUGH_SIZE)
    heights = np.random.default_rng(terrain.seed).uniform(0.0, 1.0, (rows, columns))
    y, x = np.mgrid[0:rows, 0:columns] * _ROUGH_CELL
    distance = np.hypot(x - 2.0, y - _ROUGH_SIZE[1] / 2)
    near = np.clip((distance - _FLAT_RADIUS) / _FLAT_RADIUS, 0.0, 1.0)
    return np.asarray(heights * near)


def set_payload(model: Any, mass: float) -> bool:
    """Give the payload of a compiled model this mass (kg), and size and inertia of its cube.

    Returns:
        Whether that changed the model, so that its derived constants must be computed again.
    """
    body, mass = model.body(PAYLOAD).id, max(mass, _SMALLEST_MASS)
    if model.body_mass[body] == mass:
        return False
    half_edge = _payload_half_edge(mass)
    model.body_mass[body] = mass
    model.body_inertia[body] = 2.0 / 3.0 * mass * half_edge**2
    cube = model.geom(PAYLOAD).id
    model.geom_size[cube] = half_edge
    model.geom_rgba[cube, 3] = _payload_opacity(mass)
    return True


def _load(mujoco: Any, spec: RobotSpec) -> Any:
    path = model_path(spec)
    try:
        if path.suffix == ".urdf":
            return mujoco.MjSpec.from_string(without_meshes(path, spec))
        return mujoco.MjSpec.from_file(str(path))
    except ValueError as error:
        text = " ".join(str(error).split())
        raise ConfigError(f"robot '{spec.name}': {path}: {text}") from error


def _find(lookup: Any, name: str, spec: RobotSpec) -> Any:
    found = lookup(name)
    if found is None:
        raise ConfigError(f"robot '{spec.name}': {spec.model.path} has no '{name}'")
    return found


def _set_physics(mujoco: Any, world: Any, spec: RobotSpec) -> None:
    option = world.option
    option.timestep = 1.0 / spec.physics_frequency
    option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    option.cone = mujoco.mjtCone.mjCONE_PYRAMIDAL
    option.iterations = option.ls_iterations = 20
    # A diverged state must be seen, not replaced by the initial one.
    option.disableflags |= int(mujoco.mjtDisableBit.mjDSBL_AUTORESET)


def _add_actuators(mujoco: Any, world: Any, spec: RobotSpec) -> None:
    """Add a position actuator per joint; with springs its activation is the motor's position."""
    for joint in spec.joints:
        _find(world.joint, joint.name, spec)
        actuator = world.add_actuator(name=joint.name, target=joint.name)
        actuator.trntype = mujoco.mjtTrn.mjTRN_JOINT
        actuator.gaintype = mujoco.mjtGain.mjGAIN_FIXED
        actuator.biastype = mujoco.mjtBias.mjBIAS_AFFINE
        actuator.gainprm[0] = joint.kp
        actuator.biasprm[1:3] = -joint.kp, -joint.kd
        actuator.forcelimited = 1
        actuator.forcerange = -joint.max_torque, joint.max_torque
        limits = joint.lower_limit, joint.upper_limit
        actuator.ctrllimited, actuator.ctrlrange = 1, limits
        if spec.motor_lag is not None:
            actuator.dyntype = mujoco.mjtDyn.mjDYN_FILTEREXACT
            actuator.dynprm[0] = spec.motor_lag
            actuator.actlimited, actuator.actrange = 1, limits


def _add_contact_sensors(mujoco: Any, world: Any, spec: RobotSpec) -> None:
    for leg in spec.legs:
        foot = _find(world.geom, leg.foot, spec)
        site = foot.parent.add_site(name=f"{leg.name}_contact", pos=foot.pos)
        site.size[0] = leg.foot_radius * 1.25
        site.rgba = 0.0, 0.0, 0.0, 0.0
        world.add_sensor(
            name=leg.name,
            type=mujoco.mjtSensor.mjSENS_TOUCH,
            objtype=mujoco.mjtObj.mjOBJ_SITE,
            objname=site.name,
        )


def _add_payload(mujoco: Any, trunk: Any, options: SimulationOptions) -> None:
    mass = max(options.payload.mass, _SMALLEST_MASS)
    half_edge = _payload_half_edge(mass)
    body = trunk.add_body(name=PAYLOAD, pos=options.payload.position)
    body.add_geom(
        name=PAYLOAD,
        type=mujoco.mjtGeom.mjGEOM_BOX,
        size=(half_edge, half_edge, half_edge),
        mass=mass,
        contype=0,
        conaffinity=0,
        rgba=(0.85, 0.65, 0.13, _payload_opacity(mass)),
    )


def _payload_half_edge(mass: float) -> float:
    return float(0.5 * (max(mass, 0.02) / _PAYLOAD_DENSITY) ** (1.0 / 3.0))


def _payload_opacity(mass: float) -> float:
    return 1.0 if mass > _SMALLEST_MASS else 0.0


def _add_ground(mujoco: Any, world: Any, options: SimulationOptions) -> None:
    terrain = options.terrain
    world.add_texture(
        name="tiles",
        type=mujoco.mjtTexture.mjTEXTURE_2D,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_CHECKER,
        mark=mujoco.mjtMark.mjMARK_EDGE,
        rgb1=(0.36, 0.40, 0.45),
        rgb2=(0.52, 0.56, 0.60),
        markrgb=(0.70, 0.73, 0.76),
        width=256,
        height=256,
    )
    material = world.add_material(name=FLOOR, texrepeat=(2.5, 2.5), texuniform=True)
    material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = "tiles"
    floor = _add_plane(mujoco, world, FLOOR, options.friction)
    if terrain.kind == "slope":
        half = -0.5 * terrain.angle
        floor.quat = np.cos(half), 0.0, np.sin(half), 0.0
    elif terrain.kind == "rough":
        heights = rough_heights(terrain)
        world.add_hfield(
            name="rough",
            nrow=heights.shape[0],
            ncol=heights.shape[1],
            size=(_ROUGH_SIZE[0] / 2, _ROUGH_SIZE[1] / 2, terrain.height, 0.2),
            userdata=heights.ravel(),
        )
        floor.type = mujoco.mjtGeom.mjGEOM_HFIELD
        floor.hfieldname = "rough"
        floor.pos = _ROUGH_SIZE[0] / 2 - 2.0, 0.0, 0.0
        _add_plane(mujoco, world, "beyond", options.friction).pos = 0.0, 0.0, -_BEYOND


def _add_plane(mujoco: Any, world: Any, name: str, friction: float) -> Any:
    return world.worldbody.add_geom(
        name=name,
        type=mujoco.mjtGeom.mjGEOM_PLANE,
        size=(0.0, 0.0, 0.05),
        material=FLOOR,
        contype=1,
        conaffinity=1,
        condim=3,
        priority=2,  # so that the ground alone decides on friction
        friction=(friction, 0.01, 0.001),
        solref=_CONTACT_STIFFNESS,
        solimp=_CONTACT_IMPEDANCE,
    )
