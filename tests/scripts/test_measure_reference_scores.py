"""The table of reference scores says what the committed records hold."""

from __future__ import annotations

import pytest

from rl_zoo.plots.reference_scores import read_reference_scores
from scripts.measure_reference_scores import PUBLISHED, SOURCES, recorded_returns

TABLE = read_reference_scores()


@pytest.mark.parametrize("env_id", SOURCES)
def test_references_are_those_of_the_records(env_id):
    record = recorded_returns(env_id, SOURCES[env_id], PUBLISHED)
    entry = TABLE[env_id]
    assert entry.reference == pytest.approx(record.per_seed.mean(), rel=1e-5)
    measured = entry.reference_measured
    assert measured["policy"] == f"{SOURCES[env_id].algo}, {record.steps:,} steps"
    assert measured["seeds"] == len(record.per_seed)
    assert measured["episodes"] == record.n_episodes


def test_every_reference_has_a_source():
    assert {env for env, entry in TABLE.items() if entry.reference is not None} == set(SOURCES)
