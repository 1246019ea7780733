"""Made-up ticks of bert."""

import numpy as np

from rl_zoo.robots.bert import BERT
from rl_zoo.robots.control.tick_record import tick_dtype

DTYPE = tick_dtype(BERT)


def make_ticks(count, start=0, rate=500.0):
    """Return ticks in RUN, 1 / rate apart, whose numbers differ from tick to tick."""
    rows = np.zeros(count, DTYPE)
    rows["tick"] = np.arange(start, start + count)
    rows["time"] = 1000.0 + rows["tick"] / rate
    rows["mode"] = 4
    rows["joint_positions"] = rows["tick"][:, None] / 1000.0 + np.arange(8)
    rows["sample"]["joint_positions"] = rows["joint_positions"] + 0.001
    rows["sample"]["battery_voltage"] = np.nan
    rows["sample"]["time"] = rows["time"]
    return rows
