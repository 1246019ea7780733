"""Whether a run can have the values at the ends of a search space; no trial has to find out."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rl_zoo.config.literals import format_literal
from rl_zoo.config.model import RunConfig
from rl_zoo.config.parameters import COMPONENT_KEYS
from rl_zoo.errors import ConfigError
from rl_zoo.tuning.space import BUILT_IN, Parameter
from rl_zoo.tuning.values import entry_point, read_stored, to_config_values

_OF_ENVIRONMENT = ("env_kwargs", "eval_env_kwargs", *COMPONENT_KEYS)
_WEIGHTS = frozenset({"reward_weights", "cost_weights"})
_TRIAL_PLACE = "trial: "


@dataclass(frozen=True)
class SpaceCheck:
    """A search space and what it takes to try a point of it."""

    space: Sequence[Parameter]
    config: RunConfig
    """The entry: trial 0."""
    resolve: Callable[[Mapping[str, Any]], RunConfig]
    """Return the configuration with these values; raises ConfigError."""
    gym_packages: tuple[str, ...] = ()

    def problems(self) -> list[str]:
        """Return a sentence for every range that reaches beyond what its key accepts.

        Only what was added to, or changed in, the built-in space is tried; nothing is opened.
        """
        base = self._base()
        problems: list[str] = []
        for parameter in self.space:
            if parameter.origin != BUILT_IN:
                problems += self._problems_of(parameter, base)
        return list(dict.fromkeys(problems))

    def problems_of_opening(self) -> list[str]:
        """Return what is wrong with environments at both ends of their own parameters.

        Each is opened once (not for a robot); one parameter after the other only if that fails.
        """
        own = [p for p in self.space if p.config_key.partition(".")[0] in _OF_ENVIRONMENT]
        base = self._base()
        problems: list[str] = []
        for end in (0, -1):
            corner = {parameter.name: parameter.ends()[end] for parameter in own}
            if not corner or self._opening_error({**base, **corner}) is None:
                continue
            for parameter in own:
                value = parameter.ends()[end]
                error = self._opening_error({**base, parameter.name: value})
                if error is not None:
                    problems.append(f"{_place(parameter)}: {_told(parameter, value)}: {error}")
        return list(dict.fromkeys(problems))

    def notes(self) -> list[str]:
        """Return what the user should know before the study starts."""
        weights = [
            key
            for parameter in self.space
            for key in parameter.config_keys
            if key.split(".")[0] != "eval_env_kwargs" and _WEIGHTS & {*key.split(".")}
        ]
        if not weights or "reward_weights" in self.config.eval_env_kwargs:
            return []
        return [
            f"{', '.join(weights)}: changes what the return means, so that trials cannot be "
            "compared by it; choose another --objective, or fix the weights of the evaluation "
            "with eval_env_kwargs.reward_weights"
        ]

    def _base(self) -> dict[str, Any]:
        """Return the point around which one parameter is moved: the entry, as far as it lies in."""
        own = read_stored(self.space, entry_point(self.space, self.config).params)
        return {p.name: own.get(p.name, p.ends()[0]) for p in self.space}

    def _problems_of(self, parameter: Parameter, base: Mapping[str, Any]) -> Iterator[str]:
        found: dict[Any, list[str]] = {}
        for value in parameter.ends():
            joint = to_config_values(
                self.space, {**base, parameter.name: value}, self.config.n_envs
            )
            alone = {key: parameter.to_config(value) for key in parameter.config_keys}
            if self._errors(joint):
                # What only fails with the other values is no matter of this range.
                found[value] = self._errors(alone)
        told = [text for texts in found.values() for text in texts]
        for text in dict.fromkeys(told):
            values = [value for value, texts in found.items() if text in texts]
            where = ", ".join(_told(parameter, value) for value in values)
            is_general = len(values) > 1 and len(values) == len(parameter.ends())
            yield f"{_place(parameter)}: {'' if is_general else f'{where}: '}" + _shortened(
                text, parameter, self.config.env_id
            )

    def _errors(self, values: Mapping[str, Any]) -> list[str]:
        from rl_zoo.callbacks.registry import check_callback
        from rl_zoo.envs.single_env import check_stack

        problems: list[str] = []
        try:
            config = self.resolve(values)
            for item in config.callbacks:
                where = f"{config.env_id}.callback.{item.name}"
                problems += check_callback(item.name, item.kwargs, where)
            check_stack(config, self.gym_packages)
        except ConfigError as error:
            problems += error.problems
        return problems

    def _opening_error(self, sampled: Mapping[str, Any]) -> str | None:
        from rl_zoo.envs.stack import StackSettings, make_vec_env

        values = to_config_values(self.space, sampled, self.config.n_envs)
        try:
            env = make_vec_env(self.resolve(values), StackSettings(gym_packages=self.gym_packages))
        except Exception as error:  # every environment has its own
            return " ".join(str(error).split()) or type(error).__name__
        with contextlib.suppress(Exception):  # the question is answered
            env.close()
        return None


def _place(parameter: Parameter) -> str:
    return (
        parameter.origin
        if " " in parameter.origin or "." in parameter.origin
        else (f"search_space.spaces: {parameter.origin}: {parameter.config_key}")
    )


def _told(parameter: Parameter, sampled: Any) -> str:
    value = parameter.to_config(sampled)
    if parameter.kind == "categorical":
        return f"choice {format_literal(sampled)}"
    ends = [parameter.to_config(end) for end in parameter.ends()]
    return f"{'low' if value == min(ends) else 'high'} {value:.12g}"


def _shortened(text: str, parameter: Parameter, env_id: str) -> str:
    """Return a problem without the place that the sentence names already."""
    for key in parameter.config_keys:
        for place in (f"{_TRIAL_PLACE}{key}: ", f"{env_id}.{key}: "):
            if text.startswith(place):
                return text[len(place) :]
    return text.removeprefix(_TRIAL_PLACE)
