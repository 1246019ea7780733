"""Time limits are not failures: the value after the last step of a truncated episode counts.

The environment Ring shows a one-hot of t mod 4, pays 1 per step and ends after 4. With gamma = 0.98
every state is worth 50 if the end is a truncation, and 3.8816, 2.9404, 1.98, 1 if a termination.
"""

import numpy as np
import pytest
import torch

from rl_zoo.agents.algorithms import ALGORITHMS
from rl_zoo.agents.capabilities import OFF_POLICY
from scripts.truncation_cases import (
    CASES,
    GAMMA,
    IF_TERMINATED,
    IF_TRUNCATED,
    WITHOUT_VALUES,
    build,
    learn,
)
from tests.conftest import PARAMETERS

WITH_VALUES = sorted(set(ALGORITHMS.built_in_names()) - WITHOUT_VALUES)
ON_POLICY = sorted(set(WITH_VALUES) - OFF_POLICY)
QUICK = {"ppo"}
DISCOUNTED = 1 + GAMMA + GAMMA**2


def test_every_algorithm_with_values_has_a_case():
    """Add one to scripts/truncation_cases.py, and a row to docs/truncation.md by its command."""
    assert {case.algo for case in CASES.values()} == set(WITH_VALUES)
    assert not set(CASES) & WITHOUT_VALUES


def tiny(algo, *params):
    chosen = [item for item in PARAMETERS[algo] if not item.startswith("learning_starts")]
    starts = ["learning_starts:1000"] if algo in OFF_POLICY else []
    return (*chosen, *starts, f"gamma:{GAMMA}", *params)


@pytest.mark.parametrize("algo", sorted(OFF_POLICY))
@pytest.mark.parametrize("terminate", [False, True])
def test_what_the_replay_buffer_holds_at_the_end(algo, terminate):
    agent = build(algo, "Counting-v0", tiny(algo), terminate=terminate)
    agent.learn(8)
    memory = agent.replay_buffer
    assert memory.dones[:8, 0].tolist() == [0, 0, 0, 1, 0, 0, 0, 1]
    assert memory.timeouts[3, 0] == (not terminate)
    sample = memory._get_samples(np.array([3]))
    assert sample.dones.item() == terminate
    assert sample.next_observations.item() == 4, "not the first observation of the next episode"


@pytest.mark.parametrize("algo", sorted(OFF_POLICY))
@pytest.mark.parametrize("terminate", [False, True])
def test_returns_of_several_steps_stop_at_the_end(algo, terminate):
    agent = build(algo, "Counting-v0", tiny(algo, "n_steps:3"), terminate=terminate)
    agent.learn(12)
    sample = agent.replay_buffer._get_samples(np.arange(4))
    expected = [DISCOUNTED, DISCOUNTED, 1 + GAMMA, 1]
    np.testing.assert_allclose(sample.rewards.flatten(), expected, rtol=1e-6)
    assert sample.next_observations.flatten().tolist() == [3, 4, 4, 4]
    assert sample.dones.flatten().tolist() == [0, *[float(terminate)] * 3]
    discounts = [GAMMA**3, GAMMA**3, GAMMA**2, GAMMA]
    np.testing.assert_allclose(sample.discounts.flatten(), discounts, rtol=1e-6)


@pytest.mark.parametrize("algo", ON_POLICY)
@pytest.mark.parametrize("terminate", [False, True])
def test_what_the_rollout_holds_at_the_end(algo, terminate):
    batch = ["batch_size:8"] if algo != "a2c" else []
    agent = build(algo, "Counting-v0", tiny(algo, "n_steps:8", *batch), terminate=terminate)
    values, rewards = [], []
    predict = agent.policy.predict_values

    def remember(observations, *more):
        result = predict(observations, *more)
        if observations.flatten().tolist() == [4]:
            values.append(result.item())
        return result

    agent.policy.predict_values = remember
    agent.train = lambda: rewards.extend(agent.rollout_buffer.rewards.flatten())
    agent.learn(8)
    expected = [1, 1, 1, 1] * 2
    if not terminate:
        assert len(values) == 2
        expected[3], expected[7] = (1 + GAMMA * value for value in values)
    np.testing.assert_allclose(rewards, expected, rtol=1e-6)


def shows_nonsense(memory):
    """Say whether anything from after a gap of Ring is in a buffer."""
    arrays = [getattr(memory, name, np.zeros(1)) for name in ("observations", "next_observations")]
    return bool((memory.rewards < -100).any() or max(array.max() for array in arrays) > 1)


@pytest.mark.parametrize("algo", sorted({*ALGORITHMS.built_in_names()} - {"openloop"}))
@pytest.mark.parametrize("n_envs", [1, 2])
def test_nothing_from_after_a_gap_enters_a_memory(algo, n_envs):
    params = [item for item in PARAMETERS[algo] if "learning_starts" not in item]
    params += ["learning_starts:20"] if algo in OFF_POLICY else []
    agent = build(algo, "Ring-v0", (*params, f"n_envs:{n_envs}"), gaps=0.3)
    seen = []
    if algo == "ars":
        evaluate = agent.evaluate_candidates
        agent.evaluate_candidates = lambda *args: seen.append(evaluate(*args)) or seen[-1]
        agent.learn(200)
        assert all((returns == 4).all() for returns in seen), "whole episodes only"
    else:
        memory = agent.replay_buffer if algo in OFF_POLICY else agent.rollout_buffer
        train = agent.train

        def check_and_train(*args, **kwargs):
            seen.append(memory.discarded.sum())
            assert not shows_nonsense(memory)
            train(*args, **kwargs)

        agent.train = check_and_train
        agent.learn(150)
        assert max(seen) > 0
    assert seen
    weights = torch.cat([value.flatten() for value in agent.policy.parameters()])
    assert torch.isfinite(weights).all()


def slow_unless_quick(names):
    return [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in names]


@pytest.mark.parametrize("name", slow_unless_quick(CASES))
def test_a_truncated_episode_is_worth_as_much_as_an_endless_one(name):
    np.testing.assert_allclose(learn(name), IF_TRUNCATED, atol=CASES[name].tolerance)


@pytest.mark.parametrize("name", slow_unless_quick(CASES))
def test_a_terminated_episode_is_worth_what_it_paid(name):
    np.testing.assert_allclose(learn(name, terminate=True), IF_TERMINATED, atol=0.15)


@pytest.mark.parametrize("name", slow_unless_quick(CASES))
def test_interrupted_steps_do_not_change_what_is_learned(name):
    """A fifth of the steps is interrupted, shows 100 everywhere and pays -1000."""
    values = learn(name, gaps=0.2)  # a fifth less to learn from in as many steps
    np.testing.assert_allclose(values, IF_TRUNCATED, atol=2 * CASES[name].tolerance)
