"""Rules for making, connecting, reading and closing a driver."""

from __future__ import annotations

import itertools
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rl_zoo.errors import ConfigError, RobotFault, ZooError
from rl_zoo.registry import check_keywords
from rl_zoo.robots.driver import Driver, RobotState
from rl_zoo.robots.sampling import collect_samples
from rl_zoo.testing.report import Check, attempt, failed, judge, not_judged, passed

_N_READS = 50
_BLOCKED = 0.25  # of the period between two samples: a read that takes as long waits for one
_LONGEST_CONNECT = 30.0  # s
_LONGEST_CLOSE = 3.0  # s
_MISTYPED = "no_such_option_as_this"


@dataclass(frozen=True)
class OpenThings:
    """Threads and sockets of this process at one time."""

    threads: frozenset[int]
    sockets: int

    @classmethod
    def now(cls) -> OpenThings:
        """Count them."""
        identities = (thread.ident for thread in threading.enumerate())
        return cls(frozenset(i for i in identities if i is not None), _count_sockets())

    def problems(self) -> list[str]:
        """Return what is open now and was not then."""
        now = OpenThings.now()
        new = [thread for thread in threading.enumerate() if thread.ident not in self.threads]
        problems = [f"thread '{thread.name}' runs" for thread in new]
        if now.sockets > self.sockets:
            problems.append(f"{now.sockets - self.sockets} sockets are open")
        return problems

    def check(self, name: str) -> Check:
        """Return a check that nothing more is open than then."""
        return judge(name, self.problems())

    def wait_for_end(self, seconds: float) -> list[str]:
        """Return what is still open after at most ``seconds``."""
        deadline = time.monotonic() + seconds
        while (problems := self.problems()) and time.monotonic() < deadline:
            time.sleep(0.01)
        return problems


def _count_sockets() -> int:
    folder = Path("/proc/self/fd")
    if not folder.is_dir():
        return 0
    count = 0
    for entry in folder.iterdir():
        try:
            target = str(entry.readlink())
        except OSError:  # the descriptor of the listing itself
            continue
        count += target.startswith("socket:")
    return count


def check_options(driver: Driver) -> Check:
    """Check that an option that does not exist is refused without opening anything."""
    name = "unknown options are refused"
    factory = type(driver)
    before = OpenThings.now()
    if check_keywords(factory, {_MISTYPED: 1}, "driver_options", positional=1):
        return passed(name)
    try:
        factory(driver.spec, **{_MISTYPED: 1})  # type: ignore[call-arg]
    except (ConfigError, TypeError):
        return before.check(name)
    return failed(name, f"{factory.__name__} takes '{_MISTYPED}' as an option")


def check_connect(driver: Driver) -> Check:
    """Check that ``connect`` returns with a first sample, and that there is none before."""
    name = "connect brings a first sample, and there is none before"

    def check() -> Check:
        early = driver.read()
        start = time.monotonic()
        driver.connect()
        took = time.monotonic() - start
        problems = [] if early is None else ["read() before connect() is not None"]
        if driver.read() is None:
            problems.append("read() is None after connect()")
        if took > _LONGEST_CONNECT:
            problems.append(f"connect() took {took:.0f} s")
        return judge(name, problems, f"{1e3 * took:.0f} ms")

    return attempt(name, check)


def check_reads(driver: Driver) -> list[Check]:
    """Check that ``read`` does not wait, and repeats a sample until there is a newer one."""
    start, before = time.monotonic(), driver.clock.now()
    states: list[RobotState] = []
    times = []
    for _ in range(_N_READS):
        begin = time.perf_counter()
        state = driver.read()
        times.append(time.perf_counter() - begin)
        if state is not None:
            states.append(state)
    moved = driver.clock.now() - before
    return [
        _check_blocking(driver, times, moved - (time.monotonic() - start)),
        _check_repeats(driver, states, moved),
    ]


def _check_blocking(driver: Driver, times: list[float], jumped: float) -> Check:
    median = float(np.median(times))
    problems = []
    if median > _BLOCKED / driver.capabilities.state_rate:
        problems.append(f"it takes {1e3 * median:.2f} ms: does it wait for the next sample?")
    if jumped > 1.0 / driver.capabilities.state_rate:
        problems.append("it moves driver.clock on")
    return judge("read does not wait", problems, f"median {1e6 * median:.0f} us")


def _check_repeats(driver: Driver, states: list[RobotState], moved: float) -> Check:
    name = "the same sample is returned until a newer one comes"
    problems = []
    stamps = {state.time for state in states}
    possible = 3.0 + 3.0 * moved * driver.capabilities.state_rate
    if len(stamps) > possible:
        problems.append(
            f"{_N_READS} reads in {1e3 * moved:.1f} ms have {len(stamps)} stamps: a read must "
            "not stamp an old sample anew"
        )
    if any(
        first.time == second.time and not _is_same(first, second)
        for first, second in itertools.pairwise(states)
    ):
        problems.append("two samples with the same time differ")
    return judge(name, problems)


def _is_same(first: RobotState, second: RobotState) -> bool:
    return (
        first.sequence == second.sequence
        and np.array_equal(first.joint_positions, second.joint_positions, equal_nan=True)
        and np.array_equal(first.joint_velocities, second.joint_velocities, equal_nan=True)
        and math.dist(first.orientation, second.orientation) == 0.0
    )


def check_close(driver: Driver, before: OpenThings) -> list[Check]:
    """Check that ``close`` may be called twice, ends the samples, and leaves nothing behind.

    Args:
        driver: Connected.
        before: What was open before the driver was made.
    """

    def twice() -> Check:
        driver.close()
        driver.close()
        return passed("close may be called twice")

    def silence() -> Check:
        period = 1.0 / driver.capabilities.state_rate
        first = driver.read()
        driver.clock.sleep_until(driver.clock.now() + max(0.1, 10.0 * period))
        second = driver.read()
        is_new = second is not None and (first is None or second.time != first.time)
        return judge(
            "after close no new sample comes",
            ["read() after close() returns samples with new stamps"] if is_new else [],
        )

    name = "after close nothing is left open"
    return [
        attempt("close may be called twice", twice),
        attempt("after close no new sample comes", silence),
        attempt(name, lambda: judge(name, before.wait_for_end(_LONGEST_CLOSE))),
    ]


def check_reconnect(make_driver: Callable[[], Driver], before: OpenThings) -> Check:
    """Check that a second driver connects after the first was closed."""
    name = "it can be connected again after close"

    def check() -> Check:
        driver = make_driver()
        try:
            driver.connect()
            period = 1.0 / driver.capabilities.state_rate
            samples = collect_samples(driver, max(0.5, 20.0 * period))
        finally:
            driver.close()
        problems = [] if len(samples) > 1 else ["no samples come after the second connect()"]
        return judge(name, problems + before.wait_for_end(_LONGEST_CLOSE))

    return attempt(name, check)


def check_unreachable(make_driver: Callable[[], Driver] | None) -> Check:
    """Check that ``connect`` gives up with one sentence where no robot is.

    Args:
        make_driver: Makes a driver whose robot does not exist; None: not judged.
    """
    name = "connect gives up with one sentence"
    if make_driver is None:
        return not_judged(name, "make_unreachable is not given")
    try:
        driver = make_driver()
    except ZooError as error:
        return failed(name, f"the driver cannot be made: {error}")
    start = time.monotonic()
    try:
        driver.connect()
    except RobotFault as error:
        took = time.monotonic() - start
        problems = [f"it took {took:.0f} s"] if took > _LONGEST_CONNECT else []
        if "\n" in str(error) or not str(error):
            problems.append("its message is not one line")
        return judge(name, problems, f"'{error}' after {took:.1f} s")
    # What is not a RobotFault is the finding.
    except Exception as error:
        return failed(name, f"it raised {type(error).__name__}, not RobotFault: {error}")
    driver.close()
    return failed(name, "it connected")
