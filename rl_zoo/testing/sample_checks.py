"""Rules for what a driver reads: pure functions of its samples."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence

import numpy as np

from rl_zoo.robots.diagnosis import gravity_mismatch
from rl_zoo.robots.driver import BUTTONS, Capabilities, RobotState
from rl_zoo.robots.sampling import Sample, measure_cadence
from rl_zoo.robots.spec import RobotSpec
from rl_zoo.testing.report import Check, attempt, failed, judge, not_judged

_LARGEST_RATE = 2.0  # of the promised one
_LARGEST_REPEATED = 0.5  # of the samples
_LARGEST_MISMATCH = math.radians(20.0)
_OPTIONAL = {
    "acceleration": "acceleration_in_body",
    "foot_forces": "foot_forces",
    "temperature": "temperatures",
    "battery": "battery_voltage",
    "motors_online": "motors_online",
}
SAMPLE_CHECKS = (
    "joint arrays have the robot's size and type",
    "readings are finite",
    "orientation is a unit quaternion",
    "orientation agrees with the accelerometer",
    "joints are near their limits",
    "measures agree with the states",
    "unknown is None, not zero",
    "buttons have names of BUTTONS",
    "stamps are arrivals on the driver's clock",
    "stamps increase",
    "sequence increases",
    "samples come at the promised rate",
)
"""Names of the rules, in order."""


def check_samples(
    spec: RobotSpec,
    capabilities: Capabilities,
    samples: Sequence[Sample],
    min_rate_share: float,
) -> list[Check]:
    """Judge samples of a robot at rest.

    Args:
        spec: The robot.
        capabilities: What the driver promises.
        samples: In order.
        min_rate_share: Share of the promised rate that must come.
    """
    if not samples:
        why = "no sample came"
        return [failed(SAMPLE_CHECKS[0], why), *(not_judged(n, why) for n in SAMPLE_CHECKS[1:])]
    states = [sample.state for sample in samples]
    rules: list[Callable[[str], Check]] = [
        lambda name: judge(name, _every(states, lambda s: _shape_problem(spec, s))),
        lambda name: judge(name, _every(states, lambda s: _number_problem(capabilities, s))),
        lambda name: judge(name, _every(states, _orientation_problem)),
        lambda name: _check_gravity(name, states),
        lambda name: judge(name, _joint_problems(spec, states[-1])),
        lambda name: judge(name, _every(states, lambda s: _measure_problem(capabilities, s))),
        lambda name: judge(name, _zero_problems(states)),
        lambda name: judge(name, _every(states, lambda s: _button_problem(capabilities, s))),
        lambda name: _check_stamps(name, samples, capabilities),
        lambda name: judge(name, _stamp_problems(states)),
        lambda name: _check_sequence(name, states),
        lambda name: _check_rate(name, samples, capabilities, min_rate_share),
    ]
    named = zip(SAMPLE_CHECKS, rules, strict=True)
    return [attempt(name, functools.partial(rule, name)) for name, rule in named]


def _every(
    states: Sequence[RobotState], problem: Callable[[RobotState], str | None]
) -> Sequence[str]:
    """Return the first problem found, with the number of samples that have one."""
    found = [text for state in states if (text := problem(state)) is not None]
    return [f"{found[0]} ({len(found)} of {len(states)} samples)"] if found else []


def _shape_problem(spec: RobotSpec, state: RobotState) -> str | None:
    n, n_feet = spec.n_joints, len(spec.feet)
    shapes: dict[str, tuple[int, ...]] = {
        "joint_positions": (n,),
        "joint_velocities": (n,),
        "joint_torques": (n,),
        "motor_positions": (n,),
        "angular_velocity_in_body": (3,),
        "acceleration_in_body": (3,),
        "foot_forces": (n_feet,),
        "temperatures": (n,),
    }
    for name, shape in shapes.items():
        value = getattr(state, name)
        if value is None and name in ("acceleration_in_body", "foot_forces", "temperatures"):
            continue
        if not isinstance(value, np.ndarray) or value.dtype != np.float64:
            return f"{name} is {_kind(value)}, not an array of float64"
        if value.shape != shape:
            return f"{name} has shape {value.shape}, not {shape}"
    online: object = state.motors_online
    if online is not None and not (isinstance(online, tuple) and len(online) == n):
        return f"motors_online is not a tuple of {n}"
    return None


def _kind(value: object) -> str:
    return f"of {value.dtype}" if isinstance(value, np.ndarray) else type(value).__name__


def _number_problem(capabilities: Capabilities, state: RobotState) -> str | None:
    names = ["joint_positions", "joint_velocities", "motor_positions", "angular_velocity_in_body"]
    names += ["acceleration_in_body", "foot_forces", "temperatures", "battery_voltage"]
    if "torque" in capabilities.measures:
        names.append("joint_torques")
    for name in names:
        value = getattr(state, name)
        if value is not None and not np.isfinite(value).all():
            return f"{name} holds NaN or infinity"
    return None if math.isfinite(state.time) else "time is not finite"


def _orientation_problem(state: RobotState) -> str | None:
    numbers: Sequence[float] = state.orientation
    if len(numbers) != 4:
        return f"it has {len(numbers)} numbers, not 4"
    norm = math.hypot(*numbers)
    return None if abs(norm - 1.0) <= 0.01 else f"its norm is {norm:.3f}"


def _check_gravity(name: str, states: Sequence[RobotState]) -> Check:
    angle = gravity_mismatch(states)
    if angle is None:
        return not_judged(name, "no accelerometer, or the robot does not rest")
    degrees = math.degrees(angle)
    wrong = [f"they differ by {degrees:.0f} degrees about 'up'"]
    return judge(name, wrong if angle > _LARGEST_MISMATCH else [], f"{degrees:.1f} degrees")


def _joint_problems(spec: RobotSpec, state: RobotState) -> list[str]:
    q = state.joint_positions
    outside = np.maximum(spec.lower_limits - q, q - spec.upper_limits)
    return [
        f"'{spec.joint_names[index]}' reads {q[index]:.2f} rad, outside of "
        f"[{spec.lower_limits[index]:.2f}, {spec.upper_limits[index]:.2f}]: order, sign, degrees?"
        for index in np.flatnonzero(outside > 0.5)
    ]


def _measure_problem(capabilities: Capabilities, state: RobotState) -> str | None:
    for measure, field in _OPTIONAL.items():
        is_known = getattr(state, field) is not None
        if is_known and measure not in capabilities.measures:
            return f"{field} is given, but '{measure}' is not in measures"
        if not is_known and measure in capabilities.measures:
            return f"{field} is None, but '{measure}' is in measures"
    return None


def _zero_problems(states: Sequence[RobotState]) -> list[str]:
    """Find what a robot at rest cannot show; feet in the air do show zero."""
    problems = []
    for field in ("acceleration_in_body", "temperatures", "battery_voltage"):
        values = [getattr(s, field) for s in states if getattr(s, field) is not None]
        if values and not any(np.any(value) for value in values):
            problems.append(f"{field} is exactly 0 in every sample")
    if not any(state.joint_positions.any() for state in states):
        problems.append("joint_positions are exactly 0 in every sample")
    return problems


def _button_problem(capabilities: Capabilities, state: RobotState) -> str | None:
    strange = sorted(set(state.buttons) - set(BUTTONS))
    if strange:
        return f"button '{strange[0]}' is unknown"
    if state.buttons and "buttons" not in capabilities.measures:
        return "buttons are given, but 'buttons' is not in measures"
    return None


def _check_stamps(name: str, samples: Sequence[Sample], capabilities: Capabilities) -> Check:
    ages = np.array([sample.seen - sample.state.time for sample in samples])
    allowed = 0.05 + 2.0 / capabilities.state_rate
    problems = []
    if ages.min() < -1e-3:
        problems.append(f"a stamp is {-ages.min():.3f} s in the future of driver.clock")
    if np.median(ages) > allowed:
        problems.append(
            f"a new sample is {np.median(ages):.3f} s old when it is first seen: stamps must be "
            "the arrival on driver.clock"
        )
    return judge(name, problems, f"median age {1e3 * float(np.median(ages)):.1f} ms")


def _stamp_problems(states: Sequence[RobotState]) -> list[str]:
    n_wrong = int((np.diff([state.time for state in states]) <= 0.0).sum())
    return [f"a stamp is followed by one that is not larger ({n_wrong} times)"] * bool(n_wrong)


def _check_sequence(name: str, states: Sequence[RobotState]) -> Check:
    numbers = [state.sequence for state in states]
    if all(number is None for number in numbers):
        return not_judged(name, "the robot has no counter")
    known = [number for number in numbers if number is not None]
    if len(known) < len(numbers):
        return failed(name, "it is None in some samples only")
    steps = np.diff(np.array(known))
    n_back, n_same = int((steps < 0).sum()), int((steps == 0).sum())
    problems = [f"a number is followed by a smaller one ({n_back} times)"] * bool(n_back)
    # One that counts milliseconds may repeat itself; one that stands still is a robot that hangs.
    if n_same > _LARGEST_REPEATED * max(len(steps), 1):
        problems.append(f"{n_same} of {len(known)} samples repeat the number before")
    return judge(name, problems)


def _check_rate(
    name: str, samples: Sequence[Sample], capabilities: Capabilities, min_rate_share: float
) -> Check:
    cadence = measure_cadence(samples)
    promised = capabilities.state_rate
    figures = (
        f"{cadence.rate:.1f} Hz of {promised:g} Hz, longest gap {1e3 * cadence.longest_gap:.0f} ms"
    )
    is_ok = min_rate_share * promised <= cadence.rate <= _LARGEST_RATE * promised
    return judge(name, [] if is_ok else [figures], figures)
