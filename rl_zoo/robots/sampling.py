"""Read a driver for a while, without commanding anything, and say how its samples came."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from rl_zoo.robots.driver import Driver, RobotState

_READS_PER_SAMPLE = 5
_LONGEST_PAUSE = 0.02  # s, between two reads of a slow robot


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample and when it was first seen."""

    seen: float
    """Time on the driver's clock, s."""
    state: RobotState


@dataclass(frozen=True)
class Cadence:
    """How samples came."""

    rate: float
    """Samples per second that came, Hz; 0 if fewer than two."""
    median_gap: float
    """Between two samples, s."""
    p99_gap: float
    """Gap that 1 % of the gaps exceed, s."""
    longest_gap: float
    """s; the silence before the end counts."""
    n_lost: int | None
    """Samples that the robot counted and that did not come; None: it does not count."""


def collect_samples(
    driver: Driver,
    seconds: float,
    each: Callable[[RobotState], None] | None = None,
    *,
    until: Callable[[], bool] = lambda: False,
) -> list[Sample]:
    """Read a connected driver for some time of its clock; return the new samples in order.

    Args:
        driver: Connected.
        seconds: Time on its clock, s.
        each: Called with every new sample; then nothing is kept and the list is empty.
        until: Asked after every read; True ends it early.
    """
    pause = min(1.0 / (_READS_PER_SAMPLE * driver.capabilities.state_rate), _LONGEST_PAUSE)
    end = driver.clock.now() + seconds
    samples: list[Sample] = []
    newest: tuple[float, int | None] | None = None
    while (now := driver.clock.now()) < end and not until():
        state = driver.read()
        if state is not None and (state.time, state.sequence) != newest:
            newest = state.time, state.sequence
            if each is None:
                samples.append(Sample(driver.clock.now(), state))
            else:
                each(state)
        driver.clock.sleep_until(min(now + pause, end))
    return samples


def measure_cadence(samples: Sequence[Sample], end: float | None = None) -> Cadence:
    """Return rate, gaps and losses of samples.

    Args:
        samples: In order.
        end: When reading ended, s; None: at the last sample.
    """
    if len(samples) < 2:
        return Cadence(0.0, float("inf"), float("inf"), float("inf"), None)
    times = np.array([sample.state.time for sample in samples])
    gaps = np.diff(times)
    silence = 0.0 if end is None else end - float(times[-1])
    span = float(times[-1] - times[0])
    return Cadence(
        rate=len(gaps) / span if span > 0.0 else 0.0,
        median_gap=float(np.median(gaps)),
        p99_gap=float(np.quantile(gaps, 0.99)),
        longest_gap=max(float(gaps.max()), silence),
        n_lost=_count_lost([sample.state.sequence for sample in samples]),
    )


def _count_lost(sequences: Sequence[int | None]) -> int | None:
    """Count missing samples; a robot may count in another unit (ms), always the same per sample."""
    numbers = [number for number in sequences if number is not None]
    if len(numbers) < len(sequences):
        return None
    steps = [after - before for before, after in itertools.pairwise(numbers) if after > before]
    if not steps:
        return 0
    usual = sorted(steps)[len(steps) // 2]
    return sum(max(round(step / usual) - 1, 0) for step in steps)
