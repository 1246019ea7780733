"""CMA-ES: it finds optima, repeats itself, and its state is all there is."""

import json

import numpy as np
import pytest

from rl_zoo.agents.open_loop_search import PatternSearch, SearchSettings

TARGET = np.array([0.2, 0.7, 0.9, 0.4])


def settings(**changes):
    values = {"start": np.full(4, 0.5), "sigma": 1 / 6, "seed": 3, **changes}
    return SearchSettings(**values)


def generation(search, function):
    candidates = search.ask()
    search.results[:] = [[function(point)] * search.settings.n_episodes for point in candidates]
    search.tell(candidates)
    return candidates


def paraboloid(point):
    return -float(np.sum((point - TARGET) ** 2))


def test_default_population_is_hansens():
    assert PatternSearch(settings()).population_size == 4 + int(3 * np.log(4))
    assert PatternSearch(settings(population_size=30)).population_size == 30


def test_finds_an_optimum_and_remembers_the_best():
    search = PatternSearch(settings(n_top=3))
    everything = np.concatenate([generation(search, paraboloid) for _ in range(40)])
    assert everything.min() >= 0.0
    assert everything.max() <= 1.0
    assert search.mean == pytest.approx(TARGET, abs=0.03)
    values = sorted((paraboloid(point) for point in everything), reverse=True)
    assert [value for value, _ in search.top] == pytest.approx(values[:3])
    assert search.n_restarts == 0


def test_fitness_is_the_mean_over_episodes():
    search = PatternSearch(settings(n_episodes=2))
    candidates = search.ask()
    search.results[:] = np.stack([np.arange(8.0), np.arange(8.0)[::-1] * 3], axis=1)
    search.tell(candidates)
    assert search.top[0][0] == 10.5  # (0 + 21) / 2, the first one
    assert search.top[0][1] == pytest.approx(candidates[0])


def test_restart_elsewhere_with_twice_the_population():
    search = PatternSearch(settings(sigma=0.01))
    for _ in range(200):
        generation(search, paraboloid)
        if search.n_restarts:
            break
    assert search.n_restarts == 1
    assert search.population_size == 16
    assert search.results.shape == (16, 1)
    assert search.sigma == pytest.approx(1 / 6)
    assert np.linalg.norm(search.mean - TARGET) > 0.1
    assert search.top[0][0] > -1e-4  # not forgotten


def test_state_is_all_there_is():
    """Also within a generation, and across a restart."""
    search = PatternSearch(settings(sigma=0.02))
    for number in range(150):
        state = json.loads(json.dumps(search.state()))
        twin = PatternSearch.from_state(settings(sigma=0.02), state)
        expected = search.ask()
        assert np.array_equal(twin.ask(), expected)
        if number % 20 == 7:
            search.results[:4] = 1.0
            search = PatternSearch.from_state(settings(sigma=0.02), search.state())
            assert np.isnan(search.results).ravel().tolist()[:5] == [False] * 4 + [True]
        generation(search, paraboloid)
    assert search.n_restarts >= 1


def test_seed_decides():
    first, same, other = (PatternSearch(settings(seed=seed)).ask() for seed in (3, 3, 4))
    assert np.array_equal(first, same)
    assert not np.array_equal(first, other)
