"""Begin with the policy of another run (``-i``), which the learner takes over once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rl_zoo.agents.baseline import announce_baseline
from rl_zoo.agents.normalizer_file import check_fits, load_normalizer
from rl_zoo.agents.warm_start import WarmStart, take_over
from rl_zoo.agents.weights import has_finite_weights
from rl_zoo.errors import DamagedFileError, UnsafeFileError, UsageError
from rl_zoo.realtime.events import EventWriter
from rl_zoo.runs.source import find_source
from rl_zoo.train_options import TrainOptions

if TYPE_CHECKING:
    from stable_baselines3.common.base_class import BaseAlgorithm

    from rl_zoo.realtime.learner_loop import Learner


def begin_with_old_policy(learner: Learner, options: TrainOptions, events: EventWriter) -> None:
    """Take the old policy over and keep it: the next learner must not do so again.

    The snapshot is written before the policy is published: what acts can always be continued from.

    Args:
        learner: New.
        options: Of the run.
        events: To the supervisor, which is told what was taken over.

    Raises:
        UsageError: If the model cannot be used.
    """
    restored = take_over_old_policy(learner.agent, options)
    learner.files.renew_recovery()
    learner.files.wait()
    events.send({"kind": "restored", "lines": restored})


def take_over_old_policy(agent: BaseAlgorithm, options: TrainOptions) -> dict[str, str]:
    """Load weights, optimisers and normaliser of ``options.trained_agent`` into a new agent.

    Returns:
        What was taken over and what was not, in words.

    Raises:
        UsageError: If the model does not fit, is damaged or is not finite: a learner that is
            started again would fail in the same way.
    """
    assert options.trained_agent is not None
    source = find_source(options.trained_agent)
    wanted = WarmStart(repeat_warmup=options.repeat_warmup, trust=options.trust, takes_buffer=False)
    normalizer: Any = agent.get_vec_normalize_env()
    try:
        restored = take_over(agent, source, wanted, options.config)
        if normalizer is not None and source.normalizer is not None:
            normalizer.adopt(load_normalizer(source.normalizer, trust=options.trust))
            check_fits(normalizer, source.normalizer)
    except (DamagedFileError, UnsafeFileError) as error:
        raise UsageError(str(error)) from error
    if not has_finite_weights(agent):
        raise UsageError(f"{source.model}: its weights are not finite; choose an earlier model")
    return {**restored, **announce_baseline(options.eval_freq, options.eval_episodes)}
