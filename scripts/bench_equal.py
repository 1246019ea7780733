"""How far the native learner's weights are from those of the real ``train()`` after 50 updates.

Same seeds, so the same minibatches and noise. The reference of DroQ is its PyTorch code; its masks
are PyTorch's own, handed to the native learner.

In small networks every weight is judged: in the first seed, and in all but one of them. In large
ones there are millions of activations, and one that is zero but for rounding falls on one side of
ReLU here, on the other there (as does a gradient in Adam, which divides it by its size): from then
on two ways to multiply matrices part, and neither is right. What is right is computed as well: the
same ``train()`` in double precision, with noise that is drawn in single precision. Ours may be no
further from that than the algorithm itself is. Whether a unit falls on the wrong side is chance:
the quantile of the seed in the middle is judged for each algorithm, and the share of all weights
that are far off for all algorithms together.

    python scripts/bench_equal.py [--seeds 6]

Writes the table into docs/benchmarks.md. Exit code 1 where a weight of a small network is more than
1e-5 off in the first seed or in two, or where large ones of ours are more than ``LARGEST_FACTOR``
times as far from double precision as the algorithm's own.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch
from numpy.typing import NDArray
from sb3_contrib import TQC
from stable_baselines3 import DDPG, SAC, TD3

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from rl_zoo.agents.droq import DroQ  # noqa: E402
from rl_zoo.agents.native.learner import NativeLearner  # noqa: E402
from rl_zoo.agents.native.library import load_library  # noqa: E402
from rl_zoo.console import message  # noqa: E402
from scripts.bench_learn import STORED, fill, make_env  # noqa: E402
from scripts.conclusion import conclude  # noqa: E402
from scripts.turns import ONE_THREAD, describe_machine, load  # noqa: E402

N_UPDATES = 50
CEILING = 1e-5
QUANTILE = 0.999
LARGEST_FACTOR = 1.5
"""Times that ours may be as far from the truth as the algorithm: in share and quantile."""

Weights = dict[str, torch.Tensor]
Distances = NDArray[np.float64]


@dataclass(frozen=True)
class Size:
    """Of networks and minibatches.

    Attributes:
        layers: Units of the hidden layers.
        batch: Transitions of a minibatch.
    """

    layers: tuple[int, int]
    batch: int

    def __str__(self) -> str:
        """Return both for a table."""
        return f"layers of {self.layers[0]} and {self.layers[1]}, batch {self.batch}"


SMALL, LARGE = Size((32, 24), 64), Size((256, 256), 256)


@dataclass(frozen=True)
class Case:
    """One row of the table.

    Attributes:
        name: In the table.
        algorithm: Whose ``train`` is the reference.
        policy: Its ``policy_kwargs``.
        part: Of the policy that is judged: a beginning of the names of its weights.
    """

    name: str
    algorithm: Any
    policy: dict[str, Any] = field(default_factory=dict)
    part: str = ""


CASES = (
    Case("SAC", SAC),
    Case("TQC, critics", TQC, part="critic"),
    Case("TD3", TD3),
    Case("DDPG", DDPG),
    Case("DroQ, no dropout", DroQ, {"dropout_rate": 0.0}),
    Case("DroQ, dropout 0.01", DroQ, {"dropout_rate": 0.01}),
)


def make_agent(case: Case, size: Size, seed: int) -> Any:
    """Return an agent with random transitions to learn from; the same at every call."""
    policy = {**case.policy, "net_arch": list(size.layers)}
    keywords = {"seed": seed, "batch_size": size.batch, "device": "cpu", "learning_rate": 3e-4}
    keywords |= {"policy_kwargs": policy, "buffer_size": 2 * STORED}
    agent = fill(case.algorithm("MlpPolicy", make_env(), **keywords))
    agent.fast_updates = False
    np.random.seed(seed + 1)
    torch.manual_seed(seed + 1)
    return agent


def weights_of(agent: Any, part: str) -> Weights:
    """Return copies of the weights whose names begin with ``part``, and the entropy coefficient."""
    weights = {k: v.clone() for k, v in agent.policy.state_dict().items() if k.startswith(part)}
    coefficient = getattr(agent, "log_ent_coef", None)
    if coefficient is not None and not part:
        weights["log_ent_coef"] = coefficient.detach().clone()
    return weights


def recorded(masks: list[Any]) -> Callable[..., torch.Tensor]:
    """Return a dropout that appends its factors to ``masks``; its random numbers are its own."""
    generator = torch.Generator().manual_seed(2)

    def dropout(values: torch.Tensor, p: float, *_: Any, **__: Any) -> torch.Tensor:
        factors = (torch.rand(values.shape, generator=generator) >= p).float() / (1.0 - p)
        masks.append(factors.numpy().reshape(-1))
        return values * factors

    return dropout


@contextmanager
def doubled(agent: Any) -> Iterator[None]:
    """Let an agent compute in double precision, with the random numbers of single precision."""
    agent.policy.double()
    if getattr(agent, "log_ent_coef", None) is not None:
        agent.log_ent_coef.data = agent.log_ent_coef.data.double()
    draw = torch.Tensor.normal_

    def drawn(values: torch.Tensor, *args: Any, **keywords: Any) -> torch.Tensor:
        return values.copy_(draw(torch.empty(values.shape), *args, **keywords))

    def to_double(array: Any, copy: bool = True) -> torch.Tensor:
        del copy
        return torch.tensor(array, dtype=torch.float64)

    preprocess = "stable_baselines3.common.policies.preprocess_obs"
    with ExitStack() as patches:
        patches.enter_context(mock.patch.object(torch.Tensor, "normal_", drawn))
        patches.enter_context(mock.patch.object(agent.replay_buffer, "to_torch", to_double))
        patches.enter_context(mock.patch(preprocess, lambda values, *_, **__: values))
        yield


def train_reference(case: Case, size: Size, seed: int, *, exact: bool = False) -> Any:
    """Return the weights after the algorithm's own updates, and the masks that they drew.

    Args:
        case: What is trained.
        size: Of its networks.
        seed: Of its weights, minibatches and noise.
        exact: Compute in double precision.
    """
    agent, masks = make_agent(case, size, seed), list[Any]()
    with ExitStack() as patches:
        patches.enter_context(mock.patch("torch.nn.functional.dropout", recorded(masks)))
        if exact:
            patches.enter_context(doubled(agent))
        agent.train(N_UPDATES, size.batch)
    return weights_of(agent, case.part), masks


def train_native(case: Case, size: Size, seed: int, masks: list[Any]) -> Weights:
    """Return the weights after the native learner's updates."""
    agent = make_agent(case, size, seed)
    factors = np.concatenate(masks) if "0.01" in case.name else None
    NativeLearner(agent, size.batch).update(N_UPDATES, factors)
    return weights_of(agent, case.part)


def distances(first: Weights, second: Weights) -> Distances:
    """Return how far each weight of one is from that of the other."""
    apart = [(first[name].double() - second[name].double()).abs().reshape(-1) for name in first]
    return torch.cat(apart).numpy()


def describe(apart: Distances) -> str:
    """Return the largest distance, the quantile, and the share of the far ones, for a table."""
    share = float((apart > CEILING).mean())
    return f"{apart.max():.1e} \\| {np.quantile(apart, QUANTILE):.1e} \\| {share:.3%}"


@dataclass(frozen=True)
class Judged:
    """What was found for one algorithm; lists have an entry per seed.

    Attributes:
        case: The algorithm.
        small: Largest distance of ours from the algorithm's weights, small networks.
        ours: Distances of ours from double precision, large networks.
        theirs: Those of the algorithm.
        apart: Those of ours from the algorithm.
    """

    case: Case
    small: list[float] = field(default_factory=list)
    ours: list[Distances] = field(default_factory=list)
    theirs: list[Distances] = field(default_factory=list)
    apart: list[Distances] = field(default_factory=list)

    def row(self) -> str:
        """Return the row of the table."""
        columns = [describe(np.concatenate(c)) for c in (self.ours, self.theirs, self.apart)]
        apart = sum(largest > CEILING for largest in self.small)
        besides = f" ({max(self.small):.1e} in {apart} seed)" if apart else ""
        cells = [f"**{_second_largest(self.small):.1e}**{besides}", *columns]
        return f"| {self.case.name} | {' | '.join(cells)} |\n"

    def failures(self) -> list[str]:
        """Return what is too far off."""
        found, name = [], self.case.name
        if not max(self.small[0], _second_largest(self.small)) <= CEILING:
            far = ", ".join(f"{largest:.1e}" for largest in self.small)
            found.append(f"{name}, {SMALL}: weights are {far} off, in the first seed or in two")
        ours, theirs = (
            float(np.median([np.quantile(of_seed, QUANTILE) for of_seed in column]))
            for column in (self.ours, self.theirs)
        )
        if not ours <= max(LARGEST_FACTOR * theirs, CEILING):
            found.append(f"{name}, {LARGE}: {ours:.1e} from the truth, SB3 {theirs:.1e}")
        return found


def _second_largest(values: list[float]) -> float:
    """Return what the values but one do not exceed."""
    return sorted(values)[-2]


def judge(case: Case, seeds: int) -> Judged:
    """Train in all ways with every seed."""
    judged = Judged(case)
    for seed in range(seeds):
        reference, masks = train_reference(case, SMALL, seed)
        native = train_native(case, SMALL, seed, masks)
        judged.small.append(float(distances(reference, native).max()))
        reference, masks = train_reference(case, LARGE, seed)
        native = train_native(case, LARGE, seed, masks)
        truth, _ = train_reference(case, LARGE, seed, exact=True)
        judged.ours.append(distances(native, truth))
        judged.theirs.append(distances(reference, truth))
        judged.apart.append(distances(native, reference))
    return judged


def share_far_off(columns: list[list[Distances]]) -> float:
    """Return the share of weights that are far off, every algorithm counting alike."""
    return float(np.mean([(np.concatenate(column) > CEILING).mean() for column in columns]))


def main() -> int:
    """Measure, write the table, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seeds", type=int, default=6, help="of each algorithm (default: 6)")
    options = parser.parse_args()
    if options.seeds < 3:
        parser.error(f"--seeds {options.seeds}: at least 3, for there to be one in the middle")
    torch.set_num_threads(1)
    load_library()
    before = load()
    judged = []
    for case in CASES:
        judged.append(judge(case, options.seeds))
        message(judged[-1].row().strip())
    ours = share_far_off([found.ours for found in judged])
    theirs = share_far_off([found.theirs for found in judged])
    large = f"{LARGE}: largest \\| {QUANTILE:.1%} quantile \\| share above {CEILING:.0e}"
    text = (
        f"{describe_machine(before, ['torch', 'stable-baselines3', 'sb3-contrib'])}\n\n"
        f"| distances of weights after {N_UPDATES} updates, {options.seeds} seeds | {SMALL}: ours "
        f"from SB3's, largest in all seeds but one (at most {CEILING:.0e}) | {large}: "
        "ours from double precision | SB3 from double precision | ours from SB3 |\n"
        "|---|---|---|---|---|\n"
        + "".join(found.row() for found in judged)
        + f"| all: share above {CEILING:.0e} | | **{ours:.3%}** (at most {LARGEST_FACTOR:g} times "
        f"SB3's) | {theirs:.3%} | |\n"
    )
    failures = [failure for found in judged for failure in found.failures()]
    if ours > LARGEST_FACTOR * theirs:
        failures.append(f"{LARGE}: {ours:.2%} of the weights are off, of SB3's {theirs:.2%}")
    return conclude("bench_equal", text, failures)


if __name__ == "__main__":
    if not ONE_THREAD.items() <= os.environ.items():
        # Read once, when PyTorch is imported.
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **ONE_THREAD})
    sys.exit(main())
