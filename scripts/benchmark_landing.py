"""Stop simulated bert out of a trot of 0.5 m/s, at random places of its stride: who falls?

Prints one row per ``land_time``; one as long as the ramp to standing is freezing in the stride.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from rl_zoo.console import result
from rl_zoo.motion.oscillator import JointPattern, advance_phase, pattern_positions
from rl_zoo.motion.rotations import tilt
from rl_zoo.robots.bert import BERT
from rl_zoo.robots.control.local_link import LocalLink
from rl_zoo.robots.control.modes import Mode, Request
from rl_zoo.robots.control.settings import ControlSettings
from rl_zoo.robots.drivers.sim import SimDriver

TROT = JointPattern(
    amplitudes=(0.216, -0.784) * 4,
    phases=(0.0, 3.075, 2.931, 0.144, 2.931, 0.144, 0.0, 3.075),
    offsets=(0.574, -0.479) * 4,
    swing_frequency=3.57,
    stance_frequency=4.12,
)
"""Found by the open-loop search."""
PERIOD = 1.0 / BERT.control_frequency
FALLEN = 0.5
"""Tilt of the trunk, rad, as in the tasks."""


def main() -> None:
    """Stop often, count falls."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--land-times", type=float, nargs="+", default=[0.08, 0.12, 0.2, 0.3, 2.0])
    parser.add_argument("--stops", type=int, default=30)
    arguments = parser.parse_args()
    result("| land_time (s) | stops | falls | largest tilt (rad), mean | max |")
    result("|--:|--:|--:|--:|--:|")
    for land_time in arguments.land_times:
        generator = np.random.default_rng(0)
        tilts = [stop(land_time, 150 + int(generator.integers(50))) for _ in range(arguments.stops)]
        falls = sum(value > FALLEN for value in tilts)
        row = f"{np.mean(tilts):.2f} | {max(tilts):.2f}"
        result(f"| {land_time:g} | {len(tilts)} | {falls} | {row} |")


def stop(land_time: float, n_steps: int) -> float:
    """Walk ``n_steps`` of 20 ms, stop, and return the largest tilt of the next 2.5 s, rad."""
    driver: Any = SimDriver(BERT)
    link = LocalLink(driver, ControlSettings(land_time=land_time))
    link.open()
    for request, mode in ((Request.STAND, Mode.READY), (Request.RUN, Mode.RUN)):
        link.request(request)
        while link.snapshot().mode is not mode:
            link.wait_until(link.clock.now() + PERIOD)
    phases = np.array(TROT.phases)
    for _ in range(n_steps):
        phases = advance_phase(phases, TROT.swing_frequency, TROT.stance_frequency, PERIOD)
        action = np.clip(pattern_positions(TROT, phases), -1.0, 1.0)
        link.act(BERT.default_pose + BERT.action_ranges * action)
        link.wait_until(link.clock.now() + PERIOD)
    link.request(Request.HOLD)
    largest = 0.0
    for _ in range(125):
        link.wait_until(link.clock.now() + PERIOD)
        largest = max(largest, tilt(link.snapshot().state.orientation))
    link.close()
    return largest


if __name__ == "__main__":
    main()
