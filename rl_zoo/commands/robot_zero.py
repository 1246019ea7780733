"""``robot zero``: make the present pose the zero of every joint."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rl_zoo import console
from rl_zoo.commands.options import ZooArgumentParser, run_command
from rl_zoo.commands.robot_options import (
    add_robot_flags,
    add_yes_flag,
    open_driver,
    read_choice,
)
from rl_zoo.errors import ConfigError, RobotFault

if TYPE_CHECKING:
    from rl_zoo.robots.driver import Driver
    from rl_zoo.robots.spec import FloatArray

_SETTLE_TIME = 0.5  # s, until the new readings have come
_TOLERANCE = 0.05  # rad


def build_parser() -> ZooArgumentParser:
    """Return the parser of ``robot zero``."""
    parser = ZooArgumentParser(
        prog="rl_zoo robot zero",
        description="Make the present pose the zero of every joint, after asking. Only drivers "
        "whose motors can store it.",
    )
    add_robot_flags(parser)
    add_yes_flag(parser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Set the zero; return the exit code."""
    return run_command(build_parser(), argv, _zero)


def _zero(arguments: argparse.Namespace) -> int:
    from rl_zoo.commands.robot_prompt import require_yes
    from rl_zoo.commands.robot_table import format_table

    choice = read_choice(arguments)
    with open_driver(choice) as driver:
        if not driver.capabilities.can_zero:
            raise ConfigError(f"--driver {choice.driver}: its motors cannot store a new zero")
        before = _positions(driver)
        rows = [
            (name, f"{value:+.3f}")
            for name, value in zip(choice.spec.joint_names, before, strict=True)
        ]
        console.result("\n".join(format_table(("joint", "now rad"), rows)))
        require_yes(
            f"These angles of '{choice.robot}' become 0. Is it in its zero pose?",
            assume_yes=arguments.yes,
        )
        driver.zero()  # type: ignore[attr-defined]  # can_zero says that there is one
        driver.clock.sleep_until(driver.clock.now() + _SETTLE_TIME)
        after = _positions(driver)
    worst = max(range(len(after)), key=lambda index: abs(after[index]))
    if abs(after[worst]) > _TOLERANCE:
        name = choice.spec.joint_names[worst]
        raise RobotFault(f"'{name}' reads {after[worst]:+.3f} rad after setting the zero")
    console.message("Every joint reads 0 now.")
    return 0


def _positions(driver: Driver) -> FloatArray:
    state = driver.read()
    if state is None:
        raise RobotFault("connected, but no sample came")
    return state.motor_positions
