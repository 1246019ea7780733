"""Seeds of the trainings of a study, each used once."""

from __future__ import annotations

import numpy as np

FRESH_STREAM = 1_000_000
"""Streams from here on are never used while searching."""


def trial_seed(seed: int, number: int, stream: int = 0) -> int:
    """Return the seed of a training of trial ``number`` in a study of ``seed``.

    Args:
        seed: Seed of the study.
        number: The trial.
        stream: Which of its trainings; from ``FRESH_STREAM`` on: after the search.
    """
    state = np.random.SeedSequence([seed, number, stream]).generate_state(1)
    return int(state[0]) & 0x7FFFFFFF
