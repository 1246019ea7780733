"""Learning curves of the native learner beside SB3's."""

import json

import numpy as np
import pytest

from scripts.native_curves import BACKENDS, Case, compare, train_once, write_table


def test_interval_holds_the_difference_of_equal_learners_and_not_that_of_others():
    random = np.random.default_rng(0)
    sb3, native = random.normal(100, 10, (2, 10))
    found = compare(sb3, native)
    assert found.low < 0 < found.high
    assert found.low < native.mean() - sb3.mean() < found.high
    assert compare(sb3, native - 50).high < 0
    assert compare(sb3, native + 50).low > 0


@pytest.mark.parametrize(("worse_by", "fine"), [(0, True), (50, False)])
def test_table_says_whether_native_is_worse(tmp_path, worse_by, fine):
    random = np.random.default_rng(1)
    record = {
        "sac Env-v0": {
            backend: {
                str(seed): {"returns": list(random.normal(100 - loss, 5, 4))} for seed in range(5)
            }
            for backend, loss in zip(BACKENDS, (0, worse_by), strict=True)
        },
        "too few": {"sb3": {"0": {"returns": [1.0]}}},
    }
    (tmp_path / "curves.json").write_text(json.dumps(record))
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- native_curves -->\n<!-- end of native_curves -->\nafter\n")
    assert write_table(tmp_path / "curves.json", page) == fine
    text = page.read_text()
    assert "| `sac Env-v0` | 5 + 5 | last one |" in text
    assert "too few" not in text


@pytest.mark.slow
@pytest.mark.parametrize("backend", BACKENDS)
def test_both_learn_to_swing_up(backend):
    run = train_once(Case("sac", "Pendulum-v1", 4000, 1000, 5), backend, 1)
    assert run["timesteps"] == [1000, 2000, 3000, 4000]
    assert run["returns"][0] < -900
    assert run["returns"][-1] > -500
