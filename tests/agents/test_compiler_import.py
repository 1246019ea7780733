"""PyTorch's compiler is imported by those who compile, and by nobody else."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys, torch
from rl_zoo.agents.compiler_import import put_off_compiler_import
put_off_compiler_import()
network = torch.nn.Linear(2, 1)
optimizer = torch.optim.Adam(network.parameters(), lr=0.1)
optimizer.load_state_dict(optimizer.state_dict())
optimizer.zero_grad()
print("torch._dynamo" in sys.modules)
network(torch.ones(3, 2)).sum().backward()
before = network.weight.detach().clone()
optimizer.step()
print("torch._dynamo" in sys.modules, bool((before - network.weight - 0.1).abs().max() < 1e-6))
optimizer.zero_grad()
disabled = torch.optim.Optimizer.zero_grad.__wrapped__.__dynamo_disable
print(disabled.__module__.startswith("torch"), network.weight.grad is None)
"""


def test_an_optimizer_is_made_without_the_compiler() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    made, stepped, marked = done.stdout.splitlines()

    assert made == "False"
    assert stepped == "True True"  # a step imports it, and moves by the learning rate
    assert marked == "True True"  # from then on, what PyTorch itself would call
