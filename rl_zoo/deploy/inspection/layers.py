"""The layers of a bundle as text: what they compute, and with which numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rl_zoo.deploy.inspection.joints import joint_lines, quantity_text
from rl_zoo.deploy.inspection.page_width import broken
from rl_zoo.deploy.inspection.text import pairs_table, text_table, value_text

Plain = Mapping[str, Any]

_EQUATIONS: Mapping[str, str] = {
    "action_smoothing": "a[k] = c a[k-1] + (1 - c) u[k]",
    "rescale_action": "a = (u - intercept) / gradient",
    "mask": "o = mask o",
    "time_feature": "o = [o, 1 - step / max_steps]",
    "history": "o = [last observations, last actions], oldest first, zeros before the start",
    "flatten": "o = all parts in one vector",
    "safety": "a = the nearest action within every limit (docs/safety.md)",
}
_LOW_PASS = "y[k] = y[k-1] + s (u[k] - y[k-1]), s = "
_PHASE = "dtheta_i/dt = {} (swing_frequency if sin(theta_i) > 0 else stance_frequency)"
_CPG_RL = "d2r/dt2 = g (g/4 (mu - r) - dr/dt), g: {}, mu: the factor that the policy asks for"
_HOPF = "dr/dt = convergence (mu - r^2) r, mu: the square of the factor that the policy asks for"
_FILTERS: Mapping[str, str] = {
    "butterworth": "y[k] = b0 u[k] + b1 u[k-1] + b2 u[k-2] - a1 y[k-1] - a2 y[k-2]",
    "exponential": f"{_LOW_PASS}1 - exp(-2 pi cutoff_frequency dt)",
    "one_euro": f"{_LOW_PASS}w / (1 + w), w = 2 pi (min_cutoff + beta |v|) dt; "
    "v: (u[k] - y[k-1]) / dt filtered likewise with derivative_cutoff",
    "rate_limit": "y[k] = y[k-1] + clip(u[k] - y[k-1], -max_rate dt, max_rate dt)",
}
_ALWAYS_HIDDEN = ("kind", "legs", "state", "dtype", "action_dtype", "observation_dtype")


def layer_lines(plain: Plain) -> list[str]:
    """Return what a layer computes and its parameters."""
    kind = str(plain.get("kind"))
    special = _SPECIAL.get(kind)
    equation = [_EQUATIONS[kind]] if kind in _EQUATIONS else []
    lines = [*equation, *(special(plain) if special else _parameters(plain))]
    return [part for line in lines for part in broken(line, indent=4)]


def layer_title(plain: Plain) -> str:
    """Return the kind of a layer and its variant."""
    variant = plain.get("space") if plain.get("kind") == "cpg_residual" else None
    return f"{plain.get('kind')}" + (f" ({variant} space, {plain.get('mode')})" if variant else "")


def _parameters(plain: Plain) -> list[str]:
    return pairs_table({k: v for k, v in plain.items() if k not in _ALWAYS_HIDDEN})


def _filter(plain: Plain) -> list[str]:
    equation = _FILTERS.get(str(plain.get("parameters", {}).get("filter")))
    return [*([equation] if equation else []), *_parameters(plain)]


def _cpg(plain: Plain) -> list[str]:
    """Return equations and parameters of the oscillators."""
    parameters = dict(plain.get("parameters", {}))
    legs = parameters.pop("legs", ())
    nested = {key: parameters.pop(key) for key in ("pattern", "gait") if key in parameters}
    hidden = {*_ALWAYS_HIDDEN, "space", "mode", "joint_units", "parameters"}
    own = {key: value for key, value in plain.items() if key not in hidden}
    table = pairs_table({**own, **nested, **parameters})
    return [*_cpg_equations(plain), *table, *([""] if legs else []), *_leg_table(legs)]


def _cpg_equations(plain: Plain) -> list[str]:
    if plain.get("space") == "joint":
        return [
            "a_i = amplitude_i r sin(theta_i) + offset_i + scale_i u_i, theta_i(0) = phase_i",
            _PHASE.format("2 pi"),
            _CPG_RL.format("amplitude_convergence"),
        ]
    gait = plain.get("parameters", {}).get("gait", {})
    is_hopf = gait.get("amplitude_model") == "hopf"
    return [
        "a = action of inverse_kinematics(centre_i + foot_i + scale_i u_i), cut to the bounds",
        "foot_i = (-L/2 r cos(theta_i) cos(psi_i), -L/2 r cos(theta_i) sin(psi_i), "
        "h sin(theta_i)), L: step_length",
        "h = clearance if sin(theta_i) > 0 else penetration (times r if amplitude_lifts)",
        _PHASE.format("coupling + 2 pi"),
        "coupling = sum_j r_j coupling_strength sin(beta_j - beta_i), beta = angle - 2 pi lead; "
        "angle: theta, or 2 pi times the part of the period (coupling_angle: time)",
        _HOPF if is_hopf else _CPG_RL.format("convergence"),
    ]


def _leg_table(legs: Sequence[Plain]) -> list[str]:
    if not legs:
        return []
    columns = list(legs[0])
    rows = ([value_text(leg.get(key)) for key in columns] for leg in legs)
    return text_table(columns, rows)


def _safety(plain: Plain) -> list[str]:
    lines: list[str] = []
    others: dict[str, Any] = {}
    for key, value in plain.items():
        if isinstance(value, Mapping) and "joint_names" in value:
            lines += ["", *_limits(value)]
        elif key == "observed" and isinstance(value, Mapping):
            others["state, if it is not given, from"] = list(value.get("parts", ()))
        elif key not in ("default_pose", "action_ranges"):  # in the table of the robot
            others[key] = value
    return [*_parameters(others), *lines]


def _limits(limits: Plain) -> list[str]:
    reactions = limits.get("reactions", {})
    by_reaction: dict[str, list[str]] = {}
    for name, reaction in reactions.items():
        by_reaction.setdefault(str(reaction), []).append(name)
    hidden = (*_ALWAYS_HIDDEN, "reactions", "cost_weights", "leg_pairs")
    boxes = limits.get("foot_box")
    lines = joint_lines({k: v for k, v in limits.items() if k != "foot_box"}, hidden)
    if boxes:
        sides = (f"{axis} {quantity_text(pair)}" for axis, pair in zip("xyz", boxes, strict=False))
        lines.insert(0, "foot_box, m from the hip: " + ", ".join(sides))
    return [*lines, "", *(f"{name}: {', '.join(of)}" for name, of in by_reaction.items())]


_SPECIAL: Mapping[str, Callable[[Plain], list[str]]] = {
    "action_filter": _filter,
    "cpg_residual": _cpg,
    "safety": _safety,
}
