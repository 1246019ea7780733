"""``robot monitor``: show the readings of a robot, without commanding anything."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rl_zoo import console
from rl_zoo.commands.options import ZooArgumentParser, positive_number, run_command
from rl_zoo.commands.robot_options import (
    RobotChoice,
    add_robot_flags,
    open_driver,
    read_choice,
    reading_time,
)

if TYPE_CHECKING:
    from rl_zoo.robots.sampling import Sample

_REDRAW = 0.2  # s
_LINE = 1.0  # s, where the output is no terminal
_HOME_AND_CLEAR = "\033[H\033[J"


def build_parser() -> ZooArgumentParser:
    """Return the parser of ``robot monitor``."""
    parser = ZooArgumentParser(
        prog="rl_zoo robot monitor",
        description="Show the readings of a robot: a table on a terminal, "
        "else one line per second. Nothing is commanded.",
    )
    add_robot_flags(parser)
    parser.add_argument(
        "--seconds", type=positive_number, help="time of reading, s (default: until Ctrl-C)"
    )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Show the readings; return the exit code."""
    return run_command(build_parser(), argv, _monitor)


def _monitor(arguments: argparse.Namespace) -> int:
    from rl_zoo.robots.sampling import collect_samples

    choice = read_choice(arguments)
    is_terminal = sys.stdout.isatty()
    period = _REDRAW if is_terminal else _LINE
    with open_driver(choice, looks_on=True) as driver:
        start = driver.clock.now()
        end = start + reading_time(driver, arguments.seconds)
        try:
            while (left := end - driver.clock.now()) > 1e-6:
                samples = collect_samples(driver, min(period, left))
                now = driver.clock.now()
                text = (_table if is_terminal else _line)(choice, samples, now - start)
                console.result(text)
        except KeyboardInterrupt:
            return 0
    return 0


def _table(choice: RobotChoice, samples: Sequence[Sample], elapsed: float) -> str:
    from rl_zoo.commands.robot_table import joint_table, trunk_lines
    from rl_zoo.robots.guard_limits import SafetyLimits
    from rl_zoo.robots.sampling import measure_cadence

    title = f"{_HOME_AND_CLEAR}{choice.robot} through '{choice.driver}'  {elapsed:.1f} s"
    if not samples:
        return f"{title}\n\nno samples"
    spec, state = choice.spec, samples[-1].state
    limits = SafetyLimits.from_spec(spec)
    rate = measure_cadence(samples).rate
    lines = [f"{title}  {rate:.0f} Hz", "", *joint_table(spec, limits, state), ""]
    return "\n".join([*lines, *trunk_lines(spec, state), "", "Ctrl-C ends."])


def _line(choice: RobotChoice, samples: Sequence[Sample], elapsed: float) -> str:
    import math

    from rl_zoo.motion.rotations import tilt

    if not samples:
        return f"{elapsed:7.1f} s  no samples"
    state = samples[-1].state
    parts = [
        f"{elapsed:7.1f} s",
        f"{len(samples)} samples",
        f"tilt {math.degrees(tilt(state.orientation)):.1f} degrees",
        "q " + " ".join(f"{value:+.2f}" for value in state.joint_positions),
    ]
    if state.temperatures is not None:
        parts.append(f"hottest {float(state.temperatures.max()):.0f} °C")
    if state.battery_voltage is not None:
        parts.append(f"battery {state.battery_voltage:.1f} V")
    if state.motors_online is not None and not all(state.motors_online):
        n_offline = sum(not online for online in state.motors_online)
        parts.append(f"{n_offline} of {choice.spec.n_joints} motors do not answer")
    return "  ".join(parts)
