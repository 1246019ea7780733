"""The Python objects that a configuration may name, and how they are written.

A name becomes a :class:`~rl_zoo.config.model.Symbol`; nothing is imported here.
"""

from __future__ import annotations

import re

from rl_zoo.config.model import Symbol
from rl_zoo.errors import ConfigError
from rl_zoo.suggest import did_you_mean

ACTIVATIONS = [
    "CELU",
    "ELU",
    "GELU",
    "GLU",
    "Hardshrink",
    "Hardsigmoid",
    "Hardswish",
    "Hardtanh",
    "Identity",
    "LeakyReLU",
    "LogSigmoid",
    "Mish",
    "PReLU",
    "RReLU",
    "ReLU",
    "ReLU6",
    "SELU",
    "SiLU",
    "Sigmoid",
    "Softplus",
    "Softshrink",
    "Softsign",
    "Tanh",
    "Tanhshrink",
]
"""Classes of ``torch.nn`` accepted as activation function."""

OPTIMIZERS = [
    "ASGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "NAdam",
    "RAdam",
    "RMSprop",
    "Rprop",
    "SGD",
]
"""Classes of ``torch.optim`` accepted as optimizer."""

_SB3 = "stable_baselines3"
NAMED_CLASSES = {
    "RMSpropTFLike": f"{_SB3}.common.sb2_compat.rmsprop_tf_like:RMSpropTFLike",
    "HerReplayBuffer": f"{_SB3}:HerReplayBuffer",
    "ReplayBuffer": f"{_SB3}.common.buffers:ReplayBuffer",
    "DictReplayBuffer": f"{_SB3}.common.buffers:DictReplayBuffer",
    "NStepReplayBuffer": f"{_SB3}.common.buffers:NStepReplayBuffer",
    "RolloutBuffer": f"{_SB3}.common.buffers:RolloutBuffer",
    "DictRolloutBuffer": f"{_SB3}.common.buffers:DictRolloutBuffer",
    "NatureCNN": f"{_SB3}.common.torch_layers:NatureCNN",
    "FlattenExtractor": f"{_SB3}.common.torch_layers:FlattenExtractor",
    "CombinedExtractor": f"{_SB3}.common.torch_layers:CombinedExtractor",
}
"""Classes that a configuration may name without a module."""

_PATH = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*(:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*)?")
_TORCH_NAME = re.compile(r"(?:nn|(?:th|torch)\.(?P<part>nn|optim))\.(?:\w+\.)*(?P<name>\w+)")


def is_object_path(text: str) -> bool:
    """Say whether ``text`` has the form ``package.module.Name`` or ``package.module:Name``."""
    return _PATH.fullmatch(text) is not None and ("." in text or ":" in text)


def known_symbol(text: str) -> Symbol | None:
    """Return the Symbol of a name that every configuration knows (``nn.ReLU``), or None.

    Raises:
        ConfigError: If it is a mistyped member of ``nn`` or ``th.optim``.
    """
    if text in NAMED_CLASSES:
        return Symbol(NAMED_CLASSES[text])
    torch_name = _TORCH_NAME.fullmatch(text.replace(":", "."))
    if torch_name:
        return _torch_symbol(text, torch_name["part"] or "nn", torch_name["name"])
    if text.startswith("sb3.") and is_object_path(text):
        return symbol_from_path(f"{_SB3}.{text[4:]}")
    return None


def symbol_from_path(path: str) -> Symbol:
    """Return the Symbol of ``package.module.Name`` or ``package.module:Name``.

    Different paths of one well-known class give one Symbol.
    """
    known = None if path.startswith("sb3.") else known_symbol(path)
    if known is not None:
        return known
    module, _, name = path.partition(":") if ":" in path else path.rpartition(".")
    if module.split(".")[0] == _SB3 and name in NAMED_CLASSES:
        return Symbol(NAMED_CLASSES[name])
    return Symbol(f"{module}:{name}")


def symbol_text(symbol: Symbol) -> str:
    """Return how ``symbol`` is written in the zoo's ``dict(...)`` strings.

    Well-known classes are names; any other class is a quoted path.
    """
    module, _, name = symbol.path.partition(":")
    if module == "torch.nn":
        return f"nn.{name}"
    if module == "torch.optim":
        return f"th.optim.{name}"
    if NAMED_CLASSES.get(name) == symbol.path:
        return name
    return repr(symbol.path)


def _torch_symbol(text: str, part: str, name: str) -> Symbol:
    valid = ACTIVATIONS if part == "nn" else OPTIMIZERS
    if name not in valid:
        prefix = text[: -len(name)]
        names = [f"{prefix}{member}" for member in valid]
        raise ConfigError(f"unknown name '{text}'{did_you_mean(text, names)}")
    return Symbol(f"torch.{part}:{name}")
