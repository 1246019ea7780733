"""Schedules as the callables SB3 expects, saved so that plain SB3 loads the model without us."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable

import cloudpickle

from rl_zoo.config.model import Schedule

cloudpickle.register_pickle_by_value(sys.modules[__name__])


def schedule_function(schedule: Schedule) -> Callable[[float], float]:
    """Return the function ``progress_remaining -> value`` of ``schedule``.

    A closure over plain numbers: cloudpickle stores it by value, unlike a class of ours.
    """
    kind, start, end = schedule.kind, schedule.start, schedule.end
    end_fraction = schedule.end_fraction

    def value(progress_remaining: float) -> float:
        fraction = min((1.0 - progress_remaining) / end_fraction, 1.0)
        if kind == "linear":
            return start + fraction * (end - start)
        if kind == "exponential":
            return start * math.pow(end / start, fraction)
        if kind == "cosine":
            return end + 0.5 * (start - end) * (1.0 + math.cos(math.pi * fraction))
        return start

    return value
