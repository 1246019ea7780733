"""Whether a study that has trials can go on with a search space."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rl_zoo.errors import ConfigError
from rl_zoo.tuning.attributes import ENTRY_ATTRIBUTE, VALUES_ATTRIBUTE
from rl_zoo.tuning.space import Parameter

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial


def check_against_study(space: Sequence[Parameter], trials: Sequence[FrozenTrial]) -> list[str]:
    """Check that a study with these trials can go on with ``space``.

    Returns:
        What the user should know: parameters that its earlier trials did not have.

    Raises:
        ConfigError: If a parameter of the study has become something else.
    """
    from optuna.distributions import CategoricalDistribution, check_distribution_compatibility

    problems, unknown = [], []
    earlier = {name: item for trial in trials for name, item in trial.distributions.items()}
    for parameter in space:
        name = parameter.study_name
        if name not in earlier:
            unknown.append(name)
            continue
        old, new = earlier[name], parameter.distribution()
        try:
            check_distribution_compatibility(old, new)
        except ValueError:
            kind = "choices" if isinstance(old, CategoricalDistribution) else "kind of range"
            problems.append(
                f"the study has other {kind} for '{name}' ({_told(old)}, now {_told(new)}); "
                "choose another --study-name, or the space of then"
            )
        problems += _changed_meanings(parameter, trials)
    if problems:
        raise ConfigError(problems)
    if not (earlier and unknown):
        return []
    return [f"not searched before in this study: {', '.join(unknown)}"]


def _changed_meanings(parameter: Parameter, trials: Sequence[FrozenTrial]) -> list[str]:
    """Return the choices whose name is as before, but whose value is not."""
    changed = {}
    for trial in trials:
        if parameter.kind != "categorical" or ENTRY_ATTRIBUTE in trial.user_attrs:
            continue
        name = trial.params.get(parameter.study_name)
        then = trial.user_attrs.get(VALUES_ATTRIBUTE, {}).get(parameter.config_key)
        # A number may have been bounded by another parameter.
        if isinstance(then, (str, list, dict)) and name in parameter.choices:
            now = parameter.choices[name]
            if then != now:
                changed[name] = (
                    f"the choice '{name}' of '{parameter.study_name}' was {then} in this study, "
                    f"now {now}; choose another --study-name, or another name for it"
                )
    return list(changed.values())


def _told(distribution: Any) -> str:
    if hasattr(distribution, "choices"):
        return ", ".join(map(str, distribution.choices))
    log = ", log" if distribution.log else ""
    return f"{distribution.low:g} to {distribution.high:g}{log}"
