"""How the control loop behaves, as frozen data that can travel to another process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class ControlSettings:
    """Everything the control loop needs beside the driver."""

    rate: float = 500.0
    """Ticks per second, Hz."""
    action_period: float = 0.02
    """Time between two actions of the policy, s."""
    interpolation: str = "linear"
    """Between two actions: ``linear`` over one action period, or ``hold`` (step at once)."""
    land_time: float = 0.12
    """In which a robot that must stop in the middle of a stride puts its feet down, s."""
    stand_time: float = 2.0
    """Of the ramp to the default pose, s."""
    sit_time: float = 1.5
    """Of the ramp to the floor, s."""
    soft_gain: float = 0.4
    """Stiffness while sitting down, as a share of the robot's."""
    damping: float = 1.0
    """Damping of a soft robot, as a multiple of ``spec.kd``."""
    hold_after: float = 0.1
    """Age of the newest action beyond which RUN becomes HOLD, s."""
    sit_after: float = 1.0
    """Time in HOLD for want of actions after which the robot sits, s."""
    stale_after: float = 0.1
    """Age of the newest good sample beyond which the robot goes soft, s."""
    ending_grace: float = 0.5
    """Time between ``Snapshot.ending`` and sitting down, s."""
    warn_temperature: float = 65.0
    """Of any motor, degrees Celsius: beyond it the gains are lowered; the guard's limit stops."""
    limits: Mapping[str, Any] = field(default_factory=dict)
    """Keywords of ``SafetyLimits.from_spec`` instead of its defaults."""
    require: tuple[str, ...] = ()
    """Of ``MEASURES``: a robot that does not tell these is refused at the start."""
    estop_buttons: tuple[tuple[str, ...], ...] = (("L2", "B"), ("estop",))
    """Chords on the remote that stop the robot at once."""
    pause_buttons: tuple[tuple[str, ...], ...] = (("select",),)
    """Chords that make it hold."""
    resume_buttons: tuple[tuple[str, ...], ...] = (("start",),)
    """Chords that answer a prompt with yes."""
    read_only: bool = False
    """Never write to the robot."""
    dry_run: bool = False
    """Compute every command, send none."""
