"""Read a URDF whose meshes are not needed: contact is at the feet, inertia is in the links."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

from rl_zoo.errors import ConfigError
from rl_zoo.robots.spec import RobotSpec


def without_meshes(path: Path, spec: RobotSpec) -> str:
    """Return the URDF as text, with its meshes replaced by a sphere at each foot.

    The root link becomes a body without a joint.

    Args:
        path: The URDF file.
        spec: The robot; a leg's ``foot`` names the link at which the sphere is put.

    Raises:
        ConfigError: If the file is not XML or lacks a foot of the spec.
    """
    try:
        root = ElementTree.parse(path).getroot()
    except ElementTree.ParseError as error:
        raise ConfigError(f"robot '{spec.name}': {path}: not a URDF file ({error})") from error
    links = {link.get("name"): link for link in root.iter("link")}
    for link in links.values():
        for part in (*link.findall("visual"), *link.findall("collision")):
            link.remove(part)
    for leg in spec.legs:
        if leg.foot not in links:
            raise ConfigError(f"robot '{spec.name}': {path} has no link '{leg.foot}'")
        collision = ElementTree.SubElement(links[leg.foot], "collision", name=leg.foot)
        geometry = ElementTree.SubElement(collision, "geometry")
        ElementTree.SubElement(geometry, "sphere", radius=str(leg.foot_radius))
    settings = ElementTree.SubElement(root, "mujoco")
    ElementTree.SubElement(
        settings, "compiler", angle="radian", fusestatic="false", strippath="true"
    )
    return ElementTree.tostring(root, encoding="unicode")
