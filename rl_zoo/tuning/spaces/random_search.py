"""Search spaces of augmented random search and of the search for an open-loop pattern.

``n_top`` is ``top_frac_size`` of the ``n_delta`` directions.
"""

from __future__ import annotations

from rl_zoo.tuning.space import Parameter
from rl_zoo.tuning.spaces.shared import LEARNING_RATE

ARS = (
    Parameter("n_delta", "power_of_two", 4, 64),
    LEARNING_RATE,
    Parameter("delta_std", "float", 0.01, 0.3),
    Parameter("top_frac_size", "float", 0.05, 1.0, key=""),
)

OPEN_LOOP = (
    Parameter("sigma", "float", 0.05, 0.3, default=1 / 6),
    Parameter("population_size", "power_of_two", 8, 32, default=12),
    Parameter("n_eval_episodes", "int", 1, 3, default=1),
)
