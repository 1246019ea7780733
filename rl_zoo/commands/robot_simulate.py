"""``robot simulate``: a robot of MuJoCo in real time behind a real robot's wire protocol."""

from __future__ import annotations

import argparse
import contextlib
import gc
import signal
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rl_zoo import console
from rl_zoo.commands.options import ExtendAction, ZooArgumentParser, run_command
from rl_zoo.errors import ConfigError, RobotFault, UsageError

if TYPE_CHECKING:
    from rl_zoo.robots.simulated.fault_kinds import Fault
    from rl_zoo.robots.simulated.fault_socket import FaultSocket
    from rl_zoo.robots.simulated.runner import Runner, Summary
    from rl_zoo.robots.spec import RobotSpec

_EPILOG = """\
examples:
  rl_zoo robot simulate --robot bert --protocol remote
  rl_zoo robot simulate --robot bert --fault push@5:y=1.5 --fault freeze@8:duration=0.3
  rl_zoo robot simulate --robot bert --random-faults 30 --over 600 --record logs/robot
  rl_zoo robot simulate --robot bert --inject estop       (to the one that is running)
"""


def build_parser() -> ZooArgumentParser:
    """Return the parser of the command."""
    parser = ZooArgumentParser(
        prog="rl_zoo robot simulate",
        description="A simulated robot in a process of its own: real time, the wire protocol of a "
        "real robot, faults on request.",
        epilog=_EPILOG,
    )
    parser.add_argument("--robot", default="bert", help="name, or package.module:SPEC")
    parser.add_argument("--protocol", default="remote", help="remote, unitree or moteus")
    pairs: dict[str, Any] = {
        "nargs": "+",
        "default": [],
        "action": ExtendAction,
        "metavar": "KEY:VALUE",
    }
    parser.add_argument(
        "--protocol-options", help="keywords of the protocol, e.g. address:udp://:9870", **pairs
    )
    parser.add_argument(
        "--simulation", help="options of the simulation, e.g. payload:0.5 friction:0.6", **pairs
    )
    parser.add_argument("--state-rate", type=float, help="states per second; default: all steps")
    parser.add_argument("--start", default="lying", help="lying or standing")
    parser.add_argument(
        "--watchdog", type=float, default=0.1, help="s without command until motors go soft; 0: off"
    )
    parser.add_argument("--duration", type=float, help="real time to run, s; default: for ever")
    parser.add_argument("--seed", type=int, default=0, help="of sensor errors and faults")
    parser.add_argument("--record", type=Path, metavar="FOLDER", help="record every step")
    parser.add_argument("--socket", type=Path, help="Unix socket for faults while it runs")
    _add_fault_flags(parser)
    return parser


def _add_fault_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="NAME@T[:K=V,...]",
        help="a fault T seconds after the start; may be repeated",
    )
    parser.add_argument("--random-faults", type=int, default=0, metavar="N", help="faults to draw")
    parser.add_argument("--over", type=float, default=60.0, help="time they are spread over, s")
    parser.add_argument(
        "--random-kinds", nargs="+", metavar="NAME", help="kinds to draw; default: all"
    )
    parser.add_argument("--list-faults", action="store_true", help="show all faults and end")
    parser.add_argument(
        "--inject",
        metavar="NAME[:K=V,...]",
        help="let a fault begin on the simulated robot that is running, and end",
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    return run_command(build_parser(), argv, _act)


def _act(arguments: argparse.Namespace) -> int:
    if arguments.list_faults:
        _list_faults()
        return 0
    if arguments.inject is not None:
        return _inject(arguments)
    return _simulate(arguments)


def _list_faults() -> None:
    from rl_zoo.robots.simulated.fault_kinds import FAULT_KINDS

    for name, kind in FAULT_KINDS.items():
        values = {"duration": kind.duration}
        values |= {key: parameter.default for key, parameter in kind.parameters.items()}
        defaults = ",".join(f"{key}={value}" for key, value in values.items())
        console.result(f"{name:<11} {kind.summary} ({defaults})")


def _inject(arguments: argparse.Namespace) -> int:
    from rl_zoo.robots.simulated.fault_kinds import read_values
    from rl_zoo.robots.simulated.fault_socket import default_path, inject

    name, _, tail = arguments.inject.partition(":")
    path = arguments.socket or default_path(arguments.robot)
    number = inject(path, name, **read_values(tail))
    console.result(f"fault {number} ({name}) begins")
    return 0


def _simulate(arguments: argparse.Namespace) -> int:
    _check_numbers(arguments)
    faults = _read_faults(arguments)
    with _stop_flag() as should_stop:
        runner = _make_runner(arguments)
        try:
            for fault in faults:
                runner.faults.add(fault)
            runner.open()
            console.result(_ready_line(arguments, runner))
            gc.freeze()  # what exists now stays: collecting it again and again costs milliseconds
            summary = runner.run(duration=arguments.duration, should_stop=should_stop.is_set)
        finally:
            runner.close()
        with contextlib.suppress(OSError):  # the terminal may be gone
            console.result(_summary_line(summary))
    return 0


def _make_runner(arguments: argparse.Namespace) -> Runner:
    from rl_zoo.registry import check_keywords
    from rl_zoo.robots.simulated.body import BodyOptions, SimulatedBody
    from rl_zoo.robots.simulated.faults import Faults
    from rl_zoo.robots.simulated.runner import Runner
    from rl_zoo.robots.simulated.servers import make_server
    from rl_zoo.robots.simulation import SimulationOptions, read_simulation_options

    spec = _load_robot(arguments.robot)
    simulation = _pairs(arguments.simulation, "--simulation")
    problems = check_keywords(SimulationOptions, simulation, "--simulation")
    if problems:
        raise ConfigError(problems)
    options = read_simulation_options(simulation, spec)
    known = {"state_rate": arguments.state_rate, "watchdog": arguments.watchdog}
    given = _pairs(arguments.protocol_options, "--protocol-options")
    server = make_server(
        arguments.protocol,
        spec,
        given,
        known={name: value for name, value in known.items() if value is not None},
    )
    body_options = BodyOptions(start=arguments.start, watchdog=arguments.watchdog)
    body = SimulatedBody(spec, options, body=body_options, seed=arguments.seed)
    faults = Faults(body, seed=arguments.seed)
    runner = Runner(body, server, faults, state_rate=arguments.state_rate)
    runner.socket = _open_socket(arguments.socket, spec.name)
    if arguments.record is not None:
        runner.record_to(arguments.record)
    return runner


def _load_robot(name: str) -> RobotSpec:
    from rl_zoo.robots.catalog import ROBOTS
    from rl_zoo.robots.spec import RobotSpec

    spec = ROBOTS.load(name)
    if not isinstance(spec, RobotSpec):
        raise UsageError(f"--robot: '{name}' is a driver, not a robot")
    return spec


def _open_socket(path: Path | None, robot: str) -> FaultSocket | None:
    """Open the socket for faults; the default one may belong to another simulated robot."""
    from rl_zoo.robots.simulated.fault_socket import FaultSocket, default_path

    if path is not None:
        return FaultSocket(path)
    try:
        return FaultSocket(default_path(robot))
    except RobotFault as error:
        console.warn(f"no faults while it runs: {error}")
        return None


def _ready_line(arguments: argparse.Namespace, runner: Runner) -> str:
    spec = runner.body.spec
    parts = [
        f"simulated {spec.name} ready: {arguments.protocol} {runner.server.address}",
        f"{spec.n_joints} joints, {arguments.start}, {runner.state_rate:g} states/s",
    ]
    if runner.socket is not None:
        parts.append(f"faults at {runner.socket.path}")
    return "; ".join(parts)


def _summary_line(summary: Summary) -> str:
    return (
        f"simulated {summary.time:.1f} s at {summary.real_time_factor:.3f} of real time (worst "
        f"delay {1e3 * summary.worst_delay:.1f} ms): {summary.n_states} states, "
        f"{summary.n_commands} commands, {summary.n_refused} refused, {summary.n_unsafe} unsafe, "
        f"{summary.n_outside} outside limits, {summary.n_watchdog} times watchdog, "
        f"{summary.n_faults} faults, {summary.n_boots} boots"
    )


def _read_faults(arguments: argparse.Namespace) -> list[Fault]:
    from rl_zoo.robots.simulated.fault_kinds import random_faults, read_fault

    faults = [read_fault(text) for text in arguments.fault]
    if arguments.random_faults:
        kinds = arguments.random_kinds
        faults += random_faults(arguments.random_faults, arguments.over, arguments.seed, kinds)
    return faults


def _check_numbers(arguments: argparse.Namespace) -> None:
    from rl_zoo.finite import is_finite_number

    for flag in ("state_rate", "duration", "watchdog", "over", "random_faults", "seed"):
        value = getattr(arguments, flag)
        if value is not None and (not is_finite_number(value) or value < 0):
            name = flag.replace("_", "-")
            raise UsageError(f"--{name}: must be a number from 0 up, not {value}")


def _pairs(texts: Sequence[str], flag: str) -> Mapping[str, Any]:
    from rl_zoo.config.draft import read_assignments

    problems: list[str] = []
    pairs = read_assignments(texts, flag, problems)
    if problems:
        raise ConfigError(problems)
    return dict(pairs)


class _Flag:
    """Whether a signal has come."""

    def __init__(self) -> None:
        self._is_set = False

    def set(self, *_: object) -> None:
        """Take note of a signal."""
        self._is_set = True

    def is_set(self) -> bool:
        """Say whether one came."""
        return self._is_set


@contextlib.contextmanager
def _stop_flag() -> Iterator[_Flag]:
    """Turn SIGINT, SIGTERM and SIGHUP into a flag."""
    flag = _Flag()
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    previous = {number: signal.signal(number, flag.set) for number in numbers}
    try:
        yield flag
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
