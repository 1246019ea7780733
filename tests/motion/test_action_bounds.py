"""Bounds and units of an action survive JSON to the last bit."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from rl_zoo.motion.action_bounds import ActionBounds, JointUnits


@given(
    low=arrays.arrays(np.float32, (2, 3), elements=st.floats(-(2.0**100), 0.0, width=32)),
    unbounded=st.booleans(),
)
def test_bounds_survive_json(low, unbounded):
    high = np.full_like(low, np.inf) if unbounded else -low
    plain = json.loads(json.dumps(ActionBounds(low, high).to_dict(), allow_nan=False))
    read = ActionBounds.from_dict({**plain, "other": 1})
    assert read.dtype == np.float32
    assert read.low.tobytes() == low.tobytes()
    assert read.high.tobytes() == high.tobytes()


def test_cut_has_the_type_of_the_bounds_and_keeps_nan():
    bounds = ActionBounds(np.full(3, -1.0, np.float32), np.full(3, 0.1, np.float32))
    cut = bounds.cut(np.array([-3.0, 0.100000001, np.nan]))
    assert cut.dtype == np.float32
    np.testing.assert_array_equal(cut, np.array([-1.0, 0.1, np.nan], np.float32))
    assert bounds.is_outside(np.array([0.0, 0.0, 0.2]))
    assert not bounds.is_outside(np.array([0.0, -1.0, 0.05]))


@given(arrays.arrays(np.float64, 4, elements=st.floats(-3.0, 3.0)))
def test_units_command_the_position(position):
    units = JointUnits((0.1, -0.8, 1.6, 0.0), (0.25, 0.5, 1.0, 2.0))
    action = units(position)
    reached = np.array(units.origin) + np.array(units.scale) * action
    assert reached == pytest.approx(position, abs=1e-14)
    read = JointUnits.from_dict(json.loads(json.dumps(units.to_dict())))
    assert read == units
    np.testing.assert_array_equal(read(position), action)
