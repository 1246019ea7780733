"""Bounds of parameters by each other, by the budget and by the entry."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from rl_zoo.config.model import RunConfig
from rl_zoo.config.parameters import POLICY_KWARGS
from rl_zoo.tuning.own_values import own_value
from rl_zoo.tuning.space import Parameter, at_most, is_number


def in_order(parameters: Iterable[Parameter]) -> list[Parameter]:
    """Return the parameters with each behind the one that bounds it."""
    items = list(parameters)
    position = {parameter.name: index for index, parameter in enumerate(items)}

    def rank(parameter: Parameter) -> int:
        own = position[parameter.name]
        return own if parameter.at_most is None else max(own, position.get(parameter.at_most[0], 0))

    return sorted(items, key=lambda item: (rank(item), item.at_most is not None))


def bounded(space: Sequence[Parameter], config: RunConfig) -> tuple[Parameter, ...]:
    """Return the space with rollouts inside the budget, and bounds by values that are not drawn."""
    by_name = {parameter.name: parameter for parameter in space}
    n_envs = max([config.n_envs, *_numbers(by_name.get("n_envs"))])
    result = []
    for parameter in space:
        is_number_only = len(_numbers(parameter)) == len(parameter.ends())
        if parameter.is_rollout and is_number_only:
            result.append(at_most(parameter, config.n_timesteps // n_envs))
        elif parameter.at_most is not None and parameter.at_most[0] not in by_name:
            result.append(_bounded_by_own(parameter, parameter.at_most, config))
        else:
            result.append(parameter)
    return tuple(result)


def _numbers(parameter: Parameter | None) -> list[float]:
    """Return the outermost values (or the choices) of a parameter that are numbers."""
    ends = [] if parameter is None else [parameter.to_config(end) for end in parameter.ends()]
    return [end for end in ends if is_number(end)]


def _bounded_by_own(parameter: Parameter, bound: tuple[str, int], config: RunConfig) -> Parameter:
    other, offset = bound
    inside = f"policy_kwargs.{other}"
    value = own_value(config, inside if other in POLICY_KWARGS.get(config.algo, {}) else other)
    if not is_number(value):
        return parameter
    high = max(min(parameter.high, value + offset), parameter.low)
    return replace(parameter, high=high, at_most=None)
