"""The search space of one study: built in, changed by the entry, changed by flags."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from rl_zoo.config.component_arguments import find_argument
from rl_zoo.config.draft import read_assignments
from rl_zoo.config.model import RunConfig, Symbol
from rl_zoo.config.parameters import ALGORITHM_PARAMETERS, COMPONENT_KEYS, POLICY_KWARGS, ZOO_KEYS
from rl_zoo.errors import ConfigError
from rl_zoo.suggest import did_you_mean
from rl_zoo.tuning.own_values import components_of, own_value
from rl_zoo.tuning.range_specs import Spec, make_parameter, merge_spec, read_spec, spec_of
from rl_zoo.tuning.space import BUILT_IN, Parameter, is_number
from rl_zoo.tuning.space_bounds import bounded, in_order
from rl_zoo.tuning.spaces import DEFAULT, named_spaces

FLAG = "--search-space"
SPACES = "spaces"
"""Key beside the hyperparameters: which built-in spaces to start from."""

_HINDSIGHT_BUFFER = "stable_baselines3:HerReplayBuffer"
_NOT_SEARCHED = {
    "n_timesteps": "is the budget of a trial; give it with -n",
    "search_space": "is not a hyperparameter",
    "seed": "is not a hyperparameter; every trial has a seed of its own",
}


@dataclass
class _Layer:
    """What one place says about the space."""

    origin: str
    values: list[tuple[str, Any]]
    """Keys and what is said about them, in order; a key may come again."""

    def place(self, key: str) -> str:
        return f"{self.origin} {key}" if self.origin == FLAG else f"{self.origin}.{key}"


@dataclass
class _Search:
    """A search space while it is put together."""

    config: RunConfig
    library: dict[str, Parameter]
    """Every built-in parameter of the algorithm by key, the optional ones included."""
    parameters: dict[str, Parameter] = field(default_factory=dict)
    """By dotted key; by name where there is none."""
    specs: dict[str, Spec] = field(default_factory=dict)
    """What entry and flags said so far about a key."""
    problems: list[str] = field(default_factory=list)


def space_of(
    config: RunConfig, fixed: Iterable[str] = (), search_space: Sequence[str] = ()
) -> tuple[Parameter, ...]:
    """Return the parameters to search around ``config``.

    Args:
        config: What is tuned: its entry's ``search_space`` changes the built-in space; its budget
            bounds the length of a rollout.
        fixed: Dotted keys that the user gave on the command line: they are not searched.
        search_space: ``key:spec`` texts of ``--search-space``, over the entry's.

    Raises:
        ConfigError: All mistakes of the entry and the flags at once, or nothing is left to search.
    """
    space, problems = read_space(config, fixed, search_space)
    if problems:
        raise ConfigError(problems)
    return space


def read_space(
    config: RunConfig, fixed: Iterable[str] = (), search_space: Sequence[str] = ()
) -> tuple[tuple[Parameter, ...], list[str]]:
    """Return what can be read of the space, and what is wrong with the rest."""
    problems: list[str] = []
    layers = _read_layers(config, search_space, problems)
    hindsight = config.algo_kwargs.get("replay_buffer_class") == Symbol(_HINDSIGHT_BUFFER)
    is_listed = any(layer.values for layer in layers)
    spaces = named_spaces(config.algo, hindsight=hindsight, required=not is_listed)
    library = {
        _identity(parameter): _for_entry(parameter, config)
        for parameters in reversed(spaces.values())
        for parameter in parameters
    }
    search = _Search(config, library, problems=problems)
    for name in _chosen_spaces(layers, spaces, problems, config.algo):
        origin = BUILT_IN if name == DEFAULT else name
        for parameter in spaces[name]:
            own = replace(_for_entry(parameter, config), origin=origin)
            search.parameters[_identity(parameter)] = own
    library.update(search.parameters)
    for layer in layers:
        for key, value in layer.values:
            if key == SPACES:
                continue
            try:
                _apply(search, _canonical(search, key), value, layer.place(key))
            except ConfigError as error:
                problems += [f"{layer.place(key)}: {text}" for text in error.problems]
    _drop_fixed(search, tuple(fixed))
    _check_overlaps(search)
    space = bounded(in_order(search.parameters.values()), config)
    if not space and not problems:
        problems.append("search_space: nothing is left to search; name at least one hyperparameter")
    return space, list(dict.fromkeys(problems))


def _read_layers(
    config: RunConfig, search_space: Sequence[str], problems: list[str]
) -> list[_Layer]:
    place = config.origins.get("search_space", "search_space")
    flags = read_assignments(search_space, FLAG, problems)
    entry = place if place == "search_space" else f"{place}.search_space"
    return [_Layer(entry, list(config.search_space.items())), _Layer(FLAG, flags)]


def _chosen_spaces(
    layers: Sequence[_Layer],
    spaces: Mapping[str, tuple[Parameter, ...]],
    problems: list[str],
    algo: str,
) -> list[str]:
    chosen = [DEFAULT]
    for layer in layers:
        said = [value for key, value in layer.values if key == SPACES]
        if not said:
            continue
        given = said[-1]
        names = [] if _is_none(given) else given if isinstance(given, (list, tuple)) else [given]
        unknown = [name for name in names if name not in list(spaces)]
        problems += [
            f"{layer.place(SPACES)}: {algo} has no search space '{name}'"
            f"{did_you_mean(str(name), spaces)}"
            for name in unknown
        ]
        chosen = [str(name) for name in names if name not in unknown]
    return chosen


def _apply(search: _Search, key: str, value: Any, place: str) -> None:
    """Change the parameter ``key`` as one place says."""
    if _is_none(value):
        if key not in search.parameters:
            raise ConfigError(f"is not searched anyway{did_you_mean(key, search.parameters)}")
        del search.parameters[key]
        search.specs.pop(key, None)
        return
    known = search.library.get(key)
    if value == DEFAULT:
        if known is None:
            raise ConfigError(f"has no default range{did_you_mean(key, search.library)}")
        search.specs.pop(key, None)
        search.parameters[key] = replace(known, origin=place)
        return
    given = read_spec(value)
    base = search.specs.get(key)
    if base is None:
        base = {} if known is None else spec_of(known)
    spec = merge_spec(base, given)
    template = known or Parameter(key, "float", key=None)
    template = replace(template, **_keys_of(search, key, spec), origin=place)
    name = template.name
    if known is not None and known.one_minus:
        name = f"one_minus_{key}" if spec.get("one_minus") else key
    parameter = make_parameter(
        replace(template, name=name), spec, is_whole=_is_whole(search.config, template)
    )
    search.specs[key] = spec
    search.parameters[key] = parameter


def _keys_of(search: _Search, key: str, spec: Spec) -> dict[str, Any]:
    """Return the keys that a parameter sets, as fields of a Parameter."""
    if "sets" not in spec:
        return {} if search.library.get(key) else {"key": key}
    given = spec["sets"]
    keys = [given] if isinstance(given, str) else given
    if not isinstance(keys, (list, tuple)) or not keys:
        raise ConfigError(f"sets must be a list of dotted keys, not {given!r}")
    if not all(isinstance(item, str) and item for item in keys):
        raise ConfigError(f"sets must hold dotted keys, not {given!r}")
    canonical = [_canonical(search, item) for item in keys]
    return {"key": canonical[0], "also_sets": tuple(canonical[1:])}


def _canonical(search: _Search, key: str) -> str:
    """Return the one spelling of a dotted key.

    Raises:
        ConfigError: If it cannot be searched, or names a component that the entry does not have.
    """
    key = key.strip()
    first, dot, _ = key.partition(".")
    if first in _NOT_SEARCHED:
        raise ConfigError(_NOT_SEARCHED[first])
    if first in COMPONENT_KEYS and dot:
        names = [component.name for component in components_of(search.config, first)]
        return find_argument(names, key).key
    if not all(key.split(".")):
        raise ConfigError("has an empty part between two dots")
    by_name = {parameter.name: identity for identity, parameter in search.library.items()}
    return key if key in search.library else by_name.get(key, key)


def _drop_fixed(search: _Search, fixed: Sequence[str]) -> None:
    """Take out what the command line fixes; what it fixes and searches is a problem."""
    given = [_fixed_key(search, key) for key in fixed]
    for identity, parameter in list(search.parameters.items()):
        keys = parameter.config_keys or (parameter.name,)
        taken = [other for other in given for key in keys if _contains(other, key)]
        if taken and parameter.origin.startswith(FLAG):
            search.problems.append(
                f"{FLAG} {identity}: is fixed by the command line ({taken[0]}), which wins; "
                "leave out one of the two"
            )
        if taken:
            del search.parameters[identity]


def _fixed_key(search: _Search, key: str) -> str:
    try:
        return _canonical(search, key) if key.partition(".")[0] in COMPONENT_KEYS else key
    except ConfigError:
        return key


def _check_overlaps(search: _Search) -> None:
    """Report keys that two parameters set, and study names that two parameters have."""
    owners: dict[str, Parameter] = {}
    names: dict[str, Parameter] = {}
    for parameter in search.parameters.values():
        other = names.setdefault(parameter.study_name, parameter)
        if other is not parameter:
            search.problems.append(
                f"{parameter.origin}: its name '{parameter.study_name}' is taken in the study"
            )
        for key in parameter.config_keys:
            for owned, other in owners.items():
                if _contains(owned, key) or _contains(key, owned):
                    search.problems.append(
                        f"{parameter.origin}: sets {key}, and '{other.name}' sets {owned}; "
                        f"search one of them, e.g. with {_identity(other)}: none"
                    )
            owners[key] = parameter


def _for_entry(parameter: Parameter, config: RunConfig) -> Parameter:
    """Return a built-in parameter with what depends on the entry filled in."""
    own = own_value(config, "normalize") if parameter.name == "normalize" else None
    return replace(parameter, choices={False: False, True: own}) if own else parameter


def _is_whole(config: RunConfig, parameter: Parameter) -> bool | None:
    """Say whether a key holds whole numbers: by its rule, else by the entry's value."""
    first, _, inner = parameter.config_key.partition(".")
    rules = POLICY_KWARGS if first == "policy_kwargs" else ALGORITHM_PARAMETERS
    rule = ZOO_KEYS.get(first) if not inner else None
    rule = rule or rules.get(config.algo, {}).get(inner if first == "policy_kwargs" else first)
    if rule is not None and not (inner and first != "policy_kwargs"):
        if rule.kind in ("integer", "train_freq"):
            return True
        if rule.kind == "number":
            return False
    own = own_value(config, parameter.config_key)
    return None if not is_number(own) else None if isinstance(own, int) else False


def _identity(parameter: Parameter) -> str:
    return parameter.config_key or parameter.name


def _contains(outer: str, key: str) -> bool:
    return key == outer or key.startswith(f"{outer}.")


def _is_none(value: Any) -> bool:
    return value is None or (isinstance(value, str) and value.strip().lower() in ("none", "null"))
