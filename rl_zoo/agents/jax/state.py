"""The state of an SBX agent as arrays by name: everything that decides how its training goes on.

Parameters, target parameters, running statistics and the optimisers' moments are the leaves of
flax's training states; a leaf is called by its path, such as
``policy.actor_state.params['params']['Dense_0']['kernel']``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rl_zoo.errors import DamagedFileError

if TYPE_CHECKING:
    from stable_baselines3.common.base_class import BaseAlgorithm

Arrays = dict[str, NDArray[Any]]

_STATES = (
    "policy.actor_state",
    "policy.qf_state",
    "policy.qf1_state",
    "policy.qf2_state",
    "policy.vf_state",
    "ent_coef_state",
)
"""Where the training states of SBX's algorithms are."""

_KEYS = ("key", "policy.key", "policy.noise_key")
"""Where the keys of JAX's random numbers are."""

_SCALARS = {"reset_idx": int, "adaptive_lr.current_adaptive_lr": float}
"""Other values that change while training, and their types."""


def collect_state(agent: BaseAlgorithm) -> Arrays:
    """Return a copy of the state of ``agent``, without the keys of its random numbers."""
    found: Arrays = {}
    for place, state in _states(agent):
        for name, leaf in _leaves(place, state):
            found[name] = _array(leaf)
    for place in _SCALARS:
        if (value := _get(agent, place)) is not None:
            found[place] = np.array(value)
    return found


def restore_state(agent: BaseAlgorithm, arrays: Mapping[str, NDArray[Any]], where: str) -> None:
    """Put back what ``collect_state`` returned.

    Args:
        agent: An agent with the same networks; nothing of it changes if something does not fit.
        arrays: By name.
        where: What holds them, for the message.

    Raises:
        DamagedFileError: If a value is missing, superfluous or of another shape or type.
    """
    import jax

    wanted = collect_state(agent)
    _check_fit(wanted, arrays, where)
    for place, state in _states(agent):
        leaves = [_like(leaf, arrays[name]) for name, leaf in _leaves(place, state)]
        _set(
            agent, place, jax.tree_util.tree_unflatten(jax.tree_util.tree_structure(state), leaves)
        )
    for place, kind in _SCALARS.items():
        if place in wanted:
            _set(agent, place, kind(arrays[place]))


def random_keys(agent: BaseAlgorithm) -> dict[str, list[int]]:
    """Return the keys of the agent's random numbers as plain data."""
    return {
        place: np.asarray(key).tolist()
        for place in _KEYS
        if (key := _get(agent, place)) is not None
    }


def restore_random_keys(agent: BaseAlgorithm, keys: Mapping[str, list[int]]) -> None:
    """Put back what ``random_keys`` returned."""
    import jax.numpy as jnp

    for place in _KEYS:
        if place in keys:
            _set(agent, place, jnp.asarray(np.array(keys[place], dtype=np.uint32)))


def is_finite(agent: BaseAlgorithm) -> bool:
    """Say whether every parameter of the networks is finite."""
    return all(
        bool(np.isfinite(_array(leaf)).all())
        for place, state in _states(agent)
        for _, leaf in _leaves(place, state.params)
    )


def _states(agent: BaseAlgorithm) -> Iterator[tuple[str, Any]]:
    for place in _STATES:
        if (state := _get(agent, place)) is not None:
            yield place, state


def _leaves(place: str, state: Any) -> Iterator[tuple[str, Any]]:
    import jax

    for path, leaf in jax.tree_util.tree_flatten_with_path(state)[0]:
        yield place + jax.tree_util.keystr(path), leaf


def _array(leaf: Any) -> NDArray[Any]:
    import jax.numpy as jnp

    return np.array(jnp.asarray(leaf))  # a Python number gets the type that JAX gives it


def _like(leaf: Any, array: NDArray[Any]) -> Any:
    """Return ``array`` as the kind of value that ``leaf`` is.

    A number that JAX takes for weakly typed stays one: a program is compiled for the types of its
    arguments, and compiled again for others.
    """
    import jax.numpy as jnp

    if isinstance(leaf, (int, float)):
        return array.item()
    if not getattr(leaf, "weak_type", False):
        return jnp.asarray(array)
    numbers = [jnp.asarray(number) for number in array.ravel().tolist()]  # weakly typed
    return jnp.stack(numbers).reshape(array.shape)


def _check_fit(
    wanted: Mapping[str, NDArray[Any]], arrays: Mapping[str, NDArray[Any]], where: str
) -> None:
    missing = sorted(wanted.keys() - arrays.keys())
    superfluous = sorted(arrays.keys() - wanted.keys())
    if missing or superfluous:
        name = (missing or superfluous)[0]
        raise DamagedFileError(
            f"{where}: does not fit this configuration and environment: it "
            f"{'lacks' if missing else 'has the unexpected'} {name}; was it trained with another "
            "algorithm or network?"
        )
    for name, array in wanted.items():
        found = arrays[name]
        if found.shape != array.shape or found.dtype != array.dtype:
            raise DamagedFileError(
                f"{where}: does not fit this configuration and environment: {name} is "
                f"{found.dtype}{list(found.shape)}, expected {array.dtype}{list(array.shape)}"
            )


def _get(agent: Any, place: str) -> Any:
    value = agent
    for name in place.split("."):
        value = getattr(value, name, None)
    return value


def _set(agent: Any, place: str, value: Any) -> None:
    *path, last = place.split(".")
    for name in path:
        agent = getattr(agent, name)
    setattr(agent, last, value)
