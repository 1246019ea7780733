"""Keep PyTorch's compiler out of a process that compiles nothing.

Making an optimizer imports ``torch._dynamo``, so that its methods could be kept out of a compiled
graph. That import takes as long as PyTorch's own, and nothing here is compiled.
"""

from __future__ import annotations

import sys
from typing import Any

_COMPILER = "torch._dynamo"
_MARK = "__dynamo_disable"
"""Attribute under which ``torch._compile`` keeps a method as it is called outside of graphs."""


def put_off_compiler_import() -> None:
    """Let optimizers be made, saved and loaded before PyTorch's compiler is imported.

    Once something imports the compiler, everything is as PyTorch has it. If PyTorch changes how it
    marks these methods, this does nothing.
    """
    from torch.optim import Optimizer

    if _COMPILER in sys.modules:
        return
    for name in ("add_param_group", "load_state_dict", "state_dict", "zero_grad"):
        method = getattr(Optimizer, name)
        plain = getattr(method, "__wrapped__", None)
        if plain is not None and not hasattr(plain, _MARK):
            setattr(plain, _MARK, _until_imported(method, plain))


def _until_imported(method: Any, plain: Any) -> Any:
    def call(*args: Any, **kwargs: Any) -> Any:
        if _COMPILER not in sys.modules:
            return plain(*args, **kwargs)
        delattr(plain, _MARK)
        return method(*args, **kwargs)

    return call
