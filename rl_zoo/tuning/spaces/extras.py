"""Optional spaces beside an algorithm's own: ``spaces: [default, gsde, n_envs]`` adds them.

Each is for the algorithms that have its keys.
"""

from __future__ import annotations

from collections.abc import Mapping

from rl_zoo.config.parameters import ALGORITHM_PARAMETERS, POLICY_KWARGS
from rl_zoo.tuning.space import Parameter, one_of
from rl_zoo.tuning.spaces.shared import ACTIVATIONS

EXTRAS: Mapping[str, tuple[Parameter, ...]] = {
    # State-dependent exploration: Raffin et al., CoRL 2021; -3 and 0 are SB3's defaults.
    "gsde": (
        Parameter("use_sde", "categorical", choices=one_of(False, True), default=False),
        Parameter("sde_sample_freq", "categorical", choices=one_of(-1, 4, 8, 16, 32, 64)),
        Parameter("log_std_init", "float", -4.0, 1.0, key="policy_kwargs.log_std_init"),
    ),
    "n_envs": (Parameter("n_envs", "power_of_two", 1, 16),),
    "normalize": (Parameter("normalize", "categorical", choices=one_of(False, True)),),
    "frame_stack": (Parameter("frame_stack", "int", 1, 4),),
    # How much is learned from each step of a robot's time.
    "updates": (
        Parameter("gradient_steps", "int", 1, 20, log=True),
        Parameter("policy_delay", "int", 1, 20, log=True),
    ),
    "replay": (
        Parameter("learning_starts", "int", 100, 10_000, log=True),
        Parameter("n_steps", "int", 1, 5, default=1),
    ),
    "entropy": (
        Parameter(
            "ent_coef",
            "categorical",
            choices=one_of("auto", "auto_0.1", "auto_0.01", 0.2, 0.05, 0.01),
            default="auto",
        ),
        Parameter("target_entropy", "float", -20.0, 0.0),
    ),
    # The network as numbers, for samplers that cannot order named choices (CMA-ES, GP).
    "network_size": (
        Parameter("net_width", "power_of_two", 16, 512, key="policy_kwargs.net_arch", default=256),
        Parameter("net_depth", "int", 1, 3, key="", default=2),
    ),
    "activation": (
        Parameter(
            "activation_fn",
            "categorical",
            choices={**ACTIVATIONS, "elu": "nn.ELU", "silu": "nn.SiLU"},
            key="policy_kwargs.activation_fn",
        ),
    ),
}
_FOR_EVERY_ALGORITHM = ("n_envs", "normalize", "frame_stack")
_OFF_POLICY_ONLY = ("updates", "replay", "entropy")


def extras_of(algo: str) -> dict[str, tuple[Parameter, ...]]:
    """Return the optional spaces of ``algo``, each without the keys it lacks."""
    is_off_policy = "buffer_size" in ALGORITHM_PARAMETERS.get(algo, {})
    found = {}
    for name, parameters in EXTRAS.items():
        if name in _OFF_POLICY_ONLY and not is_off_policy:
            continue
        kept = tuple(parameter for parameter in parameters if _has(algo, parameter))
        if kept and any(parameter.config_key for parameter in kept):
            found[name] = kept
    return found


def _has(algo: str, parameter: Parameter) -> bool:
    key = parameter.config_key
    if not key or key in _FOR_EVERY_ALGORITHM:
        return True
    first, _, inner = key.partition(".")
    if first == "policy_kwargs":
        return inner in POLICY_KWARGS.get(algo, {})
    return key in ALGORITHM_PARAMETERS.get(algo, {})
