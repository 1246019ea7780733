"""Where a gait puts the feet of a robot, and what a policy sees of its oscillators."""

from __future__ import annotations

import numpy as np
import pytest

from rl_zoo.motion.action_bounds import ActionBounds
from rl_zoo.motion.cpg_modulation import ModulationRanges
from rl_zoo.motion.cpg_residual import CpgResidual
from rl_zoo.motion.foot_generator import FootGenerator
from rl_zoo.motion.gait_prior import GaitPrior, LeggedPosture, foot_centres
from rl_zoo.motion.kinematics import LegGeometry

PLACES = (("FR", 0.1, -0.07), ("FL", 0.1, 0.07), ("RR", -0.1, -0.07), ("RL", -0.1, 0.07))
LEGS = tuple(
    LegGeometry(
        name=name,
        foot=f"{name}_foot",
        joints=(f"{name}_abduction", f"{name}_hip", f"{name}_knee"),
        hip_position=(x, y, 0.04),
        thigh_length=0.1,
        shank_length=0.1,
        foot_radius=0.0,
        abduction_offset=0.02 * np.sign(y),
    )
    for name, x, y in PLACES
)
POSTURE = LeggedPosture(
    "dog", LEGS, tuple((3 * i, 3 * i + 1, 3 * i + 2) for i in range(4)), (0.0, 0.6, -1.2) * 4
)


def cpg(ranges: ModulationRanges, **gait: float) -> CpgResidual:
    generator = FootGenerator(POSTURE, GaitPrior(**gait), ranges, np.asarray)
    bounds = ActionBounds(-np.ones(12), np.ones(12))
    return CpgResidual(generator, ranges, np.zeros(0), bounds, 0.02)


def test_outward_is_away_from_the_trunk_on_both_sides() -> None:
    rest, moved = (foot_centres(GaitPrior(outward_shift=shift), POSTURE) for shift in (0.0, 0.03))
    assert moved - rest == pytest.approx(np.outer([-1.0, 1.0, -1.0, 1.0], [0.0, 0.03, 0.0]))


def test_the_height_is_counted_from_the_hip() -> None:
    assert foot_centres(GaitPrior(height=0.15), POSTURE)[:, 2] == pytest.approx(0.04 - 0.15)


@pytest.mark.parametrize(
    ("ranges", "gait", "n_phases"),
    [
        (ModulationRanges(), {}, 1),
        (ModulationRanges(), {"coupling_strength": 1.0}, 4),
        (ModulationRanges(frequency=(0.8, 1.2)), {}, 1),
        (ModulationRanges(frequency=(0.8, 1.2), per_leg=True), {}, 4),
        (ModulationRanges(amplitude=(0.8, 1.2), per_leg=True), {}, 1),
    ],
    ids=["one clock", "coupled", "common frequency", "own frequencies", "own amplitudes"],
)
def test_phases_that_can_part_are_all_seen(
    ranges: ModulationRanges, gait: dict[str, float], n_phases: int
) -> None:
    assert len(cpg(ranges, **gait).generator.observed_phases) == n_phases


def test_only_amplitudes_and_their_rates_are_without_bounds() -> None:
    ranges = ModulationRanges(amplitude=(0.5, 2.0), heading_rate=1.0)
    bounds = cpg(ranges).feature_bounds()
    assert bounds.tolist() == [1.0, 1.0, np.inf, np.inf, 1.0, 1.0]
