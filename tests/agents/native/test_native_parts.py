"""Parts of the native learner on their own, against numpy."""

import ctypes
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812

from rl_zoo.agents.native import build

EXP, LOG, TANH = range(3)


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    compiler = shutil.which(os.environ.get("CXX") or "g++")
    if compiler is None:
        pytest.skip("no C++ compiler")
    built = tmp_path_factory.mktemp("parts") / "parts.so"
    source = Path(__file__).with_name("parts.cpp")
    flags = ["-std=c++17", "-O1", "-shared", "-fPIC", "-ffp-contract=fast", "-fno-math-errno"]
    command = [compiler, *flags, "-I", str(build.SOURCE), "-o", str(built), str(source)]
    subprocess.run(command, check=True)
    return ctypes.CDLL(str(built))


def pointer(array):
    return array.ctypes.data_as(ctypes.c_void_p)


@pytest.mark.parametrize(
    ("kind", "low", "high", "exact"),
    [
        (EXP, -80.0, 80.0, np.exp),
        (EXP, -1.0, 1.0, np.exp),
        (LOG, 1e-6, 2.0, np.log),
        (LOG, 0.99, 1.01, np.log),
        (TANH, -30.0, 30.0, np.tanh),
        (TANH, -0.4, 0.4, np.tanh),
    ],
)
def test_elementary_functions_err_by_about_one_unit_in_the_last_place(
    parts, kind, low, high, exact
):
    x = np.linspace(low, high, 200_001, dtype=np.float32)
    y = np.empty_like(x)
    parts.elementary(kind, pointer(x), pointer(y), ctypes.c_long(len(x)))
    truth = exact(x.astype(np.float64))
    # Near its zero a logarithm's error is that of its argument's last place.
    scale = np.maximum(np.abs(truth), 1e-2 if kind == LOG else 1e-30)
    assert np.max(np.abs(y - truth) / scale) < 3e-7


@pytest.mark.parametrize(
    ("kind", "exact"),
    enumerate([torch.tanh, F.elu, F.silu, F.leaky_relu, F.gelu], start=1),
)
def test_activations_and_their_slopes_are_those_of_torch(parts, kind, exact):
    x = np.linspace(-100, 100, 100 * parts.width(), dtype=np.float32)
    x[::2] /= 30.0
    values, slopes = x.copy(), np.empty_like(x)
    parts.activation(kind, pointer(values), pointer(slopes), len(x))
    truth = torch.from_numpy(x).double().requires_grad_()
    exact(truth).sum().backward()
    np.testing.assert_allclose(values, exact(truth).detach(), rtol=3e-7, atol=3e-7)
    np.testing.assert_allclose(slopes, truth.grad, atol=5e-7)


@pytest.mark.parametrize("n", [1, 2, 3, 7, 16, 25, 50, 125])
def test_rows_are_sorted_transition_by_transition(parts, n):
    values = np.random.default_rng(n).normal(size=(n, parts.width())).astype(np.float32)
    values[: n // 3] = values[-(n // 3) :] if n // 3 else values[: n // 3]  # ties
    expected = np.sort(values, axis=0)
    parts.sort_columns(pointer(values), n)
    np.testing.assert_array_equal(values, expected)


@pytest.mark.parametrize("share", [0.0, 0.03, 0.5, 0.97, 1.0])
@pytest.mark.parametrize("batch", [5, 64, 100, 256])
def test_selected_transitions_come_back_to_their_places(parts, share, batch):
    random = np.random.default_rng(batch)
    values = random.normal(size=(7, batch)).astype(np.float32)
    chosen = np.flatnonzero(random.random(batch) < share).astype(np.int32)
    expected = values.copy()
    expected[:, chosen] *= -1
    parts.negate_chosen(pointer(values), 7, batch, pointer(chosen), len(chosen))
    np.testing.assert_array_equal(values, expected)
