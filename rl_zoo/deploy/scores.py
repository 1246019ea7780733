"""What discrete actions are chosen by: logits or values, of the original and of the graph.

Two policies that differ a little choose the same in almost every observation, so that equal choices
alone prove little.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from sb3_contrib.qrdqn.policies import QRDQNPolicy
from stable_baselines3.dqn.policies import DQNPolicy

from rl_zoo.deploy.graph.builder import BuiltNetwork
from rl_zoo.deploy.network import open_session
from rl_zoo.deploy.parity import Comparison
from rl_zoo.deploy.tolerance import LARGEST_ERROR

_SMALLEST_SIZE = 0.1
"""Of scores: below, their roundings are not in proportion to them."""

Scores = list[NDArray[np.float64]]


@contextmanager
def listening(policy: Any) -> Iterator[Scores | None]:
    """Yield a list that gets the scores of every ``predict`` of the policy. Shape: (n_choices,).

    Args:
        policy: ``agent.policy``; of a kind that is not known, None is yielded.
    """
    module, heard = _scoring_module(policy), Scores()
    if module is None:
        yield None
        return

    def keep(_module: Any, _inputs: Any, output: Any) -> None:
        values = output.detach().cpu().numpy().astype(np.float64)
        heard.append(values.mean(axis=1)[0] if values.ndim == 3 else values[0])  # quantiles

    handle = module.register_forward_hook(keep)
    try:
        yield heard
    finally:
        handle.remove()


def compare_scores(
    built: BuiltNetwork, episodes: Sequence[Sequence[Any]], wanted: Scores, stage: str
) -> Comparison:
    """Compare the scores of the graph with those of the original, relative to the largest of them.

    Args:
        built: With scores.
        episodes: Observations, from a reset on.
        wanted: Scores of the original for all of them, one after the other.
        stage: What to call this comparison.
    """
    largest, entry, n, n_different = 0.0, None, 0, 0
    size = max(_SMALLEST_SIZE, *(float(np.abs(score).max()) for score in wanted))
    for found, score in zip(_scores_of(built, episodes), wanted, strict=True):
        error = np.abs(found - score) / size
        error[~np.isfinite(error)] = np.inf
        index = int(np.argmax(error))
        n += 1
        n_different += bool(error[index] > LARGEST_ERROR)
        if entry is None or error[index] > largest:
            largest, entry = float(error[index]), index
    return Comparison(stage, n, largest, entry, n_different, what="score")


def _scores_of(
    built: BuiltNetwork, episodes: Sequence[Sequence[Any]]
) -> Iterator[NDArray[np.float64]]:
    assert built.scores is not None
    model = onnx.ModelProto()
    model.CopyFrom(built.model)
    model.graph.output.append(built.scores)
    session = open_session(model.SerializeToString(), "the graph with its scores")
    layout = built.layout
    initial = {
        state.input: np.resize(np.array(state.initial or 0.0, state.dtype), (1, *state.shape))
        for state in layout.states
    }
    names = [built.scores.name, *(state.output for state in layout.states)]
    for episode in episodes:
        states = dict(initial)
        for observation in episode:
            parts = observation if isinstance(observation, dict) else None
            feed = {
                item.name: np.asarray(
                    observation if parts is None else parts[item.key], item.dtype
                ).reshape(1, *item.shape)
                for item in layout.inputs
            }
            scores, *following = session.run(names, {**feed, **states})
            states = dict(zip(initial, following, strict=True))
            yield np.asarray(scores[0], np.float64)


def _scoring_module(policy: Any) -> Any:
    """Return the module whose output decides; None: not known."""
    if isinstance(policy, DQNPolicy):
        return policy.q_net
    if isinstance(policy, QRDQNPolicy):
        return policy.quantile_net
    return getattr(policy, "action_net", None)
