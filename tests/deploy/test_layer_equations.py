"""The equations of docs/deployment.md, written out once more, give what the layers give.

They are what a runtime in another language is made from, so that they read only a bundle's data.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.wrappers import RescaleAction

from rl_zoo.deploy.carried_wrappers import layer_of
from rl_zoo.deploy.layer import Reading, make_layer
from rl_zoo.motion.cpg_modulation import ModulationRanges
from rl_zoo.motion.foot_generator import FootGenerator
from rl_zoo.motion.gait_prior import GaitPrior, LeggedPosture
from rl_zoo.motion.kinematics import LegGeometry
from rl_zoo.wrappers.action_filter import ActionFilterWrapper
from rl_zoo.wrappers.action_smoothing import ActionSmoothingWrapper
from tests.deploy.layer_stacks import RecordingEnv

Plain = Mapping[str, Any]
N_STEPS = 40
PLACES = (("FR", 0.1, -0.07), ("FL", 0.1, 0.07), ("RR", -0.1, -0.07), ("RL", -0.1, 0.07))


def butterworth(plain: Plain, inputs: list[float]) -> Iterator[float]:
    b, a = plain["coefficients"]["b"], plain["coefficients"]["a"]
    u1 = u2 = y1 = y2 = inputs[0]
    for u in inputs:
        y = b[0] * u + b[1] * u1 + b[2] * u2 - a[1] * y1 - a[2] * y2
        u1, u2, y1, y2 = u, u1, y, y1
        yield y


def exponential(plain: Plain, inputs: list[float]) -> Iterator[float]:
    given = plain["parameters"]
    s = 1.0 - math.exp(-2.0 * math.pi * given["cutoff_frequency"] * given["dt"])
    y = inputs[0]
    for u in inputs:
        y += s * (u - y)
        yield y


def one_euro(plain: Plain, inputs: list[float]) -> Iterator[float]:
    given = plain["parameters"]
    dt = given["dt"]

    def share(frequency: float) -> float:
        w = 2.0 * math.pi * frequency * dt
        return w / (1.0 + w)

    y, v = inputs[0], 0.0
    for u in inputs:
        v += share(given["derivative_cutoff"]) * ((u - y) / dt - v)
        y += share(given["min_cutoff"] + given["beta"] * abs(v)) * (u - y)
        yield y


def rate_limit(plain: Plain, inputs: list[float]) -> Iterator[float]:
    most = plain["parameters"]["max_rate"] * plain["parameters"]["dt"]
    y = inputs[0]
    for u in inputs:
        y = min(max(u, y - most), y + most)
        yield y


def smoothing(plain: Plain, inputs: list[float]) -> Iterator[float]:
    c, a = plain["coefficient"], inputs[0]
    for u in inputs:
        a = c * a + (1.0 - c) * u
        yield a


def rescaled(plain: Plain, inputs: list[float]) -> Iterator[float]:
    for u in inputs:
        yield (u - plain["intercept"][0]) / plain["gradient"][0]


CASES = {
    "butterworth": (butterworth, lambda env: ActionFilterWrapper(env, cutoff_frequency=3.0)),
    "exponential": (exponential, lambda env: ActionFilterWrapper(env, filter="exponential")),
    "one_euro": (one_euro, lambda env: ActionFilterWrapper(env, filter="one_euro", beta=0.3)),
    "rate_limit": (rate_limit, lambda env: ActionFilterWrapper(env, "rate_limit", max_rate=9.0)),
    "smoothing": (smoothing, lambda env: ActionSmoothingWrapper(env, 0.7)),
    "rescaled": (rescaled, lambda env: RescaleAction(env, -2.0, 0.5)),
}


@pytest.mark.parametrize("case", CASES)
def test_equations_of_actions(case: str) -> None:
    equation, wrap = CASES[case]
    env: gym.Env[Any, Any] = wrap(RecordingEnv(n_actions=1, dtype=np.float64))
    plain = json.loads(json.dumps(layer_of(env)))
    inputs = np.random.default_rng(0).uniform(-0.8, 0.8, N_STEPS).tolist()
    low, high = plain.get("action_low", [-np.inf])[0], plain.get("action_high", [np.inf])[0]
    layer = make_layer(plain, "x.onnx")
    layer.start(np.zeros(3), Reading())

    found = [float(layer.act(np.array([u]), Reading())[0]) for u in inputs]

    expected = np.clip(list(equation(plain, inputs)), low, high)
    np.testing.assert_allclose(found, expected, atol=1e-12)


def _posture() -> LeggedPosture:
    legs = tuple(
        LegGeometry(
            name=name,
            foot=f"{name}_foot",
            joints=(f"{name}_hip", f"{name}_knee"),
            hip_position=(x, y, 0.0),
            thigh_length=0.08,
            shank_length=0.08,
            foot_radius=0.0,
        )
        for name, x, y in PLACES
    )
    return LeggedPosture("dog", legs, ((0, 1), (2, 3), (4, 5), (6, 7)), (0.5, -1.0) * 4)


def _integrated(gait: Plain, factor: float, duration: float) -> tuple[np.ndarray, np.ndarray]:
    """Return phases and amplitudes by many small steps of the documented equations."""
    step, w, g = 2e-5, gait["coupling_strength"], gait["convergence"]
    fast, slow = gait["swing_frequency"], gait["stance_frequency"]
    period, swing = 0.5 / fast + 0.5 / slow, 0.5 / fast / (0.5 / fast + 0.5 / slow)
    leads = np.array(gait["gait"])

    def phase(part: np.ndarray) -> np.ndarray:
        part = part % 1.0
        return np.pi * np.where(part < swing, part / swing, 1.0 + (part - swing) / (1.0 - swing))

    is_time = gait["coupling_angle"] == "time"
    # The state is alpha of the documentation; with "phase" alpha is theta.
    alpha = 2.0 * np.pi * leads if is_time else phase(leads)
    r, rate = np.full(4, gait["initial_amplitude"]), np.zeros(4)
    for _ in range(round(duration / step)):
        beta = alpha - 2.0 * np.pi * leads
        coupling = [sum(r[j] * w * np.sin(beta[j] - beta[i]) for j in range(4)) for i in range(4)]
        own = 2.0 * np.pi * (1.0 / period if is_time else np.where(np.sin(alpha) > 0.0, fast, slow))
        alpha = alpha + step * (own + np.array(coupling))
        if gait["amplitude_model"] == "hopf":
            r = r + step * g * (factor**2 - r**2) * r
        else:
            r, rate = r + step * rate, rate + step * g * (g / 4.0 * (factor - r) - rate)
    return (phase(alpha / (2.0 * np.pi)) if is_time else alpha % (2.0 * np.pi)), r


@pytest.mark.parametrize("model", ["hopf", "cpg_rl"])
@pytest.mark.parametrize("angle", ["time", "phase"])
def test_equations_of_coupled_legs(model: Any, angle: Any) -> None:
    prior = GaitPrior(
        gait=[0.0, 0.45, 0.55, 0.1],
        swing_frequency=3.0,
        stance_frequency=2.0,
        coupling_strength=2.0,
        coupling_angle=angle,
        amplitude_model=model,
        convergence=6.0,
        initial_amplitude=0.3,
        clearance=0.03,
        amplitude_lifts=True,
    )
    ranges = ModulationRanges(amplitude=(0.5, 1.4), phase=0.4)
    generator = FootGenerator(_posture(), prior, ranges, np.asarray)
    values = ranges.decode(np.array([1.0, -0.5]))
    for _ in range(10):
        generator.advance(values, 0.02)
    plain = generator.parameters()
    gait = plain["gait"]

    phases, amplitudes = _integrated(gait, 1.4, 0.2)

    np.testing.assert_allclose(generator.phases, phases, atol=2e-3)
    np.testing.assert_allclose(generator.amplitudes[0], amplitudes[:1], atol=1e-3)
    generator.command(values, None)
    r, length = generator.amplitudes[0][0], gait["step_length"]
    shifted = generator.phases - 0.2
    heights = np.where(np.sin(shifted) > 0.0, gait["clearance"], gait["penetration"])
    expected = np.array(plain["foot_centres"])
    expected[:, 0] += -0.5 * length * r * np.cos(shifted)
    expected[:, 2] += heights * r * np.sin(shifted)
    np.testing.assert_allclose(generator.foot_targets, expected, atol=1e-12)
