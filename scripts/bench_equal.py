"""How far the native learner's weights are from those of the real ``train()`` after 50 updates.

Same seeds, so the same minibatches and noise. The reference of DroQ is its PyTorch code; its masks
are PyTorch's own, handed to the native learner.

In small networks every weight is judged. In large ones there are millions of activations, and one
that is zero but for rounding falls on one side of ReLU here, on the other there (as does a gradient
in Adam, which divides it by its size): from then on two ways to multiply matrices part. SB3 with
oneDNN's matrix products instead of MKL's stands beside: how far SB3 is from itself.

    python scripts/bench_equal.py

Writes the table into docs/benchmarks.md. Exit code 1 where a weight of a small network is more than
1e-5 off, or more than one in a hundred of a large one.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch
from sb3_contrib import TQC
from stable_baselines3 import DDPG, SAC, TD3

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from rl_zoo.agents.droq import DroQ  # noqa: E402
from rl_zoo.agents.native.learner import NativeLearner  # noqa: E402
from rl_zoo.agents.native.library import load_library  # noqa: E402
from rl_zoo.console import message, result  # noqa: E402
from scripts.bench_learn import STORED, fill, make_env  # noqa: E402
from scripts.page_markers import write_between  # noqa: E402
from scripts.turns import ONE_THREAD, describe_machine, load  # noqa: E402

PAGE = ROOT / "docs" / "benchmarks.md"
N_UPDATES = 50
CEILING = 1e-5
LARGEST_SHARE = 1e-2
"""Of the weights of a large network that may be further off."""


Weights = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Distance:
    """How far weights are apart.

    Attributes:
        largest: Difference of any two.
        share: Of the weights that are further apart than ``CEILING``.
    """

    largest: float
    share: float

    def __str__(self) -> str:
        """Return both for a table."""
        return f"{self.largest:.1e} ({self.share:.3%})"


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


def make_agent(case: Case, size: Size) -> Any:
    """Return an agent with random transitions to learn from; the same at every call."""
    policy = {**case.policy, "net_arch": list(size.layers)}
    keywords = {"seed": 0, "batch_size": size.batch, "device": "cpu", "learning_rate": 3e-4}
    keywords |= {"policy_kwargs": policy, "buffer_size": 2 * STORED}
    agent = fill(case.algorithm("MlpPolicy", make_env(), **keywords))
    agent.fast_updates = False
    np.random.seed(1)
    torch.manual_seed(1)
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


def train_reference(case: Case, size: Size, masks: list[Any], precision: str) -> Weights:
    """Return the weights after the algorithm's own updates, which draw ``masks``."""
    agent = make_agent(case, size)
    torch.set_float32_matmul_precision(precision)
    with mock.patch("torch.nn.functional.dropout", recorded(masks)):
        agent.train(N_UPDATES, size.batch)
    torch.set_float32_matmul_precision("highest")
    return weights_of(agent, case.part)


def measure(case: Case, size: Size) -> tuple[Distance, Distance]:
    """Return how far the native learner is from the algorithm, and the algorithm from itself."""
    masks: list[Any] = []
    reference = train_reference(case, size, masks, "highest")
    other = train_reference(case, size, [], "medium")
    native = make_agent(case, size)
    factors = np.concatenate(masks) if "0.01" in case.name else None
    NativeLearner(native, size.batch).update(N_UPDATES, factors)
    return _distance(reference, weights_of(native, case.part)), _distance(reference, other)


def _distance(first: Weights, second: Weights) -> Distance:
    differences = np.concatenate(
        [(first[name] - second[name]).abs().numpy().reshape(-1) for name in first]
    )
    return Distance(float(differences.max()), float((differences > CEILING).mean()))


def judge(case: Case) -> tuple[str, list[str]]:
    """Return the row of the table and what is too far off."""
    small, _ = measure(case, SMALL)
    large, control = measure(case, LARGE)
    failures = []
    if not small.largest <= CEILING:
        failures.append(f"{case.name}, {SMALL}: a weight is {small.largest:.1e} off")
    if large.share > LARGEST_SHARE:
        failures.append(f"{case.name}, {LARGE}: {large.share:.2%} of the weights are off")
    row = f"| {case.name} | **{small.largest:.1e}** | {CEILING:.0e} | {large} | {control} |\n"
    return row, failures


def main() -> int:
    """Measure, write the table, and return the exit code."""
    torch.set_num_threads(1)
    load_library()
    before = load()
    judged = [judge(case) for case in CASES]
    text = (
        f"{describe_machine(before, ['torch', 'stable-baselines3', 'sb3-contrib'])}\n\n"
        f"| largest difference of a weight after {N_UPDATES} updates | {SMALL} | at most | {LARGE} "
        "(weights more than 1e-5 off) | SB3 beside SB3 with oneDNN, the same |\n"
        "|---|---|---|---|---|\n" + "".join(row for row, _ in judged)
    )
    result(text)
    write_between(PAGE, "bench_equal", text)
    failures = [failure for _, found in judged for failure in found]
    for failure in failures:
        message(failure)
    return 1 if failures else 0


if __name__ == "__main__":
    if not ONE_THREAD.items() <= os.environ.items():
        # Read once, when PyTorch is imported.
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **ONE_THREAD})
    sys.exit(main())
