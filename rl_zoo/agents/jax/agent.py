"""What SBX's algorithms lack to be trained, saved and resumed like every other agent.

The model is SBX's own zip file, which plain SBX loads, with the state of the agent as arrays beside
it: what is read here is never a pickle.
"""

from __future__ import annotations

import functools
import io
import pathlib
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm
from typing_extensions import override

from rl_zoo.agents.jax.state import (
    Arrays,
    collect_state,
    is_finite,
    random_keys,
    restore_random_keys,
    restore_state,
)
from rl_zoo.errors import DamagedFileError

STATE_FILE = "jax_state.npz"
"""Member of a model's zip file: the arrays of ``collect_state``."""

_LARGEST_BLOCK, _STEP = 16, 4  # updates


class JaxAgent(BaseAlgorithm):
    """Mixin for the algorithms of SBX."""

    @override
    def save(
        self,
        path: str | pathlib.Path | io.BufferedIOBase,
        exclude: Iterable[str] | None = None,
        include: Iterable[str] | None = None,
    ) -> None:
        """Write SBX's zip file with the state of the agent as arrays beside its pickles."""
        super().save(path, exclude=exclude, include=include)
        stream = io.BytesIO()
        np.savez(stream, **collect_state(self))  # type: ignore[arg-type]
        if isinstance(path, (str, pathlib.Path)):
            path = Path(path)
            target: Any = path if path.suffix else path.with_suffix(".zip")
        else:
            target = path
        with zipfile.ZipFile(target, "a") as archive:
            archive.writestr(STATE_FILE, stream.getvalue())

    def load_own_weights(self, model_file: Path) -> None:
        """Load networks, optimisers and entropy coefficient from a model that this class saved.

        Raises:
            DamagedFileError: If the file is no such model, truncated, or of another algorithm or
                network.
        """
        restore_state(self, read_state(model_file), str(model_file))

    def has_finite_weights(self) -> bool:
        """Say whether every parameter of the networks is finite."""
        return is_finite(self)

    def own_random_state(self) -> dict[str, Any]:
        """Return the keys of JAX's random numbers as plain data."""
        return random_keys(self)

    def restore_own_random_state(self, state: dict[str, Any]) -> None:
        """Put back what ``own_random_state`` returned."""
        restore_random_keys(self, state)

    def state_values(self, observations: NDArray[Any]) -> NDArray[Any]:
        """Return the values of states as the critic of PPO sees them.

        Args:
            observations: Shape: (n_envs, ...).

        Returns:
            Shape: (n_envs,).
        """
        policy: Any = self.policy
        prepared = policy.prepare_obs(observations)[0]
        return np.array(policy.vf.apply(policy.vf_state.params, prepared)).flatten()


class JaxOffPolicyAgent(JaxAgent):
    """Mixin for those of SBX's algorithms that learn from a replay buffer."""

    gradient_steps: int

    @property
    def updates_together(self) -> int:
        """Return how many updates end with one of the actor (``policy_delay``)."""
        return int(getattr(self, "policy_delay", 1))

    def block_sizes(self) -> list[int]:
        """Return the numbers of updates for which there is a compiled program, the largest first.

        JAX compiles for seconds for every other number of updates in one call.
        """
        unit = self.updates_together
        sizes = {unit}
        while _STEP * max(sizes) <= _LARGEST_BLOCK:
            sizes.add(_STEP * max(sizes))
        if self.gradient_steps > 0 and self.gradient_steps % unit == 0:
            sizes.add(self.gradient_steps)
        return sorted(sizes, reverse=True)

    def train(self, gradient_steps: int, batch_size: int) -> None:
        """Update ``gradient_steps`` times with minibatches of ``batch_size`` transitions.

        Another number of updates than the configured one is done in several calls of SBX.
        """
        update: Any = super().train  # type: ignore[misc]
        for size in self._split(gradient_steps):
            update(gradient_steps=size, batch_size=batch_size)

    def _split(self, gradient_steps: int) -> list[int]:
        if gradient_steps == self.gradient_steps:
            return [gradient_steps]
        parts = []
        for size in [*self.block_sizes(), 1]:
            parts += [size] * (gradient_steps // size)
            gradient_steps %= size
        return parts


def has_state(model_file: Path) -> bool:
    """Say whether ``model_file`` was saved by an agent of this package."""
    try:
        with zipfile.ZipFile(model_file) as archive:
            return STATE_FILE in archive.namelist()
    except (OSError, zipfile.BadZipFile):
        return False


def read_state(model_file: Path) -> Arrays:
    """Return the arrays of a model by name; nothing of the file is executed.

    Raises:
        DamagedFileError: If the file is no complete model of this package.
    """
    if not model_file.is_file():
        raise DamagedFileError(f"{model_file}: no such model file")
    try:
        with zipfile.ZipFile(model_file) as archive:
            if STATE_FILE not in archive.namelist():
                raise DamagedFileError(
                    f"{model_file}: was not trained with --backend jax; a model of SB3 or of plain "
                    "SBX has no state that it could go on from"
                )
            content = io.BytesIO(archive.read(STATE_FILE))
        with np.load(content, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DamagedFileError(f"{model_file}: not a complete model ({error})") from error


@functools.cache
def agent_class(plain: Any) -> Any:
    """Return SBX's class ``plain`` with the methods of ``JaxAgent``."""
    # The name stays: files and messages name the algorithm.
    names = {"__doc__": plain.__doc__, "__module__": plain.__module__}
    mixin = JaxOffPolicyAgent if issubclass(plain, OffPolicyAlgorithm) else JaxAgent
    return type(plain.__name__, (mixin, plain), names)
