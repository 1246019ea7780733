"""Modules for images, and SB3's features extractors that use them, as nodes of a graph.

Images have their channels in front. Shape: (channels, height, width).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from rl_zoo.deploy.graph.builder import GraphBuilder, Observation, Tensor
from rl_zoo.deploy.graph.modules import add_module, array_of
from rl_zoo.errors import ConfigError


def add_conv2d(builder: GraphBuilder, module: torch.nn.Conv2d, image: Tensor) -> Tensor:
    """Add a convolution; of the ways to pad, zeros only."""
    _need_image(module, image)
    if module.padding_mode != "zeros":
        raise ConfigError(
            f"torch.Conv2d: padding_mode '{module.padding_mode}' has no graph, only 'zeros'"
        )
    weight = builder.constant(array_of(module.weight), image.dtype)
    bias = None if module.bias is None else builder.constant(array_of(module.bias), image.dtype)
    pads = _conv_pads(module)
    size = _sizes(image, pads, module.kernel_size, module.stride, module.dilation)
    return builder.node(
        "Conv",
        image,
        weight,
        bias,
        shape=(module.out_channels, *size),
        kernel_shape=list(module.kernel_size),
        strides=list(module.stride),
        dilations=list(module.dilation),
        pads=pads,
        group=module.groups,
    )


def add_max_pool2d(builder: GraphBuilder, module: torch.nn.MaxPool2d, image: Tensor) -> Tensor:
    """Add the largest value in each window."""
    _need_image(module, image)
    if module.ceil_mode or module.return_indices:
        raise ConfigError("torch.MaxPool2d: ceil_mode and return_indices have no graph")
    kernel, stride, padding, dilation = (
        _pair(value)
        for value in (module.kernel_size, module.stride, module.padding, module.dilation)
    )
    pads = [*padding, *padding]
    return builder.node(
        "MaxPool",
        image,
        shape=(image.shape[0], *_sizes(image, pads, kernel, stride, dilation)),
        kernel_shape=list(kernel),
        strides=list(stride),
        dilations=list(dilation),
        pads=pads,
    )


def add_nature_cnn(builder: GraphBuilder, module: Any, image: Tensor) -> Tensor:
    """Add SB3's network for images."""
    return add_module(builder, module.linear, add_module(builder, module.cnn, image))


def add_combined_extractor(builder: GraphBuilder, module: Any, observation: Observation) -> Tensor:
    """Add SB3's features extractor for Dict observations: one module per key, joined."""
    features = [
        add_module(builder, extractor, observation[key])
        for key, extractor in module.extractors.items()
    ]
    return builder.concat(features, axis=0)


def _conv_pads(module: torch.nn.Conv2d) -> list[int]:
    """Return the zeros before and after each axis, as ONNX orders them; an odd one goes last."""
    if module.padding == "valid":
        return [0, 0, 0, 0]
    if module.padding == "same":
        reach = [
            dilation * (kernel - 1)
            for dilation, kernel in zip(module.dilation, module.kernel_size, strict=True)
        ]
        before = [total // 2 for total in reach]
        return [*before, *(total - half for total, half in zip(reach, before, strict=True))]
    padding = _pair(module.padding)
    return [*padding, *padding]


def _sizes(
    image: Tensor,
    pads: Sequence[int],
    kernel: Sequence[int],
    stride: Sequence[int],
    dilation: Sequence[int],
) -> tuple[int, int]:
    """Return height and width of what a window that slides over ``image`` gives."""
    sizes = [
        (length + pads[axis] + pads[axis + 2] - dilation[axis] * (kernel[axis] - 1) - 1)
        // stride[axis]
        + 1
        for axis, length in enumerate(image.shape[1:])
    ]
    return sizes[0], sizes[1]


def _pair(value: Any) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else tuple(value)


def _need_image(module: torch.nn.Module, image: Tensor) -> None:
    if len(image.shape) != 3:
        raise ConfigError(
            f"torch.{type(module).__name__}: has a graph for (channels, height, width) only, not "
            f"for {image.shape}"
        )
