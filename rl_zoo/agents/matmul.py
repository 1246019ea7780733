"""The free switch for float32 matrix products, used only where it loses no accuracy."""

from __future__ import annotations

ACCEPTED_ERROR = 1e-6
"""Largest accepted relative error (Frobenius norm) of a float32 matrix product."""


def enable_fast_matmul() -> bool:
    """Let torch use oneDNN's float32 kernels if they are as accurate as the default ones here.

    ``torch.set_float32_matmul_precision("medium")`` routes float32 products to oneDNN, which is
    faster on AMD at full float32 accuracy; on a CPU with bfloat16 matrix units it would lose
    accuracy, so one product of 256 x 256 is compared with float64 first.

    Returns:
        Whether the switch stays on.
    """
    import torch

    generator = torch.Generator().manual_seed(0)
    left = torch.randn(256, 256, generator=generator)
    right = torch.randn(256, 256, generator=generator)
    exact = left.double() @ right.double()
    torch.set_float32_matmul_precision("medium")
    error = torch.linalg.norm((left @ right).double() - exact) / torch.linalg.norm(exact)
    if float(error) < ACCEPTED_ERROR:
        return True
    torch.set_float32_matmul_precision("highest")
    return False
