"""Each module of PyTorch and its nodes return the same numbers."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
import torch
from sb3_contrib.common.torch_layers import BatchRenorm1d
from torch import nn

from rl_zoo.deploy.graph.builder import GraphBuilder
from rl_zoo.deploy.graph.modules import MODULE_GRAPHS, add_module
from rl_zoo.errors import ConfigError

N = 6
MODULES = [
    nn.Linear(N, 4),
    nn.Linear(N, 4, bias=False),
    nn.Sequential(nn.Linear(N, 8), nn.Sequential(nn.LayerNorm(8), nn.ReLU()), nn.Linear(8, 3)),
    nn.Identity(),
    nn.Dropout(0.9),
    nn.AlphaDropout(0.9),
    nn.LayerNorm(N),
    nn.LayerNorm(N, eps=0.1, bias=False),
    nn.LayerNorm(N, elementwise_affine=False),
    nn.BatchNorm1d(N, eps=0.1),
    nn.BatchNorm1d(N, affine=False),
    BatchRenorm1d(N),
    BatchRenorm1d(N, eps=0.1, affine=False),
    nn.ReLU(),
    nn.ReLU6(),
    nn.Hardtanh(-0.5, 2.0),
    nn.LeakyReLU(0.2),
    nn.PReLU(),
    nn.PReLU(N),
    nn.ELU(0.7),
    nn.CELU(0.7),
    nn.SELU(),
    nn.GELU(),
    nn.GELU(approximate="tanh"),
    nn.SiLU(),
    nn.Mish(),
    nn.Sigmoid(),
    nn.Tanh(),
    nn.Softplus(),
    nn.Softplus(beta=3.0),
    nn.Softsign(),
    nn.Hardsigmoid(),
    nn.Hardswish(),
]


class Doubled(nn.Tanh):
    def forward(self, value):
        return 2.0 * super().forward(value)


class Renamed(nn.Tanh):
    pass


def outputs(module, values):
    builder = GraphBuilder()
    result = add_module(builder, module, builder.input("x", values.shape[1:], values.dtype))
    builder.set_output(result)
    model = builder.build().model
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    ours = session.run(None, {"in_x": values})[0]
    assert ours.shape[1:] == result.shape
    module.train(False)
    with torch.no_grad():
        return ours, module(torch.as_tensor(values)).numpy()


def shake(module):
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for values in (*module.parameters(), *module.buffers()):
            if values.is_floating_point():
                values += torch.rand(values.shape, generator=generator)


@pytest.mark.parametrize("module", MODULES, ids=repr)
def test_nodes_return_what_the_module_returns(module):
    shake(module)
    values = np.random.default_rng(0).normal(scale=3.0, size=(300, N)).astype(np.float32)
    values[:5] = [[0.0], [-30.0], [30.0], [-100.0], [100.0]]
    ours, theirs = outputs(module, values)
    np.testing.assert_allclose(ours, theirs, rtol=2e-6, atol=2e-5)


def test_the_list_above_has_every_module_without_images():
    named = {part.partition(".")[2] for part in MODULE_GRAPHS.built_in_names()}
    tested = {type(part).__name__ for module in MODULES for part in module.modules()}
    images = {"Conv2d", "MaxPool2d", "NatureCNN", "CombinedExtractor"}
    elsewhere = {"Flatten", "FlattenExtractor", "BatchRenorm"}
    assert named - images - elsewhere == tested - {"BatchRenorm1d"}


def test_flatten_keeps_the_batch():
    values = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    ours, theirs = outputs(nn.Flatten(), values)
    assert np.array_equal(ours, theirs)


def test_a_subclass_that_computes_the_same_is_known():
    values = np.ones((2, N), np.float32)
    ours, theirs = outputs(Renamed(), values)
    np.testing.assert_allclose(ours, theirs, atol=1e-6)


@pytest.mark.parametrize(
    ("module", "text"),
    [
        (nn.Sequential(nn.Linear(N, 2), nn.Bilinear(2, 2, 2)), "unknown module torch.Bilinear"),
        (Doubled(), "tests.Doubled has another forward than torch.Tanh"),
        (nn.Flatten(0, 1), "torch.Flatten: start_dim 0"),
        (nn.BatchNorm1d(N, track_running_stats=False), "no running statistics"),
    ],
    ids=["unknown", "changed", "flatten", "statistics"],
)
def test_what_has_no_graph_is_named(module, text):
    builder = GraphBuilder()
    with pytest.raises(ConfigError, match=text) as caught:
        add_module(builder, module, builder.input("x", (N,), np.float32))
    if "module" in text or "forward" in text:
        assert "'rl_zoo.graph_modules'" in str(caught.value)


def test_a_linear_module_over_a_matrix_is_refused():
    builder = GraphBuilder()
    with pytest.raises(ConfigError, match=r"torch.Linear: .* not for \(3, 4\)"):
        add_module(builder, nn.Linear(4, 2), builder.input("x", (3, 4), np.float32))
