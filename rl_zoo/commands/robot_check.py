"""``robot check``: read a robot and say what looks wrong, without commanding anything."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rl_zoo import console
from rl_zoo.commands.options import ZooArgumentParser, positive_number, run_command
from rl_zoo.commands.robot_options import (
    RobotChoice,
    add_robot_flags,
    add_yes_flag,
    open_driver,
    read_choice,
    robot_lock,
)

if TYPE_CHECKING:
    from rl_zoo.robots.driver import Capabilities
    from rl_zoo.robots.sampling import Sample

_EXAMPLES = """
examples:
  rl_zoo robot check --robot bert --driver sim
  rl_zoo robot check --robot bert --driver remote --driver-options address:udp://10.0.0.2:9000
"""


def build_parser() -> ZooArgumentParser:
    """Return the parser of ``robot check``."""
    parser = ZooArgumentParser(
        prog="rl_zoo robot check",
        description="Read a robot that lies or hangs at rest, and say what looks wrong: signs and "
        "order of joints, limits, sensors, rates. Nothing is commanded. Exit code 4 if something "
        "must be understood before the robot is commanded.",
        epilog=_EXAMPLES,
    )
    add_robot_flags(parser)
    parser.add_argument("--seconds", type=positive_number, default=2.0, help="time of reading, s")
    parser.add_argument(
        "--conformance",
        action="store_true",
        help="check the driver itself (rl_zoo.testing.check_driver); sends damping: the robot must "
        "lie or hang",
    )
    parser.add_argument(
        "--may-move",
        action="store_true",
        help="with --conformance: turn each joint by 0.2 rad, too; the robot must hang",
    )
    add_yes_flag(parser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Check a robot; return the exit code."""
    return run_command(build_parser(), argv, _check)


def _check(arguments: argparse.Namespace) -> int:
    choice = read_choice(arguments)
    if arguments.conformance:
        return _check_conformance(choice, arguments)
    return check_samples_of(choice, arguments.seconds)


def check_samples_of(choice: RobotChoice, seconds: float) -> int:
    """Read a robot for some time and print what was found.

    Returns:
        0, or the exit code of a robot fault if something looks wrong.

    Raises:
        RobotFault: If no robot answers or another process drives it.
    """
    from rl_zoo.robots.sampling import collect_samples

    with open_driver(choice, looks_on=True) as driver:
        samples = collect_samples(driver, seconds)
        end, capabilities = driver.clock.now(), driver.capabilities
    return _show(choice, samples, capabilities, end)


def _show(
    choice: RobotChoice, samples: Sequence[Sample], capabilities: Capabilities, end: float
) -> int:
    """Print the newest readings, the rates and what was found; return the exit code."""
    from rl_zoo.commands.robot_table import joint_table, trunk_lines
    from rl_zoo.errors import RobotFault
    from rl_zoo.robots.diagnosis import diagnose, judge_cadence
    from rl_zoo.robots.driver import MEASURES
    from rl_zoo.robots.guard_limits import SafetyLimits
    from rl_zoo.robots.sampling import measure_cadence

    if not samples:
        raise RobotFault(f"driver '{choice.driver}': connected, but no sample came")
    spec, limits = choice.spec, SafetyLimits.from_spec(choice.spec, **choice.settings.limits)
    states = [sample.state for sample in samples]
    cadence = measure_cadence(samples, end)
    lost = "not counted" if cadence.n_lost is None else str(cadence.n_lost)
    lines = [f"{spec.name} through '{choice.driver}': {len(samples)} samples", ""]
    lines += [*joint_table(spec, limits, states[-1]), "", *trunk_lines(spec, states[-1])]
    lines.append(
        f"rate           {cadence.rate:.1f} Hz of {capabilities.state_rate:g} Hz; gaps median "
        f"{1e3 * cadence.median_gap:.1f}, p99 {1e3 * cadence.p99_gap:.1f}, longest "
        f"{1e3 * cadence.longest_gap:.1f} ms; lost: {lost}"
    )
    unknown = [name for name in MEASURES if name not in capabilities.measures]
    lines += [f"not measured   {', '.join(unknown) or 'nothing is missing'}", ""]
    findings = [
        *diagnose(spec, limits, capabilities, states),
        *judge_cadence(cadence, capabilities),
    ]
    lines += [f"{'PROBLEM' if f.is_problem else 'hint'}: {f.text}" for f in findings]
    n_problems = sum(finding.is_problem for finding in findings)
    plural = "" if n_problems == 1 else "s"
    lines.append(f"{n_problems} problem{plural}" if n_problems else "ok")
    console.result("\n".join(lines))
    return RobotFault.exit_code if n_problems else 0


def _check_conformance(choice: RobotChoice, arguments: argparse.Namespace) -> int:
    from rl_zoo.commands.robot_prompt import require_yes
    from rl_zoo.errors import RobotFault
    from rl_zoo.robots.drivers.catalog import make_driver
    from rl_zoo.testing import check_driver

    moves = " and every joint is turned by 0.2 rad" if arguments.may_move else ""
    require_yes(
        f"The motors of '{choice.robot}' are made soft{moves}. Does it hang or lie safely?",
        assume_yes=arguments.yes,
    )
    with robot_lock(choice):
        report = check_driver(
            lambda: make_driver(choice.driver, choice.spec, choice.options),
            may_move=arguments.may_move,
            seconds=arguments.seconds,
        )
    console.result(str(report))
    return 0 if report.is_ok else RobotFault.exit_code
