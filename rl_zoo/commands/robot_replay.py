"""``robot replay``: look at a recorded session, or send its commands to a robot again."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rl_zoo import console
from rl_zoo.commands.options import ZooArgumentParser, run_command
from rl_zoo.commands.robot_options import (
    RobotChoice,
    add_motion_flags,
    add_robot_flags,
    add_yes_flag,
    make_robot_link,
    read_choice,
)
from rl_zoo.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from rl_zoo.commands.robot_motion import MotionLog
    from rl_zoo.robots.control.link import RobotLink
    from rl_zoo.robots.recording.session_file import Session
    from rl_zoo.robots.spec import FloatArray

_APPROACH_TIME = 1.5  # s, from the default pose to the first recorded target


def build_parser() -> ZooArgumentParser:
    """Return the parser of ``robot replay``."""
    parser = ZooArgumentParser(
        prog="rl_zoo robot replay",
        description="Show what a session of 'rl_zoo robot record' holds, and check it as 'rl_zoo "
        "robot check' checks a robot. With --send a robot stands up, follows the recorded commands "
        "(without any: the recorded motor positions) through the guard, and sits down.",
        epilog="""
examples:
  rl_zoo robot replay a.session
  rl_zoo robot replay a.session --send --robot bert --driver sim --dry-run
""",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the session")
    parser.add_argument("--send", action="store_true", help="send its commands to a robot")
    add_robot_flags(parser, is_required=False)
    add_motion_flags(parser)
    add_yes_flag(parser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Replay a session; return the exit code."""
    return run_command(build_parser(), argv, _replay)


def _replay(arguments: argparse.Namespace) -> int:
    from rl_zoo.robots.recording.session_file import read_session

    session = read_session(arguments.file)
    if not arguments.send:
        return _show(session, arguments)
    if arguments.robot is None or arguments.driver is None:
        raise UsageError("--send: needs --robot and --driver")
    choice = read_choice(arguments)
    if session.header.joints != choice.spec.joint_names:
        raise ConfigError(
            f"{arguments.file}: is a session of '{session.header.robot}', whose joints are not "
            f"those of '{choice.robot}'"
        )
    return _send(session, choice, arguments)


def _show(session: Session, arguments: argparse.Namespace) -> int:
    """Print figures of the session and what a check of it finds; return the exit code."""
    from rl_zoo.commands.robot_check import check_samples_of

    header = session.header
    arguments.robot = arguments.robot or header.robot
    arguments.driver = "replay"
    arguments.driver_options = [f"file:'{arguments.file}'"]
    choice = read_choice(arguments)
    what = "with commands" if session.has_targets else "readings only"
    console.result(
        f"session of '{header.robot}' through '{header.driver}': {session.duration:.2f} s, "
        f"{len(session)} samples, {what}"
    )
    console.result("\n".join([*_extremes(session), ""]))
    return check_samples_of(choice, session.duration + 1e-6)


def _extremes(session: Session) -> list[str]:
    import numpy as np

    from rl_zoo.commands.robot_table import format_table

    records = session.records
    columns = ("joint_positions", "joint_velocities", "joint_torques")
    rows = []
    for index, name in enumerate(session.header.joints):
        cells = [name]
        for column in columns:
            values = np.asarray(records[column][:, index], dtype=np.float64)
            cells.append(f"{np.nanmin(values):+.2f} .. {np.nanmax(values):+.2f}")
        rows.append(cells)
    return format_table(("joint", "q rad", "dq rad/s", "tau Nm"), rows)


def _send(session: Session, choice: RobotChoice, arguments: argparse.Namespace) -> int:
    from rl_zoo.commands.robot_motion import (
        MotionLog,
        opened,
        show_commands,
        show_way,
        sit_down,
        stand_up,
    )
    from rl_zoo.commands.robot_prompt import require_yes

    targets = _resample(session, choice)
    if choice.settings.read_only:
        show_way(choice, targets[0])
        return 0
    if choice.settings.dry_run:
        _show_guarded(choice, targets)
        return 0
    seconds = len(targets) * choice.settings.action_period
    require_yes(
        f"'{choice.robot}' stands up and moves for {seconds:.1f} s. Is there room?",
        assume_yes=arguments.yes,
    )
    log = MotionLog()
    with opened(make_robot_link(choice)) as link:
        stand_up(link, choice, log)
        _follow(link, choice, targets, log)
        sit_down(link, choice, log)
    show_commands(choice, log)
    return 0


def _resample(session: Session, choice: RobotChoice) -> FloatArray:
    """Return the targets, rad, one per action, with the way from the default pose before them.

    Shape: (n_actions, n_joints).
    """
    import numpy as np

    recorded, times = session.targets(), session.times - session.times[0]
    period = choice.settings.action_period
    moments = np.arange(0.0, session.duration + 1e-9, period)
    newest = np.searchsorted(times, moments + 1e-9, side="right") - 1
    shares = np.linspace(0.0, 1.0, max(round(_APPROACH_TIME / period), 2))[:, None]
    smooth = 0.5 - 0.5 * np.cos(np.pi * shares)
    default = choice.spec.default_pose
    approach = default + smooth * (recorded[0] - default)
    return np.concatenate([approach, recorded[newest]])


def _follow(link: RobotLink, choice: RobotChoice, targets: FloatArray, log: MotionLog) -> None:
    """Send one target per period.

    Raises:
        RobotFault: If something interrupts it.
    """
    from rl_zoo.commands.robot_motion import raise_if_broken
    from rl_zoo.errors import RobotFault
    from rl_zoo.robots.control.modes import Mode, Request

    period, start = choice.settings.action_period, link.clock.now()
    has_run = False
    for number, target in enumerate(targets):
        link.act(target)
        if number == 0:
            link.request(Request.RUN)
        link.wait_until(start + (number + 1) * period)
        snapshot = link.snapshot()
        log.add(snapshot)
        raise_if_broken(snapshot)
        has_run = has_run or snapshot.mode is Mode.RUN
        if has_run and snapshot.mode is not Mode.RUN:
            raise RobotFault(f"interrupted after {number * period:.2f} s: {snapshot.fault}")


def _show_guarded(choice: RobotChoice, targets: FloatArray) -> None:
    """Print what the guard makes of the targets, for a robot that follows them exactly."""
    from dataclasses import replace

    from rl_zoo.commands.robot_motion import MotionLog, show_commands
    from rl_zoo.commands.robot_options import open_driver
    from rl_zoo.errors import RobotFault
    from rl_zoo.robots.guard import CommandGuard
    from rl_zoo.robots.guard_limits import SafetyLimits

    with open_driver(choice, looks_on=True) as driver:
        state = driver.read()
    if state is None:
        raise RobotFault(f"driver '{choice.driver}': connected, but no sample came")
    limits = SafetyLimits.from_spec(choice.spec, **choice.settings.limits)
    limits = replace(limits, control_period=choice.settings.action_period)
    log = MotionLog()
    log.measured = state.motor_positions
    here = choice.spec.default_pose
    n_changed = 0
    guard = CommandGuard(limits)
    for target in targets:
        level = replace(
            state,
            joint_positions=here,
            motor_positions=here,
            joint_velocities=0.0 * here,
            orientation=(1.0, 0.0, 0.0, 0.0),
        )
        result = guard(level, target)
        n_changed += result.changed
        here = result.command
        log.add_command(here)
    show_commands(choice, log)
    console.message(f"The guard changed {n_changed} of {len(targets)} commands.")


if __name__ == "__main__":
    raise SystemExit(main())
