"""Which code updates an agent: SB3's own, the native learner or SBX's."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from rl_zoo import console
from rl_zoo.cpu_budget import CpuBudget
from rl_zoo.errors import UsageError

if TYPE_CHECKING:
    from stable_baselines3.common.base_class import BaseAlgorithm

BACKENDS = ("auto", "sb3", "native", "jax")
"""Values of ``--backend``; ``auto`` is native where that can be, else sb3."""
NATIVE_ALGORITHMS = ("sac", "tqc", "droq", "td3", "ddpg")
"""Whose updates the native learner knows."""


@dataclass(frozen=True)
class Backend:
    """What updates an agent, as kept in ``run.json``."""

    name: str
    """``sb3``, ``native`` or ``jax``."""
    reason: str = ""
    """Why it is not native, where that was asked for or would have been natural."""
    library: str | None = None
    """File name of the native library: instruction set, digest of the source, of the compiler."""

    def to_record(self) -> dict[str, Any]:
        """Return this as plain data."""
        return asdict(self)

    def describe(self) -> str:
        """Return this in a few words."""
        if self.library is not None:
            return f"{self.name} ({self.library.split('-')[1]})"
        return f"{self.name} ({self.reason})" if self.reason else self.name


def apply_backend(agent: BaseAlgorithm, requested: str) -> None:
    """Let the native learner update ``agent``, if that is asked for and possible.

    An agent of another backend stays as it is.
    """
    if requested not in ("auto", "native") or not _is_off_policy(agent):
        return
    from rl_zoo.agents.native.backend import enable_native

    enable_native(agent)  # type: ignore[arg-type]


def backend_of(agent: BaseAlgorithm, requested: str) -> Backend:
    """Return what updates ``agent``.

    Args:
        agent: Built by ``build_agent``.
        requested: Value of ``--backend``.
    """
    if requested == "jax":
        return Backend("jax")
    if requested == "sb3":
        return Backend("sb3")
    if not _is_off_policy(agent):
        asked_for = f"the native learner does not cover {type(agent).__name__}"
        return Backend("sb3", asked_for if requested == "native" else "")
    from rl_zoo.agents.native.backend import NativeUpdates, why_not_native
    from rl_zoo.agents.native.build import library_path

    if isinstance(agent, NativeUpdates):
        return Backend("native", library=library_path().name)
    natural = requested == "native" or type(agent).__name__.lower() in NATIVE_ALGORITHMS
    return Backend("sb3", (why_not_native(agent) or "") if natural else "")  # type: ignore[arg-type]


def describe_speed(backend: Backend, cpu: CpuBudget, *, fast_matmul: bool) -> str:
    """Return in one line what a run computes with."""
    products = ", oneDNN products" if fast_matmul else ""
    return f"backend {backend.describe()}; {cpu.describe()}{products}"


def build_ahead(algo: str, requested: str) -> None:
    """Compile the native library if a run will want it: before its environment is opened.

    A robot must not stand and wait for a compiler. What fails is told when the agent is built.
    """
    if requested not in ("auto", "native") or algo not in NATIVE_ALGORITHMS:
        return
    from rl_zoo.agents.native.build import NativeBuildError, find_compiler, is_built, library_path

    with contextlib.suppress(NativeBuildError):
        if not is_built() and find_compiler() is not None:
            console.message("building the native learner (once; also: rl_zoo doctor --build)")
            library_path()


@cache
def tell_once(backend: Backend) -> None:
    """Say what updates the agents of a study, unless that was said before."""
    console.message(f"backend {backend.describe()}")


def resumed_backend(requested: str, recorded: Mapping[str, Any] | None) -> str:
    """Return the backend with which a run goes on.

    Args:
        requested: Value of ``--backend``; ``auto`` keeps that of the run.
        recorded: What ``run.json`` says; None: the run is older than backends.

    Raises:
        UsageError: If the state of the run's backend means nothing to the one asked for.
    """
    before = "sb3" if recorded is None else str(recorded["name"])
    if requested == "auto":
        return before
    if "jax" in (before, requested) and before != requested:
        raise UsageError(
            f"--backend {requested}: the run was trained with {before}, whose state it cannot "
            f"continue; leave it out, or start a new run"
        )
    return requested


def n_useful_threads(algo: str, policy: str, requested: str) -> int:
    """Return how many threads the updates of a training can use.

    The native learner computes on one. A network of PPO's size is slower on two than on one; the
    batches of the off-policy algorithms, and images, are worth up to four.

    Args:
        algo: Name of the algorithm.
        policy: Name of the policy, such as ``MlpPolicy``.
        requested: Value of ``--backend``.
    """
    if policy in ("CnnPolicy", "MultiInputPolicy"):
        return 4
    if requested in ("auto", "native") and algo in NATIVE_ALGORITHMS:
        return 1
    return 4 if algo in (*NATIVE_ALGORITHMS, "crossq", "dqn", "qrdqn") else 1


def _is_off_policy(agent: BaseAlgorithm) -> bool:
    from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm

    return isinstance(agent, OffPolicyAlgorithm)
