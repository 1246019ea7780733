"""The flags of ``train`` that decide whether acting and learning share one process."""

from __future__ import annotations

import argparse

REALTIME_ONLY = {
    "control_frequency": "--control-frequency",
    "learner_core": "--learner-core",
    "actor_core": "--actor-core",
}
"""Flags that mean nothing with ``--lockstep``."""


def add_realtime_flags(parser: argparse.ArgumentParser) -> None:
    """Add ``--realtime``, ``--lockstep`` and what belongs to them."""
    group = parser.add_argument_group("real time")
    mode = group.add_mutually_exclusive_group()
    mode.add_argument(
        "--realtime",
        action="store_const",
        const=True,
        default=None,
        help="act and learn in two processes: learning never stops the robot",
    )
    mode.add_argument(
        "--lockstep",
        dest="realtime",
        action="store_const",
        const=False,
        help="act and learn in turn, in one process: exactly reproducible (default: --lockstep)",
    )
    group.add_argument(
        "--control-frequency",
        type=float,
        default=None,
        metavar="HZ",
        help="with --realtime: steps per second (default: the environment's own)",
    )
    group.add_argument(
        "--learner-timeout",
        type=float,
        default=60.0,
        metavar="S",
        help="with --realtime: seconds without a learner after which the robot ends its episode "
        "and waits",
    )
    group.add_argument(
        "--actor-core",
        type=int,
        default=None,
        metavar="N",
        help="with --realtime: processor core of the acting process (default: chosen)",
    )
    group.add_argument(
        "--learner-core",
        type=int,
        default=None,
        metavar="N",
        help="with --realtime: processor core of the learning process (default: chosen)",
    )
