"""Tell the author of a driver whether it keeps the contract of ``rl_zoo.robots.driver``."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace

from rl_zoo.robots.driver import MEASURES, Driver
from rl_zoo.robots.sampling import collect_samples
from rl_zoo.robots.spec import RobotSpec
from rl_zoo.testing.command_checks import (
    check_motion,
    check_refusals,
    check_soft_command,
    check_stop,
)
from rl_zoo.testing.life_cycle import (
    OpenThings,
    check_close,
    check_connect,
    check_options,
    check_reads,
    check_reconnect,
    check_unreachable,
)
from rl_zoo.testing.report import Check, Outcome, Report, attempt, failed, judge, not_judged
from rl_zoo.testing.sample_checks import check_samples

MakeDriver = Callable[[], Driver]


@dataclass(frozen=True)
class CheckSettings:
    """What may be done to the robot, and how strict to be."""

    may_move: bool = False
    """Whether joints may be moved by up to 0.2 rad, one after the other."""
    seconds: float = 1.0
    """Time of reading on the driver's clock, s."""
    min_rate_share: float = 0.5
    """Share of ``capabilities.state_rate`` that must come."""
    make_unreachable: MakeDriver | None = None
    """Makes a driver whose robot does not exist, to see ``connect`` give up."""


def check_driver(
    make_driver: MakeDriver,
    *,
    may_move: bool = False,
    seconds: float = 1.0,
    min_rate_share: float = 0.5,
    make_unreachable: MakeDriver | None = None,
) -> Report:
    """Check a driver against a robot that lies or hangs at rest: it is made soft several times.

    Without ``may_move`` only damping is sent. Nothing that is not finite is ever sent to a robot
    that is connected, unless ``may_move`` and the same was refused before connecting.

    Args:
        make_driver: Makes a new driver each time; two are never open together.
        may_move: Whether joints may be moved by up to 0.2 rad, one after the other.
        seconds: Time of reading on the driver's clock, s.
        min_rate_share: Share of ``capabilities.state_rate`` that must come.
        make_unreachable: Makes a driver whose robot does not exist.

    Returns:
        One line per rule; ``raise_if_failed`` raises RobotFault with all of them.
    """
    settings = CheckSettings(may_move, seconds, min_rate_share, make_unreachable)
    before = OpenThings.now()
    try:
        driver = make_driver()
    # Whatever the author's code raises is the finding.
    except Exception as error:
        text = f"{type(error).__name__}: {error}"
        return Report("driver", (failed("it can be made", text),))
    subject = f"driver {type(driver).__name__}"
    checks = [attempt("it has all parts of a driver", lambda: _check_parts(driver))]
    if checks[0].outcome is not Outcome.OK:
        return Report(subject, tuple(checks))
    checks += [
        attempt("making it opens nothing", lambda: before.check("making it opens nothing")),
        attempt("unknown options are refused", lambda: check_options(driver)),
        *check_refusals(driver, is_connected=False),
    ]
    if any(check.outcome is Outcome.FAILED for check in checks):
        settings = replace(settings, may_move=False)
    checks += _check_connected(driver, before, settings)
    checks.append(check_reconnect(make_driver, before))
    checks.append(check_unreachable(settings.make_unreachable))
    return Report(subject, tuple(checks))


def _check_parts(driver: Driver) -> Check:
    name = "it has all parts of a driver"
    methods = ("connect", "read", "write", "stop", "close")
    problems = [
        f"no method '{method}'" for method in methods if not callable(getattr(driver, method, None))
    ]
    if not isinstance(getattr(driver, "spec", None), RobotSpec):
        problems.append("spec is no RobotSpec")
    clock = getattr(driver, "clock", None)
    problems += [
        f"clock has no method '{method}'"
        for method in ("now", "sleep_until")
        if not callable(getattr(clock, method, None))
    ]
    capabilities = getattr(driver, "capabilities", None)
    if capabilities is None:
        problems.append("no capabilities")
    else:
        strange = sorted(set(capabilities.measures) - set(MEASURES))
        problems += [f"measures holds '{name}', which is none of MEASURES" for name in strange]
        if not capabilities.state_rate > 0.0:
            problems.append(f"capabilities.state_rate is {capabilities.state_rate}")
        if capabilities.can_zero and not callable(getattr(driver, "zero", None)):
            problems.append("can_zero without a method 'zero'")
    return judge(name, problems)


def _check_connected(driver: Driver, before: OpenThings, settings: CheckSettings) -> list[Check]:
    connected = check_connect(driver)
    checks = [connected]
    if connected.outcome is not Outcome.OK:
        _end_quietly(driver.close)
        return [*checks, not_judged("everything about a connected robot", "it did not connect")]
    try:
        samples = collect_samples(driver, settings.seconds)
        capabilities = driver.capabilities
        checks += check_samples(driver.spec, capabilities, samples, settings.min_rate_share)
        checks += check_reads(driver)
        checks.append(check_soft_command(driver))
        checks += check_stop(driver)
        if settings.may_move and all(check.outcome is Outcome.OK for check in checks[-4:]):
            checks += check_refusals(driver, is_connected=True)
            checks += check_motion(driver)
        else:
            why = "may_move is off, or an earlier check failed"
            checks.append(not_judged("commands within the limits are followed", why))
    # Reading may raise anything; the robot must be soft and free in any case.
    except Exception as error:
        checks.append(
            failed("reading and stopping raise nothing", f"{type(error).__name__}: {error}")
        )
    finally:
        _end_quietly(driver.stop)
        checks += check_close(driver, before)
    return checks


def _end_quietly(action: Callable[[], None]) -> None:
    """Stop or close a driver that has failed already: another error would hide the first."""
    with contextlib.suppress(Exception):
        action()
