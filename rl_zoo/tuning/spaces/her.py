"""What hindsight experience replay adds to the space of the algorithm it serves."""

from __future__ import annotations

from rl_zoo.tuning.space import Parameter, one_of

HER = (
    Parameter("n_sampled_goal", "int", 1, 5, key="replay_buffer_kwargs.n_sampled_goal", default=4),
    Parameter(
        "goal_selection_strategy",
        "categorical",
        choices=one_of("final", "episode", "future"),
        key="replay_buffer_kwargs.goal_selection_strategy",
        default="future",
    ),
)
