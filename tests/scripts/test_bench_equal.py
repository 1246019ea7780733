"""The truth beside which ``bench_equal`` judges is the algorithm's own, only more precise."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from scripts.bench_equal import (
    CASES,
    CEILING,
    LARGE,
    SMALL,
    Judged,
    distances,
    make_agent,
    train_reference,
)


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_double_precision_takes_the_same_minibatches_and_noise(case) -> None:
    start = {
        name: value.clone()
        for name, value in make_agent(case, SMALL, 0).policy.state_dict().items()
    }
    single, _ = train_reference(case, SMALL, 0)
    double, _ = train_reference(case, SMALL, 0, exact=True)

    weights = {name: value for name, value in single.items() if name in start}
    assert all(value.dtype == torch.float64 for value in double.values())
    assert distances(weights, start).max() > 100 * CEILING  # there is something to compare
    assert 0 < distances(single, double).max() < 1e-6


def test_what_is_further_off_than_the_algorithm_fails() -> None:
    near, far = [np.full(1000, 2e-5)], [np.full(1000, 4e-5)]
    same = Judged(CASES[0], [1e-7, 2e-4, 2e-7], near, near, near)
    further = Judged(CASES[0], [1e-7] * 3, far, near, near)
    small = Judged(CASES[0], [1e-7, 2e-5, 3e-5], near, far, near)
    first = Judged(CASES[0], [2e-5, 1e-7, 1e-7], near, far, near)

    assert same.failures() == []
    assert "**2.0e-07** (2.0e-04 in 1 seed)" in same.row()
    assert further.failures() == [f"SAC, {LARGE}: 4.0e-05 from the truth, SB3 2.0e-05"]
    for judged, told in (
        (small, "1.0e-07, 2.0e-05, 3.0e-05"),
        (first, "2.0e-05, 1.0e-07, 1.0e-07"),
    ):
        (failure,) = judged.failures()
        assert failure.endswith(f"weights are {told} off, in the first seed or in two")
