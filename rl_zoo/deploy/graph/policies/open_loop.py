"""Open-loop oscillators: phases are a state of the graph, advanced as in ``motion.oscillator``."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rl_zoo.deploy.graph.actions import clipped
from rl_zoo.deploy.graph.builder import GraphBuilder, Observation, Tensor
from rl_zoo.motion.oscillator import TWO_PI, JointPattern, cycle_period

PHASES = "phases"
"""Name of the state: phase of each joint, rad in [0, 2 pi). Shape: (n_joints,)."""


def add_policy(builder: GraphBuilder, policy: Any, observation: Observation) -> Tensor:
    """Add the positions of the joints and their next phases; the observation plays no part."""
    pattern: JointPattern = policy.pattern
    initial = pattern.initial_phases
    phases = builder.state(PHASES, initial.shape, np.float64, initial)
    swings = builder.binary("Mul", builder.node("Sin", phases), pattern.amplitudes)
    positions = builder.binary("Add", swings, pattern.offsets)
    builder.set_next_state(PHASES, _advanced(builder, phases, pattern, policy.control_period))
    return clipped(builder, positions, policy.action_space)


def _advanced(
    builder: GraphBuilder, phases: Tensor, pattern: JointPattern, duration: float
) -> Tensor:
    """Return the phases ``duration`` seconds later: to the part of the cycle, on, and back."""
    swing = pattern.swing_fraction
    stance = 1.0 - swing
    one = builder.constant(1.0, np.float64)

    half_cycles = builder.binary("Div", phases, math.pi)
    after_swing = builder.binary("Mul", builder.binary("Sub", half_cycles, 1.0), stance)
    fraction = builder.node(
        "Where",
        builder.node("Less", half_cycles, one, dtype=np.bool_),
        builder.binary("Mul", half_cycles, swing),
        builder.binary("Add", after_swing, swing),
        dtype=np.float64,
    )
    step = duration / float(cycle_period(pattern.swing_frequency, pattern.stance_frequency))
    later = builder.binary("Add", fraction, step)

    passed = builder.node("Mod", later, one, fmod=1)
    in_stance = builder.binary("Div", builder.binary("Sub", passed, swing), stance)
    following = builder.node(
        "Where",
        builder.node("Less", passed, builder.constant(swing, np.float64), dtype=np.bool_),
        builder.binary("Div", passed, swing),
        builder.binary("Add", in_stance, 1.0),
        dtype=np.float64,
    )
    angle = builder.binary("Mul", following, math.pi)
    return builder.node("Mod", angle, builder.constant(TWO_PI, np.float64), fmod=1)
